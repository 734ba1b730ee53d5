//! One joined topic on one socket.

mod config;
mod sink;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base::Secret;
use futures_util::future::AbortHandle;
use tokio::time::Instant;

use crate::authz::Readable;
use crate::bindings::Live;
use crate::frames::{Inbound, Ref};
use crate::hub::{Hub, Room, Visibility};
use crate::token::Bearer;

pub(crate) use config::Config;
pub(crate) use sink::{Form, Sink};

/// Tells channels apart, on one node, for ever.
pub(crate) type ChannelId = u64;

/// A channel's place in its room; it leaves, and its presence with it, when this is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    hub: Arc<Hub>,
    room: Arc<Room>,
    id: ChannelId,
}

impl Seat {
    /// The place that `id` was given.
    pub(crate) fn new(hub: Arc<Hub>, room: Arc<Room>, id: ChannelId) -> Self {
        Self { hub, room, id }
    }

    /// The room.
    pub(crate) fn room(&self) -> &Arc<Room> {
        &self.room
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.leave(&self.room, self.id);
    }
}

/// How many presence calls a channel has made in the present window.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    opened: i64,
    count: u32,
}

impl Calls {
    /// Counts one; false if that is one too many. Times are in milliseconds.
    pub(crate) fn count(&mut self, now: i64, window: i64, most: u32) -> bool {
        if now - self.opened >= window {
            *self = Self {
                opened: now,
                count: 0,
            };
        }
        self.count = self.count.saturating_add(1);
        most == 0 || self.count <= most
    }
}

/// One joined topic on one socket, or one being joined.
pub(crate) struct Channel {
    pub(crate) id: ChannelId,
    pub(crate) join_ref: Ref,
    /// `ref` of the join, for its reply.
    pub(crate) reference: Ref,
    /// When the join came: a refusal is held back from then on.
    pub(crate) came: Instant,
    /// Without `realtime:`.
    pub(crate) sub_topic: Arc<str>,
    pub(crate) config: Config,
    pub(crate) token: Secret,
    pub(crate) bearer: Bearer,
    /// There once it is joined.
    pub(crate) seat: Option<Seat>,
    pub(crate) readable: Readable,
    /// Whether presence was asked about; on a private channel without it, that waits for the first `track`.
    pub(crate) presence_known: bool,
    pub(crate) writes_broadcasts: Option<bool>,
    pub(crate) writes_presence: Option<bool>,
    pub(crate) calls: Calls,
    /// Whether the call in front of `waiting` has been counted.
    pub(crate) call_counted: bool,
    /// Work under way that the next message must wait for.
    pub(crate) busy: Option<AbortHandle>,
    pub(crate) waiting: VecDeque<Inbound>,
    /// Bindings being made live.
    pub(crate) binding: Option<AbortHandle>,
    pub(crate) subscription: Option<Arc<dyn Live>>,
    /// Lets changes through once the reply is out; needed again when bindings are made live anew.
    pub(crate) sink: Option<Arc<Sink>>,
}

static NEXT: AtomicU64 = AtomicU64::new(1);

/// A number nobody else has.
pub(crate) fn next_id() -> ChannelId {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Channel {
    /// Whether the database decides about it.
    pub(crate) fn is_private(&self) -> bool {
        self.config.visibility == Visibility::Private
    }

    /// Its room, once it is joined.
    pub(crate) fn room(&self) -> Option<&Arc<Room>> {
        self.seat.as_ref().map(Seat::room)
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        for work in self.busy.iter().chain(&self.binding) {
            work.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_of_presence_calls_opens_with_the_first() {
        // RT-PRS-07, RT-LIM-01.
        let mut calls = Calls::default();
        for _ in 0..5 {
            assert!(calls.count(100_000, 30_000, 5));
        }
        assert!(!calls.count(129_999, 30_000, 5));
        assert!(calls.count(130_000, 30_000, 5));
        let mut unlimited = Calls::default();
        assert!((0..100).all(|_| unlimited.count(0, 30_000, 0)));
    }
}
