//! Real sockets against a real server; public channels need no database.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::sync::Arc;
use std::time::Duration;

use base::{Clock as _, ManualClock, OsRandom, Tasks};
use chrono::TimeDelta;
use futures_util::{SinkExt as _, StreamExt as _};
use jwt::{Keys, Verifier};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use web::Service as _;

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

struct Server {
    address: std::net::SocketAddr,
    keys: Keys,
    clock: Arc<ManualClock>,
    tasks: Tasks,
}

impl Server {
    async fn start(change: impl FnOnce(&mut settings::Realtime)) -> Self {
        let clock = Arc::new(ManualClock::starting_now());
        let keys = Keys::from_secret("a-secret-of-at-least-thirty-two-bytes").unwrap();
        let mut settings = settings::Realtime::default();
        settings.connect_error_backoff = Duration::ZERO;
        settings.channel_error_backoff = Duration::ZERO;
        settings.drain_window = Duration::ZERO;
        change(&mut settings);
        // Nobody listens there: these tests must not need the database.
        let endpoint =
            pg::Endpoint::parse("host=127.0.0.1 port=1 user=nobody dbname=none").unwrap();
        let options = pg::PoolOptions {
            application_name: "test".into(),
            size: 1,
            acquire_timeout: Duration::from_secs(60),
        };
        let deps = realtime::Deps {
            requests: pg::Requests::new(&endpoint, &pg::RequestOptions::default()),
            pool: pg::Pool::new(&endpoint, &options).unwrap(),
            replication: endpoint,
            verifier: Verifier::new(keys.clone(), clock.clone()),
            clock: clock.clone(),
            random: Arc::new(OsRandom),
        };
        let tasks = Tasks::new();
        let service = realtime::start(&settings, deps, &tasks).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tasks.spawn("test server", async move {
            let _ = axum::serve(listener, service.router()).await;
        });
        Self {
            address,
            keys,
            clock,
            tasks,
        }
    }

    fn token(&self, seconds: i64) -> String {
        self.keys
            .sign(&json!({ "role": "anon", "exp": self.clock.unix() + seconds }))
    }

    async fn v1(&self) -> Client {
        let token = self.token(3600);
        connect_async(format!(
            "ws://{}/socket/websocket?apikey={token}",
            self.address
        ))
        .await
        .unwrap()
        .0
    }

    async fn v2(&self) -> Client {
        let token = self.token(3600);
        connect_async(format!(
            "ws://{}/websocket?vsn=2.0.0&apikey={token}",
            self.address
        ))
        .await
        .unwrap()
        .0
    }

    async fn refused(&self, query: &str) -> (u16, String) {
        let error = connect_async(format!("ws://{}/socket/websocket?{query}", self.address))
            .await
            .unwrap_err();
        let tokio_tungstenite::tungstenite::Error::Http(response) = error else {
            panic!("{error}")
        };
        let body = response.body().clone().unwrap_or_default();
        (response.status().as_u16(), String::from_utf8(body).unwrap())
    }
}

async fn send(client: &mut Client, message: Value) {
    client
        .send(Message::text(message.to_string()))
        .await
        .unwrap();
}

async fn next(client: &mut Client) -> Message {
    tokio::time::timeout(Duration::from_secs(120), client.next())
        .await
        .expect("a message")
        .unwrap()
        .unwrap()
}

async fn receive(client: &mut Client) -> Value {
    serde_json::from_str(next(client).await.to_text().unwrap()).unwrap()
}

async fn join(client: &mut Client, topic: &str, config: Value) -> Value {
    send(
        client,
        json!({ "topic": topic, "event": "phx_join", "payload": { "config": config }, "ref": "1" }),
    )
    .await;
    receive(client).await
}

async fn join_v2(client: &mut Client, topic: &str, config: Value) -> Value {
    send(
        client,
        json!(["1", "1", topic, "phx_join", { "config": config }]),
    )
    .await;
    receive(client).await
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "written out where it is called"
)]
fn ok(topic: &str, reference: Value, response: Value) -> Value {
    json!({ "topic": topic, "event": "phx_reply", "payload": { "status": "ok", "response": response }, "ref": reference })
}

#[tokio::test]
async fn a_client_joins_is_heard_and_leaves() {
    // RT-CON-01, RT-CON-05, RT-CH-01, RT-CH-05, RT-JOIN-20, RT-FRM-04.
    let server = Server::start(|_| {}).await;
    let mut client = server.v1().await;
    send(
        &mut client,
        json!({ "topic": "phoenix", "event": "heartbeat", "payload": {}, "ref": null }),
    )
    .await;
    assert_eq!(
        receive(&mut client).await,
        ok("phoenix", json!(null), json!({}))
    );
    let reply = join(&mut client, "realtime:room", json!({})).await;
    assert_eq!(
        reply,
        ok(
            "realtime:room",
            json!("1"),
            json!({ "postgres_changes": [] })
        )
    );
    send(
        &mut client,
        json!({ "topic": "realtime:room", "event": "phx_leave", "payload": {}, "ref": "2" }),
    )
    .await;
    assert_eq!(
        receive(&mut client).await,
        ok("realtime:room", json!("2"), json!({}))
    );
    assert_eq!(receive(&mut client).await["event"], "phx_close");
}

#[tokio::test]
async fn broadcasts_reach_both_versions_and_the_sender_only_if_it_asked() {
    // RT-BC-01, RT-BC-02, RT-BC-03, RT-FRM-31, RT-FRM-40, RT-CLI-02.
    let server = Server::start(|_| {}).await;
    let (mut one, mut two) = (server.v2().await, server.v1().await);
    join_v2(
        &mut one,
        "realtime:a",
        json!({ "broadcast": { "ack": true, "self": true } }),
    )
    .await;
    join(&mut two, "realtime:a", json!({})).await;
    let mut frame = vec![3, 1, 2, 10, 1, 0, 1];
    frame.extend_from_slice(b"110realtime:ax{\"n\":1}");
    one.send(Message::binary(frame)).await.unwrap();
    let mut expected = vec![4, 10, 1, 0, 1];
    expected.extend_from_slice(b"realtime:ax{\"n\":1}");
    assert_eq!(next(&mut one).await, Message::binary(expected));
    assert_eq!(
        receive(&mut one).await,
        json!(["1", "10", "realtime:a", "phx_reply", { "status": "ok", "response": {} }])
    );
    let payload = json!({ "type": "broadcast", "event": "x", "payload": { "n": 1 } });
    assert_eq!(
        receive(&mut two).await,
        json!({ "topic": "realtime:a", "event": "broadcast", "payload": payload, "ref": null })
    );
}

#[tokio::test]
async fn malformed_frames_are_dropped_and_the_socket_lives() {
    // RT-FRM-03, RT-CH-02, RT-CH-03.
    let server = Server::start(|_| {}).await;
    let mut client = server.v1().await;
    for wrong in ["", "{", "[]", r#"{"topic":"t"}"#] {
        client.send(Message::text(wrong)).await.unwrap();
    }
    client.send(Message::binary(vec![3, 0])).await.unwrap();
    send(
        &mut client,
        json!({ "topic": "realtime:x", "event": "broadcast", "payload": {}, "ref": "7" }),
    )
    .await;
    let reply = receive(&mut client).await;
    assert_eq!(
        reply["payload"],
        json!({ "status": "error", "response": { "reason": "unmatched topic" } })
    );
    assert_eq!(reply["ref"], "7");
    let reply = join(&mut client, "realtime:", json!({})).await;
    assert_eq!(
        reply["payload"]["response"]["reason"],
        "TopicNameRequired: You must provide a topic name"
    );
}

#[tokio::test]
async fn a_second_join_ends_the_first_channel() {
    // RT-CH-04.
    let server = Server::start(|_| {}).await;
    let mut client = server.v2().await;
    join_v2(&mut client, "realtime:a", json!({})).await;
    send(&mut client, json!(["2", "2", "realtime:a", "phx_join", {}])).await;
    assert_eq!(
        receive(&mut client).await,
        json!(["1", "1", "realtime:a", "phx_close", {}])
    );
    assert_eq!(receive(&mut client).await[3], "phx_reply");
}

#[tokio::test]
async fn presence_is_shown_to_those_who_come_and_those_who_stay() {
    // RT-PRS-01, RT-PRS-06, RT-PRS-10, RT-PRS-11, RT-CLI-12.
    let server = Server::start(|_| {}).await;
    let (mut one, mut two) = (server.v1().await, server.v1().await);
    join(
        &mut one,
        "realtime:p",
        json!({ "presence": { "enabled": true, "key": "ada" } }),
    )
    .await;
    assert_eq!(receive(&mut one).await["payload"], json!({}));
    let track = json!({ "type": "presence", "event": "TRACK", "payload": { "at": 1 } });
    send(
        &mut one,
        json!({ "topic": "realtime:p", "event": "presence", "payload": track, "ref": "2" }),
    )
    .await;
    assert_eq!(
        receive(&mut one).await,
        ok("realtime:p", json!("2"), json!({}))
    );
    let diff = receive(&mut one).await;
    assert_eq!(
        (
            &diff["event"],
            &diff["payload"]["joins"]["ada"]["metas"][0]["at"]
        ),
        (&json!("presence_diff"), &json!(1))
    );
    join(
        &mut two,
        "realtime:p",
        json!({ "presence": { "enabled": true } }),
    )
    .await;
    let state = receive(&mut two).await;
    assert_eq!(state["payload"]["ada"]["metas"][0]["at"], 1);
    drop(one);
    let diff = receive(&mut two).await;
    assert_eq!(
        diff["payload"]["leaves"]["ada"]["metas"][0]["phx_ref"],
        state["payload"]["ada"]["metas"][0]["phx_ref"]
    );
}

#[tokio::test]
async fn a_channel_ends_with_its_token_unless_it_was_refreshed() {
    // RT-TOK-04, RT-TOK-05, RT-TOK-06, RT-TOK-07, RT-SYS-01.
    let server =
        Server::start(|settings| settings.idle_timeout = Duration::from_secs(100_000)).await;
    let mut client = server.v1().await;
    let token = server.token(100);
    let payload = json!({ "access_token": token, "config": {} });
    send(
        &mut client,
        json!({ "topic": "realtime:a", "event": "phx_join", "payload": payload, "ref": "1" }),
    )
    .await;
    receive(&mut client).await;
    let fresh = json!({ "access_token": server.token(200) });
    send(
        &mut client,
        json!({ "topic": "realtime:a", "event": "access_token", "payload": fresh, "ref": "2" }),
    )
    .await;
    send(
        &mut client,
        json!({ "topic": "phoenix", "event": "heartbeat", "payload": {}, "ref": "3" }),
    )
    .await;
    assert_eq!(
        receive(&mut client).await["ref"],
        "3",
        "a good refresh has no reply"
    );
    server.clock.advance(TimeDelta::seconds(203));
    let system = receive(&mut client).await;
    assert_eq!(
        system["payload"],
        json!({ "extension": "system", "status": "error", "message": "Token has expired 3 seconds ago", "channel": "a" })
    );
    assert_eq!(receive(&mut client).await["event"], "phx_close");
}

#[tokio::test]
async fn a_silent_socket_is_closed() {
    // RT-CON-11.
    let server = Server::start(|_| {}).await;
    let mut client = server.v1().await;
    server.clock.advance(TimeDelta::seconds(61));
    let Message::Close(Some(close)) = next(&mut client).await else {
        panic!("a close")
    };
    assert_eq!(u16::from(close.code), 1000);
}

#[tokio::test]
async fn a_message_over_the_limit_closes_the_socket() {
    // RT-CON-10.
    let server = Server::start(|settings| settings.max_message_bytes = 1_000).await;
    let mut client = server.v1().await;
    client.send(Message::text("x".repeat(1_001))).await.unwrap();
    let Message::Close(Some(close)) = next(&mut client).await else {
        panic!("a close")
    };
    assert_eq!(u16::from(close.code), 1009);
}

#[tokio::test]
async fn upgrades_are_refused_with_a_status_and_a_reason() {
    // RT-CON-03, RT-CON-04.
    let server = Server::start(|_| {}).await;
    let token = server.token(-5);
    assert_eq!(
        server.refused("").await,
        (401, r#"{"error":"API key is missing"}"#.into())
    );
    assert_eq!(
        server.refused(&format!("apikey={token}")).await,
        (401, r#"{"error":"Token has expired"}"#.into())
    );
    assert_eq!(
        server.refused("apikey=x").await,
        (
            401,
            r#"{"error":"The token provided is not a valid JWT"}"#.into()
        )
    );
    assert_eq!(
        server.refused("apikey=x&vsn=3.0.0").await,
        (403, String::new())
    );
}

#[tokio::test]
async fn an_orderly_stop_tells_channels_and_closes_with_1012() {
    // RT-CH-10.
    let server = Server::start(|_| {}).await;
    let mut client = server.v1().await;
    join(&mut client, "realtime:a", json!({})).await;
    server.tasks.soft().cancel();
    assert_eq!(
        receive(&mut client).await["payload"]["message"],
        "Server requested disconnect"
    );
    let Message::Close(Some(close)) = next(&mut client).await else {
        panic!("a close")
    };
    assert_eq!(u16::from(close.code), 1012);
}

#[tokio::test]
async fn a_private_join_without_a_database_is_refused_and_nothing_else_is() {
    // RT-JOIN-12, RT-PG-14, RT-CH-13.
    let server = Server::start(|_| {}).await;
    let mut client = server.v1().await;
    let reply = join(&mut client, "realtime:a", json!({ "private": true })).await;
    assert_eq!(
        reply["payload"]["response"]["reason"],
        "UnableToConnectToProject: Realtime was unable to connect to the project database"
    );
    let binding = json!({ "event": "*", "schema": "public", "table": "t" });
    let reply = join(
        &mut client,
        "realtime:b",
        json!({ "postgres_changes": [binding] }),
    )
    .await;
    assert_eq!(reply["payload"]["status"], "ok");
    let system = receive(&mut client).await;
    assert_eq!(
        (
            &system["payload"]["extension"],
            &system["payload"]["status"]
        ),
        (&json!("postgres_changes"), &json!("error"))
    );
}
