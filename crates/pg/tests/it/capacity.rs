//! More callers than connections.

use std::time::Duration;

use futures_util::future::join_all;
use pg::{Error, RequestOptions};

use crate::cluster::eventually;
use crate::support::{PATIENCE, World, as_user, ask, only};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_share_eight_connections() {
    let world = World::new().await;
    let requests = world.small(8);
    let all = (0..1000).map(|n| {
        let requests = requests.clone();
        async move {
            let name = format!("user {n}");
            let who = "select current_setting('request.jwt.claims')::json ->> 'sub'";
            let results = requests
                .run(as_user(&name, &[(who, &[]), (who, &[])]))
                .await
                .unwrap();
            assert_eq!(only(&results), name);
        }
    });
    join_all(all).await;
    let stats = requests.stats();
    assert_eq!((stats.requests, stats.waiting), (1000, 0));
    assert!(
        stats.open <= 8 && stats.opened <= 8 && stats.idle == stats.open,
        "{stats:?}"
    );
}

#[tokio::test]
async fn whoever_waits_too_long_is_told_so() {
    let world = World::new().await;
    let acquire_timeout = Duration::from_millis(50);
    let requests = world.requests(&RequestOptions {
        size: 1,
        acquire_timeout,
        ..RequestOptions::default()
    });
    // The connection may take longer to make than that.
    let open = eventually(async || requests.open(as_user("ada", &[])).await).await;
    let error = ask(&requests, "select 'x'").await.unwrap_err();
    assert!(
        matches!(error, Error::PoolTimeout(limit) if limit == acquire_timeout),
        "{error:?}"
    );
    assert!(error.is_unavailable());
    open.rollback().await.unwrap();
    let answer = eventually(async || ask(&requests, "select 'x'").await).await;
    assert_eq!(answer, "x");
    assert_eq!(requests.stats().waiting, 0);
}

#[tokio::test]
async fn who_waits_is_served_in_order() {
    let world = World::new().await;
    let requests = world.small(1);
    let open = requests.open(as_user("ada", &[])).await.unwrap();
    let order = std::sync::Mutex::new(Vec::new());
    let callers = join_all((0..5).map(|n| {
        let (requests, order) = (&requests, &order);
        async move {
            ask(requests, "select 'x'").await.unwrap();
            order.lock().unwrap().push(n);
        }
    }));
    tokio::join!(callers, async { open.commit().await.unwrap() });
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn a_closed_pool_lends_nothing() {
    let world = World::new().await;
    let requests = world.small(2);
    let open = requests.open(as_user("ada", &[])).await.unwrap();
    ask(&requests, "select 'x'").await.unwrap();
    requests.close();
    assert!(matches!(
        ask(&requests, "select 'x'").await,
        Err(Error::Connect(_))
    ));
    open.commit().await.unwrap();
    assert_eq!(requests.stats().open, 0);
}

#[tokio::test]
async fn a_service_pool_times_out_too_and_recovers() {
    let world = World::new().await;
    let options = pg::PoolOptions {
        application_name: "test service".into(),
        size: 1,
        acquire_timeout: Duration::from_millis(50),
    };
    let pool = pg::Pool::new(world.database.admin(), &options).unwrap();
    let client = eventually(async || pool.get().await).await;
    let name: String = client
        .query_one("show application_name", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(name, "test service");
    assert!(matches!(
        pool.get().await.err(),
        Some(Error::PoolTimeout(_))
    ));
    drop(client);
    eventually(async || pool.get().await.map(drop)).await;
}

#[tokio::test]
async fn connections_that_lie_idle_are_closed_and_those_in_use_are_not() {
    let world = World::new().await;
    let options = pg::PoolOptions {
        application_name: "idle service".into(),
        size: 3,
        acquire_timeout: PATIENCE,
    };
    let pool = pg::Pool::new(world.database.admin(), &options).unwrap();
    let (used, idle) = (pool.get().await.unwrap(), pool.get().await.unwrap());
    drop(idle);
    pool.close_idle(Duration::ZERO);
    let open = "select count(*) from pg_stat_activity where application_name = 'idle service'";
    let count = async || used.query_one(open, &[]).await.unwrap().get::<_, i64>(0);
    while count().await > 1 {
        tokio::task::yield_now().await;
    }
    drop(pool.get().await.unwrap());
}
