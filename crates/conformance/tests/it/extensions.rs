//! Webhooks and jobs of a running program: what the database queues is sent, what it schedules is run.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::house::house;

/// Longer than anything here takes on a slow machine; only a hang reaches it.
const PATIENCE: Duration = Duration::from_secs(120);

type Told = mpsc::Sender<(HeaderMap, Value)>;

/// A server that hands on what it is sent.
async fn receiver() -> (String, mpsc::Receiver<(HeaderMap, Value)>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (sender, told) = mpsc::channel(16);
    let take = async |State(sender): State<Told>, headers: HeaderMap, body: axum::Json<Value>| {
        sender.send((headers, body.0)).await.unwrap();
        "thanks"
    };
    let router = Router::new().route("/hook", post(take)).with_state(sender);
    base::Tasks::new().spawn("receiver", async move {
        axum::serve(listener, router).await.unwrap();
    });
    (url, told)
}

/// Asks until the answer is yes.
async fn wait_until(admin: &pg::Endpoint, sql: &str) {
    let client = admin.connect().await.unwrap();
    let asked = async {
        while !client.query_one(sql, &[]).await.unwrap().get::<_, bool>(0) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked)
        .await
        .unwrap_or_else(|_| panic!("never true: {sql}"));
}

// DB-WHK-01, DB-WHK-02, DB-SUB-03
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_inserted_through_the_api_reaches_its_webhook() {
    let house = house();
    let (url, mut told) = receiver().await;
    house
        .run(&format!(
            r#"set role postgres;
            create table public.orders (id int primary key, note text);
            create trigger "tell" after insert on "public"."orders" for each row execute function
              supabase_functions.http_request('{url}', 'POST', '{{"Content-type":"application/json","X-Hook":"h"}}', '{{}}', '60000');
            reset role; notify pgrst"#
        ))
        .await;
    let client = reqwest::Client::new();
    let insert = async || {
        client
            .post(format!("{}/rest/v1/orders", house.url))
            .header("apikey", &house.service_key)
            .json(&json!({"id": 7, "note": "two of them"}))
            .send()
            .await
            .unwrap()
            .status()
    };
    // The service reads the catalog anew after DDL.
    while insert().await == reqwest::StatusCode::NOT_FOUND {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (headers, body) = tokio::time::timeout(PATIENCE, told.recv())
        .await
        .expect("the webhook is told")
        .unwrap();
    assert_eq!(headers["x-hook"], "h");
    assert_eq!(
        body,
        json!({
            "type": "INSERT", "schema": "public", "table": "orders", "old_record": null,
            "record": {"id": 7, "note": "two of them"},
        })
    );
    let answered = "select exists (
        select from supabase_functions.hooks h join net._http_response r on r.id = h.request_id
        where h.hook_name = 'tell' and r.status_code = 200 and r.content = 'thanks')";
    wait_until(&house.admin, answered).await;
}

// DB-SUB-00, DB-SUB-04
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_of_a_migration_is_run_as_its_user() {
    let house = house();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("migrations")).unwrap();
    std::fs::write(
        folder.path().join("migrations/20261124120000_cron.sql"),
        "create extension if not exists pg_cron with schema pg_catalog;
        create table public.ticks (who text);
        select cron.schedule('tick', '1 second', 'insert into public.ticks values (current_user)');",
    )
    .unwrap();
    database::push(
        &house.admin,
        folder.path(),
        &database::PushOptions::default(),
    )
    .await
    .unwrap();
    let ran =
        "select count(*) filter (where status = 'succeeded' and return_message = 'INSERT 0 1') >= 2
        from cron.job_run_details";
    wait_until(&house.admin, ran).await;
    house
        .run("set role postgres; select cron.unschedule('tick')")
        .await;
    let who = "select array_agg(distinct who) = array['postgres'] from public.ticks";
    wait_until(&house.admin, who).await;
}
