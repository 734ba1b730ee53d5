//! `POST /api/broadcast`: several messages at once, sent as text.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::{all_headers, bearer, failure, message, with_rate};
use crate::authz::{Context, Extension};
use crate::error::Error;
use crate::frames::{Broadcast, Json, envelope};
use crate::hub::Visibility;
use crate::service::Service;
use crate::token::Bearer;

/// A message that is in order.
struct Wanted {
    topic: String,
    private: bool,
    broadcast: Broadcast,
}

/// Everything valid is sent; private messages without the right to write vanish (RT-HTTP-06).
pub(super) async fn send(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let response = answer(&service, &headers, &body)
        .await
        .unwrap_or_else(|response| response);
    with_rate(response, &service.limits.messages)
}

async fn answer(service: &Service, headers: &HeaderMap, body: &[u8]) -> Result<Response, Response> {
    let rate = &service.limits.messages;
    if rate.is_reached() {
        return Err(message(StatusCode::TOO_MANY_REQUESTS, "Too many requests"));
    }
    let bearer = bearer(service, headers).map_err(|error| failure(&error))?;
    if service.settings().suspended {
        return Err(failure(&Error::Suspended));
    }
    let wanted = read(service, body)?;
    if rate.would_pass(wanted.len() as u64) {
        let text = "Too many messages to broadcast, please reduce the batch size";
        return Err(message(StatusCode::TOO_MANY_REQUESTS, text));
    }
    let rights = rights(service, headers, &bearer, &wanted).await?;
    for Wanted {
        topic,
        private,
        broadcast,
    } in wanted
    {
        if private && !rights.get(&topic).copied().unwrap_or(false) {
            continue;
        }
        rate.add(1);
        service
            .hub
            .broadcast_to(Visibility::of(private), &topic, &broadcast);
    }
    Ok(StatusCode::ACCEPTED.into_response())
}

/// The right to write, asked once a topic.
async fn rights(
    service: &Service,
    headers: &HeaderMap,
    bearer: &Bearer,
    wanted: &[Wanted],
) -> Result<HashMap<String, bool>, Response> {
    let headers = all_headers(headers);
    let mut rights = HashMap::new();
    for message in wanted.iter().filter(|message| message.private) {
        if rights.contains_key(&message.topic) {
            continue;
        }
        let context = Context {
            caller: bearer.caller.clone(),
            sub_topic: message.topic.as_str().into(),
            headers: Arc::clone(&headers),
        };
        let asked = service
            .authority
            .write(&context, Extension::Broadcast)
            .await;
        let right = match asked {
            Ok(right) => right,
            // A policy that fails says no (RT-AUTHZ-07).
            Err(Error::MayNotRead(_)) => false,
            // Whether it may is not known: nothing is sent, and the sender is to try again.
            Err(error) => {
                let (_, text) = error.http();
                return Err(super::message(StatusCode::SERVICE_UNAVAILABLE, text));
            }
        };
        rights.insert(message.topic.clone(), right);
    }
    Ok(rights)
}

/// All or nothing (RT-HTTP-05).
fn read(service: &Service, body: &[u8]) -> Result<Vec<Wanted>, Response> {
    let invalid = |errors: Value| {
        web::json_response(
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!({ "errors": { "messages": errors } }),
        )
    };
    let body: HashMap<String, &RawValue> = serde_json::from_slice(body)
        .map_err(|_| message(StatusCode::BAD_REQUEST, "Bad Request"))?;
    let Some(messages) = body
        .get("messages")
        .filter(|messages| messages.get() != "null")
    else {
        return Err(invalid(json!(["can't be blank"])));
    };
    let Ok(messages) = serde_json::from_str::<Vec<&RawValue>>(messages.get()) else {
        return Err(invalid(json!(["is invalid"])));
    };
    let read: Vec<Result<Wanted, Map<String, Value>>> = messages
        .iter()
        .map(|message| wanted(service, message))
        .collect();
    if read.iter().any(Result::is_err) {
        let errors = read
            .iter()
            .map(|one| one.as_ref().err().cloned().unwrap_or_default())
            .collect::<Vec<_>>();
        return Err(invalid(json!(errors)));
    }
    Ok(read.into_iter().flatten().collect())
}

fn wanted(service: &Service, message: &RawValue) -> Result<Wanted, Map<String, Value>> {
    let members: HashMap<String, &RawValue> =
        serde_json::from_str(message.get()).unwrap_or_default();
    let mut errors = Map::new();
    let mut text = |name: &str| match members.get(name).map(|raw| raw.get()) {
        None | Some("null" | "\"\"") => {
            errors.insert(name.into(), json!(["can't be blank"]));
            String::new()
        }
        Some(raw) => serde_json::from_str::<String>(raw).unwrap_or_else(|_| {
            errors.insert(name.into(), json!(["is invalid"]));
            String::new()
        }),
    };
    let (topic, event) = (text("topic"), text("event"));
    let payload = match members.get("payload").map(|raw| raw.get()) {
        None | Some("null") => Err("can't be blank"),
        Some(raw) if !raw.starts_with('{') => Err("is invalid"),
        Some(raw) if service.limits.is_too_large(raw.len()) => {
            Err("Payload size exceeds tenant limit")
        }
        Some(raw) => Ok(raw),
    };
    let private = match members.get("private").map(|raw| raw.get()) {
        None | Some("null" | "false" | "\"false\"") => false,
        Some("true" | "\"true\"") => true,
        Some(_) => {
            errors.insert("private".into(), json!(["is invalid"]));
            false
        }
    };
    let payload = payload.unwrap_or_else(|error| {
        errors.insert("payload".into(), json!([error]));
        "{}"
    });
    if !errors.is_empty() {
        return Err(errors);
    }
    let meta = members
        .get("id")
        .filter(|id| id.get() != "null")
        .map(|id| format!(r#"{{"id":{}}}"#, id.get()));
    let text = envelope(&event, payload.as_bytes(), meta.as_deref())
        .expect("the payload was read as JSON");
    Ok(Wanted {
        topic,
        private,
        broadcast: Broadcast::Text(Json::written(text)),
    })
}
