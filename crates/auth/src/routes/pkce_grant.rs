//! `POST /token?grant_type=pkce`

use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ok;
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::body::Text;
use crate::service::Inner;
use crate::user::User;
use crate::{Error, flow, session};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    auth_code: Text,
    code_verifier: Text,
}

/// The methods that sessions may begin with; what else stands in a row came from elsewhere.
const METHODS: [&str; 7] = [
    "oauth",
    "magiclink",
    "recovery",
    "email/signup",
    "email_change",
    "invite",
    "sso/saml",
];

pub(super) async fn post(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let body: Body = ask.json()?;
    let (Some(code), Some(verifier)) = (body.auth_code.filled(), body.code_verifier.filled())
    else {
        return Err(Error::validation(
            "invalid request: both auth code and code verifier should be non-empty",
        ));
    };
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let flow = flow::redeem(service, &tx, code, verifier).await?;
    let mut user = User::by_id(service, &tx, flow.user)
        .await?
        .ok_or(Error::FlowUnknown)?;
    if user.is_banned(service.now()) {
        return Err(Error::UserBanned);
    }
    let method = METHODS
        .into_iter()
        .find(|method| *method == flow.method)
        .unwrap_or("otp");
    let traits = json!({ "provider_type": flow.method });
    audit::write(
        service,
        &tx,
        Actor::User(&user),
        Action::Login,
        Some(traits),
    )
    .await?;
    let mut tokens = session::begin(service, &tx, ask, &mut user, method).await?;
    tx.commit().await?;
    for (name, token) in [
        ("provider_token", flow.provider_token),
        ("provider_refresh_token", flow.provider_refresh_token),
    ] {
        if let Some(token) = token.filter(|token| !token.is_empty()) {
            tokens[name] = Value::String(token);
        }
    }
    Ok(ok(&tokens))
}
