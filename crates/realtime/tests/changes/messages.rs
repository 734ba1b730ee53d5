//! Broadcast from the database, section 13.

use realtime::changes::{MessagePayload, MessageRow};
use serde_json::{Value, json};

use crate::harness::{PATIENCE, World};

async fn next(world: &World) -> MessageRow {
    let mut messages = world.messages.lock().await;
    tokio::time::timeout(PATIENCE, messages.recv())
        .await
        .expect("a message")
        .unwrap()
}

fn payload(row: &MessageRow) -> Value {
    let MessagePayload::Json(text) = &row.payload else {
        panic!("JSON")
    };
    serde_json::from_slice(text).unwrap()
}

// RT-DB-01, RT-DB-05, RT-DB-06, RT-DB-07.
#[tokio::test]
async fn sent_rows_are_broadcast_in_commit_order() {
    let world = World::new("create table nothing (id int)").await;
    world
        .run(
            "begin; select realtime.send('{\"n\":1}', 'greet', 'room', false); select realtime.send('{\"id\":\"mine\"}', 'greet', 'room');
             select realtime.send('[1]', 'list', 'room'); commit;
             begin; select realtime.send('{\"n\":9}', 'greet', 'room'); rollback;
             insert into realtime.messages (topic, extension, payload, event, private) values ('t', 'presence', '3', 'e', true);
             insert into realtime.messages (topic, extension, event) values ('t', 'broadcast', 'without payload');
             select realtime.send_binary('\\x00ff', 'bytes', 'room')",
        )
        .await;
    let first = next(&world).await;
    assert_eq!(
        (first.topic.as_str(), first.event.as_str(), first.private),
        ("room", "greet", false)
    );
    assert_eq!(payload(&first), json!({"n":1,"id":first.id.to_string()}));
    assert_eq!(payload(&next(&world).await), json!({"id":"mine"}));
    assert_eq!(payload(&next(&world).await), json!([1]));
    let direct = next(&world).await;
    assert_eq!(
        (direct.extension.as_str(), payload(&direct)),
        ("presence", json!(3))
    );
    let bytes = next(&world).await;
    assert_eq!(bytes.payload, MessagePayload::Binary(vec![0, 255].into()));
    assert!(bytes.private);
    world.end().await;
}

// RT-DB-01, RT-DB-02, RT-SQL-01.
#[tokio::test]
async fn sending_as_an_ordinary_role_obeys_policies_and_never_fails() {
    let world = World::new(
        "create policy write on realtime.messages for insert to authenticated with check (realtime.topic() = 'open')",
    )
    .await;
    world
        .run(
            "begin; set local role authenticated; select realtime.send('{}', 'e', 'closed'); select realtime.send('{}', 'e', 'open'); commit",
        )
        .await;
    assert_eq!(next(&world).await.topic, "open");
    world.end().await;
}

// RT-DB-04, RT-SQL-03.
#[tokio::test]
async fn triggers_broadcast_changes() {
    let world = World::new(
        "create table t (id int primary key, name text);
         create function tell() returns trigger language plpgsql as $$
         begin
           perform realtime.broadcast_changes('t:' || coalesce(new.id, old.id), tg_op, tg_op, tg_table_name, tg_table_schema, new, old);
           return null;
         end $$;
         create trigger tell after insert or update or delete on t for each row execute function tell()",
    )
    .await;
    world
        .run("insert into t values (1, 'a'); update t set name = 'b'; delete from t")
        .await;
    let record = |name: &str| json!({"id":1,"name":name});
    for (event, new, old) in [
        ("INSERT", record("a"), Value::Null),
        ("UPDATE", record("b"), record("a")),
        ("DELETE", Value::Null, record("b")),
    ] {
        let row = next(&world).await;
        assert_eq!(
            (row.topic.as_str(), row.event.as_str(), row.private),
            ("t:1", event, true)
        );
        let expected = json!({"record":new,"old_record":old,"operation":event,"table":"t","schema":"public","id":row.id.to_string()});
        assert_eq!(payload(&row), expected);
    }
    for (call, expected) in [
        (
            "'INSERT', 't', 'public', null::record, null::record, 'STATEMENT'",
            "function can only be triggered for each row, not for each statement",
        ),
        (
            "'MERGE', 't', 'public', null::record, null::record",
            "Unexpected operation type: MERGE",
        ),
    ] {
        let sql = format!("select realtime.broadcast_changes('t', 'e', {call})");
        let error = world.client.batch_execute(&sql).await.unwrap_err();
        let message = error.as_db_error().unwrap().message().to_owned();
        assert_eq!(message, format!("Failed to process the row: {expected}"));
    }
    world.end().await;
}

// RT-DB-13.
#[tokio::test]
async fn partitions_of_the_days_around_exist() {
    let world = World::new("create table nothing (id int)").await;
    let sql = "select count(*) from pg_inherits where inhparent = 'realtime.messages'::regclass";
    let count: i64 = world.client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(count, 5);
    world.end().await;
}
