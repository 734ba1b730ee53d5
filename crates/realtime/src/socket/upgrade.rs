//! From an HTTP request to a socket, or to a refusal.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse as _, Response};
use base::Secret;
use http::{HeaderMap, StatusCode, Uri};

use super::{Detail, Socket};
use crate::error::Error;
use crate::frames::Version;
use crate::service::Service;

/// `GET /socket/websocket?apikey=…&vsn=…`.
pub(crate) async fn upgrade(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    // Before the checks: who passed them under other settings than now is to go.
    let era = service.era();
    let Ok(upgrade) = upgrade else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let query = uri.query().unwrap_or_default();
    let parameter = |wanted: &str| {
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    let Some(version) = Version::parse(parameter("vsn").as_deref()) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let token = header("x-api-key")
        .or_else(|| parameter("apikey"))
        .or_else(|| header("apikey"));
    let token = match admit(&service, token) {
        Ok(token) => token,
        Err(error) => return refuse(&service, &error).await,
    };
    if !service.limits.sockets.enter() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let kept = x_headers(&headers);
    let detail = Detail::parse(parameter("log_level").as_deref());
    // A message somewhat over the limit is read to its end, so that the reason arrives: a connection that is
    // closed with bytes unread is reset, and the close frame is lost with it.
    let max_bytes = service.settings().max_message_bytes.saturating_mul(4);
    upgrade
        .read_buffer_size(4096)
        .write_buffer_size(64 * 1024)
        .max_message_size(max_bytes)
        .max_frame_size(max_bytes)
        // The upgraded connection gets an owner that waits for it at the end.
        .on_upgrade(move |connection: WebSocket| async move {
            let tasks = service.tasks.clone();
            let socket = Socket::new(service, version, token, kept, (detail, era));
            tasks.spawn("realtime socket", socket.run(connection));
        })
}

/// The checks of section 3, in the order of a client's interest.
fn admit(service: &Service, token: Option<String>) -> Result<Secret, Error> {
    // Tokens pasted by hand carry blanks (RT-CON-02).
    let token: String = token
        .ok_or(Error::NoToken)?
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    if token.is_empty() {
        return Err(Error::NoToken);
    }
    if service.settings().suspended {
        return Err(Error::Suspended);
    }
    service.tokens().read(&token, service.clock.unix())?;
    if service.limits.users.is_full() {
        return Err(Error::TooManyUsers);
    }
    if service.limits.joins.is_reached() {
        return Err(Error::TooManyJoins);
    }
    Ok(Secret::new(token))
}

/// Answers late, so that a client in a loop is slowed; nothing is held meanwhile (RT-CON-09).
async fn refuse(service: &Service, error: &Error) -> Response {
    let (status, text) = error.connect();
    super::count(error);
    tracing::info!(
        code = error.code(),
        status = status.as_u16(),
        "a socket was refused"
    );
    tokio::time::sleep(service.settings().connect_error_backoff).await;
    web::json_response(status, &serde_json::json!({ "error": text }))
}

/// What `request.headers` will be (RT-CON-08). The token itself stays out.
fn x_headers(headers: &HeaderMap) -> Arc<str> {
    let kept: serde_json::Map<String, serde_json::Value> = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-") && name.as_str() != "x-api-key")
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.into())))
        .collect();
    serde_json::Value::Object(kept).to_string().into()
}
