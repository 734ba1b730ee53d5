//! Messages apart from their encodings.

use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use serde_json::value::RawValue;

use super::{Body, v1, v2};

/// A version of the protocol, chosen by `vsn` at connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// `1.0.x`: JSON objects.
    V1,
    /// `2.0.x`: JSON arrays, and binary frames for broadcasts.
    V2,
}

/// One WebSocket message. Clones share the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A text encoding.
    Text(Utf8Bytes),
    /// A binary encoding.
    Binary(Bytes),
}

/// `ref` or `join_ref` as the client wrote it: the JSON text of a string or a number, or null.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Ref(Option<Arc<str>>);

/// JSON text known to be valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Json(Bytes);

/// A message from a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inbound {
    /// Of the join it belongs to; many clients do not send it.
    pub(crate) join_ref: Ref,
    /// Echoed in the reply.
    pub(crate) reference: Ref,
    /// The whole topic, `realtime:` included.
    pub(crate) topic: String,
    /// The outer event.
    pub(crate) event: String,
    /// What it says.
    pub(crate) payload: Payload,
}

/// The payload of a message from a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Payload {
    /// Of a text frame.
    Json(Json),
    /// Of a user broadcast push.
    User(UserBroadcast),
}

/// A broadcast in the binary form: the payload is not looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserBroadcast {
    /// The application's own name for it.
    pub(crate) event: String,
    /// The application's payload.
    pub(crate) body: Body,
}

/// A frame that cannot be read; why, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

/// A message to one client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message<'a> {
    pub(crate) join_ref: &'a Ref,
    pub(crate) reference: &'a Ref,
    pub(crate) topic: &'a str,
    pub(crate) event: &'a str,
    /// JSON text.
    pub(crate) payload: &'a [u8],
}

impl Version {
    /// Reads `vsn`; absent means the first.
    pub(crate) fn parse(vsn: Option<&str>) -> Option<Self> {
        let vsn = vsn.unwrap_or("1.0.0");
        let patch = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
        match (vsn.strip_prefix("1.0."), vsn.strip_prefix("2.0.")) {
            (Some(rest), _) if patch(rest) => Some(Self::V1),
            (_, Some(rest)) if patch(rest) => Some(Self::V2),
            _ => None,
        }
    }

    /// Reads a frame of a client.
    pub(crate) fn decode(self, frame: &Frame) -> Result<Inbound, Malformed> {
        match (self, frame) {
            (Self::V1, Frame::Text(text)) => v1::decode(text),
            (Self::V1, Frame::Binary(_)) => Err(Malformed("binary frame from a V1 client")),
            (Self::V2, Frame::Text(text)) => v2::decode(text),
            (Self::V2, Frame::Binary(bytes)) => v2::decode_binary(bytes),
        }
    }

    /// Writes a message for one client.
    pub(crate) fn encode(self, message: &Message<'_>) -> Frame {
        Frame::text(match self {
            Self::V1 => v1::encode(message),
            Self::V2 => v2::encode(message),
        })
    }

    /// Writes the reply to `asked`.
    pub(crate) fn reply(self, asked: &Inbound, status: Status, response: &[u8]) -> Frame {
        self.reply_to(
            &asked.join_ref,
            &asked.reference,
            &asked.topic,
            status,
            response,
        )
    }

    /// Writes a reply.
    pub(crate) fn reply_to(
        self,
        join_ref: &Ref,
        reference: &Ref,
        topic: &str,
        status: Status,
        response: &[u8],
    ) -> Frame {
        let mut payload = Vec::with_capacity(response.len() + 32);
        payload.extend_from_slice(match status {
            Status::Ok => br#"{"status":"ok","response":"#,
            Status::Error => br#"{"status":"error","response":"#,
        });
        payload.extend_from_slice(response);
        payload.push(b'}');
        self.encode(&Message {
            join_ref,
            reference,
            topic,
            event: "phx_reply",
            payload: &payload,
        })
    }
}

/// How a reply turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Done.
    Ok,
    /// Not done.
    Error,
}

impl Frame {
    /// A text frame of JSON that this program wrote.
    pub(crate) fn text(json: Vec<u8>) -> Self {
        Self::try_text(json).expect("frames are written from valid texts")
    }

    /// A text frame, if it is UTF-8.
    pub(crate) fn try_text(json: Vec<u8>) -> Option<Self> {
        Utf8Bytes::try_from(Bytes::from(json)).ok().map(Self::Text)
    }

    /// Bytes on the wire, headers aside.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

impl Ref {
    /// No reference.
    pub(crate) const NULL: Self = Self(None);

    /// From a text frame; `None` if it is neither a string, a number nor null.
    pub(crate) fn from_raw(raw: &RawValue) -> Option<Self> {
        match raw.get() {
            "null" => Some(Self::NULL),
            text if text.starts_with(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) => {
                Some(Self(Some(text.into())))
            }
            _ => None,
        }
    }

    /// From a binary frame, where it is always a text.
    pub(crate) fn from_text(text: &str) -> Self {
        Self(Some(serde_json::Value::from(text).to_string().into()))
    }

    /// Whether there is none.
    pub(crate) fn is_null(&self) -> bool {
        self.0.is_none()
    }

    /// Its JSON text.
    pub(crate) fn json(&self) -> &str {
        self.0.as_deref().unwrap_or("null")
    }
}

impl Json {
    /// The part of a text frame that serde has already read as JSON; shares the frame's bytes.
    pub(crate) fn part_of(frame: &Bytes, raw: &RawValue) -> Self {
        Self(frame.slice_ref(raw.get().as_bytes()))
    }

    /// Any value.
    #[cfg(test)]
    pub(crate) fn of(value: &impl serde::Serialize) -> Self {
        Self(serde_json::to_vec(value).expect("plain data").into())
    }

    /// Text that this program wrote out of valid parts.
    pub(crate) fn written(text: Vec<u8>) -> Self {
        Self(text.into())
    }

    /// The JSON text.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is an object.
    pub(crate) fn is_object(&self) -> bool {
        self.0.first() == Some(&b'{')
    }
}

/// Appends `text` as a JSON string.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("writing to memory cannot fail");
}
