//! Which tables a binding means, section 15.

use std::time::Duration;

use serde_json::json;

use crate::harness::{PATIENCE, World, anon, filtered, on};

// D-01, RT-PG-03, RT-PG-04.
#[tokio::test]
async fn bindings_are_live_when_subscribing_returns_and_mean_their_tables() {
    let world = World::new(
        "create table to_dos (id int primary key); create table todos (id int primary key); create table \"Odd.\"\"Name\" (id int primary key);
         create schema other; create table other.things (id int primary key);
         alter publication supabase_realtime add table to_dos, todos, \"Odd.\"\"Name\", other.things",
    )
    .await;
    world.run("insert into todos values (0)").await;
    let all = json!({"event":"*","schema":"*"});
    let cases = [
        (json!({"event":"insert","table":"todos"}), vec!["todos"]),
        (
            json!({"event":"UPDATE","schema":"public","table":"todos"}),
            vec![],
        ),
        (
            json!({"event":"*","schema":"public"}),
            vec!["to_dos", "todos", "Odd.\"Name"],
        ),
        (all.clone(), vec!["to_dos", "todos", "Odd.\"Name", "things"]),
        (on("Odd.\"Name"), vec!["Odd.\"Name"]),
        (on("%dos"), vec!["to_dos", "todos"]),
        (
            json!({"event":"*","schema":"other","table":"*"}),
            vec!["things"],
        ),
        (
            filtered("*os", "id=eq.7")
                .as_object()
                .map(|_| filtered("%", "id=eq.7"))
                .unwrap(),
            vec![],
        ),
    ];
    let mut channels = Vec::new();
    for (binding, _) in &cases {
        channels.push(world.channel(&anon(), binding.clone()).await);
    }
    let mut last = world.channel(&anon(), all).await;
    world
        .run("begin; insert into to_dos values (1); insert into todos values (1); insert into \"Odd.\"\"Name\" values (1);
              insert into other.things values (1); commit")
        .await;
    for _ in 0..4 {
        last.next().await;
    }
    for ((binding, tables), channel) in cases.iter().zip(&mut channels) {
        for table in tables {
            assert_eq!(channel.next().await["table"], json!(table), "{binding}");
        }
        channel.assert_silent();
    }
    world.end().await;
}

// RT-PG-06, RT-PG-15, RT-SYS-11.
#[tokio::test]
async fn what_is_not_published_is_refused() {
    let world = World::new(
        "create table t (id int primary key); create table unpublished (id int primary key); create view v as select * from t;
         alter publication supabase_realtime add table t",
    )
    .await;
    for table in ["unpublished", "v", "nothing", "T"] {
        let expected = format!(
            "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect \
             parameters: [event: *, schema: public, table: {table}, filters: [], select: nil]"
        );
        assert_eq!(world.refusal(&anon(), on(table)).await, expected);
    }
    assert!(
        world
            .try_channel(&anon(), &[on("t"), on("unpublished")])
            .await
            .is_err()
    );
    world.run("insert into t values (1)").await;
    world.end().await;
}

// RT-PG-09, RT-PG-10, D-13.
#[tokio::test]
async fn wildcards_follow_the_publication() {
    let world = World::new(
        "create table a (id int primary key); create table b (id int primary key); alter publication supabase_realtime add table a",
    )
    .await;
    let mut channel = world
        .channel(&anon(), json!({"event":"*","schema":"public"}))
        .await;
    world
        .run("insert into a values (1); alter publication supabase_realtime add table b")
        .await;
    assert_eq!(channel.next().await["table"], json!("a"));
    until_seen(&world, &mut channel, "b").await;
    world
        .run("alter publication supabase_realtime drop table a; insert into a values (2)")
        .await;
    world.run("drop table b; create table b (id serial primary key, more text); alter publication supabase_realtime add table b").await;
    until_seen(&world, &mut channel, "b").await;
    world.end().await;
}

/// Inserts until the channel gets one.
async fn until_seen(world: &World, channel: &mut crate::harness::Channel, table: &str) {
    let began = tokio::time::Instant::now();
    for id in 1.. {
        assert!(began.elapsed() < PATIENCE, "the new table was never seen");
        world
            .run(&format!("insert into {table} (id) values ({id})"))
            .await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        if let Some(data) = channel.try_next() {
            assert_eq!(data["table"], json!(table));
            while channel.try_next().is_some() {}
            return;
        }
    }
}

// RT-PG-11.
#[tokio::test]
async fn schema_changes_take_effect_where_they_happen() {
    let world = World::new(
        "create table t (id int primary key, a text, b int); alter publication supabase_realtime add table t",
    )
    .await;
    let mut all = world.channel(&anon(), on("t")).await;
    let mut by_a = world.channel(&anon(), filtered("t", "a=eq.x")).await;
    let mut by_b = world.channel(&anon(), filtered("t", "b=eq.7")).await;
    world.run("insert into t values (1, 'x', 7)").await;
    assert_eq!(all.next().await["record"], json!({"id":1,"a":"x","b":7}));
    assert_eq!(by_a.short().await, "INSERT 1");
    assert_eq!(by_b.short().await, "INSERT 1");
    world.run("alter table t rename a to z; alter table t add c bool; alter table t alter b type text").await;
    world.run("insert into t values (2, 'x', '7', true)").await;
    let data = all.next().await;
    assert_eq!(data["record"], json!({"id":2,"z":"x","b":"7","c":true}));
    assert_eq!(data["columns"][2]["type"], json!("text"));
    by_a.assert_silent();
    assert_eq!(by_b.short().await, "INSERT 2");
    world
        .run("alter table t drop b; insert into t values (3, 'x', false)")
        .await;
    assert_eq!(
        all.next().await["record"],
        json!({"id":3,"z":"x","c":false})
    );
    by_b.assert_silent();
    world.end().await;
}

#[tokio::test]
async fn a_dropped_subscription_gets_nothing() {
    let world = World::new(
        "create table t (id int primary key); alter publication supabase_realtime add table t",
    )
    .await;
    let leaver = world.channel(&anon(), on("t")).await;
    let mut stayer = world.channel(&anon(), on("t")).await;
    let mut received = leaver.leave();
    world.run("insert into t values (1)").await;
    assert_eq!(stayer.short().await, "INSERT 1");
    assert!(received.try_recv().is_err());
    world.end().await;
}
