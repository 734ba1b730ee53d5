//! `POST /recover`

use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::ok;
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::body::Text;
use crate::letters::{self, Journey};
use crate::rate::Limit;
use crate::service::Inner;
use crate::user::User;
use crate::{Error, address, bearer, captcha, pkce};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    email: Text,
    code_challenge: Text,
    code_challenge_method: Text,
}

pub(super) async fn post(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    service
        .limits
        .take(Limit::Recover, ask.ip(), service.now())?;
    captcha::check(service, ask).await?;
    let body: Body = ask.json()?;
    if !service.settings.email_enabled {
        return Err(Error::EmailDisabled(400, "logins"));
    }
    let challenge = pkce::read(&body.code_challenge_method, &body.code_challenge)?;
    if body.email.is_empty() {
        return Err(Error::validation("Password recovery requires an email"));
    }
    let email = address::email(&body.email)?;
    let journey = Journey::of(service, ask, challenge);
    let audience = bearer::audience(service, ask);
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    // Nobody learns whether there is such a user.
    if let Some(user) = User::by_email(service, &tx, &email, &audience).await?
        && let Some(user) = User::by_id_locked(service, &tx, user.id).await?
    {
        audit::write(
            service,
            &tx,
            Actor::User(&user),
            Action::UserRecoveryRequested,
            None,
        )
        .await?;
        letters::recovery(service, &tx, &user, &journey).await?;
    }
    tx.commit().await?;
    Ok(ok(&json!({})))
}
