//! Connections that break, slots that go, transactions that are large.

use std::time::Duration;

use serde_json::json;

use crate::harness::{ADA, PATIENCE, World, anon, on, user};

// D-04, RT-DEL-01, RT-DEL-03, RT-DEL-09.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_across_a_killed_connection() {
    let world = World::new(
        "create table t (id int primary key, owner uuid); alter table t enable row level security;
         create policy own on t using (owner = auth.uid()); alter publication supabase_realtime add table t",
    )
    .await;
    let mut channel = world.channel(&user(ADA), on("t")).await;
    // What was read last; the connection breaks four times on the way, with 360 rows to come at least.
    let (read, mut reached) = tokio::sync::watch::channel(0);
    let writing = async {
        for batch in 0..50 {
            let rows: Vec<String> = (0..40)
                .map(|n| format!("insert into t values ({}, '{ADA}');", batch * 40 + n))
                .collect();
            for row in rows {
                world.run(&row).await;
            }
        }
    };
    let killing = async {
        for round in 1..=4 {
            reached.wait_for(|read| *read >= round * 400).await.unwrap();
            world.kill_walsender().await;
        }
    };
    let reading = async {
        for id in 0..2000 {
            assert_eq!(channel.short().await, format!("INSERT {id}"));
            read.send_replace(id);
        }
    };
    tokio::join!(writing, killing, reading);
    world
        .run(&format!("insert into t values (2000, '{ADA}')"))
        .await;
    assert_eq!(channel.short().await, "INSERT 2000");
    world.end().await;
}

// RT-DEL-08, RT-DEL-10.
#[tokio::test]
async fn a_lost_slot_fails_the_channels_and_the_engine_goes_on() {
    let world = World::new(
        "create table t (id int primary key); alter publication supabase_realtime add table t",
    )
    .await;
    let channel = world.channel(&anon(), on("t")).await;
    let admin = world.db.connect().await;
    replication::Slot::drop(&admin, &world.slot).await.unwrap();
    // The engine may be ready again before we look.
    let began = tokio::time::Instant::now();
    while !channel.is_lost() {
        assert!(began.elapsed() < PATIENCE, "the loss was never told");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(channel);
    let mut channel = world.channel_when_ready(&anon(), on("t")).await;
    world.run("insert into t values (1)").await;
    assert_eq!(channel.short().await, "INSERT 1");
    world.end().await;
}

// RT-DEL-03, RT-PERF-12, D-11.
#[tokio::test]
async fn a_hundred_thousand_rows_in_one_statement_arrive_in_order() {
    let world = World::new(
        "create table t (id int primary key, n int); insert into t select n, 0 from generate_series(1, 100000) n;
         alter publication supabase_realtime add table t",
    )
    .await;
    let mut channel = world.channel(&anon(), on("t")).await;
    world.run("update t set n = 1").await;
    let mut ids = Vec::with_capacity(100_000);
    for _ in 0..100_000 {
        let data = channel.next().await;
        assert_eq!(data["record"]["n"], json!(1));
        ids.push(data["record"]["id"].as_i64().unwrap());
    }
    channel.assert_silent();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    world.end().await;
}

// DB-PUB-02: some templates drop the publication and create it anew.
#[tokio::test]
async fn a_publication_made_anew_is_read_again() {
    let world = World::new(
        "create table t (id int primary key); alter publication supabase_realtime add table t",
    )
    .await;
    world.run("drop publication supabase_realtime").await;
    assert!(world.try_channel(&anon(), &[on("t")]).await.is_err());
    world
        .run("create publication supabase_realtime for table t")
        .await;
    let mut channel = world.channel_when_ready(&anon(), on("t")).await;
    let began = tokio::time::Instant::now();
    for id in 1.. {
        assert!(began.elapsed() < PATIENCE, "no change arrived");
        world.run(&format!("insert into t values ({id})")).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        if channel.try_next().is_some() {
            world.end().await;
            return;
        }
        if channel.is_lost() {
            channel = world.channel_when_ready(&anon(), on("t")).await;
        }
    }
}
