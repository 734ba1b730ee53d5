//! `POST /token?grant_type=password`

use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::ok;
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::body::Text;
use crate::hooks::{self, Moment};
use crate::rate::Limit;
use crate::service::Inner;
use crate::user::User;
use crate::{Error, address, bearer, db, session};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    email: Text,
    phone: Text,
    password: Text,
}

pub(super) async fn post(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let body: Body = ask.json()?;
    let audience = bearer::audience(service, ask);
    let settings = &service.settings;
    let client = service.pool.get().await?;
    let (user, provider) = match (body.email.filled(), body.phone.filled()) {
        (Some(_), Some(_)) => {
            return Err(Error::validation(
                "Only an email address or phone number should be provided on login.",
            ));
        }
        (Some(_), None) if !settings.email_enabled => {
            return Err(Error::EmailDisabled(422, "logins"));
        }
        (None, Some(_)) if !settings.phone_enabled => {
            return Err(Error::PhoneDisabled(422, "logins"));
        }
        (None, None) => return Err(Error::validation("missing email or phone")),
        // What is no address belongs to nobody.
        (Some(email), None) => match address::email(email) {
            Ok(email) => {
                let user = User::by_email(service, &client, &email, &audience).await?;
                (user, "email")
            }
            Err(_) => (None, "email"),
        },
        (None, Some(phone)) => match address::phone(phone) {
            Ok(phone) => {
                let user = User::by_phone(service, &client, &phone, &audience).await?;
                (user, "phone")
            }
            Err(_) => (None, "phone"),
        },
    };
    // Nobody else waits for the connection while the password is checked.
    drop(client);
    if user
        .as_ref()
        .is_some_and(|user| user.is_banned(service.now()))
    {
        return Err(Error::UserBanned);
    }
    let stored = user.as_ref().and_then(|user| user.password.as_deref());
    // Counted by user, however the address is written.
    let account = match &user {
        Some(user) => user.id.to_string(),
        None => body
            .email
            .filled()
            .or(body.phone.filled())
            .unwrap_or_default()
            .to_lowercase(),
    };
    service
        .limits
        .attempt(Limit::WrongPassword, &account, service.now())?;
    let checked = service.hasher.check(&body.password, stored).await?;
    let good = checked.good;
    if good {
        service.limits.forgive(Limit::WrongPassword, &account);
    }
    if let Some(user) = &user {
        heed_hook(service, user, good).await?;
    }
    let mut user = user.filter(|_| good).ok_or(Error::Credentials)?;
    if provider == "email" && user.times.email_confirmed.is_none() {
        return Err(Error::EmailNotConfirmed);
    }
    if provider == "phone" && user.times.phone_confirmed.is_none() {
        return Err(Error::PhoneNotConfirmed);
    }

    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    if let Some(renewed) = &checked.renewed {
        // An old application's hash is replaced if it still stands there: of two sign-ins at once, one does it.
        let sql = include_str!("../sql/renew_password.sql");
        db::run(&tx, sql, &[&user.id, &user.password, renewed]).await?;
    }
    let traits = json!({ "provider": provider });
    audit::write(
        service,
        &tx,
        Actor::User(&user),
        Action::Login,
        Some(traits),
    )
    .await?;
    let mut tokens = session::begin(service, &tx, ask, &mut user, "password").await?;
    tx.commit().await?;
    if let Some((message, reasons)) = service.rules.weakness(&body.password) {
        tokens["weak_password"] = json!({ "message": message, "reasons": reasons });
    }
    Ok(ok(&tokens))
}

/// The operator may refuse an attempt, right or wrong.
async fn heed_hook(service: &Inner, user: &User, good: bool) -> Result<(), Error> {
    if !service.hooks.listens(Moment::PasswordAttempt) {
        return Ok(());
    }
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let payload = json!({ "user_id": user.id, "valid": good });
    let refusal = hooks::refusal(service, &tx, Moment::PasswordAttempt, payload).await?;
    if let Some((_, true)) = &refusal {
        session::end_all(&tx, user.id, None).await?;
    }
    tx.commit().await?;
    let Some((words, _)) = refusal else {
        return Ok(());
    };
    let usual = "Further password verification attempts will be rejected.";
    Err(Error::PasswordRejected(
        words.unwrap_or_else(|| usual.to_owned()),
    ))
}
