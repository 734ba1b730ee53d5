//! A client shows itself in its room, or no longer.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Socket;
use super::end::millis;
use crate::authz::Extension;
use crate::error::Error;
use crate::frames::{Inbound, Payload, Status};
use crate::hub::Meta;

#[derive(Deserialize, Default)]
struct Call<'a> {
    event: Option<serde_json::Value>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

impl Socket {
    /// Event `presence` (section 10.1).
    pub(super) fn presence(&mut self, topic: &Arc<str>, inbound: Inbound) {
        let service = Arc::clone(&self.service);
        let settings = service.settings();
        if service.limits.presences.is_reached() {
            return self.end(topic, &Error::TooManyPresences);
        }
        let now = service.now();
        let Some(channel) = self.channels.get_mut(topic) else {
            return;
        };
        // A call that waited for the database was counted before it waited.
        let counted = std::mem::take(&mut channel.call_counted);
        if !counted
            && !channel.calls.count(
                now,
                millis(settings.presence_window),
                settings.presence_max_calls,
            )
        {
            return self.end(topic, &Error::PresenceCalls);
        }
        let Payload::Json(json) = &inbound.payload else {
            return;
        };
        let call: Call<'_> = serde_json::from_slice(json.bytes()).unwrap_or_default();
        let event = match &call.event {
            None => return self.reply(&inbound, Status::Ok, b"{}"),
            Some(event) => event.as_str().unwrap_or_default().to_ascii_lowercase(),
        };
        match event.as_str() {
            "track" => {
                let payload = call.payload.map_or("{}", RawValue::get).to_owned();
                self.track(topic, inbound, &payload);
            }
            // RT-AUTHZ-11: leaving needs no right.
            "untrack" => {
                if let Some((room, id)) = self.seat_of(topic) {
                    service.hub.untrack(&room, id);
                }
                service.limits.presences.add(1);
                self.reply(&inbound, Status::Ok, b"{}");
            }
            _ => self.reply(&inbound, Status::Error, b"{}"),
        }
    }

    fn track(&mut self, topic: &Arc<str>, inbound: Inbound, payload: &str) {
        let service = Arc::clone(&self.service);
        if service.limits.is_too_large(payload.len()) {
            return self.end(topic, &Error::TrackTooLarge);
        }
        let Some(channel) = self.channels.get(topic) else {
            return;
        };
        match channel.writes_presence {
            None => return self.ask_to_write(topic, Extension::Presence, inbound),
            Some(false) => return self.reply(&inbound, Status::Error, b"{}"),
            Some(true) => {}
        }
        let key = channel.config.presence_key.as_deref().unwrap_or_default();
        let Some(meta) = Meta::new(key, service.random.token(12), payload.as_bytes()) else {
            let reason = super::reason_json("Presence track payload must be a map");
            return self.reply(&inbound, Status::Error, &reason);
        };
        // The reply first: the diff goes to the tracker as well.
        self.reply(&inbound, Status::Ok, b"{}");
        service.limits.presences.add(1);
        if let Some((room, id)) = self.seat_of(topic) {
            service.hub.track(&room, id, meta);
        }
    }

    fn seat_of(&self, topic: &str) -> Option<(Arc<crate::hub::Room>, crate::channel::ChannelId)> {
        let channel = self.channels.get(topic)?;
        Some((Arc::clone(channel.room()?), channel.id))
    }
}
