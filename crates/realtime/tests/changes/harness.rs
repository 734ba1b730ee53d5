//! A prepared database, the engine on it, and channels that write down what they get.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base::{Secret, Tasks};
use bytes::Bytes;
use jwt::{Caller, Claims};
use realtime::changes::{
    Binding, ChangeSink, Changes, DatabaseBroadcast, Deps, MessageRow, Peers, SubscribeError,
    Subscription,
};
use serde_json::{Value, json};
use testkit::{Postgres, TestDatabase};
use tokio::sync::mpsc;
use tokio_postgres::Client;

/// How long anything may take on a machine that is busy otherwise; only what never comes takes as long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) const ADA: &str = "00000000-0000-4000-8000-00000000000a";
pub(crate) const BOB: &str = "00000000-0000-4000-8000-00000000000b";

pub(crate) struct World {
    pub(crate) db: TestDatabase,
    pub(crate) client: Client,
    pub(crate) changes: Changes,
    pub(crate) messages: tokio::sync::Mutex<mpsc::UnboundedReceiver<MessageRow>>,
    pub(crate) slot: String,
    pub(crate) requests: pg::Requests,
    tasks: Tasks,
}

struct Messages(mpsc::UnboundedSender<MessageRow>);

impl DatabaseBroadcast for Messages {
    fn broadcast(&self, row: MessageRow) {
        let _ = self.0.send(row);
    }
}

/// Nobody else serves these databases.
struct Alone;

impl Peers for Alone {
    fn connected(&self, _: u32, _: bool) {}
    fn heard(&self, _: Bytes) {}
    fn alive(&self, _: &[u32]) {}
    fn are_known(&self) -> bool {
        false
    }
}

impl World {
    /// A database with `sql` run in it as the owner role, and the engine running.
    pub(crate) async fn new(sql: &str) -> Self {
        let db = Postgres::shared().database().await;
        let mut settings = settings::Database::default();
        settings.name = db.admin().database().to_owned();
        settings.password = Secret::new("owner-password");
        let mut keys = settings::Keys::default();
        keys.jwt_secret = Secret::new("a-secret-of-at-least-thirty-two-bytes!");
        let options = database::Options::from_settings(&settings, &keys, 3600);
        {
            // Roles belong to the whole cluster, which the tests share.
            static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
            let _turn = ONE_AT_A_TIME.lock().await;
            database::prepare(db.admin(), &options, &[realtime::SCHEMA])
                .await
                .unwrap();
        }
        let client = db.connect().await;
        client
            .batch_execute("set session authorization postgres")
            .await
            .unwrap();
        client.batch_execute(sql).await.unwrap();
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
        let (sender, messages) = mpsc::unbounded_channel();
        let requests = pg::Requests::new(&db.admin().with_login("authenticator", ""), &requests);
        let deps = Deps {
            replication: db.admin().clone(),
            pool: pg::Pool::new(db.admin(), &pool).unwrap(),
            requests: requests.clone(),
            broadcast: Arc::new(Messages(sender)),
            peers: Arc::new(Alone),
            slot: "realtime_test".into(),
            keep_slots: Duration::from_secs(60),
        };
        let tasks = Tasks::new();
        let changes = Changes::start(deps, &tasks);
        let mut ready = changes.ready();
        tokio::time::timeout(PATIENCE, ready.wait_for(|ready| *ready))
            .await
            .unwrap()
            .unwrap();
        let sql =
            "select slot_name::text from pg_replication_slots where database = current_database()";
        let slot = client.query_one(sql, &[]).await.unwrap().get(0);
        Self {
            db,
            client,
            changes,
            messages: tokio::sync::Mutex::new(messages),
            slot,
            requests,
            tasks,
        }
    }

    /// The server's major version.
    pub(crate) async fn major(&self) -> i32 {
        let sql = "select current_setting('server_version_num')::int / 10000";
        self.client.query_one(sql, &[]).await.unwrap().get(0)
    }

    pub(crate) async fn run(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap();
    }

    pub(crate) async fn try_channel(
        &self,
        caller: &Caller,
        bindings: &[Value],
    ) -> Result<Channel, SubscribeError> {
        let (sender, received) = mpsc::unbounded_channel();
        let sink = Arc::new(Sink {
            sender,
            lost: AtomicBool::new(false),
        });
        let bindings: Vec<Binding> = bindings
            .iter()
            .map(Binding::read)
            .collect::<Result<_, _>>()?;
        let subscription = self
            .changes
            .subscribe(caller, bindings, sink.clone())
            .await?;
        Ok(Channel {
            subscription,
            received,
            sink,
        })
    }

    pub(crate) async fn channel(&self, caller: &Caller, binding: Value) -> Channel {
        self.try_channel(caller, &[binding]).await.unwrap()
    }

    /// The same once the engine is connected, however often it has to connect.
    pub(crate) async fn channel_when_ready(&self, caller: &Caller, binding: Value) -> Channel {
        let began = tokio::time::Instant::now();
        loop {
            let bindings = std::slice::from_ref(&binding);
            match self.try_channel(caller, bindings).await {
                Ok(channel) => return channel,
                Err(error) => assert!(began.elapsed() < PATIENCE, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The message of the `system` event.
    pub(crate) async fn refusal(&self, caller: &Caller, binding: Value) -> String {
        self.try_channel(caller, &[binding])
            .await
            .map(|_| ())
            .unwrap_err()
            .to_string()
    }

    /// Ends the server's side of the stream, once there is one.
    pub(crate) async fn kill_walsender(&self) {
        let admin = self.db.connect().await;
        let sql = "select count(pg_terminate_backend(active_pid, 120000)) from pg_replication_slots
             where slot_name = $1 and active_pid is not null";
        let began = tokio::time::Instant::now();
        while admin
            .query_one(sql, &[&self.slot])
            .await
            .unwrap()
            .get::<_, i64>(0)
            == 0
        {
            assert!(began.elapsed() < PATIENCE, "nobody reads the slot");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn end(self) {
        assert!(self.tasks.shut_down(PATIENCE).await);
        // RT-DEL-05: it leaves no slot behind.
        let admin = self.db.connect().await;
        let left = replication::Slot::find(&admin, &self.slot).await.unwrap();
        assert_eq!(left, None);
    }
}

pub(crate) struct Sink {
    sender: mpsc::UnboundedSender<(Vec<u64>, Bytes)>,
    lost: AtomicBool,
}

impl ChangeSink for Sink {
    fn deliver(&self, ids: &[u64], data: &Bytes) -> bool {
        self.sender.send((ids.to_vec(), data.clone())).is_ok()
    }

    fn lost(&self) {
        self.lost.store(true, Ordering::Release);
    }
}

pub(crate) struct Channel {
    pub(crate) subscription: Subscription,
    received: mpsc::UnboundedReceiver<(Vec<u64>, Bytes)>,
    sink: Arc<Sink>,
}

impl Channel {
    pub(crate) async fn raw(&mut self) -> (Vec<u64>, Bytes) {
        tokio::time::timeout(PATIENCE, self.received.recv())
            .await
            .expect("a change")
            .expect("the engine holds the sink")
    }

    pub(crate) async fn next(&mut self) -> Value {
        serde_json::from_slice(&self.raw().await.1).expect("the message is JSON")
    }

    /// `INSERT 1`: type and `id` of the record, or of the old record.
    pub(crate) async fn short(&mut self) -> String {
        let data = self.next().await;
        let record = data.get("record").unwrap_or(&data["old_record"]);
        format!("{} {}", data["type"].as_str().unwrap(), record["id"])
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.sink.lost.load(Ordering::Acquire)
    }

    /// What has come, without waiting.
    pub(crate) fn try_next(&mut self) -> Option<Value> {
        let (_, data) = self.received.try_recv().ok()?;
        serde_json::from_slice(&data).ok()
    }

    /// The id of the next insert that has come, without waiting.
    pub(crate) fn inserted_id(&mut self) -> Option<i64> {
        loop {
            let data = self.try_next()?;
            if data["type"] == "INSERT" {
                return data["record"]["id"].as_i64();
            }
        }
    }

    /// Unsubscribes; what still comes.
    pub(crate) fn leave(self) -> mpsc::UnboundedReceiver<(Vec<u64>, Bytes)> {
        drop(self.subscription);
        self.received
    }

    /// Nothing has come.
    pub(crate) fn assert_silent(&mut self) {
        if let Ok((_, data)) = self.received.try_recv() {
            panic!("unexpected: {}", String::from_utf8_lossy(&data));
        }
    }
}

/// A signed-in user.
pub(crate) fn user(subject: &str) -> Caller {
    claims(&json!({ "role": "authenticated", "sub": subject, "exp": 4_000_000_000_u64 }))
}

pub(crate) fn claims(claims: &Value) -> Caller {
    Caller::from_claims(Claims::parse(&claims.to_string()).unwrap(), "anon")
}

pub(crate) fn anon() -> Caller {
    claims(&json!({ "role": "anon", "exp": 4_000_000_000_u64 }))
}

pub(crate) fn service() -> Caller {
    claims(&json!({ "role": "service_role", "exp": 4_000_000_000_u64 }))
}

pub(crate) fn on(table: &str) -> Value {
    json!({ "event": "*", "schema": "public", "table": table })
}

pub(crate) fn filtered(table: &str, filter: &str) -> Value {
    json!({ "event": "*", "schema": "public", "table": table, "filter": filter })
}
