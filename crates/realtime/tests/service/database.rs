//! Broadcast from the database, section 13, from a statement to the sockets.

use serde_json::{Value, json};

use crate::harness::{ADA, Server, database, run};

const READ: &str =
    "create policy read on realtime.messages for select to authenticated using (true)";

#[tokio::test]
async fn what_is_sent_in_sql_arrives_on_sockets_of_both_versions() {
    // RT-DB-01, RT-DB-03, RT-DB-05, RT-DB-06, RT-DB-07, RT-DB-12, RT-FRM-40, RT-JOIN-09.
    let db = database(READ).await;
    let server = Server::on(&db).await;
    let (mut one, mut two) = (
        server.v1(&server.user(ADA)).await,
        server.v2(&server.user(ADA)).await,
    );
    let mut public = server.v2(&server.anon()).await;
    public.join("r", json!({})).await;
    for client in [&mut one, &mut two] {
        assert_eq!(client.join_private("r").await, "ok");
    }
    run(
        &db,
        "begin; select realtime.send('{\"n\":0}', 'lost', 'r'); rollback;
         begin; select realtime.send('{\"n\":1}', 'first', 'r'); select realtime.send('{\"id\":\"own\"}', 'second', 'r'); commit;
         select realtime.send_binary('\\x01ff', 'bytes', 'r');
         insert into realtime.messages (topic, extension, event, private) values ('r', 'broadcast', 'empty', true);
         update realtime.messages set event = 'changed';
         insert into realtime.messages (topic, extension, event, private, payload) values ('r', 'presence', 'direct', true, '3');
         select realtime.send('{\"n\":5}', 'open', 'r', false)",
    )
    .await;
    for (client, reads_bytes) in [(&mut one, false), (&mut two, true)] {
        let first = client.payload("broadcast").await;
        assert_eq!(
            first,
            json!({ "type": "broadcast", "event": "first", "payload": { "n": 1, "id": first["meta"]["id"] }, "meta": { "id": first["meta"]["id"] } })
        );
        let second = client.payload("broadcast").await;
        assert_eq!(
            (&second["event"], &second["payload"]),
            (&json!("second"), &json!({ "id": "own" }))
        );
        assert_ne!(second["meta"]["id"], "own");
        if reads_bytes {
            let bytes = client.payload("broadcast").await;
            assert_eq!(bytes["payload"], json!({ "bytes": [1, 255] }));
            assert!(bytes["meta"]["id"].is_string());
        }
        let direct = client.payload("broadcast").await;
        assert_eq!(
            (&direct["event"], &direct["payload"]),
            (&json!("direct"), &json!(3))
        );
        client.assert_silent().await;
    }
    assert_eq!(public.payload("broadcast").await["payload"]["n"], 5);
    public.assert_silent().await;
}

#[tokio::test]
async fn a_trigger_tells_rooms_of_each_change_of_a_row() {
    // RT-DB-04, RT-SQL-02, RT-SQL-03: as users' migrations write it.
    let db = database(&format!(
        "{READ};
         create table public.tasks (id int primary key, name text);
         create function public.tell() returns trigger security definer language plpgsql as $$
         begin
           perform realtime.broadcast_changes('task:' || coalesce(new.id, old.id)::text, tg_op, tg_op, tg_table_name, tg_table_schema, new, old);
           return null;
         end $$;
         create trigger tell after insert or update or delete on public.tasks for each row execute function public.tell()"
    ))
    .await;
    let server = Server::on(&db).await;
    let mut client = server.v2(&server.user(ADA)).await;
    assert_eq!(client.join_private("task:1").await, "ok");
    run(
        &db,
        "insert into public.tasks values (1, 'a'), (2, 'b'); update public.tasks set name = 'c'; delete from public.tasks",
    )
    .await;
    let row = |name: &str| json!({ "id": 1, "name": name });
    for (event, new, old) in [
        ("INSERT", row("a"), Value::Null),
        ("UPDATE", row("c"), row("a")),
        ("DELETE", Value::Null, row("c")),
    ] {
        let said = client.payload("broadcast").await;
        assert_eq!(said["event"], event);
        assert_eq!(
            said["payload"],
            json!({ "record": new, "old_record": old, "operation": event, "table": "tasks", "schema": "public", "id": said["meta"]["id"] })
        );
    }
    client.assert_silent().await;
}

#[tokio::test]
async fn over_the_payload_limit_a_row_is_left_out() {
    // RT-DB-09, RT-DB-08.
    let db = database(READ).await;
    let server = Server::with(&db, |settings| settings.max_payload_bytes = 200).await;
    let mut client = server.v1(&server.user(ADA)).await;
    client.join_private("r").await;
    run(
        &db,
        "select realtime.send(jsonb_build_object('x', repeat('x', 300)), 'large', 'r');
         select realtime.send('{}', 'nobody', 'listens');
         select realtime.send('{\"n\":1}', 'small', 'r')",
    )
    .await;
    assert_eq!(client.payload("broadcast").await["event"], "small");
}

#[tokio::test]
async fn what_is_committed_while_the_stream_is_down_arrives_after_it() {
    // D-04, RT-DB-11, RT-DEL-09: and the channel stays joined.
    let db = database(READ).await;
    let server = Server::on(&db).await;
    let mut client = server.v1(&server.user(ADA)).await;
    client.join_private("r").await;
    let admin = db.connect().await;
    for n in 1..=5 {
        let ended: i64 = admin
            .query_one(
                "select count(pg_terminate_backend(active_pid, 120000)) from pg_replication_slots
                 where database = current_database() and active_pid is not null",
                &[],
            )
            .await
            .unwrap()
            .get(0);
        assert!(ended <= 1);
        run(
            &db,
            &format!("select realtime.send('{{\"n\":{n}}}', 'said', 'r')"),
        )
        .await;
    }
    for n in 1..=5 {
        assert_eq!(client.payload("broadcast").await["payload"]["n"], n);
    }
    client.assert_silent().await;
}
