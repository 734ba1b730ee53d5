//! `GET /oauth/authorize`: an application asks to sign somebody in. The page of the site that asks the person goes on
//! with `GET /oauth/authorizations/{id}` and `POST /oauth/authorizations/{id}/consent`.

use axum::response::Response;
use deadpool_postgres::Transaction;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::ok;
use super::verify_get::{redirect, with_query};
use crate::ask::Ask;
use crate::bearer::{self, Signed};
use crate::body::Text;
use crate::oauth_server::{Authorization, Client, Wish, covers, enabled, grant};
use crate::rate::Limit;
use crate::service::Inner;
use crate::{Error, oauth_server};

pub(super) async fn begin(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    enabled(service)?;
    service
        .limits
        .take(Limit::Authorize, ask.ip(), service.now())?;
    let query = |name: &str| ask.query(name).unwrap_or_default();
    let (id, redirect_uri) = (query("client_id"), query("redirect_uri"));
    if id.is_empty() {
        return Err(Error::validation("client_id is required"));
    }
    if redirect_uri.is_empty() {
        return Err(Error::validation("redirect_uri is required"));
    }
    let id = Uuid::try_parse(&id).map_err(|_| Error::ClientInvalid("invalid client_id format"))?;
    let client = service.pool.get().await?;
    let application = Client::find(&client, id)
        .await?
        .ok_or(Error::ClientInvalid("invalid client_id"))?;
    // Until here nobody is sent anywhere: who knows whose address it is.
    if !application.redirect_uris.contains(&redirect_uri) {
        return Err(Error::validation("invalid redirect_uri"));
    }
    let wish = Wish {
        response_type: query("response_type"),
        scope: query("scope"),
        state: query("state"),
        challenge: query("code_challenge"),
        challenge_method: query("code_challenge_method"),
        resource: query("resource"),
        nonce: query("nonce"),
    };
    let checked = match wish.check(&service.settings.oauth_server_default_scope) {
        Ok((scope, challenge))
            if application
                .grants
                .iter()
                .any(|grant| grant == "authorization_code") =>
        {
            (scope, challenge)
        }
        checked => {
            let why = checked
                .err()
                .unwrap_or_else(|| "the client may not use this grant".into());
            let mut pairs = vec![("error", "invalid_request"), ("error_description", &why)];
            if !wish.state.is_empty() {
                pairs.push(("state", &wish.state));
            }
            return Ok(redirect(
                StatusCode::FOUND,
                &with_query(&redirect_uri, &pairs),
            ));
        }
    };
    let made = (checked.0.as_str(), &checked.1);
    let name =
        Authorization::begin(service, &client, application.id, &redirect_uri, &wish, made).await?;
    let page = page(
        &service.settings.site_url,
        &service.settings.oauth_server_authorization_path,
    );
    let target = with_query(&page, &[("authorization_id", &name)]);
    Ok(redirect(StatusCode::FOUND, &target))
}

/// The page that asks people for their consent.
fn page(site: &str, path: &str) -> String {
    if path.is_empty() {
        return site.to_owned();
    }
    format!(
        "{}/{}",
        site.trim_end_matches('/'),
        path.trim_start_matches('/')
    )
}

/// A request that is under way, and who looks at it.
async fn pending(
    service: &Inner,
    ask: &Ask,
    tx: &Transaction<'_>,
    name: &str,
) -> Result<(Signed, Authorization), Error> {
    let origin = ask.header("origin").filter(|origin| !origin.is_empty());
    if origin.is_some_and(|origin| !service.redirects.accepts(origin)) {
        return Err(Error::validation("unauthorized request origin"));
    }
    let signed = bearer::user(service, ask, tx).await?;
    // People agree by themselves; an application that they signed in to does not agree for them.
    if signed.claims.get("client_id").is_some() {
        return Err(Error::AuthorizationUnknown);
    }
    let found = Authorization::named(tx, name).await?;
    let found = found.ok_or(Error::AuthorizationUnknown)?;
    let others = found.user.is_some_and(|user| user != signed.user.id);
    if others || found.is_over(service.now()) {
        return Err(Error::AuthorizationUnknown);
    }
    Ok((signed, found))
}

pub(super) async fn show(service: &Inner, ask: &Ask, name: &str) -> Result<Response, Error> {
    enabled(service)?;
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let (signed, request) = pending(service, ask, &tx, name).await?;
    if !request.is_pending() {
        return Err(Error::validation(
            "authorization request cannot be processed",
        ));
    }
    let user = &signed.user;
    request.bind(&tx, user.id).await?;
    let application = Client::find(&tx, request.client)
        .await?
        .ok_or(Error::AuthorizationUnknown)?;
    if covers(&tx, user.id, request.client, &request.scope).await? {
        let target = approved(service, &tx, &request).await?;
        tx.commit().await?;
        return Ok(ok(&json!({ "redirect_url": target })));
    }
    tx.commit().await?;
    Ok(ok(&json!({
        "authorization_id": name,
        "redirect_uri": request.redirect_uri,
        "client": application.public_json(),
        "user": { "id": user.id, "email": user.email },
        "scope": request.scope,
    })))
}

async fn approved(
    service: &Inner,
    tx: &Transaction<'_>,
    request: &Authorization,
) -> Result<String, Error> {
    let code = request.approve(service, tx).await?;
    let mut pairs = vec![("code", code.as_str())];
    pairs.extend(request.state.as_deref().map(|state| ("state", state)));
    Ok(with_query(&request.redirect_uri, &pairs))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Decision {
    action: Text,
}

pub(super) async fn consent(service: &Inner, ask: &Ask, name: &str) -> Result<Response, Error> {
    oauth_server::enabled(service)?;
    let body: Decision = ask.json()?;
    let approve = match &*body.action {
        "approve" => true,
        "deny" => false,
        _ => return Err(Error::validation("action must be 'approve' or 'deny'")),
    };
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let (signed, request) = pending(service, ask, &tx, name).await?;
    // Nobody agrees to what they were not shown.
    if request.user.is_none() {
        return Err(Error::AuthorizationUnknown);
    }
    if !request.is_pending() {
        return Err(Error::validation(
            "authorization request is no longer pending",
        ));
    }
    let target = if approve {
        grant(service, &tx, signed.user.id, request.client, &request.scope).await?;
        approved(service, &tx, &request).await?
    } else {
        request.deny(&tx).await?;
        let mut pairs = vec![
            ("error", "access_denied"),
            ("error_description", "User denied the request"),
        ];
        pairs.extend(request.state.as_deref().map(|state| ("state", state)));
        with_query(&request.redirect_uri, &pairs)
    };
    tx.commit().await?;
    Ok(ok(&json!({ "redirect_url": target })))
}
