//! Broadcast over HTTP, section 11.

use serde_json::json;

use crate::harness::{ADA, BOB, PATIENCE, Server, database};

const POLICIES: &str = "
    create policy read on realtime.messages for select to authenticated using (true);
    create policy write on realtime.messages for insert to authenticated
      with check (realtime.topic() = 'room:' || auth.uid())";

#[tokio::test]
async fn a_batch_reaches_public_rooms_and_private_ones_with_the_right() {
    // RT-HTTP-01, RT-HTTP-02, RT-HTTP-03, RT-HTTP-04, RT-HTTP-06, RT-HTTP-07, RT-FRM-40.
    let db = database(POLICIES).await;
    let server = Server::on(&db).await;
    let own = format!("room:{ADA}");
    let (mut one, mut two) = (
        server.v1(&server.user(BOB)).await,
        server.v2(&server.user(BOB)).await,
    );
    for client in [&mut one, &mut two] {
        client.join("open", json!({})).await;
        assert_eq!(client.join_private(&own).await, "ok");
    }
    let mut private = server.v1(&server.user(BOB)).await;
    assert_eq!(private.join_private("open").await, "ok");
    let message = |topic: &str, private: bool, n: i32| json!({ "topic": topic, "event": "x", "payload": { "n": n }, "private": private });
    let mut named = message(&own, true, 3);
    named["id"] = json!("mine");
    let mut plain = message("open", false, 4);
    plain.as_object_mut().unwrap().remove("private");
    // The second is dropped in silence: it is somebody else's room.
    let body =
        json!({ "messages": [message("open", false, 1), message("open", true, 2), named, plain] });
    let answer = server
        .post("/api/broadcast", &server.user(ADA), &body)
        .await;
    assert_eq!((answer.status, answer.body.as_str()), (202, ""));
    for client in [&mut one, &mut two] {
        let said = |n: i32| json!({ "type": "broadcast", "event": "x", "payload": { "n": n } });
        assert_eq!(client.payload("broadcast").await, said(1));
        let mut with_id = said(3);
        with_id["meta"] = json!({ "id": "mine" });
        assert_eq!(client.payload("broadcast").await, with_id);
        assert_eq!(client.payload("broadcast").await, said(4));
        client.assert_silent().await;
    }
    // The API key alone will do, and a service role writes by its own rights.
    let headers = [("apikey", server.service_role())];
    let body = json!({ "messages": [message("open", true, 5)] });
    let answer = server
        .ask(
            "POST",
            "/api/broadcast",
            &headers,
            body.to_string().as_bytes(),
        )
        .await;
    assert_eq!(answer.status, 202);
    assert_eq!(private.payload("broadcast").await["payload"]["n"], 5);
}

#[tokio::test]
async fn the_right_is_asked_once_a_topic_and_sees_all_headers() {
    // RT-HTTP-06, RT-AUTHZ-04.
    let db = database(
        "create sequence public.asked; grant usage on sequence public.asked to authenticated;
         create policy read on realtime.messages for select to authenticated using (true);
         create policy write on realtime.messages for insert to authenticated
           with check (nextval('public.asked') > 0 and current_setting('request.headers')::json ->> 'content-type' = 'application/json'
             and current_setting('request.jwt.claims')::json ->> 'sub' = auth.uid()::text)",
    )
    .await;
    let server = Server::on(&db).await;
    let mut client = server.v1(&server.user(BOB)).await;
    client.join_private("r").await;
    let message = json!({ "topic": "r", "event": "x", "payload": {}, "private": true });
    let body = json!({ "messages": [message, message, message] });
    let answer = server
        .post("/api/broadcast", &server.user(ADA), &body)
        .await;
    assert_eq!(answer.status, 202);
    for _ in 0..3 {
        client.payload("broadcast").await;
    }
    let admin = db.connect().await;
    let asked: i64 = admin
        .query_one("select last_value from public.asked", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_batch_is_all_or_nothing() {
    // RT-HTTP-05 and the table of section 11.1.
    let db = database(POLICIES).await;
    let server = Server::with(&db, |settings| settings.max_payload_bytes = 100).await;
    let mut client = server.v1(&server.anon()).await;
    client.join("open", json!({})).await;
    let good = json!({ "topic": "open", "event": "x", "payload": { "n": 1 } });
    let long = "x".repeat(101);
    for (wrong, errors) in [
        (
            json!({ "topic": "open", "event": "x" }),
            json!({ "payload": ["can't be blank"] }),
        ),
        (
            json!({ "event": "x", "payload": [] }),
            json!({ "topic": ["can't be blank"], "payload": ["is invalid"] }),
        ),
        (
            json!({ "topic": 7, "event": "x", "payload": {}, "private": 3 }),
            json!({ "topic": ["is invalid"], "private": ["is invalid"] }),
        ),
        (
            json!({ "topic": "open", "event": "x", "payload": { "x": long } }),
            json!({ "payload": ["Payload size exceeds tenant limit"] }),
        ),
    ] {
        let body = json!({ "messages": [good, wrong, good] });
        let answer = server.post("/api/broadcast", &server.anon(), &body).await;
        assert_eq!(answer.status, 422);
        assert_eq!(
            answer.json(),
            json!({ "errors": { "messages": [{}, errors, {}] } })
        );
    }
    let answer = server
        .post("/api/broadcast", &server.anon(), &json!({}))
        .await;
    assert_eq!(
        (answer.status, answer.json()),
        (422, json!({ "errors": { "messages": ["can't be blank"] } }))
    );
    client.assert_silent().await;
}

#[tokio::test]
async fn tokens_are_demanded_on_both_ways() {
    // RT-HTTP-03, RT-HTTP-09, RT-HTTP-25.
    let db = database(POLICIES).await;
    let server = Server::unready(&db, |_| {}).await;
    let expired = server.sign(json!({ "role": "anon", "exp": 1 }));
    for path in ["/api/broadcast", "/api/broadcast/r/events/x"] {
        for token in ["", "nonsense", &expired] {
            let answer = server.post(path, token, &json!({ "messages": 7 })).await;
            assert_eq!(
                (answer.status, answer.json()),
                (401, json!({ "message": "Unauthorized" })),
                "{path} {token}"
            );
        }
    }
    let suspended = Server::unready(&db, |settings| settings.suspended = true).await;
    let answer = suspended
        .post("/api/broadcast", &suspended.anon(), &json!({}))
        .await;
    assert_eq!(
        (answer.status, answer.json()),
        (403, json!({ "message": "Tenant is suspended" }))
    );
}

#[tokio::test]
async fn the_message_rate_is_told_and_kept() {
    // RT-HTTP-08, RT-LIM-02 and the 429 rows of section 11.1.
    let db = database(POLICIES).await;
    let server = Server::unready(&db, |settings| settings.max_events_per_second = 2).await;
    let message = json!({ "topic": "r", "event": "x", "payload": {} });
    let send = async |count: usize| {
        let body = json!({ "messages": vec![message.clone(); count] });
        server.post("/api/broadcast", &server.anon(), &body).await
    };
    let answer = send(3).await;
    assert_eq!(
        (answer.status, answer.json()),
        (
            429,
            json!({ "message": "Too many messages to broadcast, please reduce the batch size" })
        )
    );
    for _ in 0..60 {
        let answer = send(2).await;
        if answer.status != 202 {
            break;
        }
    }
    let answer = send(2).await;
    assert_eq!(answer.status, 429);
    let header = |name| answer.header(name).unwrap().parse::<u64>().unwrap();
    assert_eq!(header("x-rate-limit"), 2);
    assert_eq!(
        header("x-rate-limit-remaining"),
        2 - header("x-rate-rolling").min(2)
    );
    // Whatever clients send counts as well, known or not (RT-CH-09, RT-BC-10).
    let mut client = server.v1(&server.anon()).await;
    client.join("r", json!({})).await;
    for _ in 0..120 {
        client.send("r", "unheard of", json!({})).await;
    }
    assert_eq!(
        client.payload("system").await["message"],
        "Too many messages per second"
    );
    client.payload("phx_close").await;
    let answer = send(1).await;
    assert_eq!(
        (
            answer.status,
            answer.json()["message"].as_str().map(str::to_owned)
        ),
        (429, Some("Too many requests".to_owned()))
    );
}

#[tokio::test]
async fn one_message_is_its_body() {
    // RT-HTTP-20, RT-HTTP-21, RT-HTTP-22, RT-HTTP-26, RT-HTTP-27, RT-FRM-40, RT-CLI-13.
    let db = database(POLICIES).await;
    let server = Server::on(&db).await;
    let (mut one, mut two) = (
        server.v1(&server.user(BOB)).await,
        server.v2(&server.user(BOB)).await,
    );
    for client in [&mut one, &mut two] {
        client.join("a/b c", json!({})).await;
        assert_eq!(client.join_private(&format!("room:{ADA}")).await, "ok");
    }
    let token = server.user(ADA);
    let ask = async |path: &str, media: &str, body: &[u8]| {
        let mut headers = vec![("authorization", format!("Bearer {token}"))];
        if !media.is_empty() {
            headers.push(("content-type", media.to_owned()));
        }
        server.ask("POST", path, &headers, body).await
    };
    let path = "/api/broadcast/a%2Fb%20c/events/e%2F1";
    let said = |payload: serde_json::Value| json!({ "type": "broadcast", "event": "e/1", "payload": payload });
    for (media, body, payload) in [
        (
            "application/json; charset=utf-8",
            r#"{"n":1}"#,
            json!({ "n": 1 }),
        ),
        ("", r#"{"n":2}"#, json!({ "n": 2 })),
        ("application/json", "[1]", json!({ "_json": [1] })),
    ] {
        let answer = ask(path, media, body.as_bytes()).await;
        assert_eq!((answer.status, answer.body.as_str()), (202, ""));
        assert_eq!(one.payload("broadcast").await, said(payload.clone()));
        assert_eq!(two.payload("broadcast").await, said(payload));
    }
    let answer = ask(path, "application/octet-stream", &[0, 255]).await;
    assert_eq!(answer.status, 202);
    assert_eq!(
        two.payload("broadcast").await,
        said(json!({ "bytes": [0, 255] }))
    );
    one.assert_silent().await;
    let answer = ask(path, "text/plain", b"x").await;
    assert_eq!(
        (answer.status, answer.json()),
        (
            415,
            json!({ "error": "Unsupported Media Type. Use application/json or application/octet-stream" })
        )
    );
    assert_eq!(ask(path, "application/json", b"{").await.status, 400);

    let own = format!("/api/broadcast/room:{ADA}/events/x?private=true");
    assert_eq!(
        ask(&own, "application/json", br#"{"n":3}"#).await.status,
        202
    );
    assert_eq!(one.payload("broadcast").await["payload"]["n"], 3);
    let other = format!("/api/broadcast/room:{BOB}/events/x?private=true");
    let answer = ask(&other, "application/json", br#"{"n":4}"#).await;
    assert_eq!(
        (answer.status, answer.json()),
        (403, json!({ "message": "Unauthorized" }))
    );
    let ping = server.ask("GET", "/api/ping", &[], b"").await;
    // RT-GW-02, RT-OPS-01.
    assert_eq!(
        (ping.status, ping.json()),
        (200, json!({ "message": "Success" }))
    );
}

#[tokio::test]
async fn what_cannot_be_asked_is_an_error_and_a_policy_that_fails_is_a_no() {
    // RT-HTTP-24, RT-HTTP-23, RT-AUTHZ-07: a client must be able to tell "no" from "try again".
    let db = database(
        "create policy read on realtime.messages for select to authenticated using (true);
         create policy write on realtime.messages for insert to authenticated
           with check (case realtime.topic() when 'slow' then pg_sleep(20) is not null
             when 'broken' then 1 / (length(realtime.topic()) - 6) = 1 else true end)",
    )
    .await;
    let message = |topic: &str, private: bool| json!({ "topic": topic, "event": "x", "payload": {}, "private": private });
    let batch = |topic: &str| json!({ "messages": [message("open", false), message(topic, true)] });
    let single = async |server: &Server, topic: &str, body: &serde_json::Value| {
        let path = format!("/api/broadcast/{topic}/events/x?private=true");
        let answer = server.post(&path, &server.user(ADA), body).await;
        (answer.status, answer.json())
    };
    let empty = json!({});
    let hasty = Server::with(&db, |settings| {
        settings.authorization_timeout = std::time::Duration::from_millis(300);
    })
    .await;
    let mut client = hasty.v1(&hasty.user(BOB)).await;
    client.join("open", json!({})).await;
    let answer = hasty
        .post("/api/broadcast", &hasty.user(ADA), &batch("slow"))
        .await;
    assert_eq!(
        (answer.status, answer.json()),
        (503, json!({ "message": "Query canceled" }))
    );
    // Nothing of it was sent.
    client.assert_silent().await;
    assert_eq!(
        single(&hasty, "slow", &empty).await,
        (422, json!({ "message": "Query canceled" }))
    );
    hasty.stop().await;
    let server = Server::with(&db, |settings| {
        settings.authorization_timeout = PATIENCE;
        settings.max_payload_bytes = 1_000;
    })
    .await;
    let token = server.user(ADA);
    let mut client = server.v1(&server.user(BOB)).await;
    client.join("open", json!({})).await;
    let answer = server
        .post("/api/broadcast", &token, &batch("broken"))
        .await;
    assert_eq!(answer.status, 202);
    client.payload("broadcast").await;
    assert_eq!(
        single(&server, "broken", &empty).await,
        (422, json!({ "message": "RLS policy error" }))
    );
    assert_eq!(
        single(&server, "x", &json!({ "x": "x".repeat(1_000) })).await,
        (
            422,
            json!({ "errors": { "payload": ["Payload size exceeds tenant limit"] } })
        )
    );
    let name = db.admin().database().to_owned();
    let admin = testkit::Postgres::shared()
        .endpoint("postgres")
        .connect()
        .await
        .unwrap();
    let shut = format!(
        "alter database {name} allow_connections false;
         select pg_terminate_backend(pid, 120000) from pg_stat_activity where datname = '{name}'"
    );
    for statement in shut.split(';') {
        admin.batch_execute(statement).await.unwrap();
    }
    let answer = server.post("/api/broadcast", &token, &batch("x")).await;
    assert_eq!(
        (answer.status, answer.json()),
        (503, json!({ "message": "Tenant database unavailable" }))
    );
    // RT-HTTP-24.
    assert_eq!(
        single(&server, "x", &empty).await,
        (422, json!({ "message": "Tenant database unavailable" }))
    );
    client.assert_silent().await;
    // Public rooms need no database.
    let body = json!({ "messages": [message("open", false)] });
    assert_eq!(
        server.post("/api/broadcast", &token, &body).await.status,
        202
    );
    client.payload("broadcast").await;
    admin
        .batch_execute(&format!("alter database {name} allow_connections true"))
        .await
        .unwrap();
}
