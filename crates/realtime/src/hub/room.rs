//! One room.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use uuid::Uuid;

use super::presence::Presence;
use super::{Bus, Meta, Visibility};
use crate::channel::ChannelId;
use crate::error::Error;
use crate::frames::{Broadcast, Encoded, Frame, Message, Ref, Version};
use crate::limits::Limits;
use crate::socket::{Order, Outbox};

/// A channel as its room knows it.
#[derive(Debug)]
pub(crate) struct Member {
    /// Where its messages go.
    pub(crate) outbox: Arc<Outbox>,
    /// What its socket speaks.
    pub(crate) version: Version,
    /// Whether it hears itself.
    pub(crate) hears_itself: bool,
    /// Whether it may read broadcasts.
    pub(crate) reads_broadcasts: bool,
    /// Whether it may read presence.
    pub(crate) reads_presence: bool,
    /// What it has been sent from the past.
    pub(crate) replayed: HashSet<Uuid>,
    /// Broadcasts that must wait until its join is answered, with the ids they are stored under.
    pub(crate) held: Option<Vec<(Option<Uuid>, Frame)>>,
}

/// How many broadcasts may wait for the answer to a join; beyond, the channel fails and joins anew.
const MOST_HELD: usize = 10_000;

impl Member {
    fn take(&mut self, id: ChannelId, stored: Option<Uuid>, frame: &Frame) {
        match &mut self.held {
            None => {
                self.outbox.push(frame.clone());
            }
            Some(held) if held.len() < MOST_HELD => held.push((stored, frame.clone())),
            Some(_) => self.outbox.order(Order::Crash(id)),
        }
    }
}

/// What remains when a channel has left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    pub(super) is_empty: bool,
    pub(super) untracked: bool,
}

/// One room and its members.
#[derive(Debug)]
pub(crate) struct Room {
    visibility: Visibility,
    /// With `realtime:`; what is behind it names the room.
    topic: Box<str>,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    members: IndexMap<ChannelId, Member>,
    presence: Presence,
    /// Whether the room waits for its diff to be sent.
    enlisted: bool,
}

impl Inside {
    /// Nobody hears, and nobody is to be shown to those who come.
    fn is_empty(&self) -> bool {
        self.members.is_empty() && self.presence.is_empty()
    }
}

/// What all topics begin with.
pub(crate) const TOPIC_PREFIX: &str = "realtime:";

impl Room {
    pub(super) fn new(visibility: Visibility, sub_topic: &str) -> Self {
        Self {
            visibility,
            topic: format!("{TOPIC_PREFIX}{sub_topic}").into(),
            inside: Mutex::default(),
        }
    }

    /// Which of the two rooms of its name.
    pub(crate) fn visibility(&self) -> Visibility {
        self.visibility
    }

    /// Its name.
    pub(crate) fn sub_topic(&self) -> &str {
        &self.topic[TOPIC_PREFIX.len()..]
    }

    /// Changes what the room knows of a member.
    pub(crate) fn update(&self, id: ChannelId, change: impl FnOnce(&mut Member)) {
        if let Some(member) = self.lock().members.get_mut(&id) {
            change(member);
        }
    }

    /// The join is answered: sends what was held back, without what the past has brought already.
    pub(crate) fn release(&self, id: ChannelId, replayed: HashSet<Uuid>) {
        let mut inside = self.lock();
        let Some(member) = inside.members.get_mut(&id) else {
            return;
        };
        for (stored, frame) in member.held.take().unwrap_or_default() {
            if !stored.is_some_and(|stored| replayed.contains(&stored)) {
                member.outbox.push(frame);
            }
        }
        member.replayed = replayed;
    }

    /// Sends `presence_state` to one member: in one step with reading it, so that no diff falls between.
    pub(crate) fn send_state(&self, id: ChannelId, join_ref: &Ref, limits: &Limits) {
        let inside = self.lock();
        let Some(member) = inside.members.get(&id) else {
            return;
        };
        let state = inside.presence.state();
        let message = Message {
            join_ref,
            reference: &Ref::NULL,
            topic: &self.topic,
            event: "presence_state",
            payload: &state,
        };
        member.outbox.push(member.version.encode(&message));
        limits.presences.add(1);
    }

    pub(super) fn insert(&self, id: ChannelId, member: Member) {
        self.lock().members.insert(id, member);
    }

    pub(super) fn remove(&self, id: ChannelId, bus: &dyn Bus) -> Left {
        let mut inside = self.lock();
        inside.members.swap_remove(&id);
        let untracked = inside.presence.untrack(id);
        if untracked {
            bus.hidden(self.visibility, self.sub_topic(), id);
        }
        Left {
            is_empty: inside.is_empty(),
            untracked,
        }
    }

    pub(super) fn track(&self, id: ChannelId, meta: Meta, bus: &dyn Bus) -> bool {
        let mut inside = self.lock();
        if !inside.members.contains_key(&id) {
            return false;
        }
        let shown = inside.presence.track(id, meta);
        if let Some(meta) = shown {
            bus.shown(self.visibility, self.sub_topic(), id, meta);
        }
        shown.is_some()
    }

    pub(super) fn untrack(&self, id: ChannelId, bus: &dyn Bus) -> bool {
        let mut inside = self.lock();
        let untracked = inside.presence.untrack(id);
        if untracked {
            bus.hidden(self.visibility, self.sub_topic(), id);
        }
        untracked
    }

    /// Changes what channels of other nodes show.
    pub(super) fn change_presence(&self, change: impl FnOnce(&mut Presence) -> bool) -> bool {
        change(&mut self.lock().presence)
    }

    /// What channels of this node show, in one step.
    pub(super) fn each_shown(&self, tell: &mut dyn FnMut(Visibility, &str, ChannelId, &Meta)) {
        for (id, meta) in self.lock().presence.ours() {
            tell(self.visibility, self.sub_topic(), id, meta);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Whether the room is to be put on the list of those with a diff to send.
    pub(super) fn enlist(&self) -> bool {
        !std::mem::replace(&mut self.lock().enlisted, true)
    }

    pub(super) fn broadcast(
        &self,
        broadcast: &Broadcast,
        from: Option<ChannelId>,
        limits: &Limits,
    ) {
        let encoded = Encoded::new(&self.topic, broadcast);
        let stored = broadcast.stored_id();
        let mut inside = self.lock();
        let full = limits.messages.is_reached();
        let mut delivered = 0;
        for (id, member) in &mut inside.members {
            let for_them = member.reads_broadcasts
                && (from != Some(*id) || member.hears_itself)
                && !stored.is_some_and(|stored| member.replayed.contains(&stored));
            if !for_them {
                continue;
            }
            if full {
                member.outbox.order(Order::End(*id, Error::TooManyMessages));
            } else if let Some(frame) = encoded.frame(member.version) {
                member.take(*id, stored, frame);
                delivered += 1;
            }
        }
        limits.messages.add(delivered);
        metrics::counter!("realtime_broadcast_deliveries").increment(delivered);
    }

    /// Tells the members what has changed. On private rooms those who may read presence (RT-PRS-12).
    pub(super) fn send_diff(&self, limits: &Limits) {
        let mut inside = self.lock();
        inside.enlisted = false;
        let Some(diff) = inside.presence.take_diff() else {
            return;
        };
        let encode = |version: Version| {
            version.encode(&Message {
                join_ref: &Ref::NULL,
                reference: &Ref::NULL,
                topic: &self.topic,
                event: "presence_diff",
                payload: &diff,
            })
        };
        let mut frames: [Option<Frame>; 2] = [None, None];
        let mut delivered = 0;
        for (id, member) in inside
            .members
            .iter_mut()
            .filter(|(_, member)| member.reads_presence)
        {
            let frame =
                frames[member.version as usize].get_or_insert_with(|| encode(member.version));
            member.take(*id, None, frame);
            delivered += 1;
        }
        limits.presences.add(delivered);
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
