//! Where a channel's database changes go.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde::Deserialize;

use super::ChannelId;
use crate::changes::ChangeSink;
use crate::error::Error;
use crate::frames::{Frame, Message, Ref, Version};
use crate::limits::Limits;
use crate::socket::{Order, Outbox};

/// Turns changes into frames of one channel. Bindings are live before the client has the reply to its join
/// (D-01), but the reply must come first: until [`Sink::open`] the frames wait here.
#[derive(Debug)]
pub(crate) struct Sink {
    id: ChannelId,
    form: Form,
    outbox: Arc<Outbox>,
    limits: Arc<Limits>,
    held: Mutex<Option<Held>>,
}

/// How a channel's changes are written.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) version: Version,
    /// The whole topic.
    pub(crate) topic: Arc<str>,
    /// The event is the change's type, and the payload its data (RT-JOIN-40).
    pub(crate) is_oldest: bool,
}

#[derive(Debug, Default)]
struct Held {
    frames: Vec<Frame>,
    bytes: usize,
}

/// What may wait for the reply; beyond, the channel fails and its client joins anew.
const MOST_HELD_BYTES: usize = 4 << 20;

impl Sink {
    /// For the channel `id`.
    pub(crate) fn new(id: ChannelId, form: Form, outbox: Arc<Outbox>, limits: Arc<Limits>) -> Self {
        Self {
            id,
            form,
            outbox,
            limits,
            held: Mutex::new(Some(Held::default())),
        }
    }

    /// The reply is in the queue: lets the changes follow it.
    pub(crate) fn open(&self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for frame in held.take().unwrap_or_default().frames {
            self.outbox.push(frame);
        }
    }

    fn frame(&self, ids: &[u64], data: &Bytes) -> Frame {
        #[derive(Deserialize)]
        struct Typed<'a> {
            r#type: &'a str,
        }
        if self.form.is_oldest
            && let Ok(typed) = serde_json::from_slice::<Typed<'_>>(data)
        {
            return self.write(typed.r#type, data);
        }
        let mut payload = Vec::with_capacity(data.len() + 32 + ids.len() * 17);
        payload.extend_from_slice(br#"{"ids":"#);
        serde_json::to_writer(&mut payload, ids).expect("writing to memory cannot fail");
        payload.extend_from_slice(br#","data":"#);
        payload.extend_from_slice(data);
        payload.push(b'}');
        self.write("postgres_changes", &payload)
    }

    fn write(&self, event: &str, payload: &[u8]) -> Frame {
        self.form.version.encode(&Message {
            join_ref: &Ref::NULL,
            reference: &Ref::NULL,
            topic: &self.form.topic,
            event,
            payload,
        })
    }
}

impl ChangeSink for Sink {
    fn deliver(&self, ids: &[u64], data: &Bytes) -> bool {
        if self.limits.changes.is_reached() {
            self.outbox
                .order(Order::End(self.id, Error::TooManyMessages));
            return false;
        }
        self.limits.changes.add(1);
        let frame = self.frame(ids, data);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(waiting) = held.as_mut() else {
            return self.outbox.push(frame);
        };
        waiting.bytes += frame.len();
        if waiting.bytes > MOST_HELD_BYTES {
            self.outbox.order(Order::Crash(self.id));
            return false;
        }
        waiting.frames.push(frame);
        true
    }

    fn lost(&self) {
        self.outbox.order(Order::Crash(self.id));
    }

    fn established(&self) {
        self.outbox.order(Order::Established(self.id));
    }
}

#[cfg(test)]
mod tests {
    use base::ManualClock;

    use super::*;

    #[test]
    fn changes_wait_for_the_reply_and_then_keep_their_order() {
        // RT-FRM-08, RT-CHG-01, RT-CHG-02.
        let clock: base::SharedClock = Arc::new(ManualClock::starting_now());
        let limits = Arc::new(Limits::new(&settings::Realtime::default(), &clock));
        let outbox = Arc::new(Outbox::new(1 << 20));
        let form = Form {
            version: Version::V2,
            topic: "realtime:x".into(),
            is_oldest: false,
        };
        let sink = Sink::new(7, form, Arc::clone(&outbox), limits);
        assert!(sink.deliver(&[3, 4], &Bytes::from_static(br#"{"n":1}"#)));
        assert!(!outbox.has_frames());
        sink.open();
        assert!(sink.deliver(&[3], &Bytes::from_static(br#"{"n":2}"#)));
        let texts: Vec<String> = std::iter::from_fn(|| match outbox.pop_frame()? {
            Frame::Text(text) => Some(text.to_string()),
            Frame::Binary(_) => None,
        })
        .collect();
        assert_eq!(
            texts,
            [
                r#"[null,null,"realtime:x","postgres_changes",{"ids":[3,4],"data":{"n":1}}]"#,
                r#"[null,null,"realtime:x","postgres_changes",{"ids":[3],"data":{"n":2}}]"#,
            ]
        );
    }
}
