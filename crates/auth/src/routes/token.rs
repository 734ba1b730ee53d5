//! `POST /token?grant_type=…`

use axum::response::Response;

use super::{id_token_grant, password_grant, pkce_grant, refresh_grant, web3_grant};
use crate::ask::Ask;
use crate::rate::Limit;
use crate::service::Inner;
use crate::{Error, captcha};

pub(super) async fn post(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let grant = ask.query("grant_type");
    let limit = match grant.as_deref() {
        Some("web3") => Limit::Web3,
        _ => Limit::Token,
    };
    service.limits.take(limit, ask.ip(), service.now())?;
    match grant.as_deref() {
        Some("password") => {
            captcha::check(service, ask).await?;
            password_grant::post(service, ask).await
        }
        Some("refresh_token") => refresh_grant::post(service, ask).await,
        Some("id_token") => id_token_grant::post(service, ask).await,
        Some("web3") => {
            captcha::check(service, ask).await?;
            web3_grant::post(service, ask).await
        }
        Some("pkce") => pkce_grant::post(service, ask).await,
        _ => Err(Error::UnsupportedGrant),
    }
}
