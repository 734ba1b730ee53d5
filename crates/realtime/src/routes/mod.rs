//! The HTTP side, a tree like the URLs.

mod batch;
mod event;
mod tenants;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::Response;
use axum::routing::{any, get, post};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::error::Error;
use crate::limits::Rate;
use crate::service::Service;
use crate::socket::upgrade;
use crate::token::Bearer;

/// Bodies are read up to this size.
const MAX_BODY_BYTES: usize = 8_000_000;

/// All routes of the service, as the gateway and the classic port know them.
pub(crate) fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/socket/websocket", any(upgrade))
        .route("/socket/websocket/", any(upgrade))
        .route("/websocket", any(upgrade))
        .route("/websocket/", any(upgrade))
        .route("/api/ping", get(ping))
        .route("/api/broadcast", post(batch::send))
        .route("/api/broadcast/{topic}/events/{event}", post(event::send))
        .route("/api/tenants", get(tenants::list))
        .route("/api/tenants/{name}", get(tenants::read))
        .route("/api/tenants/{name}/health", get(tenants::health))
        .route("/api/tenants/{name}/reload", post(tenants::end_sockets))
        .route("/api/tenants/{name}/shutdown", post(tenants::end_sockets))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(service)
}

/// RT-GW-02.
async fn ping() -> Response {
    web::json_response(StatusCode::OK, &serde_json::json!({ "message": "Success" }))
}

/// Who calls: the bearer token, else the API key (RT-HTTP-03).
fn bearer(service: &Service, headers: &HeaderMap) -> Result<Bearer, Error> {
    let token = match web::authorization(headers) {
        web::Authorization::Bearer(token) if !token.is_empty() => token,
        _ => headers
            .get("apikey")
            .and_then(|value| value.to_str().ok())
            .ok_or(Error::NoToken)?,
    };
    Ok(service.tokens().read(token, service.clock.unix())?)
}

/// All headers of a request, as `request.headers` has them; credentials stay out.
fn all_headers(headers: &HeaderMap) -> Arc<str> {
    let kept: serde_json::Map<String, serde_json::Value> = headers
        .iter()
        .filter(|(name, _)| {
            !matches!(
                name.as_str(),
                "authorization" | "apikey" | "x-api-key" | "cookie"
            )
        })
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.into())))
        .collect();
    serde_json::Value::Object(kept).to_string().into()
}

fn message(status: StatusCode, text: &str) -> Response {
    web::json_response(status, &serde_json::json!({ "message": text }))
}

fn failure(error: &Error) -> Response {
    let (status, text) = error.http();
    message(status, text)
}

/// The state of the message rate, in headers (RT-HTTP-08).
fn with_rate(mut response: Response, rate: &Rate) -> Response {
    let headers = response.headers_mut();
    headers.insert("x-rate-rolling", HeaderValue::from(rate.mean()));
    headers.insert("x-rate-limit", HeaderValue::from(rate.limit()));
    headers.insert(
        "x-rate-limit-remaining",
        HeaderValue::from(rate.limit().saturating_sub(rate.mean())),
    );
    response
}
