//! `POST /admin/generate_link`: the link of a mail, for an admin to send.

use axum::response::Response;
use deadpool_postgres::Transaction;
use serde::Deserialize;
use serde_json::{Value, json};

use super::invite::invitee;
use super::ok;
use crate::account::{self, NewUser, is_taken};
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::body::{Object, Text};
use crate::mail::{Kind, action_link};
use crate::otp::{self, Slot};
use crate::service::Inner;
use crate::user::User;
use crate::{Error, address, bearer, db, identity, metadata};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    r#type: Text,
    email: Text,
    new_email: Text,
    password: Text,
    data: Option<Object>,
    redirect_to: Text,
}

/// What was made for the link.
struct Made {
    user: User,
    kind: Kind,
    slot: Slot,
    /// Where the code goes.
    address: String,
    verification_type: &'static str,
}

pub(super) async fn post(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let client = service.pool.get().await?;
    let role = bearer::admin(service, ask, &client).await?;
    let body: Body = ask.json()?;
    let email = address::email(&body.email)?;
    let audience = bearer::audience(service, ask);
    let redirect = service.redirects.target(ask, body.redirect_to.filled());
    let known = User::by_email(service, &client, &email, &audience).await?;
    drop(client);
    // An unknown address that asks for a magic link signs up.
    let kind = match (&*body.r#type, known.is_some()) {
        ("magiclink", false) => "signup",
        (kind, _) => kind,
    };
    let hash = match kind {
        "signup" => password(service, &body).await?,
        _ => String::new(),
    };
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let made = make(service, &tx, &role, kind, &email, &audience, &body, hash).await?;
    let code = otp::draw(service, service.settings.mailer_otp_length);
    let token = otp::hash(&made.address, &code);
    otp::put(service, &tx, made.user.id, made.slot, &made.address, &token).await?;
    let user = User::by_id(service, &tx, made.user.id)
        .await?
        .ok_or(Error::UserNotFound)?;
    tx.commit().await?;
    drop(client);
    if known.is_none() {
        account::made(service, &user).await?;
    }
    let link_type = made.kind.link_type().unwrap_or_default();
    let mut answer = user.json();
    answer["action_link"] = json!(action_link(
        service, made.kind, &token, link_type, &redirect
    ));
    answer["email_otp"] = json!(code);
    answer["hashed_token"] = json!(token);
    answer["verification_type"] = json!(made.verification_type);
    answer["redirect_to"] = json!(redirect);
    Ok(ok(&answer))
}

/// The hash of the password that a sign-up has; of a random one where a magic link became a sign-up.
async fn password(service: &Inner, body: &Body) -> Result<String, Error> {
    if &*body.r#type == "magiclink" {
        return service.hasher.hash(&service.random.token(33)).await;
    }
    if body.password.is_empty() {
        return Err(Error::validation("Signup requires a valid password"));
    }
    service.check_password(&body.password).await?;
    service.hasher.hash(&body.password).await
}

#[expect(
    clippy::too_many_arguments,
    reason = "what the request says, taken apart"
)]
async fn make(
    service: &Inner,
    tx: &Transaction<'_>,
    role: &str,
    kind: &str,
    email: &str,
    audience: &str,
    body: &Body,
    hash: String,
) -> Result<Made, Error> {
    let found = User::by_email(service, tx, email, audience).await?;
    let user = match found {
        Some(user) => User::by_id_locked(service, tx, user.id).await?,
        None => None,
    };
    let data = body.data.clone().unwrap_or_default();
    let made = |user: User, kind: Kind, slot: Slot, verification_type: &'static str| Made {
        address: user.email.clone(),
        user,
        kind,
        slot,
        verification_type,
    };
    let note = async |action: Action, user: &User| {
        let traits = json!({ "user_id": user.id, "user_email": user.email });
        audit::write(service, tx, Actor::Role(role), action, Some(traits)).await
    };
    match (kind, user) {
        ("magiclink", Some(user)) => {
            note(Action::UserRecoveryRequested, &user).await?;
            Ok(made(user, Kind::MagicLink, Slot::Recovery, "magiclink"))
        }
        ("recovery", Some(user)) => {
            note(Action::UserRecoveryRequested, &user).await?;
            Ok(made(user, Kind::Recovery, Slot::Recovery, "recovery"))
        }
        ("invite", _) => {
            let user = invitee(service, tx, email, audience, data).await?;
            note(Action::UserInvited, &user).await?;
            Ok(made(user, Kind::Invite, Slot::Confirmation, "invite"))
        }
        ("signup", Some(user)) => {
            if user.times.email_confirmed.is_some() {
                return Err(Error::EmailExists);
            }
            let mut merged = user.user_metadata.clone();
            metadata::merge(&mut merged, &data);
            let app = Value::Object(user.app_metadata.clone());
            let sql = include_str!("../sql/set_metadata.sql");
            db::run(
                tx,
                sql,
                &[&user.id, &Value::Object(merged), &app, &service.now()],
            )
            .await?;
            note(Action::UserConfirmationRequested, &user).await?;
            Ok(made(user, Kind::Confirmation, Slot::Confirmation, "signup"))
        }
        ("signup", None) => {
            let user = sign_up(service, tx, email, audience, &data, hash).await?;
            note(Action::UserConfirmationRequested, &user).await?;
            Ok(made(user, Kind::Confirmation, Slot::Confirmation, "signup"))
        }
        ("email_change_current" | "email_change_new", Some(user)) => {
            change(service, tx, kind, user, &body.new_email).await
        }
        ("recovery" | "email_change_current" | "email_change_new", None) => {
            Err(Error::NoUserOfEmail)
        }
        (other, _) => Err(Error::validation(format!(
            "Invalid email action link type requested: {other}"
        ))),
    }
}

async fn sign_up(
    service: &Inner,
    tx: &Transaction<'_>,
    email: &str,
    audience: &str,
    data: &Object,
    hash: String,
) -> Result<User, Error> {
    let id = service.random.uuid();
    let new = NewUser {
        id,
        aud: audience.to_owned(),
        role: service.settings.jwt_default_role.clone(),
        email: Some(email.to_owned()),
        password: hash,
        user_metadata: identity::data(id, Some(email), None, false, data),
        ..NewUser::default()
    };
    new.announce(service, tx).await?;
    new.insert(service, tx, data)
        .await
        .map_err(|error| match error {
            error if is_taken(&error) => Error::EmailExists,
            error => error.trying("Database error saving new user"),
        })
}

async fn change(
    service: &Inner,
    tx: &Transaction<'_>,
    kind: &str,
    user: User,
    new_email: &str,
) -> Result<Made, Error> {
    if kind == "email_change_current" && !service.settings.mailer_secure_email_change {
        return Err(Error::validation(
            "Enable secure email change to generate link for current email",
        ));
    }
    let new_email = address::email(new_email)?;
    let taken = User::by_email(service, tx, &new_email, &user.aud).await?;
    if taken.is_some_and(|other| other.id != user.id) {
        return Err(Error::EmailExists);
    }
    // The links of both sides are made one after the other: the second must not undo the first.
    if user.new_email != new_email {
        let sql = include_str!("../sql/begin_email_change.sql");
        db::run(tx, sql, &[&user.id, &new_email, &service.now()]).await?;
    }
    let (slot, address, verification_type) = match kind {
        "email_change_current" => (
            Slot::EmailChangeCurrent,
            user.email.clone(),
            "email_change_current",
        ),
        _ => (Slot::EmailChangeNew, new_email, "email_change_new"),
    };
    Ok(Made {
        user,
        kind: Kind::EmailChange,
        slot,
        address,
        verification_type,
    })
}
