//! What a request leaves behind on its connection: nothing.

use std::time::Duration;

use crate::server::{SECRET, Server};

async fn on_one_connection() -> Server {
    let keys = jwt::Keys::from_secret(SECRET).unwrap();
    Server::start_on(|s| s.schemas = vec!["public".into()], keys, 1).await
}

// REST-TXN-04
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_request_sets_survives_it() {
    let server = on_one_connection().await;
    let made = server.ask("", "POST", "/rpc/teapot", &[], "").await;
    assert_eq!(made.status, 418);
    let zone = [("prefer", "timezone=Asia/Tokyo")];
    let uri = "/rpc/setting?name=timezone";
    let tokyo = server.ask("authenticated:ada", "GET", uri, &zone, "").await;
    assert_eq!(tokyo.body, r#""Asia/Tokyo""#);
    // Set before on this connection: empty now, not NULL; and the time zone is the connection's again.
    let status = server
        .ask("", "GET", "/rpc/setting?name=response.status", &[], "")
        .await;
    assert_eq!((status.status, status.body.as_str()), (200, r#""""#));
    assert_ne!(
        server.ask("", "GET", uri, &[], "").await.body,
        r#""Asia/Tokyo""#
    );
    let claims = "/rpc/setting?name=request.jwt.claims";
    assert_eq!(
        server.ask("", "GET", claims, &[], "").await.body,
        r#""{\"role\":\"anon\"}""#
    );
}

// REST-TXN-10
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_leaves_no_open_transaction() {
    let server = on_one_connection().await;
    let admin = server.database.connect().await;
    admin
        .batch_execute(
            "create function public.dawdle() returns void language sql as $$ select pg_advisory_xact_lock(1) $$;
             select pg_advisory_lock(1); notify pgrst",
        )
        .await
        .unwrap();
    let mut loads = server.rest.catalog().loads();
    while server
        .ask("", "OPTIONS", "/rpc/dawdle", &[], "")
        .await
        .status
        != 200
    {
        loads.changed().await.unwrap();
    }
    let waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())";
    tokio::select! {
        answer = server.ask("", "POST", "/rpc/dawdle", &[], "") => panic!("{answer:?}"),
        () = async {
            loop {
                let row = admin.query_one(waiting, &[]).await.unwrap();
                if row.get::<_, i64>(0) == 1 { return }
            }
        } => {}
    }
    admin
        .batch_execute("select pg_advisory_unlock(1)")
        .await
        .unwrap();
    // The only connection is free again, and it is clean.
    let answer = tokio::time::timeout(
        Duration::from_secs(120),
        server.ask("", "GET", "/customers?limit=0", &[], ""),
    )
    .await
    .unwrap();
    assert_eq!(answer.status, 200);
    let open = "select count(*) from pg_stat_activity where state like 'idle in transaction%'
        and datname = current_database()";
    let row = admin.query_one(open, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0);
}
