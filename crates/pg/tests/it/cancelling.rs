//! A caller that goes away.

use std::time::Duration;

use pg::{End, Error, RequestOptions, Statement};
use tokio::time::timeout;

use crate::support::{PATIENCE, World, as_user, ask, only, statement, until};

const SLEEPERS: &str = "select count(*) = 0 from pg_stat_activity \
    where datname = current_database() and usename = 'test_authenticator' and state = 'active'";
const ASLEEP: &str = "select count(*) = 1 from pg_stat_activity \
    where datname = current_database() and wait_event = 'PgSleep'";

#[tokio::test]
async fn a_dropped_request_ends_at_the_server_and_leaves_a_clean_connection() {
    let world = World::new().await;
    let requests = world.small(1);
    let writes_then_sleeps = as_user(
        "ada",
        &[
            ("insert into note (body) values ('half')", &[]),
            ("select pg_sleep(600)::text", &[]),
        ],
    );
    for end in [End::Commit, End::Rollback] {
        let mut tx = writes_then_sleeps.clone();
        tx.end = end;
        let request = requests.run(tx);
        tokio::select! {
            result = request => panic!("it cannot end by itself: {result:?}"),
            () = until(&world.admin, ASLEEP) => {}
        }
        // The pool has one connection: this waits until it is clean, and gets that one.
        assert_eq!(
            ask(&requests, "select count(*) from note").await.unwrap(),
            "2"
        );
        until(&world.admin, SLEEPERS).await;
    }
    let stats = requests.stats();
    assert_eq!(
        (stats.opened, stats.cancelled, stats.open, stats.idle),
        (1, 2, 1, 1)
    );
}

#[tokio::test]
async fn a_request_dropped_at_any_moment_disturbs_nobody() {
    let world = World::new().await;
    let requests = world.small(2);
    let mine = |n: usize| {
        let marker = n.to_string();
        as_user(
            "ada",
            &[
                (
                    "select $1::text from generate_series(1, 200)",
                    &[marker.as_str()],
                ),
                (
                    "select string_agg(g::text, ',') from generate_series(1, 2000) g",
                    &[],
                ),
            ],
        )
    };
    for round in 0..300 {
        let dropped = requests.run(mine(round));
        // Polled a varying number of times: not sent, sent, half answered, answered.
        let _ = timeout(Duration::from_micros(20 * (round as u64 % 40)), dropped).await;
        let results = requests.run(mine(round)).await.unwrap();
        assert_eq!(results[0].rows.len(), 200);
        assert!(
            results[0]
                .rows
                .iter()
                .all(|row| row.text(0) == Some(round.to_string().as_str()))
        );
    }
}

#[tokio::test]
async fn a_dropped_open_transaction_is_rolled_back_even_amid_a_statement() {
    let world = World::new().await;
    let requests = world.small(1);
    let insert = as_user(
        "ada",
        &[(
            "insert into note (body) values ('half') returning body",
            &[],
        )],
    );
    let mut open = requests.open(insert).await.unwrap();
    tokio::select! {
        result = open.query(statement("select pg_sleep(600)", &[])) => panic!("it cannot end: {result:?}"),
        () = until(&world.admin, ASLEEP) => {}
    }
    drop(open);
    assert_eq!(
        ask(&requests, "select count(*) from note").await.unwrap(),
        "2"
    );
    assert_eq!(requests.stats().opened, 1);
}

#[tokio::test]
async fn a_large_batch_does_not_wait_for_its_own_answer() {
    let world = World::new().await;
    let requests = world.small(1);
    // The server is busy writing the first answer while most of the second statement is not yet sent.
    let large = "x".repeat(20_000_000);
    let tx = as_user(
        "ada",
        &[
            ("select repeat('y', 20000000)", &[]),
            ("select length($1::text)::text", &[large.as_str()]),
        ],
    );
    let results = timeout(PATIENCE, requests.run(tx))
        .await
        .expect("no standstill")
        .unwrap();
    assert_eq!(results[0].rows[0].get(0).unwrap().len(), 20_000_000);
    assert_eq!(only(&results), "20000000");
}

#[tokio::test]
async fn a_request_dropped_half_sent_changes_nothing() {
    let world = World::new().await;
    let requests = world.small(1);
    let large = bytes::Bytes::from(vec![b'x'; 50_000_000]);
    let mut tx = as_user("ada", &[("insert into note (body) values ('half')", &[])]);
    tx.statements.push(statement("select pg_sleep(600)", &[]));
    tx.statements.push(Statement::new(
        "select length($1::text)::text",
        vec![Some(large)],
    ));
    // While the server sleeps it does not read: most of the last statement is still here.
    tokio::select! {
        result = requests.run(tx) => panic!("it cannot end by itself: {result:?}"),
        () = until(&world.admin, ASLEEP) => {}
    }
    assert_eq!(
        ask(&requests, "select count(*) from note").await.unwrap(),
        "2"
    );
    until(&world.admin, SLEEPERS).await;
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_an_error_and_not_memory() {
    let world = World::new().await;
    let requests = world.requests(&RequestOptions {
        size: 1,
        max_result_bytes: 1_000_000,
        ..RequestOptions::default()
    });
    for sql in [
        "select repeat('x', 2000000)",
        "select repeat('x', 1000) from generate_series(1, 2000)",
        "select repeat('x', 1000) from generate_series(1, 20000000)",
    ] {
        let error = ask(&requests, sql).await.unwrap_err();
        assert!(matches!(error, Error::TooLarge(1_000_000)), "{error:?}");
    }
    assert_eq!(
        ask(&requests, "select length(repeat('x', 900000))::text")
            .await
            .unwrap(),
        "900000"
    );
    assert_eq!(
        ask(&requests, "select repeat('x', 900000)")
            .await
            .unwrap()
            .len(),
        900_000
    );
    assert_eq!(requests.stats().opened, 1);

    // A single row too large even to be skipped costs the connection, not the memory.
    let error = ask(&requests, "select repeat('x', 100000000)").await;
    assert!(
        matches!(error, Err(Error::TooLarge(1_000_000))),
        "{error:?}"
    );
    assert_eq!(ask(&requests, "select 'next'").await.unwrap(), "next");
    assert_eq!((requests.stats().opened, requests.stats().open), (2, 1));
}
