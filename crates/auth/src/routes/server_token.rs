//! `POST /oauth/token`: an application exchanges a code, or refreshes.

use axum::response::Response;
use http::{HeaderValue, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ok, refresh_grant};
use crate::Error;
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::body::Text;
use crate::oauth_server::{Authorization, Client, authenticate, enabled, has_scope, id_token};
use crate::rate::Limit;
use crate::service::Inner;
use crate::session::{self, Application};
use crate::user::User;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    grant_type: Text,
    client_id: Text,
    client_secret: Text,
    code: Text,
    redirect_uri: Text,
    code_verifier: Text,
    resource: Text,
    refresh_token: Text,
}

/// AUTH-SESS-02
const METHOD: &str = "oauth_provider/authorization_code";

/// What applications post: a form or JSON.
fn read(ask: &Ask) -> Result<Body, Error> {
    let media = ask.header("content-type").unwrap_or_default();
    if !media
        .to_ascii_lowercase()
        .starts_with("application/x-www-form-urlencoded")
    {
        return ask.json();
    }
    let mut members = Map::new();
    for (name, value) in url::form_urlencoded::parse(&ask.body) {
        // RFC 6749: no parameter more than once.
        if members
            .insert(name.clone().into_owned(), json!(value))
            .is_some()
        {
            return Err(Error::OAuth(
                "invalid_request",
                format!("{name} is given twice"),
            ));
        }
    }
    serde_json::from_value(Value::Object(members))
        .map_err(|error| Error::BadJson(error.to_string()))
}

pub(super) async fn post(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    enabled(service)?;
    service.limits.take(Limit::Token, ask.ip(), service.now())?;
    let body = read(ask)?;
    let client = service.pool.get().await?;
    let (id, secret) = (body.client_id.filled(), body.client_secret.filled());
    let application = authenticate(&client, ask, id, secret).await?;
    drop(client);
    let grant = &*body.grant_type;
    if grant.is_empty() {
        return Err(invalid("grant_type is required"));
    }
    if !matches!(grant, "authorization_code" | "refresh_token") {
        let why = format!("grant_type {grant} is not supported");
        return Err(Error::OAuth("unsupported_grant_type", why));
    }
    if !application.grants.iter().any(|allowed| allowed == grant) {
        let why = format!("the client may not use grant_type {grant}");
        return Err(Error::OAuth("unauthorized_client", why));
    }
    let tokens = if grant == "refresh_token" {
        let Some(token) = body.refresh_token.filled() else {
            return Err(invalid("refresh_token is required"));
        };
        refresh_grant::refresh(service, ask, token, Some(application.id)).await?
    } else {
        code(service, ask, &application, &body).await?
    };
    let mut answer = Map::new();
    for name in [
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "id_token",
    ] {
        if !tokens[name].is_null() {
            answer.insert(name.to_owned(), tokens[name].clone());
        }
    }
    let mut response = ok(&Value::Object(answer));
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn invalid(why: &str) -> Error {
    Error::OAuth("invalid_request", why.to_owned())
}

fn no_grant(why: &str) -> Error {
    Error::OAuth("invalid_grant", why.to_owned())
}

/// Exchanges a code. One that is presented wrongly cannot be presented again.
async fn code(
    service: &Inner,
    ask: &Ask,
    application: &Client,
    body: &Body,
) -> Result<Value, Error> {
    let (Some(code), Some(verifier)) = (body.code.filled(), body.code_verifier.filled()) else {
        return Err(invalid("code and code_verifier are required"));
    };
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let found = Authorization::of_code(&tx, code).await?;
    let request = found.ok_or_else(|| no_grant("Invalid authorization code"))?;
    let wrong = if request.client != application.id {
        // Somebody else's mistake must not cost its owner the code.
        return Err(no_grant(
            "Authorization code was not issued for this client",
        ));
    } else if request.is_spent() {
        request.take_back(&tx).await?;
        tx.commit().await?;
        return Err(no_grant("Invalid authorization code"));
    } else if request.is_over(service.now()) {
        Some("Authorization code has expired")
    } else if body
        .redirect_uri
        .filled()
        .is_some_and(|uri| uri != request.redirect_uri)
    {
        Some("Invalid redirect_uri")
    } else if body
        .resource
        .filled()
        .is_some_and(|text| request.resource.as_deref() != Some(text))
    {
        Some("Invalid resource")
    } else if !request.fits(verifier) {
        Some("PKCE verification failed: code verifier does not match the code challenge")
    } else {
        None
    };
    if let Some(why) = wrong {
        request.forget(&tx).await?;
        tx.commit().await?;
        return Err(no_grant(why));
    }
    let user = match request.user {
        Some(user) => User::by_id(service, &tx, user).await?,
        None => None,
    };
    let mut user = user.ok_or_else(|| no_grant("Invalid authorization code"))?;
    if user.is_banned(service.now()) {
        request.forget(&tx).await?;
        tx.commit().await?;
        return Err(Error::OAuth("access_denied", "User is banned".into()));
    }
    request.spend(&tx).await?;
    let authenticated = user
        .times
        .last_sign_in
        .unwrap_or_else(|| service.now())
        .timestamp();
    let traits = json!({ "provider_type": METHOD });
    audit::write(
        service,
        &tx,
        Actor::User(&user),
        Action::Login,
        Some(traits),
    )
    .await?;
    let owner = Application {
        id: application.id,
        scopes: request.scope.clone(),
    };
    let mut tokens = session::begin_for(service, &tx, ask, &mut user, METHOD, Some(&owner)).await?;
    if has_scope(&request.scope, "openid") {
        let nonce = request.nonce.as_deref();
        let token = id_token(
            service,
            &user,
            application.id,
            &request.scope,
            authenticated,
            nonce,
        )?;
        tokens["id_token"] = json!(token);
    }
    tx.commit().await?;
    Ok(tokens)
}
