//! `POST /resend`

use axum::response::Response;
use deadpool_postgres::Transaction;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ok;
use super::otp::message;
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::body::Text;
use crate::letters::{self, Journey, Sides};
use crate::otp::Stored;
use crate::rate::Limit;
use crate::service::Inner;
use crate::sms::{self, Purpose};
use crate::user::User;
use crate::{Error, address, bearer, captcha, db, pkce};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    r#type: Text,
    email: Text,
    phone: Text,
    code_challenge: Text,
    code_challenge_method: Text,
}

/// What is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    Signup,
    EmailChange,
    Sms,
    PhoneChange,
}

pub(super) async fn post(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    service
        .limits
        .take(Limit::Resend, ask.ip(), service.now())?;
    captcha::check(service, ask).await?;
    let body: Body = ask.json()?;
    let again = check(service, &body)?;
    let challenge = pkce::read(&body.code_challenge_method, &body.code_challenge)?;
    let journey = Journey::of(service, ask, challenge);
    let audience = bearer::audience(service, ask);
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let found = if body.phone.is_empty() {
        let email = address::email(&body.email)?;
        User::by_email(service, &tx, &email, &audience).await?
    } else {
        let phone = address::phone(&body.phone)?;
        User::by_phone(service, &tx, &phone, &audience).await?
    };
    let user = match found {
        Some(user) => User::by_id_locked(service, &tx, user.id).await?,
        None => None,
    };
    let answer = match user {
        Some(user) => send(service, &tx, again, &user, &journey).await?,
        None => json!({}),
    };
    tx.commit().await?;
    Ok(ok(&answer))
}

fn check(service: &Inner, body: &Body) -> Result<Again, Error> {
    let (email, phone) = (body.email.filled(), body.phone.filled());
    let again = match &*body.r#type {
        "signup" => Again::Signup,
        "email_change" => Again::EmailChange,
        "sms" => Again::Sms,
        "phone_change" => Again::PhoneChange,
        _ => {
            return Err(Error::validation(
                "Missing one of these types: signup, email_change, sms, phone_change",
            ));
        }
    };
    let by_mail = matches!(again, Again::Signup | Again::EmailChange);
    match (email, phone) {
        (Some(_), Some(_)) => Err(Error::validation(
            "Only an email address or phone number should be provided.",
        )),
        (None, None) => Err(Error::validation("Missing email address or phone number")),
        (None, Some(_)) if by_mail => {
            Err(Error::validation("Type provided requires an email address"))
        }
        (Some(_), None) if !by_mail => {
            Err(Error::validation("Type provided requires a phone number"))
        }
        (Some(_), None) if !service.settings.email_enabled => {
            Err(Error::EmailDisabled(400, "logins"))
        }
        (None, Some(_)) if !service.settings.phone_enabled => {
            Err(Error::PhoneDisabled(400, "logins"))
        }
        _ => Ok(again),
    }
}

async fn send(
    service: &Inner,
    tx: &Transaction<'_>,
    again: Again,
    user: &User,
    journey: &Journey,
) -> Result<Value, Error> {
    let times = &user.times;
    match again {
        Again::Signup if times.email_confirmed.is_none() => {
            audit::write(
                service,
                tx,
                Actor::User(user),
                Action::UserConfirmationRequested,
                None,
            )
            .await?;
            letters::confirmation(service, tx, user, journey).await?;
        }
        Again::EmailChange if !user.new_email.is_empty() => {
            let sides = outstanding(service, tx, user).await?;
            letters::email_change(service, tx, user, sides, journey).await?;
        }
        Again::Sms if times.phone_confirmed.is_none() => {
            audit::write(
                service,
                tx,
                Actor::User(user),
                Action::UserConfirmationRequested,
                None,
            )
            .await?;
            let id =
                sms::send(service, tx, user, &user.phone, "sms", Purpose::Confirmation).await?;
            return Ok(message(&id));
        }
        Again::PhoneChange if !user.new_phone.is_empty() => {
            let id = sms::send(
                service,
                tx,
                user,
                &user.new_phone,
                "sms",
                Purpose::PhoneChange,
            )
            .await?;
            return Ok(message(&id));
        }
        _ => {}
    }
    Ok(json!({}))
}

/// The sides that have not agreed yet. Who has agreed is not asked again, lest one side's two answers count for both.
async fn outstanding(service: &Inner, tx: &Transaction<'_>, user: &User) -> Result<Sides, Error> {
    let stored = Stored::of(tx, user.id).await?;
    let waits = Sides {
        new: !stored.email_change_new.is_empty(),
        current: !stored.email_change_current.is_empty(),
    };
    if stored.confirmed_sides > 0 && (waits.new || waits.current) {
        return Ok(waits);
    }
    if stored.confirmed_sides > 0 {
        let sql = include_str!("../sql/restart_email_change.sql");
        db::run(tx, sql, &[&user.id, &service.now()]).await?;
    }
    let current = service.settings.mailer_secure_email_change && !user.email.is_empty();
    Ok(Sides { new: true, current })
}
