//! The realtime socket at the front door: which keys open it, and whom they stand for.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::house::house;

/// Where the key of a socket stands.
enum Key<'a> {
    Query(&'a str),
    Header(&'a str),
    Nowhere,
}

/// Opens a socket and joins a channel; the reply's status, or the status that the door answered.
async fn join(path: &str, key: Key<'_>, private: bool) -> Result<String, u16> {
    let mut url = format!("{}{path}?vsn=1.0.0", house().url.replacen("http", "ws", 1));
    if let Key::Query(key) = key {
        url = format!("{url}&apikey={key}");
    }
    let mut request = url.into_client_request().unwrap();
    if let Key::Header(key) = key {
        request.headers_mut().insert("apikey", key.parse().unwrap());
    }
    let mut socket = match tokio_tungstenite::connect_async(request).await {
        Ok((socket, _)) => socket,
        Err(Error::Http(answer)) => return Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    };
    let ask = json!({
        "topic": "realtime:front-door",
        "event": "phx_join",
        "payload": { "config": { "private": private } },
        "ref": "1",
        "join_ref": "1",
    });
    socket.send(Message::text(ask.to_string())).await.unwrap();
    loop {
        let Message::Text(text) = socket.next().await.unwrap().unwrap() else {
            continue;
        };
        let heard: Value = serde_json::from_str(&text).unwrap();
        if heard["event"] == "phx_reply" && heard["ref"] == "1" {
            return Ok(heard["payload"]["status"].as_str().unwrap().to_owned());
        }
    }
}

// RT-GW-01, RT-GW-03.
#[tokio::test]
async fn every_kind_of_key_opens_the_socket_in_query_and_header() {
    let house = house();
    let keys = [
        &house.anon_key,
        &house.service_key,
        &house.publishable_key,
        &house.secret_key,
    ];
    for key in keys {
        assert!(!key.is_empty());
        for path in ["/realtime/v1/websocket", "/realtime/v1/websocket/"] {
            for key in [Key::Query(key), Key::Header(key)] {
                assert_eq!(join(path, key, false).await, Ok("ok".to_owned()), "{path}");
            }
        }
    }
}

// RT-GW-03, RT-CON-14.
#[tokio::test]
async fn without_a_key_or_with_a_wrong_one_the_door_stays_shut() {
    let path = "/realtime/v1/websocket";
    assert_eq!(join(path, Key::Nowhere, false).await, Err(401));
    for wrong in ["nonsense", "sb_publishable_AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAA"] {
        assert_eq!(join(path, Key::Query(wrong), false).await, Err(401));
        assert_eq!(join(path, Key::Header(wrong), false).await, Err(401));
    }
}

// RT-GW-04: nothing lets `anon` into a private channel, and nothing keeps `service_role` out.
#[tokio::test]
async fn an_opaque_key_stands_for_its_role_on_the_socket() {
    let (house, path) = (house(), "/realtime/v1/websocket");
    let status = async |key| join(path, Key::Query(key), true).await.unwrap();
    assert_eq!(status(&house.publishable_key).await, "error");
    assert_eq!(status(&house.anon_key).await, "error");
    assert_eq!(status(&house.secret_key).await, "ok");
    assert_eq!(status(&house.service_key).await, "ok");
}
