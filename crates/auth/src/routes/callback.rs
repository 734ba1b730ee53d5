//! `GET` and `POST /callback`: back from a provider.

use std::collections::HashMap;
use std::time::Duration;

use axum::response::Response;
use chrono::{DateTime, Utc};
use http::{Method, StatusCode};
use serde_json::Value;
use uuid::Uuid;

use super::verify_get::{error_pairs, redirect, with_fragment, with_query};
use crate::ask::Ask;
use crate::external::{self, Arrival};
use crate::letters::Journey;
use crate::oauth::Chosen;
use crate::service::Inner;
use crate::{Error, bearer, db, otp, session};

/// Shortest time that a flow lives.
const LEAST: Duration = Duration::from_secs(300);

/// A flow that came back.
struct Flow {
    id: Uuid,
    provider: String,
    ends_in_code: bool,
    back: String,
    target: Option<Uuid>,
    verifier: Option<String>,
    email_optional: bool,
    invite: Option<String>,
}

pub(super) async fn handle(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let given = parameters(ask);
    let flow = match claim(service, given.get("state").map_or("", String::as_str)).await {
        Ok(flow) => flow,
        Err(error) => {
            log(ask, &error);
            let pairs = error_pairs(&error);
            let target = with_query(&service.settings.site_url, &borrowed(&pairs));
            return Ok(redirect(StatusCode::SEE_OTHER, &target));
        }
    };
    let landed = land(service, ask, &flow, &given).await;
    let target = landed.unwrap_or_else(|error| {
        log(ask, &error);
        let mut pairs = error_pairs(&error);
        let target = with_query(&flow.back, &borrowed(&pairs));
        pairs.push(("sb".into(), String::new()));
        with_fragment(&target, &pairs)
    });
    Ok(redirect(StatusCode::FOUND, &target))
}

fn log(ask: &Ask, error: &Error) {
    if let Some(cause) = web::Failure::cause(error) {
        tracing::warn!(request = ask.id(), cause, "{error}");
    }
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

/// Of the query, or of the form that is posted.
fn parameters(ask: &Ask) -> HashMap<String, String> {
    let text = if ask.parts.method == Method::POST {
        &ask.body[..]
    } else {
        ask.parts.uri.query().unwrap_or_default().as_bytes()
    };
    url::form_urlencoded::parse(text).into_owned().collect()
}

/// The flow of a state, which can be claimed once.
async fn claim(service: &Inner, state: &str) -> Result<Flow, Error> {
    if state.is_empty() {
        return Err(Error::StateMissing);
    }
    let id = Uuid::try_parse(state).map_err(|_| Error::StateShape)?;
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let row = db::first(&tx, include_str!("../sql/oauth_flow.sql"), &[&id]).await?;
    let row = row.ok_or(Error::StateUnknown)?;
    let issued: Option<DateTime<Utc>> = row.try_get("auth_code_issued_at")?;
    if issued.is_some() {
        return Err(Error::StateUsed);
    }
    let lifetime = service.settings.flow_state_expiry.max(LEAST);
    if !otp::is_fresh(row.try_get("created_at")?, lifetime, service.now()) {
        return Err(Error::StateExpired);
    }
    let challenge: Option<String> = row.try_get("code_challenge")?;
    let ends_in_code = challenge.is_some_and(|challenge| !challenge.is_empty());
    if ends_in_code {
        db::run(
            &tx,
            include_str!("../sql/claim_oauth_flow.sql"),
            &[&id, &service.now()],
        )
        .await?;
    } else {
        db::run(&tx, include_str!("../sql/delete_flow.sql"), &[&id]).await?;
    }
    let state: Option<Uuid> = row.try_get("oauth_client_state_id")?;
    let verifier = match state {
        Some(state) => {
            let sql = include_str!("../sql/take_client_state.sql");
            let row = db::first(&tx, sql, &[&state])
                .await?
                .ok_or(Error::StateUnknown)?;
            row.try_get(0)?
        }
        None => None,
    };
    let back: Option<String> = row.try_get("referrer")?;
    let flow = Flow {
        id,
        provider: row.try_get("provider_type")?,
        ends_in_code,
        back: back
            .filter(|back| service.redirects.accepts(back))
            .unwrap_or_else(|| service.settings.site_url.clone()),
        target: row.try_get("linking_target_id")?,
        verifier,
        email_optional: row.try_get("email_optional")?,
        invite: row.try_get("invite_token")?,
    };
    tx.commit().await?;
    Ok(flow)
}

/// Where somebody is sent who came in.
async fn land(
    service: &Inner,
    ask: &Ask,
    flow: &Flow,
    given: &HashMap<String, String>,
) -> Result<String, Error> {
    if let Some(error) = given.get("error").filter(|error| !error.is_empty()) {
        let described = given.get("error_description").cloned().unwrap_or_default();
        return Err(Error::FromProvider(error.clone(), described));
    }
    let code = given
        .get("code")
        .filter(|code| !code.is_empty())
        .ok_or(Error::CodeMissing)?;
    let client = service.pool.get().await?;
    let provider = Chosen::of(service, &client, &flow.provider).await?;
    // What a provider takes for its answer is not taken from the others.
    drop(client);
    let verifier = flow.verifier.as_deref();
    let tokens = provider.exchange(service, code, verifier).await?;
    let posted: Option<Value> = given
        .get("user")
        .and_then(|user| serde_json::from_str(user).ok());
    let profile = provider.profile(service, &tokens, posted.as_ref()).await?;
    if profile.emails.is_empty() && !flow.email_optional {
        return Err(Error::EmailMissing);
    }
    let journey = Journey {
        redirect: flow.back.clone(),
        challenge: None,
    };
    let audience = bearer::audience(service, ask);
    let arrival = Arrival {
        provider: provider.name(),
        profile: &profile,
        audience: &audience,
        journey: &journey,
    };
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let mut settled = match (flow.target, &flow.invite) {
        (None, Some(token)) => external::accept_invite(service, &tx, &arrival, token).await?,
        (Some(target), _) => external::link(service, &tx, &arrival, target).await?,
        (None, None) => external::settle(service, &tx, &arrival).await?,
    };
    if settled.unconfirmed.is_some() {
        tx.commit().await?;
        drop(client);
        settled.announce(service).await?;
        return settled.unconfirmed.map_or(Ok(String::new()), Err);
    }
    if flow.ends_in_code {
        let code = service.random.uuid().to_string();
        let sql = include_str!("../sql/finish_oauth_flow.sql");
        db::run(
            &tx,
            sql,
            &[
                &flow.id,
                &settled.user.id,
                &code,
                &tokens.access,
                &tokens.refresh,
                &service.now(),
            ],
        )
        .await?;
        tx.commit().await?;
        drop(client);
        settled.announce(service).await?;
        return Ok(with_query(&flow.back, &[("code", &code)]));
    }
    let session = session::begin(service, &tx, ask, &mut settled.user, "oauth").await?;
    tx.commit().await?;
    drop(client);
    settled.announce(service).await?;
    let mut pairs: Vec<(String, String)> = [
        "access_token",
        "expires_at",
        "expires_in",
        "refresh_token",
        "token_type",
    ]
    .iter()
    .map(|name| match &session[*name] {
        Value::String(text) => ((*name).to_owned(), text.clone()),
        other => ((*name).to_owned(), other.to_string()),
    })
    .collect();
    pairs.push(("provider_token".into(), tokens.access));
    pairs.extend(
        tokens
            .refresh
            .map(|token| ("provider_refresh_token".to_owned(), token)),
    );
    pairs.push(("sb".into(), String::new()));
    pairs.sort();
    Ok(with_fragment(&flow.back, &pairs))
}
