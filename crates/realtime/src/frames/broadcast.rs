//! A broadcast on its way to the members of a room, encoded once a version.

use std::cell::OnceCell;

use bytes::Bytes;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{Frame, Json, Message, Ref, Version, v1, v2, write_string};

/// The application's payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// What the sender says is JSON text; checked only where it must be embedded.
    Json(Bytes),
    /// Opaque.
    Binary(Bytes),
}

/// What the server says of a stored message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// The row's id.
    pub(crate) id: Uuid,
    /// Whether it comes from the past.
    pub(crate) replayed: bool,
}

/// A broadcast, whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Broadcast {
    /// Goes out as text, this object as it stands.
    Text(Json),
    /// Goes out as a user broadcast to those who can read one.
    User {
        /// The application's own name for it.
        event: String,
        /// Its payload.
        body: Body,
        /// For rows of `realtime.messages`.
        metadata: Option<Metadata>,
    },
}

impl Metadata {
    pub(crate) fn json(&self) -> String {
        if self.replayed {
            format!(r#"{{"id":"{}","replayed":true}}"#, self.id)
        } else {
            format!(r#"{{"id":"{}"}}"#, self.id)
        }
    }
}

impl Broadcast {
    /// Bytes of the payload, for the limit.
    pub(crate) fn payload_len(&self) -> usize {
        match self {
            Self::Text(json) => json.bytes().len(),
            Self::User {
                body: Body::Json(data) | Body::Binary(data),
                ..
            } => data.len(),
        }
    }

    /// The id under which it may have been replayed.
    pub(crate) fn stored_id(&self) -> Option<Uuid> {
        match self {
            Self::User {
                metadata: Some(metadata),
                ..
            } => Some(metadata.id),
            _ => None,
        }
    }

    /// The frame for one client; `None` when that version cannot carry it. `join_ref` is null unless the
    /// frame is meant for one channel only.
    pub(crate) fn encode(&self, version: Version, topic: &str, join_ref: &Ref) -> Option<Frame> {
        match self {
            Self::Text(json) => Some(text_frame(version, topic, join_ref, json.bytes())?),
            Self::User {
                event,
                body,
                metadata,
            } => {
                let metadata = metadata.map(|metadata| metadata.json());
                if version == Version::V2 {
                    let meta = metadata.as_deref().unwrap_or_default().as_bytes();
                    if let Some(bytes) = v2::encode_user_broadcast(topic, event, meta, body) {
                        return Some(Frame::Binary(bytes));
                    }
                }
                let Body::Json(data) = body else { return None };
                text_frame(
                    version,
                    topic,
                    join_ref,
                    &envelope(event, data, metadata.as_deref())?,
                )
            }
        }
    }

    /// The text form, as replay sends it; `None` for bytes.
    pub(crate) fn encode_text(
        &self,
        version: Version,
        topic: &str,
        join_ref: &Ref,
    ) -> Option<Frame> {
        let Self::User {
            event,
            body: Body::Json(data),
            metadata,
        } = self
        else {
            return self.encode(version, topic, join_ref);
        };
        let metadata = metadata.map(|metadata| metadata.json());
        text_frame(
            version,
            topic,
            join_ref,
            &envelope(event, data, metadata.as_deref())?,
        )
    }
}

/// `{"type":"broadcast","event":e,"payload":p,"meta":m}`; `None` if `payload` is not JSON.
pub(crate) fn envelope(event: &str, payload: &[u8], metadata: Option<&str>) -> Option<Vec<u8>> {
    serde_json::from_slice::<&RawValue>(payload).ok()?;
    let mut out = Vec::with_capacity(payload.len() + event.len() + 96);
    out.extend_from_slice(br#"{"type":"broadcast","event":"#);
    write_string(&mut out, event);
    out.extend_from_slice(br#","payload":"#);
    out.extend_from_slice(payload);
    if let Some(metadata) = metadata {
        out.extend_from_slice(br#","meta":"#);
        out.extend_from_slice(metadata.as_bytes());
    }
    out.push(b'}');
    Some(out)
}

fn text_frame(version: Version, topic: &str, join_ref: &Ref, payload: &[u8]) -> Option<Frame> {
    let message = Message {
        join_ref,
        reference: &Ref::NULL,
        topic,
        event: "broadcast",
        payload,
    };
    Frame::try_text(match version {
        Version::V1 => v1::encode(&message),
        Version::V2 => v2::encode(&message),
    })
}

/// A broadcast and the frames made of it so far.
pub(crate) struct Encoded<'a> {
    topic: &'a str,
    broadcast: &'a Broadcast,
    frames: [OnceCell<Option<Frame>>; 2],
}

impl<'a> Encoded<'a> {
    /// Nothing is encoded until somebody needs it.
    pub(crate) fn new(topic: &'a str, broadcast: &'a Broadcast) -> Self {
        Self {
            topic,
            broadcast,
            frames: [OnceCell::new(), OnceCell::new()],
        }
    }

    /// The shared frame of a version.
    pub(crate) fn frame(&self, version: Version) -> Option<&Frame> {
        self.frames[version as usize]
            .get_or_init(|| {
                let frame = self.broadcast.encode(version, self.topic, &Ref::NULL);
                let for_nobody = matches!(
                    (version, self.broadcast),
                    (
                        Version::V1,
                        Broadcast::User {
                            body: Body::Binary(_),
                            ..
                        }
                    )
                );
                if frame.is_none() && !for_nobody {
                    tracing::warn!(
                        code = "UnableToBroadcast",
                        topic = self.topic,
                        ?version,
                        "a broadcast cannot be encoded"
                    );
                }
                frame
            })
            .as_ref()
    }
}
