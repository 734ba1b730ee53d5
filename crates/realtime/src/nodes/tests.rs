//! Nodes without a database: letters are carried by hand.

use std::sync::Arc;

use base::{ManualClock, SeededRandom, SharedClock};
use serde_json::{Value, json};

use super::*;
use crate::changes::Peers as _;
use crate::frames::{Frame, Json, Ref, Version};
use crate::hub::Member;
use crate::limits::Limits;
use crate::socket::Outbox;

struct Node {
    listener: Listener,
    limits: Arc<Limits>,
}

impl Node {
    fn new(seed: u64, number: u32) -> Self {
        let clock: SharedClock = Arc::new(ManualClock::starting_now());
        let limits = Arc::new(Limits::new(&settings::Realtime::default(), &clock));
        let nodes = Arc::new(Nodes::new("secret", &SeededRandom::new(seed)));
        let hub = Arc::new(Hub::new(Arc::clone(&limits), nodes.clone()));
        let node = Self {
            listener: Listener { nodes, hub },
            limits,
        };
        node.listener.connected(number, true);
        node
    }

    /// A member of the public room `r`, shown as `name` if there is one.
    fn enter(&self, id: ChannelId, name: Option<&str>) -> Arc<Outbox> {
        let outbox = Arc::new(Outbox::new(1 << 20));
        let member = member_of(&outbox);
        let hub = &self.listener.hub;
        let room = hub.enter(Visibility::Public, "r", id, member);
        if let Some(name) = name {
            let meta = Meta::new(name, format!("ref-{id}"), b"{}").unwrap();
            hub.track(&room, id, meta);
        }
        outbox
    }

    fn leave(&self, id: ChannelId) {
        let hub = &self.listener.hub;
        let outbox = self.enter(0, None);
        let room = hub.enter(Visibility::Public, "r", 0, member_of(&outbox));
        hub.leave(&room, id);
        hub.leave(&room, 0);
    }

    /// The keys shown in the room, as somebody who comes is told.
    fn shown(&self) -> Vec<String> {
        let outbox = Arc::new(Outbox::new(1 << 20));
        let hub = &self.listener.hub;
        let room = hub.enter(Visibility::Public, "r", 1_000, member_of(&outbox));
        room.send_state(1_000, &Ref::NULL, &self.limits);
        hub.leave(&room, 1_000);
        let state = payload(&outbox).unwrap();
        let mut keys: Vec<String> = state.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    }

    fn letters(&self) -> Vec<Vec<u8>> {
        self.listener.nodes.queue.take()
    }
}

fn member_of(outbox: &Arc<Outbox>) -> Member {
    Member {
        outbox: Arc::clone(outbox),
        version: Version::V1,
        hears_itself: false,
        reads_broadcasts: true,
        reads_presence: true,
        replayed: std::collections::HashSet::default(),
        held: None,
    }
}

fn payload(outbox: &Outbox) -> Option<Value> {
    match outbox.pop_frame()? {
        Frame::Text(text) => Some(serde_json::from_str::<Value>(&text).unwrap()["payload"].clone()),
        Frame::Binary(_) => panic!("binary"),
    }
}

/// Carries letters, each to everybody, until nobody writes any more.
fn carry(nodes: &[&Node]) {
    for _ in 0..20 {
        let letters: Vec<Vec<u8>> = nodes.iter().flat_map(|node| node.letters()).collect();
        if letters.is_empty() {
            return;
        }
        for letter in letters {
            for node in nodes {
                node.listener.heard(letter.clone().into());
            }
        }
    }
    panic!("the nodes do not stop writing");
}

#[test]
fn a_node_that_is_alone_writes_nothing_but_a_greeting() {
    let a = Node::new(1, 1);
    assert_eq!(a.letters().len(), 3);
    a.enter(1, Some("ada"));
    a.listener.hub.broadcast_to(
        Visibility::Public,
        "r",
        &Broadcast::Text(Json::of(&json!({}))),
    );
    a.listener.alive(&[1]);
    assert_eq!(a.letters(), Vec::<Vec<u8>>::new());
}

#[test]
fn what_is_shown_before_and_while_nodes_meet_is_known_to_both() {
    // RT-PRS-16.
    let a = Node::new(1, 1);
    a.letters();
    a.enter(1, Some("ada"));
    let b = Node::new(2, 2);
    // After its greeting was written and before anybody answered.
    b.enter(2, Some("bob"));
    carry(&[&a, &b]);
    for node in [&a, &b] {
        assert_eq!(node.shown(), ["ada", "bob"]);
    }
    a.leave(1);
    carry(&[&a, &b]);
    for node in [&a, &b] {
        assert_eq!(node.shown(), ["bob"]);
    }
}

#[test]
fn presence_that_was_lost_on_the_way_is_mended_by_showing_all() {
    let (a, b) = (Node::new(1, 1), Node::new(2, 2));
    a.enter(1, Some("ada"));
    a.enter(2, Some("eve"));
    carry(&[&a, &b]);
    assert_eq!(b.shown(), ["ada", "eve"]);
    a.leave(1);
    a.enter(3, Some("joe"));
    a.letters();
    assert_eq!(b.shown(), ["ada", "eve"]);
    a.listener.nodes.introduce(&a.listener.hub, false);
    carry(&[&a, &b]);
    assert_eq!(b.shown(), ["eve", "joe"]);
}

#[test]
fn a_node_is_given_up_when_it_is_missing_twice_and_comes_back_whole() {
    // RT-PRS-19.
    let (a, b) = (Node::new(1, 1), Node::new(2, 2));
    a.enter(1, Some("ada"));
    carry(&[&a, &b]);
    b.listener.alive(&[2]);
    b.listener.alive(&[1, 2]);
    b.listener.alive(&[2]);
    assert_eq!(b.shown(), ["ada"]);
    b.listener.alive(&[2]);
    assert_eq!(b.shown(), Vec::<String>::new());
    assert!(!b.listener.are_known());
    // It was only away: the first thing it says brings back all of it.
    a.enter(2, Some("eve"));
    carry(&[&a, &b]);
    assert_eq!(b.shown(), ["ada", "eve"]);
}

#[test]
fn who_takes_a_place_came_after_who_had_it() {
    let (a, b) = (Node::new(1, 1), Node::new(2, 2));
    a.enter(1, Some("ada"));
    carry(&[&a, &b]);
    let successor = Node::new(3, 1);
    successor.enter(1, Some("eve"));
    carry(&[&successor, &b]);
    assert_eq!(b.shown(), ["eve"]);
}

#[test]
fn who_leaves_takes_along_what_it_shows() {
    let (a, b) = (Node::new(1, 1), Node::new(2, 2));
    a.enter(1, Some("ada"));
    carry(&[&a, &b]);
    let nodes = &a.listener.nodes;
    let bye = Letter::bye(&nodes.seal, nodes.sender());
    b.listener.heard(bye.into());
    assert_eq!(b.shown(), Vec::<String>::new());
}

#[test]
fn a_node_that_does_not_answer_is_greeted_once() {
    let a = Node::new(1, 1);
    a.letters();
    a.listener.alive(&[1, 7]);
    assert_eq!(a.letters().len(), 3);
    a.listener.alive(&[1, 7]);
    assert_eq!(a.letters().len(), 0);
    a.listener.alive(&[1]);
    a.listener.alive(&[1, 7]);
    assert_eq!(a.letters().len(), 3);
}

#[test]
fn broadcasts_go_to_members_elsewhere_and_not_back() {
    // RT-BC-01, RT-BC-08.
    let (a, b) = (Node::new(1, 1), Node::new(2, 2));
    carry(&[&a, &b]);
    let (here, there) = (a.enter(1, None), b.enter(2, None));
    for n in 0..3 {
        let said = Broadcast::Text(Json::of(&json!({ "n": n })));
        a.listener.hub.broadcast_to(Visibility::Public, "r", &said);
    }
    carry(&[&a, &b]);
    for outbox in [here, there] {
        for n in 0..3 {
            assert_eq!(payload(&outbox), Some(json!({ "n": n })));
        }
        assert_eq!(payload(&outbox), None);
    }
}
