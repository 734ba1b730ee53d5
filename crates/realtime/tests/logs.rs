//! What the log tells, and what it must not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "service/harness.rs"]
#[expect(dead_code, reason = "shared with the tests of the service")]
mod harness;

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;

use harness::{ADA, Client, Server, database, outcome, run};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }

    /// The messages of this level.
    fn told(text: &str, level: &str, message: &str) -> usize {
        text.lines()
            .filter(|line| line.contains(&format!(" {level} ")) && line.contains(message))
            .count()
    }
}

#[tokio::test]
async fn the_log_knows_steps_of_talkative_sockets_and_never_a_token_or_a_value() {
    // RT-CON-07, RT-TOK-11, RT-RLS-13, RT-OPS-05, D-16: everything is listened to, at the finest level.
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let db = database(
        "create table public.t (id int primary key, word text); alter table public.t enable row level security;
         create policy own on public.t for select to authenticated using (1 / (id - 7) is not null);
         alter publication supabase_realtime add table public.t;
         create policy p on realtime.messages for all to authenticated
           using (realtime.topic() <> 'broken' or 1 / (length(realtime.topic()) - 6) = 1)",
    )
    .await;
    let server = Server::on(&db).await;
    log.take();
    let token = server.user(ADA);
    let fresh = server.sign(json!({ "role": "authenticated", "sub": ADA, "n": 1 }));
    let expired = server.sign(json!({ "role": "authenticated", "sub": ADA, "exp": 1 }));

    let mut quiet = server.v1(&token).await;
    assert_eq!(quiet.join_private("quiet").await, "ok");
    let mut loud = Client::connect(server.address, &token, "1.0.0&log_level=info", &[]).await;
    let binding = json!({ "event": "*", "schema": "public", "table": "t" });
    let config =
        json!({ "private": true, "postgres_changes": [binding], "broadcast": { "self": true } });
    assert_eq!(outcome(&loud.join("loud", config).await), "ok");
    loud.payload("system").await;
    loud.say("loud", json!("hushed-payload")).await;
    loud.payload("broadcast").await;
    run(
        &db,
        "insert into public.t values (7, 'hushed-value'); insert into public.t values (8, 'hushed-word')",
    )
    .await;
    loud.payload("postgres_changes").await;
    loud.send("loud", "access_token", json!({ "access_token": fresh }))
        .await;
    loud.payload("system").await;
    loud.join_private("broken").await;
    loud.send("loud", "phx_leave", json!({})).await;
    loud.payload("phx_reply").await;
    loud.payload("phx_close").await;
    loud.join_as("late", json!({ "config": {}, "access_token": expired }))
        .await;
    server.refused(&expired).await;
    let answer = server
        .post("/api/broadcast", &expired, &json!({ "messages": [] }))
        .await;
    assert_eq!(answer.status, 401);

    let text = log.take();
    assert_eq!(
        Log::told(&text, "INFO", "a channel was joined"),
        1,
        "{text}"
    );
    assert_eq!(Log::told(&text, "DEBUG", "a channel was joined"), 1);
    assert_eq!(Log::told(&text, "INFO", "a channel has a new token"), 1);
    assert_eq!(Log::told(&text, "INFO", "a channel is left"), 1);
    assert_eq!(Log::told(&text, "WARN", "RlsPolicyError"), 1);
    assert!(text.contains("division by zero"), "the cause is in the log");
    let secrets = [&token, &fresh, &expired].map(|token| token.rsplit('.').next().unwrap());
    for secret in secrets.into_iter().chain(["hushed"]) {
        let line = text.lines().find(|line| {
            // The WebSocket library and the HTTP server are not ours to silence at their finest levels, which no
            // setting of the program turns on.
            line.contains(secret)
                && !["tungstenite", "hyper", "tokio_postgres"]
                    .iter()
                    .any(|name| line.contains(name))
        });
        assert_eq!(line, None);
    }
}
