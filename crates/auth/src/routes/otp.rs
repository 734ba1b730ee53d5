//! `POST /otp` and `POST /magiclink`: sign-in by a code or a link, and sign-up by the way.

use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ok;
use crate::ask::Ask;
use crate::body::{Object, Text};
use crate::letters::{self, Journey};
use crate::pkce::Challenge;
use crate::rate::Limit;
use crate::registration::{self, Wish};
use crate::service::Inner;
use crate::sms::{self, Purpose};
use crate::user::User;
use crate::{Error, address, bearer, captcha, pkce};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    email: Text,
    phone: Text,
    create_user: Option<bool>,
    data: Option<Object>,
    channel: Text,
    code_challenge: Text,
    code_challenge_method: Text,
}

pub(super) async fn post(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    service.limits.take(Limit::Otp, ask.ip(), service.now())?;
    captcha::check(service, ask).await?;
    let body: Body = ask.json()?;
    let challenge = pkce::read(&body.code_challenge_method, &body.code_challenge)?;
    let creates = body.create_user.unwrap_or(true);
    match (body.email.filled(), body.phone.filled()) {
        (Some(_), Some(_)) => Err(Error::validation(
            "Only an email address or phone number should be provided",
        )),
        (Some(_), None) if !body.channel.is_empty() => Err(Error::validation(
            "Channel should only be specified with Phone OTP",
        )),
        (None, None) => Err(Error::validation("One of email or phone must be set")),
        (Some(email), None) => {
            if !creates && !is_user(service, ask, Some(email), None).await? {
                return Err(Error::OtpDisabled);
            }
            by_email(service, ask, email, &body, challenge).await
        }
        (None, Some(phone)) => {
            if !creates && !is_user(service, ask, None, Some(phone)).await? {
                return Err(Error::OtpDisabled);
            }
            by_phone(service, ask, phone, &body).await
        }
    }
}

/// `POST /magiclink`
pub(super) async fn magic_link(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    service
        .limits
        .take(Limit::MagicLink, ask.ip(), service.now())?;
    captcha::check(service, ask).await?;
    let body: Body = ask.json()?;
    let challenge = pkce::read(&body.code_challenge_method, &body.code_challenge)?;
    let Some(email) = body.email.filled() else {
        return Err(Error::MagicLinkAddress);
    };
    by_email(service, ask, email, &body, challenge).await
}

async fn is_user(
    service: &Inner,
    ask: &Ask,
    email: Option<&str>,
    phone: Option<&str>,
) -> Result<bool, Error> {
    let audience = bearer::audience(service, ask);
    let client = service.pool.get().await?;
    let email = email.and_then(|email| address::email(email).ok());
    let phone = phone.and_then(|phone| address::phone(phone).ok());
    Ok(match (email, phone) {
        (Some(email), _) => User::by_email(service, &client, &email, &audience)
            .await?
            .is_some(),
        (_, Some(phone)) => User::by_phone(service, &client, &phone, &audience)
            .await?
            .is_some(),
        _ => false,
    })
}

async fn by_email(
    service: &Inner,
    ask: &Ask,
    email: &str,
    body: &Body,
    challenge: Option<Challenge>,
) -> Result<Response, Error> {
    let settings = &service.settings;
    if !settings.email_enabled {
        return Err(Error::EmailDisabled(422, "logins"));
    }
    if !settings.email_magic_link_enabled {
        return Err(Error::MagicLinkDisabled);
    }
    let email = address::email(email)?;
    let audience = bearer::audience(service, ask);
    let journey = Journey::of(service, ask, challenge);
    let client = service.pool.get().await?;
    let found = User::by_email(service, &client, &email, &audience).await?;
    drop(client);
    let confirmed = |user: &User| user.times.email_confirmed.is_some();
    if !found
        .as_ref()
        .is_some_and(|user| confirmed(user) || settings.email_autoconfirm)
    {
        let wish = wish(
            service,
            ask,
            body,
            Some(email.clone()),
            None,
            journey.clone(),
        )?;
        registration::register(service, ask, &wish).await?;
        if !settings.email_autoconfirm {
            // The confirmation carries a link of its own.
            return Ok(ok(&json!({})));
        }
    }
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    if let Some(user) = User::by_email(service, &tx, &email, &audience).await?
        && let Some(user) = User::by_id_locked(service, &tx, user.id).await?
    {
        letters::magic_link(service, &tx, &user, &journey).await?;
    }
    tx.commit().await?;
    Ok(ok(&json!({})))
}

async fn by_phone(service: &Inner, ask: &Ask, phone: &str, body: &Body) -> Result<Response, Error> {
    let settings = &service.settings;
    if !settings.phone_enabled {
        return Err(Error::PhoneUnsupported);
    }
    address::channel(&body.channel)?;
    let phone = address::phone(phone)?;
    let audience = bearer::audience(service, ask);
    let client = service.pool.get().await?;
    let found = User::by_phone(service, &client, &phone, &audience).await?;
    drop(client);
    let known =
        found.filter(|user| user.times.phone_confirmed.is_some() || settings.phone_autoconfirm);
    if known.is_none() {
        let journey = Journey::of(service, ask, None);
        let wish = wish(service, ask, body, None, Some(phone.clone()), journey)?;
        registration::register(service, ask, &wish).await?;
        if !settings.phone_autoconfirm {
            return Ok(ok(&json!({})));
        }
    }
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let mut id = String::new();
    if let Some(user) = User::by_phone(service, &tx, &phone, &audience).await?
        && let Some(user) = User::by_id_locked(service, &tx, user.id).await?
    {
        id = sms::send(
            service,
            &tx,
            &user,
            &phone,
            &body.channel,
            Purpose::Confirmation,
        )
        .await?;
    }
    tx.commit().await?;
    Ok(ok(&message(&id)))
}

/// What is answered when a text message was sent.
pub(super) fn message(id: &str) -> Value {
    if id.is_empty() {
        json!({})
    } else {
        json!({ "message_id": id })
    }
}

fn wish(
    service: &Inner,
    ask: &Ask,
    body: &Body,
    email: Option<String>,
    phone: Option<String>,
    journey: Journey,
) -> Result<Wish, Error> {
    if service.settings.disable_signup {
        return Err(Error::SignupDisabled);
    }
    Ok(Wish {
        email,
        phone,
        password: None,
        data: body.data.clone().unwrap_or_default(),
        audience: bearer::audience(service, ask),
        channel: body.channel.0.clone(),
        journey,
    })
}
