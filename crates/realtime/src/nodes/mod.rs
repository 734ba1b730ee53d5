//! Several nodes on one database: what one says the others hear.
//!
//! Nodes speak through the database's log (`pg_logical_emit_message`), which each of them reads anyway, so that there
//! is one order for all and nothing else to run. Rows of `realtime.messages` need none of this. A node that is alone
//! writes nothing but a greeting.

mod emit;
mod listen;
mod queue;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base::Random;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

pub(crate) use emit::emit;
pub(crate) use listen::Listener;

use crate::channel::ChannelId;
use crate::frames::Broadcast;
use crate::hub::{Bus, Hub, Meta, Visibility};
use queue::{Kind, Queue};
use wire::{Letter, Seal, Sender};

/// Another node.
#[derive(Debug, Clone, Copy, Default)]
struct Peer {
    number: u32,
    /// How often it has begun to show all it has.
    round: u64,
    /// How often it was missing when we looked.
    missed: u32,
}

/// This node and those it knows.
#[derive(Debug)]
pub(crate) struct Nodes {
    me: Uuid,
    number: AtomicU32,
    seal: Seal,
    peers: Mutex<HashMap<Uuid, Peer>>,
    /// Whether there is anybody to speak to.
    has_peers: AtomicBool,
    /// Places of nodes that were greeted and are not known yet.
    strangers: Mutex<HashSet<u32>>,
    queue: Queue,
}

impl Nodes {
    /// A node that knows nobody yet. `secret` is the project's.
    pub(crate) fn new(secret: &str, random: &dyn Random) -> Self {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length will do");
        mac.update(b"passerelle realtime nodes");
        let digest = mac.finalize().into_bytes();
        let mut seal = Seal::default();
        seal.copy_from_slice(&digest[..16]);
        Self {
            me: random.uuid(),
            number: AtomicU32::new(0),
            seal,
            peers: Mutex::default(),
            has_peers: AtomicBool::new(false),
            strangers: Mutex::default(),
            queue: Queue::default(),
        }
    }

    /// Who this node is, to people.
    pub(crate) fn name(&self) -> String {
        self.me.to_string()
    }

    fn sender(&self) -> Sender {
        Sender {
            node: self.me,
            number: self.number.load(Relaxed),
        }
    }

    /// Greets the others, and shows them everybody who is shown here.
    fn introduce(&self, hub: &Hub, wants_answer: bool) {
        let (seal, sender) = (&self.seal, self.sender());
        let control = |letter| {
            self.queue.push(letter, Kind::Control);
        };
        control(Letter::hello(seal, sender, wants_answer));
        control(Letter::begin(seal, sender));
        hub.each_shown(&mut |visibility, sub_topic, channel, meta| {
            let room = (visibility, sub_topic);
            control(Letter::shown(seal, sender, room, channel, meta));
        });
        control(Letter::end(seal, sender));
    }

    fn tell(&self, kind: Kind, letter: impl FnOnce(&Seal, Sender) -> Vec<u8>) {
        if !self.has_peers.load(Relaxed) {
            return;
        }
        if !self.queue.push(letter(&self.seal, self.sender()), kind) {
            metrics::counter!("realtime_node_letters_dropped").increment(1);
            tracing::warn!(
                code = "UnableToBroadcast",
                ?kind,
                "other nodes were not told: too much waits for the database"
            );
        }
    }

    fn replace_strangers(&self, strangers: HashSet<u32>) -> HashSet<u32> {
        let mut before = self
            .strangers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut before, strangers)
    }

    fn peers(&self) -> MutexGuard<'_, HashMap<Uuid, Peer>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bus for Nodes {
    fn publish(&self, visibility: Visibility, sub_topic: &str, broadcast: &Broadcast) {
        self.tell(Kind::Broadcast, |seal, sender| {
            Letter::broadcast(seal, sender, (visibility, sub_topic), broadcast)
        });
    }

    fn shown(&self, visibility: Visibility, sub_topic: &str, channel: ChannelId, meta: &Meta) {
        self.tell(Kind::Presence, |seal, sender| {
            Letter::shown(seal, sender, (visibility, sub_topic), channel, meta)
        });
    }

    fn hidden(&self, visibility: Visibility, sub_topic: &str, channel: ChannelId) {
        self.tell(Kind::Presence, |seal, sender| {
            Letter::hidden(seal, sender, (visibility, sub_topic), channel)
        });
    }
}
