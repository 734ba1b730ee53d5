//! `POST /api/broadcast/{topic}/events/{event}`: one message, the body is its payload.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::{all_headers, bearer, failure, message, with_rate};
use crate::authz::{Context, Extension};
use crate::error::Error;
use crate::frames::{Body, Broadcast};
use crate::hub::Visibility;
use crate::service::Service;

#[derive(Deserialize)]
pub(super) struct Options {
    private: Option<String>,
}

enum Kind {
    Json,
    Bytes,
}

/// Sent as a user broadcast; refused aloud, unlike the batch (RT-HTTP-22).
pub(super) async fn send(
    State(service): State<Arc<Service>>,
    Path((topic, event)): Path<(String, String)>,
    Query(options): Query<Options>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let private = options
        .private
        .is_some_and(|private| private.eq_ignore_ascii_case("true"));
    let response = answer(&service, &topic, event, private, &headers, body)
        .await
        .unwrap_or_else(|response| response);
    with_rate(response, &service.limits.messages)
}

async fn answer(
    service: &Service,
    topic: &str,
    event: String,
    private: bool,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Response, Response> {
    let kind = kind(headers)?;
    let rate = &service.limits.messages;
    if rate.is_reached() {
        return Err(message(StatusCode::TOO_MANY_REQUESTS, "Too many requests"));
    }
    let bearer = bearer(service, headers).map_err(|error| failure(&error))?;
    if service.settings().suspended {
        return Err(failure(&Error::Suspended));
    }
    if service.limits.is_too_large(body.len()) {
        let errors = json!({ "errors": { "payload": ["Payload size exceeds tenant limit"] } });
        return Err(web::json_response(
            StatusCode::UNPROCESSABLE_ENTITY,
            &errors,
        ));
    }
    let body = payload(&kind, body)?;
    if rate.would_pass(1) {
        return Err(failure(&Error::TooManyMessages));
    }
    if private {
        let context = Context {
            caller: bearer.caller,
            sub_topic: topic.into(),
            headers: all_headers(headers),
        };
        match service
            .authority
            .write(&context, Extension::Broadcast)
            .await
        {
            Ok(true) => {}
            Ok(false) => return Err(message(StatusCode::FORBIDDEN, "Unauthorized")),
            Err(error) => return Err(failure(&error)),
        }
    }
    rate.add(1);
    let broadcast = Broadcast::User {
        event,
        body,
        metadata: None,
    };
    service
        .hub
        .broadcast_to(Visibility::of(private), topic, &broadcast);
    Ok(StatusCode::ACCEPTED.into_response())
}

fn kind(headers: &HeaderMap) -> Result<Kind, Response> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(Kind::Json);
    };
    let media = value
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match media.as_str() {
        "application/json" => Ok(Kind::Json),
        "application/octet-stream" => Ok(Kind::Bytes),
        _ => {
            let text = "Unsupported Media Type. Use application/json or application/octet-stream";
            Err(web::json_response(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                &json!({ "error": text }),
            ))
        }
    }
}

/// A body that is JSON but no object is wrapped (RT-HTTP-27).
fn payload(kind: &Kind, body: Bytes) -> Result<Body, Response> {
    if matches!(kind, Kind::Bytes) {
        return Ok(Body::Binary(body));
    }
    if body.is_empty() {
        return Ok(Body::Json(Bytes::from_static(b"{}")));
    }
    let Ok(value) = serde_json::from_slice::<&RawValue>(&body) else {
        return Err(message(StatusCode::BAD_REQUEST, "Bad Request"));
    };
    if value.get().starts_with('{') {
        return Ok(Body::Json(body));
    }
    Ok(Body::Json(format!(r#"{{"_json":{}}}"#, value.get()).into()))
}
