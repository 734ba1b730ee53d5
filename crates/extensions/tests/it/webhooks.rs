//! Database webhooks: a trigger, and what its receiver gets.

use serde_json::{Value, json};

use crate::house::House;
use crate::receiver::Receiver;

// DB-WHK-01, DB-WHK-02, DB-WHK-04
#[tokio::test]
async fn a_webhook_tells_of_inserts_updates_and_deletes() {
    let (house, receiver) = (House::new().await, Receiver::start().await);
    house
        .as_owner(&format!(
            r#"create table public.tasks (id int primary key, title text);
            create trigger "tell" after insert or update or delete on "public"."tasks" for each row
            execute function supabase_functions.http_request(
              '{}', 'POST', '{{"Content-type":"application/json","X-Secret":"s"}}', '{{"from":"db"}}', '60000'
            )"#,
            receiver.url("/hook")
        ))
        .await;
    let net = house.net();
    let mut told = Vec::new();
    for change in [
        "insert into tasks values (1, 'write')",
        "update tasks set title = 'read'",
        "delete from tasks",
    ] {
        house.as_owner(change).await;
        assert_eq!(net.run_due().await.unwrap(), 1, "{change}");
        told = receiver.received();
    }
    let bodies: Vec<Value> = told
        .iter()
        .map(|one| serde_json::from_slice(&one.body).unwrap())
        .collect();
    let (first, second) = (
        json!({"id": 1, "title": "write"}),
        json!({"id": 1, "title": "read"}),
    );
    let body = |kind: &str, old: &Value, new: &Value| json!({"type": kind, "schema": "public", "table": "tasks", "record": new, "old_record": old});
    assert_eq!(
        bodies,
        [
            body("INSERT", &Value::Null, &first),
            body("UPDATE", &first, &second),
            body("DELETE", &second, &Value::Null),
        ]
    );
    for one in &told {
        assert_eq!(
            (one.method.as_str(), one.target.as_str()),
            ("POST", "/hook?from=db")
        );
        assert_eq!(one.header("x-secret"), "s");
    }
    let answered = "select count(*) from supabase_functions.hooks h
        join net._http_response r on r.id = h.request_id
        where h.hook_name = 'tell' and h.hook_table_id = 'tasks'::regclass::int and r.status_code = 201";
    assert_eq!(house.value::<i64>(answered, &[]).await, 3);
}

// DB-WHK-02: GET sends parameters only.
#[tokio::test]
async fn a_get_webhook_sends_parameters_only() {
    let (house, receiver) = (House::new().await, Receiver::start().await);
    house
        .as_owner(&format!(
            r#"create table public.notes (id int);
            create trigger "ping" after insert on public.notes for each row
            execute function supabase_functions.http_request('{}', 'GET', '{{}}', '{{"a":"1"}}', '60000');
            insert into public.notes values (1)"#,
            receiver.url("/hook")
        ))
        .await;
    house.net().run_due().await.unwrap();
    let [received] = receiver.received().try_into().unwrap();
    assert_eq!(
        (received.method.as_str(), received.target.as_str()),
        ("GET", "/hook?a=1")
    );
    assert!(received.body.is_empty());
}

// DB-WHK-03
#[tokio::test]
async fn a_webhook_that_lacks_something_refuses_the_change() {
    let house = House::new().await;
    house.as_owner("create table public.notes (id int)").await;
    for (arguments, error) in [
        ("'null', 'POST'", "url argument is missing"),
        ("'http://localhost/', 'null'", "method argument is missing"),
        (
            "'http://localhost/', 'PUT'",
            "method argument PUT is invalid",
        ),
    ] {
        house
            .as_owner(&format!(
                "create or replace trigger hook after insert on public.notes for each row
                execute function supabase_functions.http_request({arguments})"
            ))
            .await;
        let refused = house
            .client
            .batch_execute("insert into public.notes values (1)")
            .await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().message(), error);
    }
    let queued = house
        .value::<i64>("select count(*) from net.http_request_queue", &[])
        .await;
    assert_eq!(queued, 0);
}

// DB-WHK-01: the sixth argument does not delay the change, nor send it twice.
#[tokio::test]
async fn a_webhook_with_retries_is_sent_once_after_the_commit() {
    let (house, receiver) = (House::new().await, Receiver::start().await);
    house
        .as_owner(&format!(
            "create table public.notes (id int);
            create trigger hook after insert on public.notes for each row
            execute function supabase_functions.http_request('{}', 'POST', '{{}}', '{{}}', '60000', '5');
            insert into public.notes values (1)",
            receiver.url("/hook")
        ))
        .await;
    assert_eq!(house.net().run_due().await.unwrap(), 1);
    assert_eq!(receiver.received().len(), 1);
}
