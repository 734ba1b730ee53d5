//! `POST /invite`

use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::ok;
use crate::account::{self, NewUser, is_taken};
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::body::{Object, Text};
use crate::letters::{self, Journey};
use crate::service::Inner;
use crate::user::User;
use crate::{Error, address, bearer, db, identity};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    email: Text,
    data: Option<Object>,
}

pub(super) async fn post(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let mut client = service.pool.get().await?;
    let role = bearer::admin(service, ask, &client).await?;
    let body: Body = ask.json()?;
    let email = address::email(&body.email)?;
    let journey = Journey::of(service, ask, None);
    let tx = client.transaction().await?;
    let audience = bearer::audience(service, ask);
    let known = User::by_email(service, &tx, &email, &audience).await?;
    let user = invitee(
        service,
        &tx,
        &email,
        &audience,
        body.data.unwrap_or_default(),
    )
    .await?;
    let traits = json!({ "user_id": user.id, "user_email": user.email });
    audit::write(
        service,
        &tx,
        Actor::Role(&role),
        Action::UserInvited,
        Some(traits),
    )
    .await?;
    letters::invitation(service, &tx, &user, &journey).await?;
    let user = User::by_id(service, &tx, user.id)
        .await?
        .ok_or(Error::UserNotFound)?;
    tx.commit().await?;
    drop(client);
    if known.is_none() {
        account::made(service, &user).await?;
    }
    Ok(ok(&user.json()))
}

/// The user of an address, made if there is none; refused if the address is confirmed. It is noted that they were
/// invited.
pub(super) async fn invitee(
    service: &Inner,
    tx: &deadpool_postgres::Transaction<'_>,
    email: &str,
    audience: &str,
    data: Object,
) -> Result<User, Error> {
    if let Some(user) = User::by_email(service, tx, email, audience).await? {
        let user = User::by_id_locked(service, tx, user.id)
            .await?
            .ok_or(Error::UserNotFound)?;
        if user.times.email_confirmed.is_some() {
            return Err(Error::EmailExists);
        }
        let sql = include_str!("../sql/invite_user.sql");
        db::run(tx, sql, &[&user.id, &service.now()]).await?;
        return Ok(user);
    }
    let id = service.random.uuid();
    let new = NewUser {
        id,
        aud: audience.to_owned(),
        role: service.settings.jwt_default_role.clone(),
        email: Some(email.to_owned()),
        invited: true,
        user_metadata: identity::data(id, Some(email), None, false, &data),
        ..NewUser::default()
    };
    new.announce(service, tx).await?;
    new.insert(service, tx, &data)
        .await
        .map_err(|error| match error {
            error if is_taken(&error) => Error::EmailExists,
            error => error.trying("Database error saving new user"),
        })
}
