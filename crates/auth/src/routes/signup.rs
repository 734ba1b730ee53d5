//! `POST /signup`

use axum::response::Response;
use serde::Deserialize;

use super::ok;
use crate::account::{self, NewUser};
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::body::{Object, Text};
use crate::letters::Journey;
use crate::rate::Limit;
use crate::registration::{self, Wish};
use crate::service::Inner;
use crate::{Error, address, bearer, captcha, pkce, session};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    email: Text,
    phone: Text,
    password: Text,
    data: Option<Object>,
    channel: Text,
    code_challenge: Text,
    code_challenge_method: Text,
}

pub(super) async fn post(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let body: Body = ask.json()?;
    let now = service.now();
    if body.email.is_empty() && body.phone.is_empty() {
        service.limits.take(Limit::Anonymous, ask.ip(), now)?;
        captcha::check(service, ask).await?;
        return anonymous(service, ask, body).await;
    }
    service.limits.take(Limit::Signup, ask.ip(), now)?;
    captcha::check(service, ask).await?;
    let wish = check(service, ask, body).await?;
    Ok(ok(&registration::register(service, ask, &wish).await?))
}

async fn check(service: &Inner, ask: &Ask, body: Body) -> Result<Wish, Error> {
    let settings = &service.settings;
    if settings.disable_signup {
        return Err(Error::SignupDisabled);
    }
    if body.password.is_empty() {
        return Err(Error::validation("Signup requires a valid password"));
    }
    service.check_password(&body.password).await?;
    let (email, phone) = (body.email.filled(), body.phone.filled());
    if email.is_some() && phone.is_some() {
        return Err(Error::validation(
            "Only an email address or phone number should be provided on signup.",
        ));
    }
    if phone.is_some() {
        address::channel(&body.channel)?;
        if !body.code_challenge.is_empty() {
            return Err(Error::validation("PKCE not supported for phone signups"));
        }
    }
    let challenge = pkce::read(&body.code_challenge_method, &body.code_challenge)?;
    if email.is_some() && !settings.email_enabled {
        return Err(Error::EmailDisabled(400, "signups"));
    }
    if phone.is_some() && !settings.phone_enabled {
        return Err(Error::PhoneDisabled(400, "signups"));
    }
    Ok(Wish {
        email: email.map(address::email).transpose()?,
        phone: phone.map(address::phone).transpose()?,
        password: Some(body.password.0.clone()),
        data: body.data.unwrap_or_default(),
        audience: bearer::audience(service, ask),
        channel: body.channel.0.clone(),
        journey: Journey::of(service, ask, challenge),
    })
}

async fn anonymous(service: &Inner, ask: &Ask, body: Body) -> Result<Response, Error> {
    if !service.settings.anonymous_enabled {
        return Err(Error::AnonymousDisabled);
    }
    if service.settings.disable_signup {
        return Err(Error::SignupDisabled);
    }
    let data = body.data.unwrap_or_default();
    let new = NewUser {
        id: service.random.uuid(),
        aud: bearer::audience(service, ask),
        role: service.settings.jwt_default_role.clone(),
        user_metadata: data.clone(),
        anonymous: true,
        ..NewUser::default()
    };
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    new.announce(service, &tx).await?;
    let mut user = new
        .insert(service, &tx, &data)
        .await
        .map_err(|error| error.trying("Database error creating anonymous user"))?;
    audit::write(service, &tx, Actor::User(&user), Action::UserSignedUp, None).await?;
    let answer = session::begin(service, &tx, ask, &mut user, "anonymous").await?;
    tx.commit().await?;
    drop(client);
    account::made(service, &user).await?;
    Ok(ok(&answer))
}
