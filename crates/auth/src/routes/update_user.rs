//! `PUT /user`

use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use deadpool_postgres::Transaction;
use serde::Deserialize;
use serde_json::Value;

use super::ok;
use crate::account::is_taken;
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::bearer::Signed;
use crate::body::{Object, Text};
use crate::letters::{self, Journey, Sides};
use crate::mail::{self, Kind, Letter};
use crate::otp::{self, Stored};
use crate::pkce::{self, Challenge};
use crate::rate::Limit;
use crate::service::Inner;
use crate::sms::{self, Purpose};
use crate::user::User;
use crate::{Error, address, bearer, db, identity, metadata, session};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    email: Text,
    phone: Text,
    password: Option<String>,
    current_password: Option<String>,
    nonce: Text,
    data: Option<Object>,
    app_metadata: Option<Object>,
    channel: Text,
    code_challenge: Text,
    code_challenge_method: Text,
}

/// Changes that passed their checks.
struct Change {
    email: Option<String>,
    phone: Option<String>,
    hash: Option<String>,
    data: Option<Object>,
    app_metadata: Option<Object>,
    channel: String,
    journey: Journey,
}

pub(super) async fn put(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    service
        .limits
        .take(Limit::UpdateUser, ask.ip(), service.now())?;
    let client = service.pool.get().await?;
    let signed = bearer::user(service, ask, &client).await?;
    let body: Body = ask.json()?;
    let user = &signed.user;
    let email = body.email.filled().map(address::email).transpose()?;
    let phone = body.phone.filled().map(address::phone).transpose()?;
    let email = email.filter(|email| *email != user.email);
    let phone = phone.filter(|phone| *phone != user.phone);
    let challenge = check(service, &signed, &body, email.as_ref(), phone.as_ref()).await?;
    if let Some(email) = &email
        && let Some(other) = User::by_email(service, &client, email, &user.aud).await?
        && other.id != user.id
    {
        return Err(Error::EmailExists);
    }
    if let Some(phone) = &phone
        && let Some(other) = User::by_phone(service, &client, phone, &user.aud).await?
        && other.id != user.id
    {
        return Err(Error::PhoneExists);
    }
    drop(client);
    let hash = match body.password.as_deref().filter(|new| !new.is_empty()) {
        None => None,
        Some(new) => {
            check_reauthentication(service, &signed, &body.nonce).await?;
            check_password(service, &signed, new, body.current_password.as_deref()).await?;
            Some(service.hasher.hash(new).await?)
        }
    };
    let change = Change {
        email,
        phone,
        hash,
        data: body.data,
        app_metadata: body.app_metadata,
        channel: body.channel.0,
        journey: Journey::of(service, ask, challenge),
    };

    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let user = apply(service, &tx, &signed, change)
        .await
        .map_err(|error| match error {
            error if !is_taken(&error) => error.trying("Error updating user"),
            error if error.violates("users_phone_key") => Error::PhoneExists,
            _ => Error::EmailExists,
        })?;
    tx.commit().await?;
    Ok(ok(&user.json()))
}

async fn check(
    service: &Inner,
    signed: &Signed,
    body: &Body,
    email: Option<&String>,
    phone: Option<&String>,
) -> Result<Option<Challenge>, Error> {
    let user = &signed.user;
    let password = body.password.as_deref().filter(|new| !new.is_empty());
    if let Some(password) = &body.password {
        service.check_password(password).await?;
    }
    if !body.phone.is_empty() {
        address::channel(&body.channel)?;
    }
    let challenge = pkce::read(&body.code_challenge_method, &body.code_challenge)?;
    if body.app_metadata.is_some() && !bearer::is_admin(service, &user.role) {
        return Err(Error::AppMetadata);
    }
    let sensitive = password.is_some() || email.is_some() || phone.is_some();
    if sensitive && user.has_verified_factor() && !signed.is_aal2() {
        return Err(Error::InsufficientAal);
    }
    if user.is_anonymous && password.is_some() && body.email.is_empty() && body.phone.is_empty() {
        return Err(Error::AnonymousPassword);
    }
    if user.is_sso && (sensitive || !body.nonce.is_empty()) {
        return Err(Error::SsoManaged);
    }
    Ok(challenge)
}

/// How old a session may be for its word alone to be enough.
const DAY: TimeDelta = TimeDelta::days(1);

/// Whether a code that was just sent shows that it is still the same person.
async fn check_reauthentication(
    service: &Inner,
    signed: &Signed,
    nonce: &str,
) -> Result<(), Error> {
    if !service.settings.require_reauthentication {
        return Ok(());
    }
    let (user, now) = (&signed.user, service.now());
    let client = service.pool.get().await?;
    if let Some(session) = signed.session {
        let row = db::first(
            &client,
            include_str!("../sql/session_by_id.sql"),
            &[&session],
        )
        .await?;
        let created: Option<DateTime<Utc>> = match row {
            Some(row) => row.try_get("created_at")?,
            None => None,
        };
        if created.is_some_and(|created| now - created < DAY) {
            return Ok(());
        }
    }
    if nonce.is_empty() {
        return Err(Error::ReauthenticationNeeded);
    }
    let stored = Stored::of(&client, user.id).await?.reauthentication;
    drop(client);
    let (account, sent) = (user.id.to_string(), user.times.reauthentication_sent);
    service.limits.attempt(Limit::WrongCode, &account, now)?;
    let right = if user.email.is_empty() {
        sms::is_right(service, &user.phone, nonce, &stored, sent).await?
    } else {
        otp::is_of(&user.email, nonce, &stored)
            && otp::is_fresh(sent, service.settings.mailer_otp_exp, now)
    };
    if !right {
        return Err(Error::ReauthenticationInvalid);
    }
    service.limits.forgive(Limit::WrongCode, &account);
    Ok(())
}

/// Whether the password may become `new`.
async fn check_password(
    service: &Inner,
    signed: &Signed,
    new: &str,
    current: Option<&str>,
) -> Result<(), Error> {
    let user = &signed.user;
    if !user.has_password() {
        return Ok(());
    }
    let stored = user.password.as_deref();
    if service.settings.require_current_password && !signed.is_recovery() {
        let current = current.filter(|current| !current.is_empty());
        let current = current.ok_or(Error::CurrentPasswordRequired)?;
        if !service.hasher.verify(current, stored).await? {
            return Err(Error::CurrentPasswordInvalid);
        }
    }
    if service.hasher.verify(new, stored).await? {
        return Err(Error::SamePassword);
    }
    Ok(())
}

async fn apply(
    service: &Inner,
    tx: &Transaction<'_>,
    signed: &Signed,
    change: Change,
) -> Result<User, Error> {
    let (id, now) = (signed.user.id, service.now());
    // Under the lock, so that merges of two requests at once are both kept.
    let user = User::by_id_locked(service, tx, id)
        .await?
        .ok_or(Error::SubjectGone)?;
    if change.data.is_some() || change.app_metadata.is_some() {
        let (mut data, mut app) = (user.user_metadata.clone(), user.app_metadata.clone());
        metadata::merge(&mut data, &change.data.unwrap_or_default());
        metadata::merge(&mut app, &change.app_metadata.unwrap_or_default());
        let sql = include_str!("../sql/set_metadata.sql");
        db::run(
            tx,
            sql,
            &[&id, &Value::Object(data), &Value::Object(app), &now],
        )
        .await?;
    }
    let actor = Actor::User(&user);
    if let Some(hash) = &change.hash {
        db::run(
            tx,
            include_str!("../sql/set_password.sql"),
            &[&id, hash, &now],
        )
        .await?;
        session::end_all(tx, id, signed.session).await?;
        audit::write(service, tx, actor, Action::UserUpdatedPassword, None).await?;
        let letter = Letter::new(service, Kind::PasswordChanged, &user.email, &user);
        mail::notify(service, tx, letter).await;
    }
    if let Some(email) = &change.email {
        change_email(service, tx, &user, email, &change.journey).await?;
    }
    if let Some(phone) = &change.phone {
        change_phone(service, tx, &user, phone, &change.channel).await?;
    }
    db::run(tx, include_str!("../sql/touch_user.sql"), &[&id, &now]).await?;
    audit::write(service, tx, actor, Action::UserModified, None).await?;
    User::by_id(service, tx, id)
        .await?
        .ok_or(Error::SubjectGone)
}

/// A new address takes effect when its owner shows that it is theirs; that of somebody who had none at once, where
/// addresses confirm themselves.
async fn change_email(
    service: &Inner,
    tx: &Transaction<'_>,
    user: &User,
    email: &str,
    journey: &Journey,
) -> Result<(), Error> {
    let now = service.now();
    if user.is_anonymous && service.settings.email_autoconfirm {
        db::run(
            tx,
            include_str!("../sql/set_email.sql"),
            &[&user.id, &email, &now],
        )
        .await?;
        identity::set(service, tx, user.id, "email", email, true).await?;
        return identity::verify(tx, user.id, "email").await;
    }
    let sql = include_str!("../sql/begin_email_change.sql");
    db::run(tx, sql, &[&user.id, &email, &now]).await?;
    let mut changing = user.clone();
    email.clone_into(&mut changing.new_email);
    let current = service.settings.mailer_secure_email_change && !user.email.is_empty();
    let sides = Sides { new: true, current };
    letters::email_change(service, tx, &changing, sides, journey).await
}

/// A new number takes effect when its owner shows that it is theirs, or at once.
async fn change_phone(
    service: &Inner,
    tx: &Transaction<'_>,
    user: &User,
    phone: &str,
    channel: &str,
) -> Result<(), Error> {
    let now = service.now();
    if service.settings.phone_autoconfirm {
        db::run(
            tx,
            include_str!("../sql/set_phone.sql"),
            &[&user.id, &phone, &now],
        )
        .await?;
        identity::set(service, tx, user.id, "phone", phone, true).await?;
        return identity::verify(tx, user.id, "phone").await;
    }
    let sql = include_str!("../sql/begin_phone_change.sql");
    db::run(tx, sql, &[&user.id, &phone]).await?;
    sms::send(service, tx, user, phone, channel, Purpose::PhoneChange).await?;
    Ok(())
}
