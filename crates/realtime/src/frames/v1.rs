//! Version 1: one JSON object a message.

use std::borrow::Cow;

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Inbound, Json, Malformed, Message, Payload, Ref, write_string};

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    topic: Cow<'a, str>,
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow)]
    payload: &'a RawValue,
    #[serde(borrow, rename = "ref")]
    reference: &'a RawValue,
    #[serde(borrow)]
    join_ref: Option<&'a RawValue>,
}

pub(super) fn decode(text: &Utf8Bytes) -> Result<Inbound, Malformed> {
    let frame = Bytes::from(text.clone());
    let object: Object<'_> = serde_json::from_slice(&frame)
        .map_err(|_| Malformed("not an object with topic, event, payload and ref"))?;
    let reference =
        |raw: &RawValue| Ref::from_raw(raw).ok_or(Malformed("a ref is neither a string nor null"));
    Ok(Inbound {
        join_ref: object.join_ref.map_or(Ok(Ref::NULL), reference)?,
        reference: reference(object.reference)?,
        topic: object.topic.into_owned(),
        event: object.event.into_owned(),
        payload: Payload::Json(Json::part_of(&frame, object.payload)),
    })
}

// `ref` is always there, null on pushes: realtime-py validates its presence.
pub(super) fn encode(message: &Message<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.payload.len() + message.topic.len() + 64);
    out.extend_from_slice(br#"{"topic":"#);
    write_string(&mut out, message.topic);
    out.extend_from_slice(br#","event":"#);
    write_string(&mut out, message.event);
    out.extend_from_slice(br#","payload":"#);
    out.extend_from_slice(message.payload);
    out.extend_from_slice(br#","ref":"#);
    out.extend_from_slice(message.reference.json().as_bytes());
    out.push(b'}');
    out
}
