//! The bytes of every kind of frame.

use axum::extract::ws::Utf8Bytes;
use bytes::Bytes;
use serde_json::value::RawValue;

use super::*;

fn text(frame: &str) -> Frame {
    Frame::Text(Utf8Bytes::from(frame))
}

fn shown(frame: &Frame) -> &str {
    match frame {
        Frame::Text(text) => text.as_str(),
        Frame::Binary(_) => panic!("binary"),
    }
}

fn reference(json: &str) -> Ref {
    Ref::from_raw(&RawValue::from_string(json.to_owned()).unwrap()).unwrap()
}

fn hex(text: &str) -> Bytes {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect::<Vec<u8>>()
        .into()
}

#[test]
fn a_version_is_chosen_by_vsn() {
    // RT-CON-03: absent is 1.0.0; 1.0.x and 2.0.x; anything else is refused.
    assert_eq!(Version::parse(None), Some(Version::V1));
    assert_eq!(Version::parse(Some("1.0.0")), Some(Version::V1));
    assert_eq!(Version::parse(Some("1.0.7")), Some(Version::V1));
    assert_eq!(Version::parse(Some("2.0.0")), Some(Version::V2));
    for wrong in ["3.0.0", "2.1.0", "2", "", "1.0.", "1.0.x", "2.0.0.1"] {
        assert_eq!(Version::parse(Some(wrong)), None, "{wrong}");
    }
}

#[test]
fn v1_reads_an_object_and_ignores_what_it_does_not_know() {
    // RT-FRM-10, RT-FRM-01: a number is echoed as that number.
    let inbound = Version::V1
        .decode(&text(r#"{"topic":"realtime:a","event":"x","payload":{"n":1},"ref":7,"join_ref":"1","more":true}"#))
        .unwrap();
    assert_eq!(inbound.topic, "realtime:a");
    assert_eq!(inbound.reference.json(), "7");
    assert_eq!(inbound.join_ref.json(), r#""1""#);
    assert_eq!(
        inbound.payload,
        Payload::Json(Json::of(&serde_json::json!({ "n": 1 })))
    );
}

#[test]
fn v1_reply_has_a_ref_and_no_join_ref() {
    // RT-FRM-04, RT-FRM-10.
    let frame = Version::V1.reply_to(
        &reference(r#""1""#),
        &reference(r#""2""#),
        "realtime:room",
        Status::Ok,
        b"{}",
    );
    assert_eq!(
        shown(&frame),
        r#"{"topic":"realtime:room","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"2"}"#
    );
}

#[test]
fn v1_push_has_a_null_ref() {
    // RT-FRM-05, RT-FRM-10.
    let message = Message {
        join_ref: &Ref::NULL,
        reference: &Ref::NULL,
        topic: "realtime:room",
        event: "broadcast",
        payload: br#"{"n":1}"#,
    };
    assert_eq!(
        shown(&Version::V1.encode(&message)),
        r#"{"topic":"realtime:room","event":"broadcast","payload":{"n":1},"ref":null}"#
    );
}

#[test]
fn v2_reply_is_an_array_in_order() {
    // RT-FRM-20.
    let frame = Version::V2.reply_to(
        &reference(r#""1""#),
        &reference("2"),
        "realtime:\"q\"",
        Status::Error,
        br#"{"reason":"no"}"#,
    );
    assert_eq!(
        shown(&frame),
        r#"["1",2,"realtime:\"q\"","phx_reply",{"status":"error","response":{"reason":"no"}}]"#
    );
}

#[test]
fn v2_reads_an_array_and_ignores_a_sixth_element() {
    let inbound = Version::V2
        .decode(&text(r#"[null,"3","phoenix","heartbeat",{},0]"#))
        .unwrap();
    assert!(inbound.join_ref.is_null());
    assert_eq!(
        (inbound.topic.as_str(), inbound.event.as_str()),
        ("phoenix", "heartbeat")
    );
}

#[test]
fn what_cannot_be_read_is_malformed() {
    // RT-FRM-03, RT-FRM-11.
    for wrong in [
        "",
        "nonsense",
        "[]",
        r#"{"topic":"t","event":"e","payload":{}}"#,
        r#"{"topic":"t","event":"e","ref":"1"}"#,
        r#"{"topic":1,"event":"e","payload":{},"ref":"1"}"#,
        r#"{"event":"e","payload":{},"ref":"1"}"#,
        r#"{"topic":"t","payload":{},"ref":"1"}"#,
        r#"{"topic":"t","event":"e","payload":{},"ref":{}}"#,
    ] {
        assert!(Version::V1.decode(&text(wrong)).is_err(), "{wrong}");
    }
    for wrong in [
        "",
        "{}",
        r#"["1","2","t","e"]"#,
        r#"["1","2",3,"e",{}]"#,
        r#"["1",true,"t","e",{}]"#,
    ] {
        assert!(Version::V2.decode(&text(wrong)).is_err(), "{wrong}");
    }
    assert!(Version::V1.decode(&Frame::Binary(hex("03"))).is_err());
    for wrong in [
        "",
        "03",
        "00 00 00 00 00",
        "07",
        "03 01 02 0a 02 00 01 31",
        "03 00 00 01 00 00 00 ff",
    ] {
        assert!(
            Version::V2.decode(&Frame::Binary(hex(wrong))).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn a_user_broadcast_push_counts_bytes_and_not_characters() {
    // RT-FRM-30, RT-FRM-31, RT-FRM-33: the frame printed in the specification.
    let frame = hex("03 01 02 0a 02 00 01 31 3130 7265616c74696d653a61 c3a9 7b2261223a317d");
    let inbound = Version::V2.decode(&Frame::Binary(frame)).unwrap();
    assert_eq!(inbound.join_ref.json(), r#""1""#);
    assert_eq!(inbound.reference.json(), r#""10""#);
    assert_eq!(inbound.topic, "realtime:a");
    assert_eq!(inbound.event, "broadcast");
    let expected = UserBroadcast {
        event: "é".into(),
        body: Body::Json(Bytes::from_static(br#"{"a":1}"#)),
    };
    assert_eq!(inbound.payload, Payload::User(expected));
}

#[test]
fn an_empty_ref_is_echoed_as_an_empty_text_and_metadata_is_left_out() {
    // RT-FRM-33, RT-FRM-34.
    let frame = hex("03 00 00 01 01 02 00 74 65 7b7d ffff");
    let inbound = Version::V2.decode(&Frame::Binary(frame)).unwrap();
    assert_eq!(inbound.reference.json(), r#""""#);
    let expected = UserBroadcast {
        event: "e".into(),
        body: Body::Binary(Bytes::from_static(&[255, 255])),
    };
    assert_eq!(inbound.payload, Payload::User(expected));
}

fn user(event: &str, body: Body, metadata: Option<Metadata>) -> Broadcast {
    Broadcast::User {
        event: event.into(),
        body,
        metadata,
    }
}

#[test]
fn a_user_broadcast_reaches_both_versions() {
    // RT-FRM-40, RT-FRM-32.
    let broadcast = user(
        "é",
        Body::Json(Bytes::from_static(br#"{"a":9007199254740993}"#)),
        None,
    );
    let Some(Frame::Binary(bytes)) = broadcast.encode(Version::V2, "realtime:a", &Ref::NULL) else {
        panic!("binary")
    };
    assert_eq!(&bytes[..5], &[4, 10, 2, 0, 1]);
    assert_eq!(
        &bytes[5..],
        "realtime:aé{\"a\":9007199254740993}".as_bytes()
    );
    assert_eq!(
        shown(
            &broadcast
                .encode(Version::V1, "realtime:a", &Ref::NULL)
                .unwrap()
        ),
        r#"{"topic":"realtime:a","event":"broadcast","payload":{"type":"broadcast","event":"é","payload":{"a":9007199254740993}},"ref":null}"#
    );
}

#[test]
fn bytes_reach_only_v2_sockets() {
    // RT-FRM-40.
    let broadcast = user("e", Body::Binary(Bytes::from_static(&[0, 255])), None);
    assert_eq!(
        broadcast.encode(Version::V1, "realtime:a", &Ref::NULL),
        None
    );
    let expected = hex("04 0a 01 00 00 7265616c74696d653a61 65 00ff");
    assert_eq!(
        broadcast.encode(Version::V2, "realtime:a", &Ref::NULL),
        Some(Frame::Binary(expected))
    );
}

#[test]
fn a_stored_message_carries_its_id() {
    // RT-FRM-40, RT-RPL-03.
    let id = "6ba7b810-9dad-41d1-80b4-00c04fd430c8".parse().unwrap();
    let live = user(
        "e",
        Body::Json(Bytes::from_static(b"{}")),
        Some(Metadata {
            id,
            replayed: false,
        }),
    );
    assert_eq!(
        shown(&live.encode(Version::V1, "t", &Ref::NULL).unwrap()),
        r#"{"topic":"t","event":"broadcast","payload":{"type":"broadcast","event":"e","payload":{},"meta":{"id":"6ba7b810-9dad-41d1-80b4-00c04fd430c8"}},"ref":null}"#
    );
    let Some(Frame::Binary(bytes)) = live.encode(Version::V2, "t", &Ref::NULL) else {
        panic!("binary")
    };
    assert_eq!(
        &bytes[7..54],
        br#"{"id":"6ba7b810-9dad-41d1-80b4-00c04fd430c8"}{}"#
    );
    let replayed = user(
        "e",
        Body::Json(Bytes::from_static(b"{}")),
        Some(Metadata { id, replayed: true }),
    );
    assert_eq!(
        shown(
            &replayed
                .encode_text(Version::V2, "t", &reference(r#""1""#))
                .unwrap()
        ),
        r#"["1",null,"t","broadcast",{"type":"broadcast","event":"e","payload":{},"meta":{"id":"6ba7b810-9dad-41d1-80b4-00c04fd430c8","replayed":true}}]"#
    );
}

#[test]
fn a_header_that_is_too_long_falls_back_to_text() {
    // RT-FRM-36.
    let long = "e".repeat(256);
    let json = user(&long, Body::Json(Bytes::from_static(b"{}")), None);
    assert!(matches!(
        json.encode(Version::V2, "t", &Ref::NULL),
        Some(Frame::Text(_))
    ));
    let bytes = user(&long, Body::Binary(Bytes::new()), None);
    assert_eq!(bytes.encode(Version::V2, "t", &Ref::NULL), None);
}

#[test]
fn text_that_is_not_json_is_passed_on_to_v2_only() {
    // RT-FRM-37.
    for wrong in [&b"{"[..], b"\xff", b"{} {}"] {
        let broadcast = user("e", Body::Json(Bytes::from_static(wrong)), None);
        assert!(matches!(
            broadcast.encode(Version::V2, "t", &Ref::NULL),
            Some(Frame::Binary(_))
        ));
        assert_eq!(broadcast.encode(Version::V1, "t", &Ref::NULL), None);
    }
}

#[test]
fn a_text_broadcast_is_passed_on_as_it_came() {
    // RT-FRM-40, RT-FRM-41: unknown members, big integers, deep nesting, blanks inside.
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    for payload in [
        "{}",
        r#"{ "x" : 12345678901234567890123, "a":[1 ,2]}"#,
        &format!(r#"{{"deep":{deep}}}"#),
    ] {
        let inbound = Version::V2
            .decode(&text(&format!(
                r#"[null,"1","realtime:a","broadcast",{payload}]"#
            )))
            .unwrap();
        let Payload::Json(json) = inbound.payload else {
            panic!("text")
        };
        let frame = Broadcast::Text(json)
            .encode(Version::V2, "realtime:a", &Ref::NULL)
            .unwrap();
        assert_eq!(
            shown(&frame),
            format!(r#"[null,null,"realtime:a","broadcast",{payload}]"#)
        );
    }
}

#[test]
fn one_encoding_serves_all_members() {
    // RT-PERF-20.
    let broadcast = Broadcast::Text(Json::of(&serde_json::json!({ "type": "broadcast" })));
    let encoded = Encoded::new("realtime:a", &broadcast);
    let (Some(Frame::Text(first)), Some(Frame::Text(second))) =
        (encoded.frame(Version::V2), encoded.frame(Version::V2))
    else {
        panic!("text")
    };
    assert_eq!(first.as_str().as_ptr(), second.as_str().as_ptr());
}
