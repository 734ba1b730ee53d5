//! A server that goes away and comes back.

use futures_util::future::join_all;
use pg::{Access, Error, RequestOptions, Requests};

use crate::cluster::{Cluster, eventually};
use crate::support::{PATIENCE, World, as_user, ask, until};

const KILL_ALL: &str = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
    where datname = current_database() and usename = 'test_authenticator'";
const GONE: &str = "select count(*) = 0 from pg_stat_activity \
    where datname = current_database() and usename = 'test_authenticator'";

const FOUR: &str = "select count(*) = 4 from pg_stat_activity \
    where datname = current_database() and usename = 'test_authenticator'";

/// Opens as many connections as the pool may have.
async fn fill(requests: &Requests, size: usize) {
    let open = join_all((0..size).map(|_| requests.open(as_user("ada", &[])))).await;
    for open in open {
        open.unwrap().rollback().await.unwrap();
    }
    assert_eq!(requests.stats().idle, size);
}

#[tokio::test]
async fn connections_killed_between_requests_are_replaced_and_nobody_notices() {
    let world = World::new().await;
    let requests = world.small(4);
    for round in 1..=3 {
        fill(&requests, 4).await;
        // Those of the round before may still be on their way out.
        until(&world.admin, FOUR).await;
        let killed: i64 = world.admin.query_one(KILL_ALL, &[]).await.unwrap().get(0);
        assert_eq!(killed, 4);
        // Both at once, before and after the server has said good-bye.
        if round > 1 {
            until(&world.admin, GONE).await;
        }
        assert_eq!(
            ask(&requests, "select count(*) from note").await.unwrap(),
            "2"
        );
    }
    let stats = requests.stats();
    assert!(stats.replaced >= 8, "{stats:?}");
}

#[tokio::test]
async fn a_write_that_was_cut_off_is_not_repeated() {
    let world = World::new().await;
    let requests = world.small(1);
    let die = "create function die() returns text security definer \
        begin atomic select pg_terminate_backend(pg_backend_pid())::text; end";
    world.admin.batch_execute(die).await.unwrap();
    let cut_off = "select die()";
    let error = ask(&requests, cut_off).await.unwrap_err();
    assert_eq!(error.code(), Some("57P01"));
    assert!(error.is_unavailable());
    let mut read = as_user("ada", &[(cut_off, &[])]);
    read.access = Access::ReadOnly;
    assert_eq!(requests.run(read).await.unwrap_err().code(), Some("57P01"));
    assert_eq!(
        ask(&requests, "select count(*) from note").await.unwrap(),
        "2"
    );
    let stats = requests.stats();
    assert_eq!((stats.open, stats.idle), (1, 1), "{stats:?}");
}

#[tokio::test]
async fn a_restart_of_the_server_is_survived() {
    let cluster = Cluster::start("local all all trust\n", "");
    let requests = Requests::new(
        &cluster.admin(),
        &RequestOptions {
            size: 4,
            ..RequestOptions::default()
        },
    );
    let mut tx = as_user("ada", &[("select 'here'", &[])]);
    tx.role = "supabase_admin".into();
    for mode in ["fast", "immediate"] {
        let open = join_all((0..4).map(|_| requests.open(tx.clone()))).await;
        let under_way: Vec<_> = open.into_iter().map(Result::unwrap).collect();
        cluster.down(mode);
        for open in under_way {
            let error = open.commit().await.unwrap_err();
            assert!(error.is_unavailable(), "{error:?}");
        }
        let error = requests.run(tx.clone()).await.unwrap_err();
        assert!(matches!(error, Error::Connect(_)), "{error:?}");
        assert_eq!(requests.stats().open, 0);
        cluster.up();
        requests.run(tx.clone()).await.unwrap();

        // Idle connections of the old server do not reach anyone.
        fill_as(&requests, &tx).await;
        cluster.down(mode);
        cluster.up();
        let all = join_all((0..16).map(|_| requests.run(tx.clone()))).await;
        assert!(all.iter().all(Result::is_ok), "{all:?}");
    }
}

async fn fill_as(requests: &Requests, tx: &pg::RequestTx) {
    for open in join_all((0..4).map(|_| requests.open(tx.clone()))).await {
        open.unwrap().commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_service_pool_comes_back_too() {
    let cluster = Cluster::start("local all all trust\n", "");
    let options = pg::PoolOptions {
        application_name: "t".into(),
        size: 2,
        acquire_timeout: PATIENCE,
    };
    let pool = pg::Pool::new(&cluster.admin(), &options).unwrap();
    drop(pool.get().await.unwrap());
    cluster.down("fast");
    cluster.up();
    let client = eventually(async || pool.get().await).await;
    client.batch_execute("select 1").await.unwrap();
}
