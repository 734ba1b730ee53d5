//! What a client's message is for.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Socket;
use crate::error::Error;
use crate::frames::{Frame, Inbound, Payload, Ref, Status};
use crate::hub::TOPIC_PREFIX;

/// Most messages that wait for a channel's work; clients hold back a hundred while they join.
const MOST_WAITING: usize = 1_000;

impl Socket {
    /// Reads a frame and does what it asks. A fault ends the channel, not the socket (RT-CH-07).
    pub(super) fn receive_guarded(&mut self, frame: &Frame) {
        let inbound = match self.version.decode(frame) {
            Ok(inbound) => inbound,
            Err(malformed) => {
                metrics::counter!("realtime_channel_error", "code" => "MalformedWebSocketMessage")
                    .increment(1);
                tracing::warn!(
                    code = "MalformedWebSocketMessage",
                    why = malformed.0,
                    "a message was dropped"
                );
                return;
            }
        };
        let topic = inbound.topic.clone();
        if catch_unwind(AssertUnwindSafe(|| self.receive(inbound))).is_err() {
            tracing::error!(
                code = "UnknownErrorOnWebSocketMessage",
                "a message met a fault"
            );
            self.crash(&topic);
        }
    }

    fn receive(&mut self, inbound: Inbound) {
        match (inbound.topic.as_str(), inbound.event.as_str()) {
            ("phoenix", "heartbeat") => self.reply(&inbound, Status::Ok, b"{}"),
            (topic, "phx_join") if topic.starts_with(TOPIC_PREFIX) => self.join(&inbound),
            (_, "phx_leave") => self.leave(&inbound),
            (topic, _) if self.channels.contains_key(topic) => self.channel_message(inbound),
            _ => self.unmatched(&inbound),
        }
    }

    fn unmatched(&self, inbound: &Inbound) {
        let (reference, topic) = (&inbound.reference, &inbound.topic);
        let response = super::reason_json(&Error::Unmatched.reason());
        self.outbox.push(self.version.reply_to(
            &Ref::NULL,
            reference,
            topic,
            Status::Error,
            &response,
        ));
    }

    /// A message for a joined topic, whatever its `join_ref` (RT-FRM-07).
    pub(super) fn channel_message(&mut self, inbound: Inbound) {
        let Some((topic, channel)) = self.channels.get_key_value(inbound.topic.as_str()) else {
            return;
        };
        let topic = std::sync::Arc::clone(topic);
        if channel.busy.is_some() {
            let channel = self.channels.get_mut(&topic).expect("found above");
            if channel.waiting.len() < MOST_WAITING {
                channel.waiting.push_back(inbound);
            } else {
                self.end(&topic, &Error::TooManyMessages);
            }
            return;
        }
        if self.service.limits.messages.is_reached() {
            return self.end(&topic, &Error::TooManyMessages);
        }
        metrics::counter!("realtime_channel_events").increment(1);
        match inbound.event.as_str() {
            "broadcast" => self.broadcast(&topic, inbound),
            "presence" => self.presence(&topic, inbound),
            "access_token" => {
                self.service.limits.messages.add(1);
                if let Payload::Json(payload) = &inbound.payload {
                    self.refresh(&topic, payload);
                }
            }
            // RT-CH-09: counted and otherwise ignored.
            _ => self.service.limits.messages.add(1),
        }
    }

    /// The channel's work has ended: what waited for it has its turn, in order.
    pub(super) fn resume(&mut self, topic: &str) {
        if let Some(channel) = self.channels.get_mut(topic) {
            channel.busy = None;
        }
        while let Some(channel) = self.channels.get_mut(topic)
            && channel.busy.is_none()
            && let Some(inbound) = channel.waiting.pop_front()
        {
            self.channel_message(inbound);
        }
    }
}
