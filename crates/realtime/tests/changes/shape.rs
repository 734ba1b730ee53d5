//! The change message, section 17.

use serde_json::{Value, json};

use crate::harness::{World, anon, filtered, on, service};

const TODOS: &str = "create table todos (id int8 primary key, title text, tags text[]);
     alter publication supabase_realtime add table todos";

// RT-CHG-01, RT-CHG-04, RT-CHG-05, RT-CHG-06, RT-CHG-07, RT-CHG-08, RT-CHG-09, RT-CHG-10.
#[tokio::test]
async fn the_three_events_have_their_members() {
    let world = World::new(TODOS).await;
    let mut channel = world.channel(&anon(), on("todos")).await;
    let columns = json!([{"name":"id","type":"int8"},{"name":"title","type":"text"},{"name":"tags","type":"_text"}]);
    let check = |mut data: Value, expected: Value| {
        let time = data
            .as_object_mut()
            .unwrap()
            .remove("commit_timestamp")
            .unwrap();
        let time = time.as_str().unwrap();
        assert!(
            time.len() == 24 && time.ends_with('Z') && time.as_bytes()[19] == b'.',
            "{time}"
        );
        assert_eq!(data, expected);
    };
    world
        .run("insert into todos values (1, 'a', '{x,y}')")
        .await;
    check(
        channel.next().await,
        json!({"schema":"public","table":"todos","type":"INSERT","columns":columns,"errors":null,
            "record":{"id":1,"title":"a","tags":["x","y"]}}),
    );
    world.run("update todos set title = 'b', tags = null").await;
    check(
        channel.next().await,
        json!({"schema":"public","table":"todos","type":"UPDATE","columns":columns,"errors":null,
            "record":{"id":1,"title":"b","tags":null},"old_record":{"id":1}}),
    );
    world.run("update todos set id = 2").await;
    let moved = channel.next().await;
    assert_eq!(
        (&moved["record"]["id"], &moved["old_record"]),
        (&json!(2), &json!({"id":1}))
    );
    world.run("delete from todos").await;
    check(
        channel.next().await,
        json!({"schema":"public","table":"todos","type":"DELETE","columns":columns,"errors":null,"old_record":{"id":2}}),
    );
    // RT-CHG-13.
    world
        .run("truncate todos; insert into todos (id) values (3)")
        .await;
    assert_eq!(channel.short().await, "INSERT 3");
    world.end().await;
}

// RT-CHG-09, RT-CHG-10, RT-CHG-11, RT-CHG-12.
#[tokio::test]
async fn the_old_record_is_the_replica_identity() {
    let world = World::new(
        "create table f (id int primary key, big text); alter table f alter big set storage external;
         alter table f replica identity full;
         create table d (id int primary key, n int, big text); alter table d alter big set storage external;
         create table i (id int primary key, code text not null); create unique index on i (code);
         alter table i replica identity using index i_code_idx;
         create table s (id int primary key, note text); alter table s replica identity full;
         alter table s enable row level security; create policy p on s using (true);
         alter publication supabase_realtime add table f, d, i, s",
    )
    .await;
    let mut channel = world
        .channel(&anon(), json!({"event":"*","schema":"public"}))
        .await;
    world
        .run("insert into f values (1, repeat('x', 10000))")
        .await;
    channel.next().await;
    world.run("update f set id = 2").await;
    let update = channel.next().await;
    assert_eq!(update["record"]["big"].as_str().unwrap().len(), 10_000);
    assert_eq!(update["old_record"]["big"].as_str().unwrap().len(), 10_000);
    world.run("delete from f").await;
    assert_eq!(channel.next().await["old_record"]["id"], json!(2));
    world
        .run("insert into d values (1, 1, repeat('x', 10000))")
        .await;
    channel.next().await;
    world.run("update d set n = 2").await;
    let update = channel.next().await;
    assert_eq!(update["record"], json!({"id":1,"n":2}));
    assert_eq!(update["columns"].as_array().unwrap().len(), 3);
    world.run("insert into i values (1, 'a')").await;
    channel.next().await;
    world.run("update i set code = 'b'").await;
    assert_eq!(channel.next().await["old_record"], json!({"code":"a"}));
    world
        .run("insert into s values (1, 'secret'); update s set note = 'more'; delete from s")
        .await;
    channel.next().await;
    // RT-RLS-14, D-08.
    assert_eq!(
        channel.next().await["old_record"],
        json!({"id":1,"note":"secret"})
    );
    assert_eq!(channel.next().await["old_record"], json!({"id":1}));
    world.end().await;
}

// RT-CHG-14.
#[tokio::test]
async fn errors_replace_or_cut_the_message() {
    let world = World::new(
        "create table nokey (a int);
         create table hidden (id int primary key, note text); revoke select on hidden from anon;
         grant select (note) on hidden to anon;
         create table large (id int primary key, small text, fits text, big text);
         alter publication supabase_realtime add table nokey, hidden, large",
    )
    .await;
    let mut channel = world.channel(&anon(), filtered("nokey", "a=eq.5")).await;
    world.run("insert into nokey values (1)").await;
    let error = |table: &str, error: &str| {
        json!({"schema":"public","table":table,"type":"INSERT","commit_timestamp":null,"columns":[],"record":{},
            "errors":[error]})
    };
    assert_eq!(
        channel.next().await,
        error("nokey", "Error 400: Bad Request, no primary key")
    );
    let mut channel = world
        .channel(&anon(), filtered("hidden", "note=eq.other"))
        .await;
    let mut sees_all = world
        .channel(&service(), filtered("hidden", "note=eq.a"))
        .await;
    world
        .run("insert into hidden values (1, 'a'); delete from hidden")
        .await;
    assert_eq!(
        channel.next().await,
        error("hidden", "Error 401: Unauthorized")
    );
    assert_eq!(sees_all.short().await, "INSERT 1");
    let mut channel = world.channel(&anon(), on("large")).await;
    world
        .run("insert into large values (1, repeat('s', 62), repeat('t', 63), repeat('x', 1100000)), (2, '', '', repeat('x', 800000))")
        .await;
    let cut = channel.next().await;
    assert_eq!(cut["errors"], json!(["Error 413: Payload Too Large"]));
    assert_eq!(cut["record"], json!({"id":1,"small":"s".repeat(62)}));
    assert_eq!(cut["columns"].as_array().unwrap().len(), 4);
    assert_eq!(channel.next().await["errors"], Value::Null);
    world.end().await;
}

// RT-CHG-02, RT-CHG-03, RT-SEL-03, RT-SEL-04, RT-SEL-05.
#[tokio::test]
async fn selections_are_separate_messages_and_equal_ones_share() {
    let world = World::new(TODOS).await;
    let title = json!({"event":"*","schema":"public","table":"todos","select":["title"],"filter":"id=gt.0"});
    let insert = json!({"event":"INSERT","schema":"public","table":"todos"});
    let bindings = [on("todos"), title, insert, on("todos")];
    let mut channel = world.try_channel(&anon(), &bindings).await.unwrap();
    let ids = channel.subscription.ids().to_vec();
    assert_eq!(ids[0], ids[3]);
    world.run("insert into todos values (1, 'a', '{}')").await;
    let mut messages = [channel.raw().await, channel.raw().await];
    messages.sort_by_key(|(ids, _)| ids.len());
    assert_eq!(messages[0].0, [ids[1]]);
    let selected: Value = serde_json::from_slice(&messages[0].1).unwrap();
    assert_eq!(selected["record"], json!({"id":1,"title":"a"}));
    assert_eq!(selected["columns"].as_array().unwrap().len(), 2);
    let mut both = vec![ids[0], ids[2]];
    both.sort_unstable();
    assert_eq!(messages[1].0, both);
    world.run("update todos set tags = '{z}'").await;
    let update: Vec<Vec<u64>> = vec![channel.raw().await.0, channel.raw().await.0];
    assert!(
        update.contains(&vec![ids[0]]) && update.contains(&vec![ids[1]]),
        "{update:?}"
    );
    channel.assert_silent();
    world.end().await;
}

// RT-CHG-16, RT-PERF-20.
#[tokio::test]
async fn a_change_is_rendered_once_for_everybody() {
    let world = World::new(TODOS).await;
    let mut channels = Vec::new();
    for _ in 0..50 {
        channels.push(world.channel(&anon(), on("todos")).await);
    }
    world.run("insert into todos values (1, 'a', '{}')").await;
    let mut addresses = std::collections::HashSet::new();
    for channel in &mut channels {
        addresses.insert(channel.raw().await.1.as_ptr() as usize);
    }
    assert_eq!(addresses.len(), 1);
    world.end().await;
}

// RT-CHG-08: generated columns.
#[tokio::test]
async fn generated_columns_are_in_the_record() {
    let world = World::new(
        "create table g (id int primary key, price numeric, total numeric generated always as (price * 2) stored,
           label text generated always as ('no ' || id::text) stored);
         alter publication supabase_realtime add table g",
    )
    .await;
    let mut channel = world.channel(&anon(), on("g")).await;
    let mut by_total = world.channel(&anon(), filtered("g", "total=eq.3")).await;
    world.run("insert into g values (1, 1.50), (2, 4)").await;
    assert_eq!(
        channel
            .raw()
            .await
            .1
            .as_ref()
            .windows(14)
            .filter(|part| part == br#""total":3.00,"l"#)
            .count(),
        0
    );
    let second = channel.next().await;
    assert_eq!(
        second["record"],
        json!({"id":2,"price":4,"total":8,"label":"no 2"})
    );
    assert_eq!(
        second["columns"][2],
        json!({"name":"total","type":"numeric"})
    );
    assert_eq!(by_total.short().await, "INSERT 1");
    by_total.assert_silent();
    world.end().await;
}

// D-05, D-10, RT-PG-08.
#[tokio::test]
async fn the_publications_own_switches_hold() {
    let world = World::new(
        "drop publication supabase_realtime;
         create table part (id int primary key, note text) partition by range (id);
         create table part_1 partition of part for values from (0) to (100);
         create table cols (id int primary key, shown text, kept text);
         create table rows (id int primary key);
         create publication supabase_realtime for table part, cols, rows
           with (publish = 'insert', publish_via_partition_root = true)",
    )
    .await;
    // PostgreSQL 14 publishes whole tables only.
    let narrow = world.major().await >= 15;
    if narrow {
        world
            .run("alter publication supabase_realtime set table part, cols (id, shown), rows where (id > 10)")
            .await;
    }
    let mut part = world.channel(&anon(), on("part")).await;
    let mut cols = world.channel(&anon(), on("cols")).await;
    let mut rows = world.channel(&anon(), on("rows")).await;
    world
        .run("insert into part values (1, 'a'); insert into cols values (1, 'a', 'b'); update cols set shown = 'c';
              insert into rows values (5), (15)")
        .await;
    let data = part.next().await;
    assert_eq!(
        (&data["table"], &data["record"]["id"]),
        (&json!("part"), &json!(1))
    );
    let data = cols.next().await;
    if narrow {
        assert_eq!(data["record"], json!({"id":1,"shown":"a"}));
        assert_eq!(data["columns"].as_array().unwrap().len(), 2);
    } else {
        assert_eq!(data["record"], json!({"id":1,"shown":"a","kept":"b"}));
        assert_eq!(rows.short().await, "INSERT 5");
    }
    assert_eq!(rows.short().await, "INSERT 15");
    cols.assert_silent();
    world.end().await;
}
