//! Rooms: which channels hear what is said under a topic.
//!
//! A public and a private topic of the same name are two rooms, kept in two maps, so that no name on one side
//! can reach the other (RT-JOIN-09). Everything that concerns one room happens under its lock: all members see
//! one order, and a presence state never contradicts the diffs after it.

mod bus;
mod diffs;
mod presence;
mod room;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[cfg(test)]
pub(crate) use bus::Alone;
pub(crate) use bus::Bus;
pub(crate) use diffs::Diffs;
pub(crate) use presence::Meta;
pub(crate) use room::{Member, Room, TOPIC_PREFIX};

use uuid::Uuid;

use crate::channel::ChannelId;
use crate::frames::Broadcast;
use crate::limits::Limits;

const SHARDS: usize = 64;

/// Which of the two rooms of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Visibility {
    /// Open to everybody with a key.
    Public,
    /// Rights are asked of the database.
    Private,
}

impl Visibility {
    /// From the option `private`.
    pub(crate) fn of(private: bool) -> Self {
        if private { Self::Private } else { Self::Public }
    }
}

type Shard = Mutex<HashMap<Arc<str>, Arc<Room>>>;

/// All rooms of this node.
#[derive(Debug)]
pub(crate) struct Hub {
    public: Box<[Shard]>,
    private: Box<[Shard]>,
    hasher: RandomState,
    limits: Arc<Limits>,
    diffs: Arc<Diffs>,
    bus: Arc<dyn Bus>,
}

impl Hub {
    /// No rooms yet.
    pub(crate) fn new(limits: Arc<Limits>, bus: Arc<dyn Bus>) -> Self {
        let shards = || (0..SHARDS).map(|_| Shard::default()).collect();
        Self {
            public: shards(),
            private: shards(),
            hasher: RandomState::new(),
            limits,
            diffs: Arc::default(),
            bus,
        }
    }

    /// Brings a channel into its room.
    pub(crate) fn enter(
        &self,
        visibility: Visibility,
        sub_topic: &str,
        id: ChannelId,
        member: Member,
    ) -> Arc<Room> {
        let mut shard = self.shard(visibility, sub_topic);
        let room = room_of(&mut shard, visibility, sub_topic);
        // Under the shard's lock, so that the room cannot be thrown away in between.
        room.insert(id, member);
        room
    }

    /// Takes a channel out of its room; its presence leaves with it.
    pub(crate) fn leave(&self, room: &Arc<Room>, id: ChannelId) {
        let mut shard = self.shard(room.visibility(), room.sub_topic());
        let left = room.remove(id, &*self.bus);
        if left.is_empty {
            shard.remove(room.sub_topic());
        }
        drop(shard);
        if left.untracked && !left.is_empty {
            self.diffs.changed(room);
        }
    }

    /// Shows `id` in the room, or shows it anew.
    pub(crate) fn track(&self, room: &Arc<Room>, id: ChannelId, meta: Meta) {
        if room.track(id, meta, &*self.bus) {
            self.diffs.changed(room);
        }
    }

    /// Shows `id` in the room no longer.
    pub(crate) fn untrack(&self, room: &Arc<Room>, id: ChannelId) {
        if room.untrack(id, &*self.bus) {
            self.diffs.changed(room);
        }
    }

    /// A channel of another node shows itself.
    pub(crate) fn show_remote(
        &self,
        (visibility, sub_topic): (Visibility, &str),
        whose: (Uuid, ChannelId),
        meta: Meta,
        round: u64,
    ) {
        let mut shard = self.shard(visibility, sub_topic);
        let room = room_of(&mut shard, visibility, sub_topic);
        let changed = room.change_presence(|presence| presence.track_remote(whose, meta, round));
        drop(shard);
        if changed {
            self.diffs.changed(&room);
        }
    }

    /// It does so no longer.
    pub(crate) fn hide_remote(
        &self,
        (visibility, sub_topic): (Visibility, &str),
        whose: (Uuid, ChannelId),
    ) {
        let mut shard = self.shard(visibility, sub_topic);
        let Some(room) = shard.get(sub_topic).map(Arc::clone) else {
            return;
        };
        let changed = room.change_presence(|presence| presence.untrack_remote(whose));
        if room.is_empty() {
            shard.remove(sub_topic);
        }
        drop(shard);
        if changed {
            self.diffs.changed(&room);
        }
    }

    /// What a node has not shown since that round is there no longer.
    pub(crate) fn forget(&self, node: Uuid, round: u64) {
        for shard in self.public.iter().chain(&self.private) {
            shard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .retain(|_, room| {
                    if room.change_presence(|presence| presence.forget(node, round)) {
                        self.diffs.changed(room);
                    }
                    !room.is_empty()
                });
        }
    }

    /// Tells of everything that channels of this node show.
    pub(crate) fn each_shown(&self, tell: &mut dyn FnMut(Visibility, &str, ChannelId, &Meta)) {
        for shard in self.public.iter().chain(&self.private) {
            let rooms: Vec<Arc<Room>> = shard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .values()
                .cloned()
                .collect();
            for room in rooms {
                room.each_shown(tell);
            }
        }
    }

    /// Says something in a room, on every node. `from` is the channel that said it and, unless it asked for
    /// its own messages, does not hear it.
    pub(crate) fn broadcast(&self, room: &Room, broadcast: &Broadcast, from: Option<ChannelId>) {
        self.bus
            .publish(room.visibility(), room.sub_topic(), broadcast);
        room.broadcast(broadcast, from, &self.limits);
    }

    /// The same by name, for those who are not in the room.
    pub(crate) fn broadcast_to(
        &self,
        visibility: Visibility,
        sub_topic: &str,
        broadcast: &Broadcast,
    ) {
        self.bus.publish(visibility, sub_topic, broadcast);
        self.deliver(visibility, sub_topic, broadcast);
    }

    /// Says something to the members on this node only: what every node learns by itself.
    pub(crate) fn deliver(&self, visibility: Visibility, sub_topic: &str, broadcast: &Broadcast) {
        let room = self
            .shard(visibility, sub_topic)
            .get(sub_topic)
            .map(Arc::clone);
        if let Some(room) = room {
            room.broadcast(broadcast, None, &self.limits);
        }
    }

    /// Sends presence diffs as rooms change, until the program stops.
    pub(crate) async fn send_diffs(self: Arc<Self>) {
        loop {
            for room in self.diffs.next().await {
                room.send_diff(&self.limits);
            }
        }
    }

    fn shard(
        &self,
        visibility: Visibility,
        sub_topic: &str,
    ) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Room>>> {
        let shards = match visibility {
            Visibility::Public => &self.public,
            Visibility::Private => &self.private,
        };
        let hash = usize::try_from(self.hasher.hash_one(sub_topic) % SHARDS as u64)
            .expect("below the number of shards");
        shards[hash].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn room_of(
    rooms: &mut HashMap<Arc<str>, Arc<Room>>,
    visibility: Visibility,
    sub_topic: &str,
) -> Arc<Room> {
    if let Some(room) = rooms.get(sub_topic) {
        return Arc::clone(room);
    }
    let room = Arc::new(Room::new(visibility, sub_topic));
    rooms.insert(sub_topic.into(), Arc::clone(&room));
    room
}
