//! The one place where an error becomes a response.

use axum::body::Body as HttpBody;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;
use settings::{ErrorVerbosity, RestVersion};

use super::{Body, Error, raised};
use crate::config::Config;

/// The response; without its body for HEAD.
pub(crate) fn render(error: &Error, config: &Config, head: bool) -> Response {
    let (status, body, extra) = parts(error, config.version);
    let bytes = bytes(&body, config.error_verbosity);
    let length = bytes.len();
    let mut response = Response::new(if head {
        HttpBody::empty()
    } else {
        HttpBody::from(bytes)
    });
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    headers.insert(header::CONTENT_LENGTH, length.into());
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    if let Error::OffsetBeyond { total, .. } = error {
        set(header::CONTENT_RANGE, &format!("*/{total}"));
    } else {
        set(
            HeaderName::from_static("proxy-status"),
            &format!("PostgREST; error={}", body.code),
        );
    }
    if let Some(challenge) = error.challenge() {
        set(header::WWW_AUTHENTICATE, &challenge);
    }
    if status == 503 {
        set(header::RETRY_AFTER, "1");
    }
    for (name, value) in extra {
        if let Ok(name) = HeaderName::try_from(name) {
            set(name, &value);
        }
    }
    response
}

fn parts(error: &Error, version: RestVersion) -> (u16, Body, Vec<(String, String)>) {
    if let Error::Database { error: server, .. } = error
        && server.code == "PGRST"
    {
        let raised = raised::read(server);
        return (raised.status, raised.body, raised.headers);
    }
    let body = Body {
        code: error.code().to_owned(),
        details: error.details(),
        hint: error.hint(),
        message: error.message_in(version),
    };
    (error.status(), body, Vec::new())
}

fn bytes(body: &Body, verbosity: ErrorVerbosity) -> Vec<u8> {
    let mut members = serde_json::Map::new();
    members.insert("code".to_owned(), Value::from(body.code.as_str()));
    if verbosity == ErrorVerbosity::Verbose {
        members.insert("details".to_owned(), body.details.clone());
        members.insert("hint".to_owned(), body.hint.clone());
    }
    members.insert("message".to_owned(), Value::from(body.message.as_str()));
    serde_json::to_vec(&members).expect("an error body is plain JSON")
}
