//! Rooms without sockets.

use std::sync::Arc;

use base::ManualClock;
use serde_json::{Value, json};

use super::*;
use crate::frames::{Body, Frame, Json, Ref, Version};
use crate::socket::Outbox;

struct Fixture {
    hub: Hub,
    limits: Arc<Limits>,
}

fn fixture() -> Fixture {
    let settings = settings::Realtime::default();
    let clock: base::SharedClock = Arc::new(ManualClock::starting_now());
    let limits = Arc::new(Limits::new(&settings, &clock));
    Fixture {
        hub: Hub::new(Arc::clone(&limits), Arc::new(Alone)),
        limits,
    }
}

fn member(version: Version) -> (Member, Arc<Outbox>) {
    let outbox = Arc::new(Outbox::new(1 << 20));
    let member = Member {
        outbox: Arc::clone(&outbox),
        version,
        hears_itself: false,
        reads_broadcasts: true,
        reads_presence: true,
        replayed: std::collections::HashSet::default(),
        held: None,
    };
    (member, outbox)
}

fn payload(outbox: &Outbox) -> Option<Value> {
    match outbox.pop_frame()? {
        Frame::Text(text) => Some(serde_json::from_str::<Value>(&text).unwrap()["payload"].clone()),
        Frame::Binary(_) => panic!("binary"),
    }
}

fn said(n: u32) -> Broadcast {
    Broadcast::Text(Json::of(&json!({ "n": n })))
}

#[test]
fn public_and_private_rooms_of_one_name_do_not_hear_each_other() {
    // RT-JOIN-09.
    let Fixture { hub, .. } = fixture();
    let ((public, public_box), (private, private_box)) = (member(Version::V1), member(Version::V1));
    let room = hub.enter(Visibility::Public, "x", 1, public);
    hub.enter(Visibility::Private, "x", 2, private);
    hub.broadcast(&room, &said(1), None);
    assert_eq!(payload(&public_box), Some(json!({ "n": 1 })));
    assert!(!private_box.has_frames());
    hub.deliver(Visibility::Private, "private:x", &said(2));
    hub.deliver(Visibility::Private, "x", &said(3));
    assert_eq!(payload(&private_box), Some(json!({ "n": 3 })));
}

#[test]
fn an_empty_room_is_forgotten() {
    let Fixture { hub, .. } = fixture();
    let room = hub.enter(Visibility::Public, "x", 1, member(Version::V1).0);
    hub.leave(&room, 1);
    assert!(hub.shard(Visibility::Public, "x").is_empty());
}

#[test]
fn a_sender_hears_itself_only_if_it_asked() {
    // RT-BC-02.
    let Fixture { hub, .. } = fixture();
    let ((quiet, quiet_box), (mut loud, loud_box)) = (member(Version::V1), member(Version::V1));
    loud.hears_itself = true;
    let room = hub.enter(Visibility::Public, "x", 1, quiet);
    hub.enter(Visibility::Public, "x", 2, loud);
    hub.broadcast(&room, &said(1), Some(1));
    hub.broadcast(&room, &said(2), Some(2));
    assert_eq!(payload(&quiet_box), Some(json!({ "n": 2 })));
    assert_eq!(payload(&quiet_box), None);
    assert_eq!(payload(&loud_box), Some(json!({ "n": 1 })));
    assert_eq!(payload(&loud_box), Some(json!({ "n": 2 })));
}

#[test]
fn who_may_read_presence_only_hears_no_broadcast() {
    // RT-BC-06.
    let Fixture { hub, .. } = fixture();
    let (mut reader, outbox) = member(Version::V1);
    reader.reads_broadcasts = false;
    let room = hub.enter(Visibility::Private, "x", 1, reader);
    hub.broadcast(&room, &said(1), None);
    assert!(!outbox.has_frames());
}

#[test]
fn a_message_that_was_replayed_is_not_sent_again() {
    // RT-RPL-04.
    let Fixture { hub, .. } = fixture();
    let (mut reader, outbox) = member(Version::V1);
    let id = uuid::Uuid::from_u128(7);
    reader.replayed = [id].into();
    let room = hub.enter(Visibility::Private, "x", 1, reader);
    let stored = |id| Broadcast::User {
        event: "e".into(),
        body: Body::Json(bytes::Bytes::from_static(b"{}")),
        metadata: Some(crate::frames::Metadata {
            id,
            replayed: false,
        }),
    };
    hub.broadcast(&room, &stored(id), None);
    assert!(!outbox.has_frames());
    hub.broadcast(&room, &stored(uuid::Uuid::from_u128(8)), None);
    assert!(outbox.has_frames());
}

fn meta(key: &str, reference: &str, payload: &str) -> Meta {
    Meta::new(key, reference.to_owned(), payload.as_bytes()).unwrap()
}

#[test]
fn presence_is_told_as_state_and_diffs() {
    // RT-PRS-10, 11, 13, 14, 15, 17.
    let Fixture { hub, limits } = fixture();
    let (watcher, outbox) = member(Version::V1);
    let room = hub.enter(Visibility::Public, "x", 1, watcher);
    hub.enter(Visibility::Public, "x", 2, member(Version::V2).0);

    hub.track(
        &room,
        1,
        meta(
            "ada",
            "r1",
            r#"{"at":12345678901234567890123,"phx_ref":"mine"}"#,
        ),
    );
    hub.track(&room, 2, meta("ada", "r2", "{}"));
    room.send_diff(&limits);
    let Some(Frame::Text(text)) = outbox.pop_frame() else {
        panic!("a diff")
    };
    assert_eq!(
        text.as_str(),
        r#"{"topic":"realtime:x","event":"presence_diff","payload":{"joins":{"ada":{"metas":[{"at":12345678901234567890123,"phx_ref":"r1"},{"phx_ref":"r2"}]}},"leaves":{}},"ref":null}"#
    );

    hub.track(&room, 2, meta("ada", "r3", r#"{"a":1}"#));
    room.send_diff(&limits);
    assert_eq!(
        payload(&outbox).unwrap(),
        json!({
            "joins": { "ada": { "metas": [{ "a": 1, "phx_ref": "r3", "phx_ref_prev": "r2" }] } },
            "leaves": { "ada": { "metas": [{ "phx_ref": "r2" }] } },
        })
    );

    hub.track(&room, 2, meta("ada", "r4", r#"{ "a" : 1 }"#));
    room.send_diff(&limits);
    assert!(
        !outbox.has_frames(),
        "an equal payload changes nothing: RT-PRS-04"
    );

    room.send_state(1, &Ref::NULL, &limits);
    let metas = payload(&outbox).unwrap()["ada"]["metas"].clone();
    assert_eq!(metas.as_array().unwrap().len(), 2);

    hub.leave(&room, 2);
    room.send_diff(&limits);
    assert_eq!(
        payload(&outbox).unwrap()["leaves"],
        json!({ "ada": { "metas": [{ "a": 1, "phx_ref": "r3", "phx_ref_prev": "r2" }] } })
    );
    hub.untrack(&room, 2);
    room.send_diff(&limits);
    assert!(!outbox.has_frames());
}

#[test]
fn a_private_room_tells_presence_to_those_who_may_read_it() {
    // RT-PRS-12.
    let Fixture { hub, limits } = fixture();
    let ((mut blind, blind_box), (seeing, seeing_box)) = (member(Version::V1), member(Version::V1));
    blind.reads_presence = false;
    let room = hub.enter(Visibility::Private, "x", 1, blind);
    hub.enter(Visibility::Private, "x", 2, seeing);
    hub.track(&room, 2, meta("k", "r", "{}"));
    room.send_diff(&limits);
    assert!(seeing_box.has_frames() && !blind_box.has_frames());
}

#[test]
fn a_presence_payload_must_be_an_object() {
    // RT-PRS-02.
    assert!(Meta::new("k", "r".into(), b"[]").is_none());
    assert!(Meta::new("k", "r".into(), b"1").is_none());
}

#[tokio::test]
async fn changes_of_a_busy_room_become_one_diff() {
    // RT-PRS-18.
    let Fixture { hub, limits } = fixture();
    let (watcher, outbox) = member(Version::V1);
    let room = hub.enter(Visibility::Public, "x", 1, watcher);
    for id in 2..12 {
        hub.enter(Visibility::Public, "x", id, member(Version::V1).0);
        hub.track(&room, id, meta(&id.to_string(), "r", "{}"));
    }
    let rooms = hub.diffs.next().await;
    assert_eq!(rooms.len(), 1);
    rooms[0].send_diff(&limits);
    assert_eq!(
        payload(&outbox).unwrap()["joins"]
            .as_object()
            .unwrap()
            .len(),
        10
    );
    assert!(!outbox.has_frames());
}
