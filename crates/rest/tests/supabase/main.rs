//! The REST service on a database as the program prepares it. A process of its own: that database's settings of
//! the shared roles would count in the other tests, too.

#[path = "../it/server.rs"]
#[expect(dead_code, reason = "the other tests need all of it")]
mod server;

use std::time::Duration;

use server::{SECRET, Server};
use testkit::Postgres;

async fn start(options: &pg::RequestOptions) -> Server {
    let database = Postgres::shared().supabase(&[]).await;
    let client = database.connect().await;
    client
        .batch_execute(
            "set role postgres;
             create table public.todos (id int primary key, done boolean);
             alter table public.todos enable row level security;
             create policy open on public.todos for all using (true);
             create function public.setting(name text) returns text language sql stable as $$ select current_setting(name, true) $$;
             create function public.dawdle() returns void language sql volatile as $$ select pg_advisory_xact_lock(1) $$;
             reset role",
        )
        .await
        .expect("the fixture is good SQL");
    let keys = jwt::Keys::from_secret(SECRET).expect("a good secret");
    let schemas = |settings: &mut settings::Rest| {
        settings.schemas = ["public", "graphql_public"].map(str::to_owned).into();
    };
    Server::start_in(database, schemas, keys, options).await
}

// REST-GEN-07, DB-FN-09: where the extension is missing, its own words say so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn graphql_answers_through_its_function() {
    let server = start(&pg::RequestOptions::default()).await;
    let headers = [
        ("content-profile", "graphql_public"),
        ("content-type", "application/json"),
    ];
    let body = r#"{"query":"query a { b }","operationName":"a","variables":{"x":1}}"#;
    for caller in ["anon", "authenticated:ada", "service_role"] {
        let answer = server
            .ask(caller, "POST", "/rpc/graphql", &headers, body)
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let answer: serde_json::Value =
            serde_json::from_str(&answer.body).expect("an answer of GraphQL's shape");
        let expected = serde_json::json!({
            "data": null, "errors": ["pg_graphql extension is not enabled."]
        });
        assert_eq!(answer, expected);
    }
    let answer = server.ask("anon", "POST", "/rpc/graphql", &[], body).await;
    assert_eq!(answer.status, 404, "only in its own schema");
}

// REST-CFG-04, DB-SET-21, DB-SET-24
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_settings_of_the_roles_count() {
    let server = start(&pg::RequestOptions::default()).await;
    let timeout = "/rpc/setting?name=statement_timeout";
    for (caller, expected) in [("anon", "\"3s\""), ("authenticated:ada", "\"8s\"")] {
        let answer = server.ask(caller, "GET", timeout, &[], "").await;
        assert_eq!(answer.body, expected, "{caller}");
    }
    let lock = "/rpc/setting?name=lock_timeout";
    assert_eq!(
        server.ask("anon", "GET", lock, &[], "").await.body,
        "\"8s\""
    );
    for (method, body) in [("DELETE", ""), ("PATCH", r#"{"done":true}"#)] {
        let answer = server
            .ask("authenticated:ada", method, "/todos", &[], body)
            .await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(answer.body.contains("requires a WHERE clause"));
    }
}

// REST-CCH-07, REST-CCH-03: DDL is seen without any call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_table_is_seen_without_being_told() {
    let server = start(&pg::RequestOptions::default()).await;
    let mut loads = server.rest.catalog().loads();
    loads
        .wait_for(|count| *count >= 2)
        .await
        .expect("the catalog is kept current");
    let client = server.database.connect().await;
    client
        .batch_execute("set role postgres; create table public.fresh (id int); reset role")
        .await
        .expect("good SQL");
    while server.ask("anon", "GET", "/fresh", &[], "").await.status != 200 {
        loads.changed().await.expect("the catalog is kept current");
    }
}

// REST-CCH-05: many notifications are a few loads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_notifications_is_a_few_loads() {
    let server = start(&pg::RequestOptions::default()).await;
    let mut loads = server.rest.catalog().loads();
    loads
        .wait_for(|count| *count >= 2)
        .await
        .expect("the catalog is kept current");
    let before = *loads.borrow();
    let client = server.database.connect().await;
    // Fifty transactions that come at once, however slow the way to the server is.
    let notify = "begin; notify pgrst, 'reload schema'; commit;".repeat(50);
    client.batch_execute(&notify).await.expect("good SQL");
    client
        .batch_execute("set role postgres; create table public.last (id int); reset role")
        .await
        .expect("good SQL");
    while server.ask("anon", "GET", "/last", &[], "").await.status != 200 {
        loads.changed().await.expect("the catalog is kept current");
    }
    let made = *loads.borrow() - before;
    assert!(made < 25, "{made} loads for 51 notifications");
}

// REST-OPS-01, REST-SEQ-02: who waits too long is told so; what needs no connection is answered all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_gets_no_connection_in_time_is_told_so() {
    let options = pg::RequestOptions {
        size: 1,
        acquire_timeout: Duration::from_millis(200),
        application_name: "rest-of-the-test".to_owned(),
        ..pg::RequestOptions::default()
    };
    let server = start(&options).await;
    let client = server.database.connect().await;
    client
        .batch_execute("select pg_advisory_lock(1)")
        .await
        .expect("good SQL");
    // The connection may take longer to make than that; later it is there.
    while server.ask("anon", "GET", "/todos", &[], "").await.status != 200 {}
    let holding = server.ask("service_role", "POST", "/rpc/dawdle", &[], "");
    let asking = async {
        let waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'
            and application_name = 'rest-of-the-test' and datname = current_database()";
        loop {
            let row = client.query_one(waits, &[]).await.expect("good SQL");
            if row.get::<_, i64>(0) == 1 {
                break;
            }
        }
        let answer = server.ask("anon", "GET", "/todos", &[], "").await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (
                504,
                r#"{"code":"PGRST003","details":null,"hint":null,"message":"Timed out acquiring connection from connection pool."}"#
            )
        );
        assert_eq!(
            server.ask("anon", "GET", "/nowhere", &[], "").await.status,
            404
        );
        assert_eq!(
            server
                .ask("anon", "OPTIONS", "/todos", &[], "")
                .await
                .status,
            200
        );
        client
            .batch_execute("select pg_advisory_unlock(1)")
            .await
            .expect("good SQL");
    };
    let (held, ()) = tokio::join!(holding, asking);
    assert_eq!(held.status, 204, "{}", held.body);
    while server.ask("anon", "GET", "/todos", &[], "").await.status != 200 {}
}
