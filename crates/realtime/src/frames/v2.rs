//! Version 2: one JSON array a message, and binary frames for broadcasts.

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use serde_json::value::RawValue;

use super::{Body, Inbound, Json, Malformed, Message, Payload, Ref, UserBroadcast, write_string};

/// Client to server: a payload of raw bytes under any event. No stock client sends it.
const PUSH: u8 = 0;
/// Client to server: a broadcast.
const USER_BROADCAST_PUSH: u8 = 3;
/// Server to client: a broadcast.
const USER_BROADCAST: u8 = 4;

pub(super) fn decode(text: &Utf8Bytes) -> Result<Inbound, Malformed> {
    let frame = Bytes::from(text.clone());
    let elements: Vec<&RawValue> =
        serde_json::from_slice(&frame).map_err(|_| Malformed("not an array"))?;
    let [join_ref, reference, topic, event, payload, ..] = elements.as_slice() else {
        return Err(Malformed("an array of fewer than five elements"));
    };
    let string = |raw: &RawValue| {
        serde_json::from_str::<String>(raw.get())
            .map_err(|_| Malformed("topic or event is not a string"))
    };
    let reference_of =
        |raw: &RawValue| Ref::from_raw(raw).ok_or(Malformed("a ref is neither a string nor null"));
    Ok(Inbound {
        join_ref: reference_of(join_ref)?,
        reference: reference_of(reference)?,
        topic: string(topic)?,
        event: string(event)?,
        payload: Payload::Json(Json::part_of(&frame, payload)),
    })
}

pub(super) fn decode_binary(frame: &Bytes) -> Result<Inbound, Malformed> {
    const SHORT: Malformed = Malformed("a binary frame shorter than its header says");
    match frame.first() {
        Some(&USER_BROADCAST_PUSH) => {}
        Some(&PUSH) => return Err(Malformed("a raw push, which no client can be sent")),
        Some(_) => return Err(Malformed("an unknown kind of binary frame")),
        None => return Err(Malformed("an empty frame")),
    }
    let Some([join_ref, reference, topic, event, metadata, encoding]) =
        frame.get(1..7).and_then(|head| head.first_chunk())
    else {
        return Err(SHORT);
    };
    let mut rest = frame.slice(7..);
    let mut field = |length: u8| {
        let length = usize::from(length);
        (length <= rest.len())
            .then(|| rest.split_to(length))
            .ok_or(SHORT)
    };
    let (join_ref, reference) = (field(*join_ref)?, field(*reference)?);
    let (topic, event) = (field(*topic)?, field(*event)?);
    field(*metadata)?; // What a client says of itself is not passed on.
    let text = |bytes: Bytes| {
        String::from_utf8(bytes.into()).map_err(|_| Malformed("a header field that is not UTF-8"))
    };
    let body = if *encoding == 0 {
        Body::Binary(rest)
    } else {
        Body::Json(rest)
    };
    Ok(Inbound {
        join_ref: Ref::from_text(&text(join_ref)?),
        reference: Ref::from_text(&text(reference)?),
        topic: text(topic)?,
        event: "broadcast".to_owned(),
        payload: Payload::User(UserBroadcast {
            event: text(event)?,
            body,
        }),
    })
}

pub(super) fn encode(message: &Message<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.payload.len() + message.topic.len() + 48);
    out.push(b'[');
    out.extend_from_slice(message.join_ref.json().as_bytes());
    out.push(b',');
    out.extend_from_slice(message.reference.json().as_bytes());
    out.push(b',');
    write_string(&mut out, message.topic);
    out.push(b',');
    write_string(&mut out, message.event);
    out.push(b',');
    out.extend_from_slice(message.payload);
    out.push(b']');
    out
}

/// A user broadcast; `None` if a header field is longer than its length byte can say.
pub(super) fn encode_user_broadcast(
    topic: &str,
    event: &str,
    metadata: &[u8],
    body: &Body,
) -> Option<Bytes> {
    let (encoding, data) = match body {
        Body::Binary(data) => (0, data),
        Body::Json(data) => (1, data),
    };
    let mut out = Vec::with_capacity(5 + topic.len() + event.len() + metadata.len() + data.len());
    out.push(USER_BROADCAST);
    for field in [topic.as_bytes(), event.as_bytes(), metadata] {
        out.push(u8::try_from(field.len()).ok()?);
    }
    out.push(encoding);
    for field in [topic.as_bytes(), event.as_bytes(), metadata, data] {
        out.extend_from_slice(field);
    }
    Some(out.into())
}
