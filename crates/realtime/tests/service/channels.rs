//! Channels over their life, and what clients of every age rely on.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{ADA, Client, PATIENCE, Server, database, outcome, run};

#[tokio::test]
async fn a_message_is_taken_whatever_its_join_ref() {
    // RT-FRM-07, RT-FRM-06, RT-CLI-30.
    let db = database("").await;
    let server = Server::unready(&db, |_| {}).await;
    let mut client = server.v2(&server.anon()).await;
    let config = json!({ "broadcast": { "self": true, "ack": true } });
    client.join("r", config).await;
    for join_ref in [
        json!("1"),
        json!("0"),
        json!("stale"),
        json!(7),
        Value::Null,
    ] {
        let payload = json!({ "type": "broadcast", "event": "x", "payload": {} });
        let message = json!([join_ref, "9", "realtime:r", "broadcast", payload]);
        client.write(Message::text(message.to_string())).await;
        let Message::Text(_) = client.raw().await else {
            panic!("text comes as text")
        };
        let Message::Text(reply) = client.raw().await else {
            panic!("a reply is text")
        };
        let reply: Value = serde_json::from_str(&reply).unwrap();
        assert_eq!(
            reply,
            json!([join_ref, "9", "realtime:r", "phx_reply", { "status": "ok", "response": {} }])
        );
    }
    // A user broadcast comes as one binary message.
    let mut frame = vec![3, 0, 0, 10, 0, 0, 0];
    frame.extend_from_slice(b"realtime:r\xff");
    client.write(Message::binary(frame)).await;
    let Message::Binary(bytes) = client.raw().await else {
        panic!("bytes come as bytes")
    };
    assert_eq!(bytes[..5], [4, 10, 0, 0, 0]);
    // Its references were empty texts, and are echoed as such (RT-FRM-33).
    assert_eq!(client.receive().await["ref"], "");
}

#[tokio::test]
async fn a_join_without_join_ref_goes_by_its_ref() {
    // RT-CH-06, RT-CH-07: a close carries the join_ref twice.
    let db = database("").await;
    let server = Server::unready(&db, |_| {}).await;
    let mut client = server.v2(&server.anon()).await;
    let text = |value: Value| Message::text(value.to_string());
    client
        .write(text(
            json!([null, "5", "realtime:r", "phx_join", { "config": {} }]),
        ))
        .await;
    client.receive().await;
    client
        .write(text(json!([null, "6", "realtime:r", "phx_leave", {}])))
        .await;
    let raw =
        |message: Message| -> Value { serde_json::from_str(message.to_text().unwrap()).unwrap() };
    assert_eq!(
        raw(client.raw().await),
        json!([null, "6", "realtime:r", "phx_reply", { "status": "ok", "response": {} }])
    );
    assert_eq!(
        raw(client.raw().await),
        json!(["5", "5", "realtime:r", "phx_close", {}])
    );
}

#[tokio::test]
async fn a_fault_ends_one_channel_and_neither_socket_nor_others() {
    // RT-CH-07, RT-DEL-08, RT-CLI-08: what it missed cannot be had any more, so its client must join anew.
    let db = database(
        "create table public.t (id int primary key); alter publication supabase_realtime add table public.t",
    )
    .await;
    let server = Server::on(&db).await;
    let mut client = server.v2(&server.anon()).await;
    client
        .join("quiet", json!({ "broadcast": { "self": true } }))
        .await;
    let binding = json!({ "event": "*", "schema": "public", "table": "t" });
    client
        .join("bound", json!({ "postgres_changes": [binding] }))
        .await;
    client.payload("system").await;
    let admin = db.connect().await;
    let slot =
        "select slot_name::text from pg_replication_slots where database = current_database()";
    let slot: String = admin.query_one(slot, &[]).await.unwrap().get(0);
    replication::Slot::drop(&admin, &slot).await.unwrap();
    let error = client.receive().await;
    assert_eq!(
        (&error["topic"], &error["event"], &error["payload"]),
        (
            &json!("realtime:bound"),
            &json!("phx_error"),
            &json!({ "reason": "channel_crash" })
        )
    );
    client.say("quiet", json!({ "n": 1 })).await;
    assert_eq!(client.payload("broadcast").await["payload"]["n"], 1);
}

#[tokio::test]
async fn when_a_socket_ends_its_channels_end_in_silence() {
    // RT-CH-08, RT-PRS-06, RT-PRS-15: others see its presence leave, one of two under a key.
    let db = database("").await;
    let server = Server::unready(&db, |_| {}).await;
    let mut watcher = server.v1(&server.anon()).await;
    watcher
        .join("r", json!({ "presence": { "enabled": true } }))
        .await;
    watcher.payload("presence_state").await;
    let mut both = Vec::new();
    let mut references = Vec::new();
    for n in 1..=2 {
        let mut client = server.v1(&server.anon()).await;
        client
            .join(
                "r",
                json!({ "presence": { "enabled": true, "key": "ada" } }),
            )
            .await;
        client.payload("presence_state").await;
        let track = json!({ "type": "presence", "event": "track", "payload": { "n": n } });
        client.send("r", "presence", track).await;
        let diff = watcher.payload("presence_diff").await;
        let reference = &diff["joins"]["ada"]["metas"][0]["phx_ref"];
        references.push(reference.as_str().unwrap().to_owned());
        both.push(client);
    }
    // RT-PRS-14.
    assert_eq!(references[0].len(), 16);
    assert_ne!(references[0], references[1]);
    drop(both.remove(0));
    let diff = watcher.payload("presence_diff").await;
    assert_eq!(diff["joins"], json!({}));
    assert_eq!(
        diff["leaves"]["ada"]["metas"],
        json!([{ "n": 1, "phx_ref": references[0] }])
    );
    watcher.assert_silent().await;
    // And the users that are counted are those who are there.
    server.sockets_are(2).await;
}

#[tokio::test]
async fn a_broadcast_follows_the_reply_and_is_stored_nowhere() {
    // RT-JOIN-25, RT-BC-09, RT-DEL-02, RT-BC-11, RT-BC-04, D-06.
    let db = database("").await;
    let server = Server::with(&db, |settings| settings.max_payload_bytes = 300).await;
    let (mut one, mut two) = (
        server.v2(&server.anon()).await,
        server.v1(&server.anon()).await,
    );
    one.join("r", json!({ "broadcast": { "ack": true } })).await;
    one.say("r", json!("unheard")).await;
    one.payload("phx_reply").await;
    two.join("r", json!({})).await;
    for event in ["", "*", "é\n\"", "realtime:r"] {
        let payload = json!({ "type": "broadcast", "event": event, "payload": { "n": 1 } });
        one.send("r", "broadcast", payload.clone()).await;
        one.payload("phx_reply").await;
        assert_eq!(two.payload("broadcast").await, payload);
    }
    one.say("r", json!("x".repeat(300))).await;
    assert_eq!(
        one.payload("phx_reply").await,
        json!({ "status": "error", "response": { "reason": "payload_size_exceeded", "error": "payload_size_exceeded" } })
    );
    let mut quiet = server.v1(&server.anon()).await;
    quiet.join("r", json!({})).await;
    quiet.say("r", json!("x".repeat(300))).await;
    quiet.assert_silent().await;
    two.assert_silent().await;
    let admin = db.connect().await;
    let stored: i64 = admin
        .query_one("select count(*) from realtime.messages", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(stored, 0);
}

#[tokio::test]
async fn the_connections_token_may_expire_under_channels_of_their_own() {
    // RT-TOK-08, RT-TOK-07, RT-JOIN-07.
    let db = database("").await;
    let server = Server::unready(&db, |settings| {
        settings.idle_timeout = Duration::from_secs(100_000);
    })
    .await;
    let token = |seconds: i64| {
        let now = base::Clock::unix(&*server.clock);
        server.sign(json!({ "role": "anon", "exp": now + seconds }))
    };
    let mut client = server.v1(&token(100)).await;
    for (topic, access_token) in [("own", token(1_000)), ("key", "sb_publishable_x".into())] {
        let payload =
            json!({ "config": { "broadcast": { "self": true } }, "access_token": access_token });
        assert_eq!(outcome(&client.join_as(topic, payload).await), "ok");
    }
    server.clock.advance(TimeDelta::seconds(101));
    let system = client.receive().await;
    assert_eq!(
        (&system["topic"], &system["payload"]["message"]),
        (
            &json!("realtime:key"),
            &json!("Token has expired 1 seconds ago")
        )
    );
    client.payload("phx_close").await;
    client.say("own", json!({ "n": 1 })).await;
    assert_eq!(client.payload("broadcast").await["payload"]["n"], 1);
    // A new channel cannot stand on the connection's token any more.
    assert_eq!(
        outcome(&client.join("late", json!({})).await),
        "InvalidJWTToken: Token has expired 1 seconds ago"
    );
    let payload = json!({ "config": {}, "user_token": token(50) });
    assert_eq!(outcome(&client.join_as("late", payload).await), "ok");
}

#[tokio::test]
async fn a_bad_binding_is_told_after_a_good_reply() {
    // RT-JOIN-23, RT-JOIN-22, RT-SYS-11, RT-CLI-06, RT-CLI-10, D-14.
    let db = database(
        "create table public.t (id int primary key); alter publication supabase_realtime add table public.t",
    )
    .await;
    let server = Server::on(&db).await;
    let mut client = server.v1(&server.anon()).await;
    let good = json!({ "event": "insert", "schema": "public", "table": "t" });
    let bad = json!({ "event": "*", "schema": "public", "table": "t", "filter": "id=eq.x", "extra": [1] });
    let reply = client
        .join("r", json!({ "postgres_changes": [good, bad] }))
        .await;
    assert_eq!(reply["status"], "ok");
    for (echo, sent) in reply["response"]["postgres_changes"]
        .as_array()
        .unwrap()
        .iter()
        .zip([&good, &bad])
    {
        let mut expected = sent.clone();
        expected["id"] = echo["id"].clone();
        assert_eq!(*echo, expected);
    }
    let system = client.payload("system").await;
    assert_eq!(
        (&system["extension"], &system["status"], &system["channel"]),
        (&json!("postgres_changes"), &json!("error"), &json!("r"))
    );
    // None is live, and the channel lives on.
    run(&db, "insert into public.t values (1)").await;
    let mut other = server.v1(&server.anon()).await;
    let reply = other
        .join("r", json!({ "postgres_changes": [good, "odd"] }))
        .await;
    assert_eq!(reply["response"]["postgres_changes"][1], "odd");
    assert_eq!(
        other.payload("system").await["message"],
        "Subscribed to PostgreSQL"
    );
    run(&db, "insert into public.t values (2)").await;
    assert_eq!(
        other.payload("postgres_changes").await["data"]["record"]["id"],
        2
    );
    client.assert_silent().await;
}

#[tokio::test]
async fn bindings_that_wait_for_the_database_become_live_by_themselves() {
    // RT-SYS-12, RT-PG-14, RT-CH-13.
    let db = database(
        "create table public.t (id int primary key); alter publication supabase_realtime add table public.t",
    )
    .await;
    let maintenance = testkit::Postgres::shared().endpoint("postgres");
    let maintenance = maintenance.connect().await.unwrap();
    let name = db.admin().database().to_owned();
    let gate = async |open: bool| {
        let sql = format!("alter database {name} allow_connections {open}");
        maintenance.batch_execute(&sql).await.unwrap();
    };
    gate(false).await;
    let server = Server::unready(&db, |_| {}).await;
    let mut client = server.v1(&server.anon()).await;
    let binding = json!({ "event": "*", "schema": "public", "table": "t" });
    let reply = client
        .join("r", json!({ "postgres_changes": [binding] }))
        .await;
    assert_eq!(reply["status"], "ok");
    gate(true).await;
    // Trouble may be told meanwhile, but never ends the channel.
    loop {
        let system = client.payload("system").await;
        assert_eq!(system["extension"], "postgres_changes");
        if system["status"] == "ok" {
            break;
        }
    }
    run(&db, "insert into public.t values (1)").await;
    assert_eq!(
        client.payload("postgres_changes").await["data"]["record"]["id"],
        1
    );
    // RT-DB-13: the partitions that could not be made at the start were made later.
    run(&db, "select realtime.send('{}', 'e', 'nobody')").await;
    let admin = db.connect().await;
    let stored: i64 = admin
        .query_one("select count(*) from realtime.messages", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(stored, 1);
}

/// What `realtime-py` demands of a frame, and every client of its payload.
fn check(message: &Value) {
    let object = message.as_object().unwrap();
    assert_eq!(
        object.keys().collect::<Vec<_>>(),
        ["topic", "event", "payload", "ref"],
        "{message}"
    );
    assert!(message["payload"].is_object(), "{message}");
    match message["event"].as_str().unwrap() {
        "phx_reply" => assert!(message["payload"]["response"].is_object(), "{message}"),
        "phx_close" | "phx_error" => {}
        "system" => {
            for member in ["extension", "status", "message", "channel"] {
                assert!(message["payload"][member].is_string(), "{message}");
            }
        }
        "postgres_changes" => {
            let payload = &message["payload"];
            assert!(payload["ids"].as_array().unwrap().iter().all(Value::is_u64));
            let data = &payload["data"];
            assert!(data["commit_timestamp"].is_string(), "{message}");
            for column in data["columns"].as_array().unwrap() {
                assert!(column["name"].is_string() && column["type"].is_string());
            }
        }
        _ => assert!(message["ref"].is_null(), "{message}"),
    }
}

#[tokio::test]
async fn every_frame_is_what_strict_clients_accept() {
    // RT-CLI-20, RT-CLI-21, RT-CLI-22, RT-FRM-02, RT-FRM-10, RT-CLI-11: a client without version, join_ref or refs of
    // heartbeats, in a session that meets every kind of frame.
    let db = database(
        "create table public.t (id int primary key, at timestamp default '2024-01-02 03:04:05', tags text[], big int8);
         alter publication supabase_realtime add table public.t;
         create policy p on realtime.messages for all to authenticated using (true)",
    )
    .await;
    let server = Server::on(&db).await;
    let mut client = server.without_version(&server.user(ADA)).await;
    let heartbeat = json!({ "topic": "phoenix", "event": "heartbeat", "payload": {}, "ref": null });
    client.write(Message::text(heartbeat.to_string())).await;
    let reply = client.receive().await;
    check(&reply);
    assert!(reply["ref"].is_null());
    let binding = json!({ "event": "*", "schema": "public", "table": "t" });
    let config = json!({ "private": true, "broadcast": { "self": true, "ack": true, "replication_ready": true },
                         "presence": { "enabled": true }, "postgres_changes": [binding] });
    client
        .send("r", "phx_join", json!({ "config": config }))
        .await;
    let track = json!({ "type": "presence", "event": "track", "payload": {} });
    client.send("r", "presence", track).await;
    client.say("r", json!({})).await;
    client.send("never joined", "broadcast", json!({})).await;
    let mut kinds = std::collections::BTreeSet::new();
    // Replies to join, track, broadcast and the stray message; state, diff, two system messages, the broadcast of our
    // own; then the change and the row's broadcast.
    let mut wanted = 11;
    let mut changed = None;
    let mut write = Some(
        "insert into public.t (id, tags, big) values (1, '{a}', 9007199254740993); select realtime.send('{}', 'db', 'r')",
    );
    while wanted > 0 {
        let message = client.receive().await;
        check(&message);
        if message["payload"]["message"] == "Subscribed to PostgreSQL"
            && let Some(sql) = write.take()
        {
            run(&db, sql).await;
        }
        if message["event"] == "postgres_changes" {
            changed = Some(message.clone());
        }
        kinds.insert(message["event"].as_str().unwrap().to_owned());
        wanted -= 1;
    }
    client.send("r", "phx_leave", json!({})).await;
    loop {
        let message = client.receive().await;
        check(&message);
        kinds.insert(message["event"].as_str().unwrap().to_owned());
        if message["event"] == "phx_close" {
            break;
        }
    }
    let expected = [
        "broadcast",
        "phx_close",
        "phx_reply",
        "postgres_changes",
        "presence_diff",
        "presence_state",
        "system",
    ];
    assert_eq!(
        kinds.iter().map(String::as_str).collect::<Vec<_>>(),
        expected
    );
    let columns = &changed.unwrap()["payload"]["data"]["columns"];
    assert_eq!(
        *columns,
        json!([{ "name": "id", "type": "int4" }, { "name": "at", "type": "timestamp" },
               { "name": "tags", "type": "_text" }, { "name": "big", "type": "int8" }])
    );
}

#[tokio::test]
async fn an_equal_token_costs_nothing() {
    // RT-CLI-09, RT-TOK-04: clients push it with every heartbeat.
    let db = database(
        "create sequence public.asked; grant usage on sequence public.asked to authenticated;
         create policy p on realtime.messages for select to authenticated using (nextval('public.asked') > 0)",
    )
    .await;
    let server = Server::on(&db).await;
    let token = server.user(ADA);
    let mut client = server.v2(&token).await;
    assert_eq!(client.join_private("r").await, "ok");
    for access_token in [json!(token), json!("sb_secret_x"), Value::Null] {
        let payload = json!({ "access_token": access_token });
        client.send("r", "access_token", payload).await;
        client.assert_silent().await;
    }
    let admin = db.connect().await;
    let asked: i64 = admin
        .query_one("select last_value from public.asked", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(asked, 1);
}

async fn close_code(client: &mut Client) -> u16 {
    loop {
        match client.raw().await {
            Message::Close(Some(close)) => return close.code.into(),
            Message::Text(_) | Message::Binary(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn limits_of_sockets_users_and_joins_are_told_as_published() {
    // RT-LIM-01, RT-JOIN-10, RT-JOIN-12, RT-CH-12 and the 429 rows of section 3.
    let db = database("").await;
    let server = Server::unready(&db, |settings| {
        settings.max_concurrent_users = 1;
        settings.max_joins_per_second = 1;
        settings.max_channels_per_client = 2;
    })
    .await;
    let mut one = server.v1(&server.anon()).await;
    let mut two = server.v1(&server.anon()).await;
    for topic in ["a", "b"] {
        assert_eq!(outcome(&one.join(topic, json!({})).await), "ok");
    }
    assert_eq!(
        outcome(&one.join("c", json!({})).await),
        "ChannelRateLimitReached: Too many channels"
    );
    assert_eq!(
        outcome(&two.join("a", json!({})).await),
        "ConnectionRateLimitReached: Too many connected users"
    );
    assert_eq!(
        server.refused(&server.anon()).await,
        (429, r#"{"error":"Too many connected users"}"#.into())
    );
    drop(two);
    // One a second on the mean of a minute.
    for _ in 3..60 {
        one.send("c", "phx_join", json!({ "config": {} })).await;
    }
    let mut last = String::new();
    for _ in 3..60 {
        last = outcome(&one.payload("phx_reply").await);
    }
    assert_eq!(last, "ChannelRateLimitReached: Too many channels");
    one.send("c", "phx_join", json!({ "config": {} })).await;
    assert_eq!(
        outcome(&one.payload("phx_reply").await),
        "ClientJoinRateLimitReached: Too many joins per second"
    );
    assert_eq!(close_code(&mut one).await, 1001);
    // Until the user that left is counted no longer, that is what refuses.
    drop(one);
    server.sockets_are(0).await;
    assert_eq!(
        server.refused(&server.anon()).await,
        (429, r#"{"error":"Too many joins per second"}"#.into())
    );
}

#[tokio::test]
async fn a_slow_reader_is_closed_and_others_are_not_delayed() {
    // RT-DEL-04, RT-PERF-21.
    let db = database("").await;
    let server = Server::unready(&db, |settings| {
        settings.max_queue_bytes = 200_000;
        settings.max_events_per_second = 0;
    })
    .await;
    let (mut slow, mut quick) = (
        server.v1(&server.anon()).await,
        server.v1(&server.anon()).await,
    );
    let mut sender = server.v1(&server.anon()).await;
    for client in [&mut slow, &mut quick, &mut sender] {
        client.join("r", json!({})).await;
    }
    let text = "x".repeat(100_000);
    for n in 0..200 {
        sender.say("r", json!({ "n": n, "text": text })).await;
        assert_eq!(quick.payload("broadcast").await["payload"]["n"], n);
    }
    assert_eq!(close_code(&mut slow).await, 1013);
}

#[tokio::test]
async fn a_slow_join_delays_nothing_else_and_is_refused_while_its_client_still_waits() {
    // RT-CH-13, RT-CLI-03, RT-CLI-04, RT-CLI-07, RT-JOIN-11: what the work takes is part of the delay.
    let db = database(
        "create policy slow on realtime.messages for select to authenticated
           using (case when realtime.topic() = 'slow' then pg_advisory_xact_lock_shared(1) is not null else true end)",
    )
    .await;
    let gate = db.connect().await;
    gate.batch_execute("select pg_advisory_lock(1)")
        .await
        .unwrap();
    let private = json!({ "config": { "private": true } });
    let server = Server::with(&db, |settings| settings.authorization_timeout = PATIENCE).await;
    let mut client = server.v1(&server.user(ADA)).await;
    let slow = client.send("slow", "phx_join", private.clone()).await;
    client.assert_silent().await;
    assert_eq!(client.join_private("quick").await, "ok");
    gate.batch_execute("select pg_advisory_unlock(1)")
        .await
        .unwrap();
    let late = client.receive().await;
    assert_eq!(
        (&late["ref"], &late["payload"]["status"]),
        (&json!(slow), &json!("ok"))
    );
    gate.batch_execute("select pg_advisory_lock(1)")
        .await
        .unwrap();
    let server = Server::with(&db, |settings| {
        settings.authorization_timeout = Duration::from_millis(300);
        settings.channel_error_backoff = Duration::from_millis(600);
    })
    .await;
    let mut client = server.v1(&server.user(ADA)).await;
    let began = tokio::time::Instant::now();
    let slow = client.send("slow", "phx_join", private).await;
    let refusal = client.receive().await;
    assert_eq!(refusal["ref"], json!(slow));
    assert_eq!(
        refusal["payload"]["response"],
        json!({ "reason": "QueryCanceled: canceling statement due to statement timeout" })
    );
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(600), "{took:?}");
    // The defaults leave room within the ten seconds of clients.
    let defaults = settings::Realtime::default();
    let longest = defaults
        .channel_error_backoff
        .max(defaults.authorization_timeout);
    assert!(longest < Duration::from_secs(7));
}

#[tokio::test]
async fn a_client_that_comes_back_joins_as_before() {
    // RT-CLI-05, RT-CH-04: the same steps with new references, on a new socket or on the old one.
    let db = database("").await;
    let server = Server::unready(&db, |_| {}).await;
    for round in 0..3 {
        let mut client = server.v2(&server.anon()).await;
        for n in 0..3 {
            let join_ref = format!("{round}{n}");
            let config = json!({ "config": { "broadcast": { "self": true }, "presence": { "key": "ada", "enabled": true } } });
            let message = json!([join_ref, join_ref, "realtime:r", "phx_join", config]);
            client.write(Message::text(message.to_string())).await;
            if n > 0 {
                client.payload("phx_close").await;
            }
            assert_eq!(outcome(&client.payload("phx_reply").await), "ok");
            // Nothing is left of before.
            assert_eq!(client.payload("presence_state").await, json!({}));
            let track = json!({ "type": "presence", "event": "track", "payload": { "n": n } });
            client.send("r", "presence", track).await;
            client.payload("phx_reply").await;
            client.payload("presence_diff").await;
            client.send("r", "phx_leave", json!({})).await;
            client.payload("phx_reply").await;
            client.payload("phx_close").await;
            let again = json!([join_ref, join_ref, "realtime:r", "phx_join", config]);
            client.write(Message::text(again.to_string())).await;
            client.payload("phx_reply").await;
            client.payload("presence_state").await;
        }
        drop(client);
        server.sockets_are(0).await;
    }
}
