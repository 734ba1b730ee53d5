//! Several nodes on one database.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::TestDatabase;

use crate::harness::{ADA, Client, PATIENCE, Server, database, run};

const POLICIES: &str = "create policy members on realtime.messages for all to authenticated using (true) with check (true)";

async fn slots(db: &TestDatabase) -> Vec<(String, bool)> {
    let sql = "select slot_name::text, active from pg_replication_slots
               where database = current_database() order by 1";
    let rows = db.connect().await.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// The slots once they are as asked.
async fn slots_until(
    db: &TestDatabase,
    are: impl Fn(&[(String, bool)]) -> bool,
) -> Vec<(String, bool)> {
    let began = tokio::time::Instant::now();
    loop {
        let found = slots(db).await;
        if are(&found) {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "{found:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until what is said on one node is heard on the other.
async fn acquainted(from: &mut Client, to: &mut Client) {
    from.join("hello", json!({})).await;
    to.join("hello", json!({})).await;
    for n in 0.. {
        from.say("hello", json!({ "n": n })).await;
        let heard = tokio::time::timeout(Duration::from_millis(200), to.payload("broadcast")).await;
        if heard.is_ok() {
            break;
        }
        assert!(n < 600, "the nodes do not hear each other");
    }
    // The last word is followed by nothing.
    from.say("hello", json!("end")).await;
    while to.payload("broadcast").await["payload"] != "end" {}
    for client in [from, to] {
        client.send("hello", "phx_leave", json!({})).await;
        client.payload("phx_reply").await;
        client.payload("phx_close").await;
    }
}

#[tokio::test]
async fn each_node_reads_a_slot_of_its_own_and_both_deliver() {
    // RT-DB-05, RT-PG-12, RT-SQL-05, RT-SQL-06, RT-DEL-05.
    let db = database(&format!(
        "{POLICIES}; create table public.t (id int primary key); alter publication supabase_realtime add table public.t"
    ))
    .await;
    let (a, b) = (Server::on(&db).await, Server::on(&db).await);
    let found = slots(&db).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found
            .iter()
            .all(|(name, active)| *active && name.starts_with("passerelle_realtime_"))
    );
    let (mut one, mut two) = (a.v1(&a.user(ADA)).await, b.v1(&b.user(ADA)).await);
    for client in [&mut one, &mut two] {
        let binding = json!({ "event": "*", "schema": "public", "table": "t" });
        client
            .join(
                "r",
                json!({ "private": true, "postgres_changes": [binding] }),
            )
            .await;
        client.payload("system").await;
    }
    run(&db, "insert into public.t values (1)").await;
    run(&db, "select realtime.send('{\"n\":1}', 'said', 'r')").await;
    for client in [&mut one, &mut two] {
        assert_eq!(
            client.payload("postgres_changes").await["data"]["record"]["id"],
            1
        );
        assert_eq!(client.payload("broadcast").await["payload"]["n"], 1);
        client.assert_silent().await;
    }
    // Who leaves in order takes the slot along; the other goes on.
    a.stop().await;
    assert_eq!(slots(&db).await.len(), 1);
    run(&db, "select realtime.send('{\"n\":2}', 'said', 'r')").await;
    assert_eq!(two.payload("broadcast").await["payload"]["n"], 2);
    b.stop().await;
    assert_eq!(slots(&db).await, []);
}

#[tokio::test]
async fn what_is_said_on_one_node_is_heard_on_the_other() {
    // RT-BC-01, RT-BC-08, RT-JOIN-09, RT-FRM-40.
    let db = database(POLICIES).await;
    let (a, b) = (Server::on(&db).await, Server::on(&db).await);
    let (mut one, mut two) = (a.v2(&a.user(ADA)).await, b.v1(&b.user(ADA)).await);
    acquainted(&mut one, &mut two).await;
    for client in [&mut one, &mut two] {
        client.join("open", json!({})).await;
        assert_eq!(client.join_private("r").await, "ok");
    }
    let mut private = b.v1(&b.user(ADA)).await;
    assert_eq!(private.join_private("open").await, "ok");
    for n in 0..200 {
        one.say("open", json!({ "n": n })).await;
    }
    one.say("r", json!({ "private": true })).await;
    for n in 0..200 {
        let said = two.receive().await;
        assert_eq!(said["topic"], "realtime:open");
        assert_eq!(
            said["payload"],
            json!({ "type": "broadcast", "event": "said", "payload": { "n": n } })
        );
    }
    let said = two.receive().await;
    assert_eq!(
        (&said["topic"], &said["payload"]["payload"]),
        (&json!("realtime:r"), &json!({ "private": true }))
    );
    two.assert_silent().await;
    one.assert_silent().await;
    private.assert_silent().await;
    // HTTP on one node, in both forms.
    let body = json!({ "messages": [{ "topic": "r", "event": "x", "payload": { "n": 1 }, "private": true }] });
    assert_eq!(
        b.post("/api/broadcast", &b.user(ADA), &body).await.status,
        202
    );
    let path = "/api/broadcast/r/events/y?private=true";
    assert_eq!(
        b.post(path, &b.user(ADA), &json!({ "n": 2 })).await.status,
        202
    );
    for client in [&mut one, &mut two] {
        for (event, n) in [("x", 1), ("y", 2)] {
            let said = client.payload("broadcast").await;
            assert_eq!(
                (&said["event"], &said["payload"]),
                (&json!(event), &json!({ "n": n }))
            );
        }
        client.assert_silent().await;
    }
}

fn track(payload: &Value) -> Value {
    json!({ "type": "presence", "event": "track", "payload": payload })
}

fn seen(key: &str) -> Value {
    json!({ "presence": { "enabled": true, "key": key } })
}

/// The payloads' member `n` under each key of a state or of one side of a diff.
fn shown(metas: &Value) -> Vec<(String, i64)> {
    let metas = metas.as_object().unwrap().iter();
    metas
        .flat_map(|(key, value)| {
            let metas = value["metas"].as_array().unwrap().iter();
            metas.map(|meta| (key.clone(), meta["n"].as_i64().unwrap()))
        })
        .collect()
}

#[tokio::test]
async fn presence_is_one_across_nodes() {
    // RT-PRS-10, RT-PRS-11, RT-PRS-13, RT-PRS-15, RT-PRS-16, RT-PRS-18.
    let db = database("").await;
    let a = Server::on(&db).await;
    let mut one = a.v1(&a.anon()).await;
    one.join("p", seen("ada")).await;
    assert_eq!(one.payload("presence_state").await, json!({}));
    // Before the other node is there.
    one.send("p", "presence", track(&json!({ "n": 1 }))).await;
    one.payload("phx_reply").await;
    let first = one.payload("presence_diff").await;

    let b = Server::on(&db).await;
    let mut two = b.v1(&b.anon()).await;
    // What was shown before comes with the greeting: before the state, or as a diff after it.
    two.join("p", seen("bob")).await;
    let mut state = two.payload("presence_state").await;
    if state == json!({}) {
        state = two.payload("presence_diff").await["joins"].clone();
    }
    assert_eq!(state, first["joins"]);
    two.send("p", "presence", track(&json!({ "n": 2 }))).await;
    two.payload("phx_reply").await;
    for client in [&mut one, &mut two] {
        let diff = client.payload("presence_diff").await;
        assert_eq!(shown(&diff["joins"]), [("bob".to_owned(), 2)]);
        assert_eq!(diff["leaves"], json!({}));
    }
    // An update names what it replaces.
    one.send("p", "presence", track(&json!({ "n": 3 }))).await;
    one.payload("phx_reply").await;
    for client in [&mut one, &mut two] {
        let diff = client.payload("presence_diff").await;
        assert_eq!(diff["leaves"], first["joins"]);
        let meta = &diff["joins"]["ada"]["metas"][0];
        assert_eq!(meta["n"], 3);
        assert_eq!(
            meta["phx_ref_prev"],
            first["joins"]["ada"]["metas"][0]["phx_ref"]
        );
    }
    drop(two);
    let diff = one.payload("presence_diff").await;
    assert_eq!(shown(&diff["leaves"]), [("bob".to_owned(), 2)]);
    // An orderly stop takes what the node shows along.
    let mut three = b.v1(&b.anon()).await;
    three.join("p", seen("eve")).await;
    let state = three.payload("presence_state").await;
    assert_eq!(shown(&state), [("ada".to_owned(), 3)]);
    a.stop().await;
    let diff = three.payload("presence_diff").await;
    assert_eq!(shown(&diff["leaves"]), [("ada".to_owned(), 3)]);
}

/// A server in a runtime of its own, which can die at once.
struct Mortal {
    runtime: tokio::runtime::Runtime,
    server: Server,
}

impl Mortal {
    async fn on(db: &std::sync::Arc<TestDatabase>) -> Self {
        let db = std::sync::Arc::clone(db);
        tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            let server = runtime.block_on(Server::on(&db));
            Self { runtime, server }
        })
        .await
        .unwrap()
    }

    fn die(self) {
        self.runtime.shutdown_background();
        drop(self.server);
    }
}

#[tokio::test]
async fn a_node_that_dies_is_missed_and_its_slot_goes() {
    // RT-PRS-19, RT-DEL-05, RT-PG-12.
    let db = std::sync::Arc::new(database("").await);
    let dying = Mortal::on(&db).await;
    let server = Server::with(&db, |settings| settings.keep_slots = Duration::from_secs(1)).await;
    let mut one = dying.server.v1(&dying.server.anon()).await;
    let mut two = server.v1(&server.anon()).await;
    acquainted(&mut one, &mut two).await;
    two.join("p", seen("bob")).await;
    two.payload("presence_state").await;
    one.join("p", seen("ada")).await;
    one.payload("presence_state").await;
    one.send("p", "presence", track(&json!({ "n": 1 }))).await;
    let diff = two.payload("presence_diff").await;
    assert_eq!(shown(&diff["joins"]), [("ada".to_owned(), 1)]);
    assert_eq!(slots(&db).await.len(), 2);
    dying.die();
    let diff = two.payload("presence_diff").await;
    assert_eq!(shown(&diff["leaves"]), [("ada".to_owned(), 1)]);
    let left = slots_until(&db, |slots| slots.len() == 1).await;
    assert!(left[0].1, "the living node's slot stays");
}

#[tokio::test]
async fn a_node_that_starts_takes_over_the_slot_that_a_dead_one_left() {
    // RT-PG-12: slots do not pile up.
    let db = std::sync::Arc::new(database("").await);
    let mut names = Vec::new();
    for _ in 0..2 {
        let mortal = Mortal::on(&db).await;
        let found = slots(&db).await;
        assert_eq!(found.len(), 1);
        names.push(found[0].0.clone());
        mortal.die();
        // The server notices that the connections have gone.
        slots_until(&db, |slots| slots.iter().all(|(_, active)| !active)).await;
    }
    let server = Server::on(&db).await;
    assert_eq!(slots(&db).await, [(names[0].clone(), true)]);
    assert_eq!(names[0], names[1]);
    server.stop().await;
}

#[tokio::test]
async fn a_letter_that_does_not_bear_the_projects_seal_is_not_read() {
    // Whoever may run SQL may write to the log, and must not be able to speak in private rooms by it.
    let db = database(POLICIES).await;
    let (a, b) = (Server::on(&db).await, Server::on(&db).await);
    let (mut one, mut two) = (a.v1(&a.user(ADA)).await, b.v1(&b.user(ADA)).await);
    acquainted(&mut one, &mut two).await;
    two.join_private("r").await;
    // As b would have it, but for the seal: format, sender, place, a broadcast in the private room `r`.
    run(
        &db,
        "select pg_logical_emit_message(true, 'passerelle.realtime',
           decode(repeat('00', 16) || '01' || repeat('11', 16) || '00000001' || '04' || '01' || '00000001' || '72' || '00' || '00000002' || '7b7d', 'hex'))",
    )
    .await;
    one.join_private("r").await;
    one.say("r", json!({ "n": 1 })).await;
    assert_eq!(two.payload("broadcast").await["payload"]["n"], 1);
}
