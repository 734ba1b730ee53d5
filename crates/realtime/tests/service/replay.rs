//! What was said before somebody came, section 14.

use serde_json::{Value, json};
use testkit::TestDatabase;

use crate::harness::{ADA, Server, database, outcome, run};

const POLICIES: &str = "
    create policy read on realtime.messages for select to authenticated
      using (realtime.topic() <> 'watch' or extension = 'presence')";

/// Stores messages `from` to `to` in `room`, a second apart, the last one a second ago.
async fn store(db: &TestDatabase, room: &str, from: i32, to: i32) {
    let sql = format!(
        "insert into realtime.messages (topic, extension, event, private, payload, inserted_at)
         select '{room}', 'broadcast', 'said', true, jsonb_build_object('n', n),
           now() at time zone 'utc' - make_interval(secs => {to} - n + 1)
         from generate_series({from}, {to}) n"
    );
    run(db, &sql).await;
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "written out where it is called"
)]
fn asking(replay: Value) -> Value {
    json!({ "private": true, "broadcast": { "replay": replay } })
}

#[tokio::test]
async fn the_newest_messages_of_the_window_come_oldest_first() {
    // RT-RPL-01, RT-RPL-02, RT-RPL-03, RT-RPL-06, RT-FRM-40, RT-JOIN-24.
    let db = database(POLICIES).await;
    let server = Server::on(&db).await;
    store(&db, "r", 1, 40).await;
    store(&db, "elsewhere", 1, 1).await;
    run(
        &db,
        "insert into realtime.messages (topic, extension, event, private, payload, inserted_at) values
           ('r', 'broadcast', 'said', false, '{\"n\":-1}', now() at time zone 'utc'),
           ('r', 'presence', 'said', true, '{\"n\":-2}', now() at time zone 'utc'),
           ('r', 'broadcast', 'said', true, '{\"n\":-3}', now() at time zone 'utc' - interval '1 day'),
           ('r', 'broadcast', 'said', true, '{\"n\":-4}', now() at time zone 'utc' + interval '2 minutes')",
    )
    .await;
    let since = chrono_millis(&db, "1 hour").await;
    for (limit, first) in [
        (json!(3), 38),
        (json!(900), 16),
        (json!(null), 16),
        (json!(-1), 40),
    ] {
        let mut client = server.v2(&server.user(ADA)).await;
        let reply = client
            .join("r", asking(json!({ "since": since, "limit": limit })))
            .await;
        assert_eq!(outcome(&reply), "ok");
        for n in first..=40 {
            let said = client.payload("broadcast").await;
            assert_eq!(
                (&said["event"], &said["payload"]),
                (&json!("said"), &json!({ "n": n }))
            );
            assert_eq!(said["meta"]["replayed"], true);
            assert_eq!(said["meta"]["id"].as_str().map(str::len), Some(36));
        }
        client.assert_silent().await;
    }
    // What sockets say is not stored.
    let mut client = server.v1(&server.user(ADA)).await;
    let since = chrono_millis(&db, "-30 seconds").await;
    client.join("r", asking(json!({ "since": since }))).await;
    client.assert_silent().await;
}

async fn chrono_millis(db: &TestDatabase, ago: &str) -> i64 {
    let sql = format!("select (extract(epoch from now() - interval '{ago}') * 1000)::bigint");
    db.connect()
        .await
        .query_one(&sql, &[])
        .await
        .unwrap()
        .get(0)
}

#[tokio::test]
async fn bytes_are_replayed_to_those_who_can_read_them() {
    // RT-RPL-03, RT-FRM-40.
    let db = database(POLICIES).await;
    let server = Server::on(&db).await;
    run(&db, "select realtime.send_binary('\\x00ff', 'bytes', 'r')").await;
    let (mut one, mut two) = (
        server.v1(&server.user(ADA)).await,
        server.v2(&server.user(ADA)).await,
    );
    for client in [&mut one, &mut two] {
        assert_eq!(
            outcome(&client.join("r", asking(json!({ "since": 0 }))).await),
            "ok"
        );
    }
    let said = two.payload("broadcast").await;
    assert_eq!(said["payload"], json!({ "bytes": [0, 255] }));
    assert_eq!(said["meta"]["replayed"], true);
    one.assert_silent().await;
}

#[tokio::test]
async fn replay_needs_a_private_room_the_right_to_read_and_good_parameters() {
    // RT-RPL-01, RT-RPL-05, RT-JOIN-10, RT-JOIN-12.
    let db = database(POLICIES).await;
    let server = Server::on(&db).await;
    let mut client = server.v1(&server.user(ADA)).await;
    let public = json!({ "broadcast": { "replay": { "since": 0 } } });
    assert_eq!(
        outcome(&client.join("r", public).await),
        "UnableToReplayMessages: Replay is not allowed for public channels"
    );
    for wrong in [
        json!({}),
        json!({ "since": "1" }),
        json!({ "since": 1, "limit": "x" }),
    ] {
        assert_eq!(
            outcome(&client.join("r", asking(wrong)).await),
            "UnableToReplayMessages: Replay params are not valid"
        );
    }
    let mut watching = asking(json!({ "since": 0 }));
    watching["presence"] = json!({ "enabled": true });
    assert_eq!(
        outcome(&client.join("watch", watching).await),
        "Unauthorized: You do not have permissions to read from this Channel topic: watch"
    );
    // Rights come before parameters.
    let mut stranger = server.v1(&server.anon()).await;
    assert_eq!(
        outcome(&stranger.join("r", asking(json!({}))).await),
        "Unauthorized: You do not have permissions to read from this Channel topic: r"
    );
    run(
        &db,
        "alter table realtime.messages rename column event to event_before",
    )
    .await;
    assert_eq!(
        outcome(&client.join("r", asking(json!({ "since": 0 }))).await),
        "UnableToReplayMessages: Realtime was unable to replay messages"
    );
}

#[tokio::test]
async fn nothing_falls_between_the_past_and_the_present_and_nothing_comes_twice() {
    // RT-RPL-04, RT-RPL-07: messages are committed all the while that clients join.
    let db = database(POLICIES).await;
    let server = Server::with(&db, |settings| settings.max_events_per_second = 0).await;
    let writer = db.connect().await;
    writer
        .batch_execute("set session authorization postgres")
        .await
        .unwrap();
    let writing = async {
        for n in 1..=300 {
            let sql = format!("select realtime.send('{{\"n\":{n}}}', 'said', 'r')");
            writer.batch_execute(&sql).await.unwrap();
        }
    };
    let joining = async {
        for _ in 0..8 {
            let mut client = server.v1(&server.user(ADA)).await;
            let reply = client.join("r", asking(json!({ "since": 0 }))).await;
            assert_eq!(outcome(&reply), "ok");
            let mut last = None;
            for _ in 0..20 {
                let said = client.payload("broadcast").await;
                let n = said["payload"]["n"].as_i64().unwrap();
                if n == 300 {
                    break;
                }
                assert!(last.is_none_or(|last| n == last + 1), "{n} after {last:?}");
                last = Some(n);
            }
        }
    };
    tokio::join!(writing, joining);
}
