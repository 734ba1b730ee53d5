//! One WebSocket, one task.
//!
//! The task reads frames, obeys orders that others left in its [`Outbox`], finishes the work it has under way and
//! writes what waits in the queue: one loop, one `select!`. Nothing a channel does makes another wait: questions to
//! the database run beside the loop, and what arrives for that channel meanwhile waits in that channel only.

mod alarms;
mod bind;
mod broadcast;
mod end;
mod join;
mod leave;
mod outbox;
mod presence;
mod receive;
mod refresh;
mod run;
mod upgrade;
mod work;
mod write;

use std::collections::HashMap;
use std::sync::Arc;

use base::Secret;
use futures_util::stream::FuturesUnordered;

pub(crate) use alarms::Alarms;
pub(crate) use outbox::{Order, Outbox};
pub(crate) use upgrade::upgrade;

use crate::channel::{Channel, ChannelId};
use crate::error::Error;
use crate::frames::{Frame, Inbound, Message, Ref, Status, Version};
use crate::service::Service;

/// One connected client.
pub(crate) struct Socket {
    service: Arc<Service>,
    id: u64,
    version: Version,
    /// What it presented at connect: the token of channels that bring none.
    token: Secret,
    /// The `x-` headers of the upgrade request, a JSON object.
    headers: Arc<str>,
    outbox: Arc<Outbox>,
    /// By whole topic.
    channels: HashMap<Arc<str>, Channel>,
    /// Whether it counts as a connected user.
    is_user: bool,
    /// It is to end as at an orderly stop, when it is its turn.
    must_go: bool,
    /// When it was admitted; see [`Service::era`].
    era: u64,
    /// How much of what it does is told in the log.
    detail: Detail,
    work: FuturesUnordered<work::Work>,
    /// When the last frame came, milliseconds.
    heard: i64,
    /// Since when it has had no channel, milliseconds.
    idle_since: i64,
    /// When the alarm is set to ring.
    alarm: Option<i64>,
    /// Set once the socket is to end.
    farewell: Option<Farewell>,
}

/// How much of what a socket does is told in the log; its client chooses by `log_level` (RT-CON-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    /// What goes wrong on the server.
    Errors,
    /// And what the client does wrong.
    Warnings,
    /// And each step.
    Steps,
}

impl Detail {
    /// Another value counts as `error`.
    fn parse(log_level: Option<&str>) -> Self {
        match log_level {
            Some("info") => Self::Steps,
            Some("warning") => Self::Warnings,
            _ => Self::Errors,
        }
    }
}

/// Tells in the log what one socket did: aloud if its client asked for that much, else for those who debug.
macro_rules! narrate {
    ($socket:expr, $detail:expr, $($field:tt)+) => {
        if $socket.detail >= $detail {
            tracing::info!(socket = $socket.id, $($field)+);
        } else {
            tracing::debug!(socket = $socket.id, $($field)+);
        }
    };
}
use narrate;

/// How the server closes a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Farewell {
    code: u16,
    reason: &'static str,
}

impl Farewell {
    const IDLE: Self = Self {
        code: 1000,
        reason: "heartbeat timeout",
    };
    const NO_CHANNEL: Self = Self {
        code: 1000,
        reason: "no channel",
    };
    const TOLD_TO_GO: Self = Self {
        code: 1001,
        reason: "too many joins",
    };
    const TOO_BIG: Self = Self {
        code: 1009,
        reason: "message too big",
    };
    const RESTART: Self = Self {
        code: 1012,
        reason: "restart",
    };
    const TOO_SLOW: Self = Self {
        code: 1013,
        reason: "reader too slow",
    };
}

impl Socket {
    fn new(
        service: Arc<Service>,
        version: Version,
        token: Secret,
        headers: Arc<str>,
        (detail, era): (Detail, u64),
    ) -> Self {
        let outbox = Arc::new(Outbox::new(service.settings().max_queue_bytes));
        let now = service.now();
        Self {
            id: crate::channel::next_id(),
            version,
            token,
            headers,
            outbox,
            channels: HashMap::new(),
            is_user: false,
            must_go: false,
            era,
            detail,
            work: FuturesUnordered::new(),
            heard: now,
            idle_since: now,
            alarm: None,
            farewell: None,
            service,
        }
    }

    fn reply(&self, asked: &Inbound, status: Status, response: &[u8]) {
        self.outbox
            .push(self.version.reply(asked, status, response));
    }

    /// `{"reason": text}` in answer to `asked`.
    fn refusal(&self, asked: &Inbound, reason: &str) -> Frame {
        self.version
            .reply(asked, Status::Error, &reason_json(reason))
    }

    /// A `system` message of a channel (RT-SYS-01).
    fn system(&self, channel: &Channel, topic: &str, extension: &str, status: &str, message: &str) {
        let payload = serde_json::json!({
            "extension": extension,
            "status": status,
            "message": message,
            "channel": &*channel.sub_topic,
        });
        self.push_json(&channel.join_ref, &Ref::NULL, topic, "system", &payload);
    }

    fn push_json(
        &self,
        join_ref: &Ref,
        reference: &Ref,
        topic: &str,
        event: &str,
        payload: &serde_json::Value,
    ) {
        let payload = serde_json::to_vec(payload).expect("plain data");
        self.outbox.push(self.version.encode(&Message {
            join_ref,
            reference,
            topic,
            event,
            payload: &payload,
        }));
    }

    fn topic_of(&self, id: ChannelId) -> Option<Arc<str>> {
        self.channels
            .iter()
            .find(|(_, channel)| channel.id == id)
            .map(|(topic, _)| Arc::clone(topic))
    }

    /// The channel, if it is still the one that `id` names.
    fn channel(&mut self, topic: &str, id: ChannelId) -> Option<&mut Channel> {
        self.channels
            .get_mut(topic)
            .filter(|channel| channel.id == id)
    }
}

fn reason_json(reason: &str) -> Vec<u8> {
    serde_json::to_vec(&serde_json::json!({ "reason": reason })).expect("plain data")
}

fn count(error: &Error) {
    metrics::counter!("realtime_channel_error", "code" => error.code()).increment(1);
}
