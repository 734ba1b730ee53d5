//! A client says something to its room.

use std::sync::Arc;

use super::Socket;
use super::work::Outcome;
use crate::authz::{Extension, Readable};
use crate::error::Error;
use crate::frames::{Broadcast, Inbound, Payload, Status};

impl Socket {
    /// Event `broadcast`, in either form.
    pub(super) fn broadcast(&mut self, topic: &Arc<str>, inbound: Inbound) {
        let Some(channel) = self.channels.get(topic) else {
            return;
        };
        let Some(room) = channel.room().map(Arc::clone) else {
            return;
        };
        let broadcast = match &inbound.payload {
            Payload::Json(json) if json.is_object() => Broadcast::Text(json.clone()),
            Payload::Json(_) => {
                // D-15: clients throw on anything else.
                tracing::warn!(
                    code = "MalformedWebSocketMessage",
                    "a broadcast whose payload is no object was dropped"
                );
                return;
            }
            Payload::User(user) => Broadcast::User {
                event: user.event.clone(),
                body: user.body.clone(),
                metadata: None,
            },
        };
        let ack = channel.config.ack;
        if self.service.limits.is_too_large(broadcast.payload_len()) {
            metrics::counter!("realtime_channel_error", "code" => "PayloadSizeExceeded")
                .increment(1);
            tracing::warn!(
                code = "PayloadSizeExceeded",
                topic = &**topic,
                "a broadcast over the payload limit was dropped"
            );
            if ack {
                let response =
                    br#"{"reason":"payload_size_exceeded","error":"payload_size_exceeded"}"#;
                self.reply(&inbound, Status::Error, response);
            }
            return;
        }
        match channel.writes_broadcasts {
            None => return self.ask_to_write(topic, Extension::Broadcast, inbound),
            // RT-BC-05: it vanishes.
            Some(false) => return,
            Some(true) => {}
        }
        let id = channel.id;
        self.service.limits.messages.add(1);
        self.service.hub.broadcast(&room, &broadcast, Some(id));
        if ack {
            self.reply(&inbound, Status::Ok, b"{}");
        }
    }

    /// The first message that needs a right waits, in front of all others, until the database has said yes or no.
    pub(super) fn ask_to_write(
        &mut self,
        topic: &Arc<str>,
        extension: Extension,
        inbound: Inbound,
    ) {
        let Some(channel) = self.channels.get(topic) else {
            return;
        };
        let (context, service, id) = (self.context(channel), Arc::clone(&self.service), channel.id);
        // A `track` also makes known whether presence may be read (RT-PRS-12).
        let read_too = extension == Extension::Presence && !channel.presence_known;
        let handle = self.start(topic, id, async move {
            let right = service.authority.write(&context, extension).await;
            let readable = match right {
                Ok(true) if read_too => service.authority.read(&context, true).await.ok(),
                _ => None,
            };
            Outcome::MayWrite(extension, right, readable)
        });
        if let Some(channel) = self.channels.get_mut(topic) {
            channel.busy = Some(handle);
            channel.call_counted = extension == Extension::Presence;
            channel.waiting.push_front(inbound);
        }
    }

    /// The answer. After an error the message that asked is dropped and nothing is kept: the next one asks
    /// again (RT-BC-07).
    pub(super) fn learned(
        &mut self,
        topic: &Arc<str>,
        extension: Extension,
        right: &Result<bool, Error>,
        readable: Option<Readable>,
    ) {
        let Some(channel) = self.channels.get_mut(topic) else {
            return;
        };
        match right {
            Ok(right) if extension == Extension::Broadcast => {
                channel.writes_broadcasts = Some(*right);
            }
            Ok(right) => channel.writes_presence = Some(*right),
            Err(_) => {
                channel.call_counted = false;
                let asked = channel.waiting.pop_front();
                if let Some(asked) = asked.filter(|_| extension == Extension::Presence) {
                    self.reply(&asked, Status::Error, b"{}");
                }
            }
        }
        if let (Some(channel), Some(readable)) = (self.channels.get_mut(topic), readable) {
            channel.presence_known = true;
            channel.readable.presence = readable.presence;
            let id = channel.id;
            if let Some(room) = channel.room() {
                room.update(id, |member| member.reads_presence = readable.presence);
            }
        }
        self.resume(topic);
    }
}
