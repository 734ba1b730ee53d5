//! `GET /authorize` and `GET /user/identities/authorize`: off to a provider.

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::ok;
use super::verify_get::redirect;
use crate::ask::Ask;
use crate::oauth::Chosen;
use crate::oauth::custom::is_reserved;
use crate::rate::Limit;
use crate::service::Inner;
use crate::{Error, bearer, db, pkce};

/// What the provider is not told, since it is our own.
const OURS: [&str; 5] = [
    "provider",
    "redirect_to",
    "scopes",
    "invite_token",
    "skip_http_redirect",
];

pub(super) async fn get(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    Ok(redirect(
        StatusCode::FOUND,
        &begin(service, ask, None).await?,
    ))
}

/// The same for somebody who is in already and wants to link.
pub(super) async fn link(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    if !service.settings.manual_linking_enabled {
        return Err(Error::LinkingDisabled);
    }
    let client = service.pool.get().await?;
    let signed = bearer::user(service, ask, &client).await?;
    drop(client);
    let url = begin(service, ask, Some(signed.user.id)).await?;
    if ask.query("skip_http_redirect").as_deref() == Some("true") {
        return Ok(ok(&json!({ "url": url })));
    }
    Ok(redirect(StatusCode::FOUND, &url))
}

async fn begin(service: &Inner, ask: &Ask, target: Option<Uuid>) -> Result<String, Error> {
    // A row is written for whoever comes: AUTH-OAUTH-02.
    let limits = &service.limits;
    limits.take(Limit::Authorize, ask.ip(), service.now())?;
    let query = |name: &str| ask.query(name).unwrap_or_default();
    let challenge = pkce::read(&query("code_challenge_method"), &query("code_challenge"))?;
    let (id, now) = (service.random.uuid(), service.now());
    let back = service.redirects.target(ask, None);
    let invite = Some(query("invite_token")).filter(|token| !token.is_empty());
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let provider = Chosen::of(service, &tx, &query("provider")).await?;
    if let Some(token) = &invite {
        let sql = include_str!("../sql/token_owner.sql");
        let found = db::first(&tx, sql, &[token, &vec!["confirmation_token"]]).await?;
        found.ok_or(Error::InviteTokenUnknown)?;
    }
    let verifier = provider.wants_pkce().then(|| service.random.token(48));
    let mut state = None;
    if let Some(verifier) = &verifier {
        let kept = service.random.uuid();
        let sql = include_str!("../sql/insert_client_state.sql");
        db::run(&tx, sql, &[&kept, &provider.name(), verifier, &now]).await?;
        state = Some(kept);
    }
    let method = challenge.as_ref().map(|challenge| challenge.method.name());
    let text = challenge.as_ref().map(|challenge| challenge.text.as_str());
    let optional = provider.email_optional();
    let sql = include_str!("../sql/begin_oauth.sql");
    db::run(
        &tx,
        sql,
        &[
            &id,
            &provider.name(),
            &method,
            &text,
            &back,
            &target,
            &state,
            &optional,
            &now,
            &invite,
        ],
    )
    .await?;
    tx.commit().await?;
    drop(client);
    let passed: Vec<(String, String)> =
        url::form_urlencoded::parse(ask.parts.uri.query().unwrap_or_default().as_bytes())
            .filter(|(name, _)| {
                let lower = name.to_ascii_lowercase();
                !is_reserved(&lower) && !OURS.contains(&lower.as_str())
            })
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
    let hashed = verifier.map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)));
    let (state, scopes) = (id.to_string(), query("scopes"));
    provider
        .authorize_url(service, &state, &scopes, hashed.as_deref(), &passed)
        .await
}
