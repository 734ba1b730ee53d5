//! A server, its database and clients.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base::{Clock as _, ManualClock, OsRandom, Tasks};
use futures_util::{SinkExt as _, StreamExt as _};
use jwt::{Keys, Verifier};
use serde_json::{Value, json};
use testkit::{Postgres, TestDatabase};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use web::Service as _;

/// How long anything may take on a machine that is busy otherwise; only what never comes takes as long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) const ADA: &str = "00000000-0000-4000-8000-00000000000a";
pub(crate) const BOB: &str = "00000000-0000-4000-8000-00000000000b";
const SECRET: &str = "a-secret-of-at-least-thirty-two-bytes";

/// A prepared database with `sql` run in it as the project's owner.
pub(crate) async fn database(sql: &str) -> TestDatabase {
    let db = Postgres::shared().supabase(&[realtime::SCHEMA]).await;
    run(&db, sql).await;
    db
}

/// Runs `sql` as the project's owner.
pub(crate) async fn run(db: &TestDatabase, sql: &str) {
    let client = db.connect().await;
    client
        .batch_execute("set session authorization postgres")
        .await
        .unwrap();
    client.batch_execute(sql).await.unwrap();
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) service: realtime::Realtime,
    pub(crate) tasks: Tasks,
    pub(crate) settings: settings::Realtime,
    keys: Keys,
}

impl Server {
    /// On `db`, once it reads the database's changes.
    pub(crate) async fn on(db: &TestDatabase) -> Self {
        Self::with(db, |_| {}).await
    }

    pub(crate) async fn with(
        db: &TestDatabase,
        change: impl FnOnce(&mut settings::Realtime),
    ) -> Self {
        let server = Self::unready(db, change).await;
        let mut client = server.v1(&server.anon()).await;
        let config = json!({ "broadcast": { "replication_ready": true } });
        client.join("ready", config).await;
        let system = client.receive().await;
        assert_eq!(
            system["payload"]["message"], "Replication connection established",
            "{system}"
        );
        // Who was here to ask is counted no longer.
        drop(client);
        server.sockets_are(0).await;
        server
    }

    /// Waits until so many sockets are counted.
    pub(crate) async fn sockets_are(&self, count: usize) {
        let counted = async {
            while self.service.sockets() != count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let counted = tokio::time::timeout(PATIENCE, counted).await;
        counted.unwrap_or_else(|_| panic!("{} sockets", self.service.sockets()));
    }

    /// Without waiting for the stream.
    pub(crate) async fn unready(
        db: &TestDatabase,
        change: impl FnOnce(&mut settings::Realtime),
    ) -> Self {
        let clock = Arc::new(ManualClock::starting_now());
        let keys = Keys::from_secret(SECRET).unwrap();
        let mut settings = settings::Realtime::default();
        settings.connect_error_backoff = Duration::ZERO;
        settings.channel_error_backoff = Duration::ZERO;
        settings.drain_window = Duration::ZERO;
        change(&mut settings);
        let own = db.endpoint_as("supabase_replication_admin");
        let pool = pg::PoolOptions {
            application_name: "test".into(),
            size: 4,
            acquire_timeout: PATIENCE,
        };
        let requests = pg::RequestOptions {
            size: 4,
            acquire_timeout: PATIENCE,
            ..pg::RequestOptions::default()
        };
        let deps = realtime::Deps {
            requests: pg::Requests::new(&db.endpoint_as("authenticator"), &requests),
            pool: pg::Pool::new(&own, &pool).unwrap(),
            replication: own,
            verifier: Verifier::new(keys.clone(), clock.clone()),
            clock: clock.clone(),
            random: Arc::new(OsRandom),
        };
        let tasks = Tasks::new();
        let service = realtime::start(&settings, deps, &tasks).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (router, soft) = (service.router(), tasks.soft());
        tasks.spawn("test server", async move {
            let serving = axum::serve(listener, router);
            let _ = soft.run_until_cancelled(serving.into_future()).await;
        });
        Self {
            address,
            clock,
            service,
            tasks,
            settings,
            keys,
        }
    }

    /// An orderly stop.
    pub(crate) async fn stop(self) {
        assert!(self.tasks.shut_down(PATIENCE).await);
    }

    pub(crate) fn sign(&self, claims: Value) -> String {
        let mut claims = claims;
        if claims["exp"].is_null() {
            claims["exp"] = json!(self.clock.unix() + 3600);
        }
        self.keys.sign(&claims)
    }

    pub(crate) fn anon(&self) -> String {
        self.sign(json!({ "role": "anon" }))
    }

    pub(crate) fn user(&self, subject: &str) -> String {
        self.sign(json!({ "role": "authenticated", "sub": subject }))
    }

    pub(crate) fn service_role(&self) -> String {
        self.sign(json!({ "role": "service_role" }))
    }

    pub(crate) async fn v1(&self, token: &str) -> Client {
        Client::connect(self.address, token, "1.0.0", &[]).await
    }

    pub(crate) async fn v2(&self, token: &str) -> Client {
        Client::connect(self.address, token, "2.0.0", &[]).await
    }

    /// As the oldest clients connect.
    pub(crate) async fn without_version(&self, token: &str) -> Client {
        Client::connect(self.address, token, "", &[]).await
    }

    pub(crate) async fn with_headers(&self, token: &str, headers: &[(&str, &str)]) -> Client {
        Client::connect(self.address, token, "1.0.0", headers).await
    }

    /// Status and body of a refused upgrade.
    pub(crate) async fn refused(&self, token: &str) -> (u16, String) {
        let url = format!("ws://{}/socket/websocket?apikey={token}", self.address);
        let error = connect_async(url).await.unwrap_err();
        let tokio_tungstenite::tungstenite::Error::Http(response) = error else {
            panic!("{error}")
        };
        let body = response.body().clone().unwrap_or_default();
        (response.status().as_u16(), String::from_utf8(body).unwrap())
    }

    /// `POST`, with this bearer token.
    pub(crate) async fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        let headers = [
            ("authorization", format!("Bearer {token}")),
            ("content-type", "application/json".to_owned()),
        ];
        self.ask("POST", path, &headers, body.to_string().as_bytes())
            .await
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: &[u8],
    ) -> Answer {
        use std::fmt::Write as _;
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A socket; what it receives is shown as V1 shows it, binary broadcasts included.
pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    v2: bool,
    next: u64,
}

impl Client {
    pub(crate) async fn connect(
        address: SocketAddr,
        token: &str,
        version: &str,
        headers: &[(&str, &str)],
    ) -> Self {
        let version_wanted = match version {
            "" => String::new(),
            version => format!("vsn={version}&"),
        };
        let mut request = format!("ws://{address}/socket/websocket?{version_wanted}apikey={token}")
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        Self {
            socket: connect_async(request).await.unwrap().0,
            v2: version == "2.0.0",
            next: 0,
        }
    }

    /// Sends an event on a sub-topic; its `ref`.
    pub(crate) async fn send(&mut self, sub_topic: &str, event: &str, payload: Value) -> String {
        self.next += 1;
        let reference = self.next.to_string();
        let topic = if sub_topic == "phoenix" {
            sub_topic.to_owned()
        } else {
            format!("realtime:{sub_topic}")
        };
        let message = if self.v2 {
            json!(["1", reference, topic, event, payload])
        } else {
            json!({ "topic": topic, "event": event, "payload": payload, "ref": reference })
        };
        self.write(Message::text(message.to_string())).await;
        reference
    }

    pub(crate) async fn write(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// Joins; the reply's payload.
    pub(crate) async fn join(&mut self, sub_topic: &str, config: Value) -> Value {
        self.join_as(sub_topic, json!({ "config": config })).await
    }

    /// The same with the whole payload.
    pub(crate) async fn join_as(&mut self, sub_topic: &str, payload: Value) -> Value {
        self.send(sub_topic, "phx_join", payload).await;
        let reply = self.receive().await;
        assert_eq!(reply["event"], "phx_reply", "{reply}");
        reply["payload"].clone()
    }

    /// Joins a private room; `ok`, or the reason of the refusal.
    pub(crate) async fn join_private(&mut self, sub_topic: &str) -> String {
        outcome(&self.join(sub_topic, json!({ "private": true })).await)
    }

    pub(crate) async fn say(&mut self, sub_topic: &str, payload: Value) {
        let payload = json!({ "type": "broadcast", "event": "said", "payload": payload });
        self.send(sub_topic, "broadcast", payload).await;
    }

    pub(crate) async fn raw(&mut self) -> Message {
        tokio::time::timeout(PATIENCE, self.socket.next())
            .await
            .expect("a message")
            .unwrap()
            .unwrap()
    }

    pub(crate) async fn receive(&mut self) -> Value {
        match self.raw().await {
            Message::Text(text) => {
                let value: Value = serde_json::from_str(&text).unwrap();
                match value.as_array() {
                    Some(parts) => {
                        json!({ "topic": parts[2], "event": parts[3], "payload": parts[4], "ref": parts[1] })
                    }
                    None => value,
                }
            }
            Message::Binary(bytes) => user_broadcast(&bytes),
            other => panic!("{other:?}"),
        }
    }

    /// The code the server closes with.
    pub(crate) async fn closed(&mut self) -> u16 {
        match self.raw().await {
            Message::Close(Some(close)) => close.code.into(),
            other => panic!("{other:?}"),
        }
    }

    /// The next payload of this event; nothing else may come before.
    pub(crate) async fn payload(&mut self, event: &str) -> Value {
        let message = self.receive().await;
        assert_eq!(message["event"], event, "{message}");
        message["payload"].clone()
    }

    /// Nothing has come: the answer to a heartbeat is the next message.
    pub(crate) async fn assert_silent(&mut self) {
        let reference = self.send("phoenix", "heartbeat", json!({})).await;
        let message = self.receive().await;
        assert_eq!(
            (&message["topic"], &message["ref"]),
            (&json!("phoenix"), &json!(reference)),
            "{message}"
        );
    }
}

/// `ok`, or the reason of a refused join.
pub(crate) fn outcome(reply: &Value) -> String {
    if reply["status"] == "ok" {
        return "ok".into();
    }
    reply["response"]["reason"].as_str().unwrap().to_owned()
}

/// Kind 4 of the binary frames.
fn user_broadcast(bytes: &[u8]) -> Value {
    let [4, topic, event, metadata, encoding, rest @ ..] = bytes else {
        panic!("{bytes:?}")
    };
    let (topic, rest) = rest.split_at(usize::from(*topic));
    let (event, rest) = rest.split_at(usize::from(*event));
    let (metadata, data) = rest.split_at(usize::from(*metadata));
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let payload = match encoding {
        1 => serde_json::from_slice(data).unwrap(),
        _ => json!({ "bytes": data }),
    };
    let mut said = json!({ "type": "broadcast", "event": text(event), "payload": payload });
    if !metadata.is_empty() {
        said["meta"] = serde_json::from_slice(metadata).unwrap();
    }
    json!({ "topic": text(topic), "event": "broadcast", "payload": said, "ref": null })
}
