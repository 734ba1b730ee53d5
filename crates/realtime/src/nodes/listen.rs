//! What other nodes say.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::wire::{self, Said, Sender};
use super::{Nodes, Peer, Relaxed};
use crate::changes::Peers;
use crate::hub::Hub;

/// How often a node may be missing when we look before it is given up: its connection may just be made anew.
const PATIENCE: u32 = 2;

/// Listens to other nodes, for the rooms of this one.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) nodes: Arc<Nodes>,
    pub(crate) hub: Arc<Hub>,
}

impl Listener {
    /// The sender is there, and answers to its number; true if it was not known.
    fn meet(&self, sender: Sender) -> bool {
        let mut peers = self.nodes.peers();
        // Who has taken the place of another node came after it.
        let gone: Vec<Uuid> = peers
            .iter()
            .filter(|(node, peer)| peer.number == sender.number && **node != sender.node)
            .map(|(node, _)| *node)
            .collect();
        for node in &gone {
            peers.remove(node);
        }
        let is_new = !peers.contains_key(&sender.node);
        let peer = peers.entry(sender.node).or_default();
        (peer.number, peer.missed) = (sender.number, 0);
        self.nodes.has_peers.store(true, Relaxed);
        drop(peers);
        for node in gone {
            self.hub.forget(node, u64::MAX);
        }
        is_new
    }

    fn lose(&self, node: Uuid) {
        let mut peers = self.nodes.peers();
        let was_known = peers.remove(&node).is_some();
        self.nodes.has_peers.store(!peers.is_empty(), Relaxed);
        drop(peers);
        if was_known {
            self.hub.forget(node, u64::MAX);
        }
    }

    fn round(&self, node: Uuid, more: u64) -> u64 {
        let mut peers = self.nodes.peers();
        let peer = peers.entry(node).or_default();
        peer.round += more;
        peer.round
    }

    fn hear(&self, sender: Sender, said: Said) {
        if said == Said::Bye {
            tracing::info!(node = %sender.node, number = sender.number, "another node leaves");
            return self.lose(sender.node);
        }
        let is_new = self.meet(sender);
        if is_new {
            tracing::info!(node = %sender.node, number = sender.number, "another node serves this database");
        }
        let node = sender.node;
        match said {
            Said::Hello { wants_answer } => {
                // What was shown here while nobody was known was told to nobody.
                if wants_answer || is_new {
                    self.nodes.introduce(&self.hub, false);
                }
                return;
            }
            Said::Begin => drop(self.round(node, 1)),
            Said::End => self.hub.forget(node, self.round(node, 0)),
            Said::Broadcast {
                visibility,
                sub_topic,
                broadcast,
            } => self.hub.deliver(visibility, &sub_topic, &broadcast),
            Said::Shown {
                visibility,
                sub_topic,
                channel,
                meta,
            } => {
                let round = self.round(node, 0);
                let whose = (node, channel);
                self.hub
                    .show_remote((visibility, &sub_topic), whose, meta, round);
            }
            Said::Hidden {
                visibility,
                sub_topic,
                channel,
            } => self
                .hub
                .hide_remote((visibility, &sub_topic), (node, channel)),
            Said::Bye => {}
        }
        // Its greeting went unheard, or it was given up too early: what else it has is not known here.
        if is_new {
            self.nodes.introduce(&self.hub, true);
        }
    }
}

impl Peers for Listener {
    fn connected(&self, number: u32, fresh: bool) {
        let before = self.nodes.number.swap(number, Relaxed);
        if fresh || before != number {
            self.nodes.introduce(&self.hub, true);
        }
    }

    fn heard(&self, content: Bytes) {
        match wire::read(&self.nodes.seal, content) {
            Some((sender, _)) if sender.node == self.nodes.me => {}
            Some((sender, said)) => self.hear(sender, said),
            None => tracing::debug!("a message in the log is not from a node of this project"),
        }
    }

    fn alive(&self, numbers: &[u32]) {
        let mut gone = Vec::new();
        let mut peers = self.nodes.peers();
        for (node, peer) in peers.iter_mut() {
            if numbers.contains(&peer.number) {
                peer.missed = 0;
                continue;
            }
            peer.missed += 1;
            if peer.missed >= PATIENCE {
                gone.push(*node);
            }
        }
        let me = self.nodes.number.load(Relaxed);
        let known = |number: &u32| *number == me || has(&peers, *number);
        let strangers: HashSet<u32> = numbers
            .iter()
            .copied()
            .filter(|number| !known(number))
            .collect();
        drop(peers);
        for node in gone {
            tracing::warn!(%node, "another node is gone");
            self.lose(node);
        }
        let greeted = self.nodes.replace_strangers(strangers.clone());
        if !strangers.is_subset(&greeted) {
            // Once: it may not be one of ours to answer.
            tracing::debug!(?strangers, "nodes that are not known");
            self.nodes.introduce(&self.hub, true);
        }
    }

    fn are_known(&self) -> bool {
        self.nodes.has_peers.load(Relaxed)
    }
}

fn has(peers: &HashMap<Uuid, Peer>, number: u32) -> bool {
    peers.values().any(|peer| peer.number == number)
}
