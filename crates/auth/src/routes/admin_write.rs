//! `POST /admin/users` and `PUT /admin/users/{id}`

use axum::response::Response;
use chrono::{DateTime, Utc};
use deadpool_postgres::Transaction;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::admin_users::user_id;
use super::ok;
use crate::account::{NewUser, is_taken};
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::body::{Object, Text};
use crate::password::{self, Rules};
use crate::service::Inner;
use crate::user::User;
use crate::{Error, address, bearer, db, duration, identity, metadata, session};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    id: Text,
    aud: Text,
    role: Text,
    email: Text,
    phone: Text,
    password: Option<String>,
    password_hash: Text,
    email_confirm: Option<bool>,
    phone_confirm: Option<bool>,
    user_metadata: Option<Object>,
    app_metadata: Option<Object>,
    ban_duration: Text,
}

/// What a ban is to become.
enum Ban {
    Unchanged,
    Lifted,
    Until(DateTime<Utc>),
}

fn ban(service: &Inner, text: &str) -> Result<Ban, Error> {
    let wrong = || {
        Error::validation(format!(
            "invalid format for ban duration: time: invalid duration \"{text}\""
        ))
    };
    match text {
        "" => Ok(Ban::Unchanged),
        "none" => Ok(Ban::Lifted),
        text => {
            let span = duration::parse(text).ok_or_else(wrong)?;
            let until = service.now().checked_add_signed(span);
            Ok(Ban::Until(until.ok_or_else(wrong)?))
        }
    }
}

const CREATING: &str = "Database error creating new user";
const UPDATING: &str = "Error updating user";

pub(super) async fn create(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let client = service.pool.get().await?;
    let role = bearer::admin(service, ask, &client).await?;
    let body: Body = ask.json()?;
    let mut new = read_new(service, ask, &body)?;
    let (email, phone) = (new.email.as_deref(), new.phone.as_deref());
    if let Some(email) = email
        && User::by_email(service, &client, email, &new.aud)
            .await?
            .is_some()
    {
        return Err(Error::EmailExists);
    }
    if let Some(phone) = phone
        && User::by_phone(service, &client, phone, &new.aud)
            .await?
            .is_some()
    {
        return Err(Error::PhoneTaken);
    }
    drop(client);
    new.password = match (&body.password, body.password_hash.filled()) {
        (_, Some(hash)) => hash.to_owned(),
        (Some(password), None) if !password.is_empty() => service.hasher.hash(password).await?,
        _ => service.hasher.hash(&service.random.token(33)).await?,
    };
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let user = new
        .insert(service, &tx, &Object::new())
        .await
        .map_err(|error| match error {
            error if !is_taken(&error) => error.trying(CREATING),
            error if error.violates("users_phone_key") => Error::PhoneTaken,
            _ => Error::EmailExists,
        })?;
    let traits = json!({ "user_id": user.id, "user_email": user.email, "user_phone": user.phone });
    let actor = Actor::Role(&role);
    audit::write(service, &tx, actor, Action::UserSignedUp, Some(traits)).await?;
    tx.commit().await?;
    Ok(ok(&user.json()))
}

fn read_new(service: &Inner, ask: &Ask, body: &Body) -> Result<NewUser, Error> {
    let email = body.email.filled().map(address::email).transpose()?;
    let phone = body.phone.filled().map(address::phone).transpose()?;
    if email.is_none() && phone.is_none() {
        return Err(Error::validation(
            "Cannot create a user without either an email or phone",
        ));
    }
    let password = body.password.as_deref().unwrap_or_default();
    if !password.is_empty() && !body.password_hash.is_empty() {
        return Err(Error::validation(
            "Only a password or a password hash should be provided",
        ));
    }
    Rules::check_length(password)?;
    if body
        .password_hash
        .filled()
        .is_some_and(|hash| !password::is_known(hash))
    {
        return Err(Error::validation(
            "password_hash must be a bcrypt, argon2i, argon2id or Firebase scrypt hash",
        ));
    }
    let id = match body.id.filled() {
        None => service.random.uuid(),
        Some(text) => match Uuid::try_parse(text) {
            Ok(id) if id.is_nil() => return Err(Error::validation("ID cannot be a nil uuid")),
            Ok(id) => id,
            Err(_) => {
                return Err(Error::validation("ID must conform to the uuid v4 format"));
            }
        },
    };
    let mut new = NewUser {
        id,
        aud: match body.aud.filled() {
            Some(aud) => aud.to_owned(),
            None => bearer::audience(service, ask),
        },
        role: match body.role.filled() {
            Some(role) => role.to_owned(),
            None => service.settings.jwt_default_role.clone(),
        },
        email_confirmed: email.is_some() && body.email_confirm.unwrap_or_default(),
        phone_confirmed: phone.is_some() && body.phone_confirm.unwrap_or_default(),
        email,
        phone,
        ..NewUser::default()
    };
    metadata::merge(
        &mut new.app_metadata,
        body.app_metadata.as_ref().unwrap_or(&Object::new()),
    );
    metadata::merge(
        &mut new.user_metadata,
        body.user_metadata.as_ref().unwrap_or(&Object::new()),
    );
    for (confirmed, name) in [
        (new.email_confirmed, "email_verified"),
        (new.phone_confirmed, "phone_verified"),
    ] {
        if confirmed {
            new.user_metadata.insert(name.into(), json!(true));
        }
    }
    if let Ban::Until(until) = ban(service, &body.ban_duration)? {
        new.banned_until = Some(until);
    }
    Ok(new)
}

pub(super) async fn update(service: &Inner, ask: &Ask, id: &str) -> Result<Response, Error> {
    let client = service.pool.get().await?;
    let role = bearer::admin(service, ask, &client).await?;
    let id = user_id(id)?;
    User::by_id(service, &client, id)
        .await?
        .ok_or(Error::UserNotFound)?;
    drop(client);
    let body: Body = ask.json()?;
    let email = body.email.filled().map(address::email).transpose()?;
    let phone = body.phone.filled().map(address::phone).transpose()?;
    let ban = ban(service, &body.ban_duration)?;
    let hash = match body.password.as_deref() {
        None => None,
        Some(password) => {
            service.check_password(password).await?;
            Some(service.hasher.hash(password).await?)
        }
    };
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let user = User::by_id_locked(service, &tx, id)
        .await?
        .ok_or(Error::UserNotFound)?;
    let change = Change {
        body: &body,
        email,
        phone,
        ban,
        hash,
    };
    let updated = apply(service, &tx, &user, change)
        .await
        .map_err(|error| error.trying(UPDATING))?;
    let traits = json!({ "user_id": id, "user_email": updated.email, "user_phone": updated.phone });
    let actor = Actor::Role(&role);
    audit::write(service, &tx, actor, Action::UserModified, Some(traits)).await?;
    tx.commit().await?;
    Ok(ok(&updated.json()))
}

struct Change<'a> {
    body: &'a Body,
    email: Option<String>,
    phone: Option<String>,
    ban: Ban,
    hash: Option<String>,
}

async fn apply(
    service: &Inner,
    tx: &Transaction<'_>,
    user: &User,
    change: Change<'_>,
) -> Result<User, Error> {
    let (id, now, body) = (user.id, service.now(), change.body);
    let mut app_metadata = user.app_metadata.clone();
    let mut user_metadata = user.user_metadata.clone();
    if let Some(changes) = &body.app_metadata {
        metadata::merge(&mut app_metadata, changes);
    }
    if let Some(changes) = &body.user_metadata {
        metadata::merge(&mut user_metadata, changes);
    }
    let confirm_email = body.email_confirm.unwrap_or_default();
    let confirm_phone = body.phone_confirm.unwrap_or_default();
    let banned_until = match change.ban {
        Ban::Unchanged => user.times.banned_until,
        Ban::Lifted => None,
        Ban::Until(until) => Some(until),
    };
    let role = body.role.filled();
    db::run(
        tx,
        include_str!("../sql/admin_update_user.sql"),
        &[
            &id,
            &now,
            &role,
            &change.email,
            &change.phone,
            &confirm_email,
            &confirm_phone,
            &Value::Object(app_metadata),
            &Value::Object(user_metadata),
            &banned_until,
        ],
    )
    .await?;
    if let Some(email) = &change.email {
        identity::set(service, tx, id, "email", email, confirm_email).await?;
    }
    if let Some(phone) = &change.phone {
        identity::set(service, tx, id, "phone", phone, confirm_phone).await?;
    }
    for (confirmed, provider) in [(confirm_email, "email"), (confirm_phone, "phone")] {
        if confirmed {
            identity::verify(tx, id, provider).await?;
        }
    }
    if let Some(hash) = &change.hash {
        db::run(
            tx,
            include_str!("../sql/set_password.sql"),
            &[&id, hash, &now],
        )
        .await?;
        session::end_all(tx, id, None).await?;
    }
    User::by_id(service, tx, id)
        .await?
        .ok_or(Error::UserNotFound)
}
