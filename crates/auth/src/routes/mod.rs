//! All routes, and the one place that answers.

mod admin_audit;
mod admin_factors;
mod admin_import;
mod admin_providers;
mod admin_users;
mod admin_write;
mod authorize;
mod callback;
mod factors;
mod generate_link;
mod health;
mod id_token_grant;
mod identities;
mod invite;
mod keys;
mod logout;
mod otp;
mod password_grant;
mod pkce_grant;
mod reauthenticate;
mod recover;
mod refresh_grant;
mod resend;
mod server_authorize;
mod server_clients;
mod server_grants;
mod server_token;
mod settings;
mod signup;
mod token;
mod update_user;
mod user;
mod verify_get;
mod verify_post;
mod web3_grant;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{Method, StatusCode};
use serde_json::Value;
use web::Failure as _;

use crate::Error;
use crate::ask::Ask;
use crate::error::Format;
use crate::service::{Auth, Inner};

/// Most bytes of a body.
const MAX_BODY: usize = 1 << 20;

pub(crate) fn router(auth: &Auth) -> Router {
    Router::new()
        .fallback(serve)
        .with_state(Arc::clone(&auth.inner))
}

async fn serve(State(service): State<Arc<Inner>>, request: Request) -> Response {
    let started = service.now();
    let (parts, body) = request.into_parts();
    let format = Format::of(&parts.headers);
    let most = admin_import::most_bytes(parts.uri.path()).unwrap_or(MAX_BODY);
    let (body, read) = match axum::body::to_bytes(body, most).await {
        Ok(body) => (body, Ok(())),
        Err(_) => (bytes::Bytes::new(), Err(Error::TooLarge)),
    };
    let ask = Ask { parts, body };
    let result = match read {
        // A request that is cut off leaves its transaction behind, which is then rolled back.
        Ok(()) => tokio::time::timeout(service.patience(), answer(&service, &ask))
            .await
            .unwrap_or(Err(Error::Timeout)),
        Err(error) => Err(error),
    };
    let path = ask.parts.uri.path();
    let response = result.unwrap_or_else(|error| {
        if let Some(cause) = error.cause() {
            tracing::error!(request = ask.id(), path, cause, "{error}");
        }
        error.render(format, ask.id())
    });
    let status = response.status().as_u16();
    let elapsed_ms = (service.now() - started).num_milliseconds();
    metrics::counter!("auth_requests_total", "status" => status.to_string()).increment(1);
    tracing::debug!(status, elapsed_ms, path, "answered");
    response
}

async fn answer(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let path: Vec<&str> = ask.parts.uri.path().trim_matches('/').split('/').collect();
    let method = &ask.parts.method;
    let (get, post) = (method == Method::GET, method == Method::POST);
    let (put, delete) = (method == Method::PUT, method == Method::DELETE);
    match path.as_slice() {
        ["health"] if get => Ok(health::get()),
        ["settings"] if get => Ok(settings::get(service)),
        [".well-known", "jwks.json"] if get => Ok(keys::jwks(service)),
        [".well-known", "openid-configuration"] if get => Ok(keys::discovery(service)),
        [".well-known", "oauth-authorization-server"] if get => keys::server(service),
        ["signup"] if post => signup::post(service, ask).await,
        ["token"] if post => token::post(service, ask).await,
        ["otp"] if post => otp::post(service, ask).await,
        ["magiclink"] if post => otp::magic_link(service, ask).await,
        ["recover"] if post => recover::post(service, ask).await,
        ["resend"] if post => resend::post(service, ask).await,
        ["verify"] if get => verify_get::get(service, ask).await,
        ["verify"] if post => verify_post::post(service, ask).await,
        ["reauthenticate"] if get => reauthenticate::get(service, ask).await,
        ["invite"] if post => invite::post(service, ask).await,
        ["logout"] if post => logout::post(service, ask).await,
        ["user"] if get => user::get(service, ask).await,
        ["user"] if put => update_user::put(service, ask).await,
        ["admin", "users"] if get => admin_users::list(service, ask).await,
        ["admin", "users"] if post => admin_write::create(service, ask).await,
        ["admin", "users", "import"] if get => admin_import::limits(service, ask).await,
        ["admin", "users", "import"] if post => admin_import::post(service, ask).await,
        ["admin", "users", id] if get => admin_users::get(service, ask, id).await,
        ["admin", "users", id] if put => admin_write::update(service, ask, id).await,
        ["admin", "users", id] if delete => admin_users::delete(service, ask, id).await,
        ["admin", "generate_link"] if post => generate_link::post(service, ask).await,
        ["admin", "audit"] if get => admin_audit::list(service, ask).await,
        ["admin", "users", id, "factors"] if get => admin_factors::list(service, ask, id).await,
        ["admin", "users", id, "factors", factor] if put => {
            admin_factors::update(service, ask, id, factor).await
        }
        ["admin", "users", id, "factors", factor] if delete => {
            admin_factors::delete(service, ask, id, factor).await
        }
        ["authorize"] if get => authorize::get(service, ask).await,
        ["callback"] if get || post => callback::handle(service, ask).await,
        ["user", "identities", "authorize"] if get => authorize::link(service, ask).await,
        ["user", "identities", id] if delete => identities::unlink(service, ask, id).await,
        ["factors"] if post => factors::enroll(service, ask).await,
        ["factors", id] if delete => factors::unenroll(service, ask, id).await,
        ["factors", id, "challenge"] if post => factors::challenge(service, ask, id).await,
        ["factors", id, "verify"] if post => factors::verify(service, ask, id).await,
        ["oauth", ..] | ["user", "oauth", ..] | ["admin", "oauth" | "custom-providers", ..] => {
            server(service, ask, &path).await
        }
        ["mailbox", rest @ ..] => mailbox(service, ask, rest),
        [
            "health" | "settings" | "signup" | "token" | "logout" | "user" | "otp" | "magiclink"
            | "recover" | "resend" | "verify" | "reauthenticate" | "invite" | "factors"
            | "authorize" | "callback",
        ]
        | ["factors", _]
        | ["user", "identities", _]
        | ["factors", _, "challenge" | "verify"]
        | ["admin", "users", _, "factors"]
        | ["admin", "users", _, "factors", _]
        | [
            ".well-known",
            "jwks.json" | "openid-configuration" | "oauth-authorization-server",
        ]
        | ["admin", "users" | "generate_link" | "audit"]
        | ["admin", "users", _] => Err(Error::Method),
        _ => Err(Error::NoRoute),
    }
}

/// What people's sign-in to other applications asks for, and what admins keep of applications and providers.
async fn server(service: &Inner, ask: &Ask, path: &[&str]) -> Result<Response, Error> {
    let method = &ask.parts.method;
    let (get, post) = (method == Method::GET, method == Method::POST);
    let (put, delete) = (method == Method::PUT, method == Method::DELETE);
    match path {
        ["oauth", "authorize"] if get => server_authorize::begin(service, ask).await,
        ["oauth", "authorizations", id] if get => server_authorize::show(service, ask, id).await,
        ["oauth", "authorizations", id, "consent"] if post => {
            server_authorize::consent(service, ask, id).await
        }
        ["oauth", "token"] if post => server_token::post(service, ask).await,
        ["oauth", "userinfo"] if get || post => server_grants::userinfo(service, ask).await,
        ["oauth", "clients", "register"] if post => server_clients::register(service, ask).await,
        ["user", "oauth", "grants"] if get => server_grants::list(service, ask).await,
        ["user", "oauth", "grants"] if delete => server_grants::revoke(service, ask).await,
        ["admin", "oauth", "clients"] if get => server_clients::list(service, ask).await,
        ["admin", "oauth", "clients"] if post => server_clients::create(service, ask).await,
        ["admin", "oauth", "clients", id] if get => server_clients::get(service, ask, id).await,
        ["admin", "oauth", "clients", id] if put => server_clients::update(service, ask, id).await,
        ["admin", "oauth", "clients", id] if delete => {
            server_clients::delete(service, ask, id).await
        }
        ["admin", "oauth", "clients", id, "regenerate_secret"] if post => {
            server_clients::regenerate(service, ask, id).await
        }
        ["admin", "custom-providers"] if get => admin_providers::list(service, ask).await,
        ["admin", "custom-providers"] if post => admin_providers::create(service, ask).await,
        ["admin", "custom-providers", name] if get => {
            admin_providers::get(service, ask, name).await
        }
        ["admin", "custom-providers", name] if put => {
            admin_providers::update(service, ask, name).await
        }
        ["admin", "custom-providers", name] if delete => {
            admin_providers::delete(service, ask, name).await
        }
        ["oauth", "authorize" | "token" | "userinfo"]
        | ["admin", "custom-providers"]
        | ["admin", "custom-providers", _]
        | ["oauth", "authorizations", _]
        | ["oauth", "authorizations", _, "consent"]
        | ["oauth", "clients", "register"]
        | ["user", "oauth", "grants"]
        | ["admin", "oauth", "clients"]
        | ["admin", "oauth", "clients", _]
        | ["admin", "oauth", "clients", _, "regenerate_secret"] => Err(Error::Method),
        _ => Err(Error::NoRoute),
    }
}

/// The development mailbox, where there is one.
fn mailbox(service: &Inner, ask: &Ask, path: &[&str]) -> Result<Response, Error> {
    let mailbox = service.post.mailbox.as_ref().ok_or(Error::NoRoute)?;
    // A name that somebody else made lead here is not ours, nor is what its pages want.
    if !ask.is_at_home(service.base_url()) {
        return Err(Error::NoRoute);
    }
    mailbox.answer(
        &ask.parts.method,
        path,
        ask.parts.uri.query().unwrap_or_default(),
    )
}

/// 204
fn no_content() -> Response {
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// 200 with a body of JSON.
fn ok(body: &Value) -> Response {
    web::json_response_as(crate::error::JSON, StatusCode::OK, body)
}
