//! What is queued by the functions of schema `net`, sent and answered.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::house::House;
use crate::receiver::Receiver;

/// What `net._http_response` holds for a request.
#[derive(Debug, PartialEq)]
struct Row {
    status: Option<i32>,
    content_type: Option<String>,
    content: Option<String>,
    timed_out: Option<bool>,
    error: Option<String>,
}

impl House {
    /// Queues a request by an expression, as role `postgres`.
    async fn ask(&self, expression: &str) -> i64 {
        self.run("set role postgres").await;
        let id = self.value(&format!("select {expression}"), &[]).await;
        self.run("reset role").await;
        id
    }

    async fn answer(&self, id: i64) -> Row {
        let sql = "select status_code, content_type, content, timed_out, error_msg from net._http_response where id = $1";
        let row = self.client.query_one(sql, &[&id]).await.unwrap();
        Row {
            status: row.get(0),
            content_type: row.get(1),
            content: row.get(2),
            timed_out: row.get(3),
            error: row.get(4),
        }
    }

    async fn status(&self, id: i64) -> (String, String) {
        let sql = "select (r).status::text, (r).message from net.http_collect_response($1) r";
        let row = self.client.query_one(sql, &[&id]).await.unwrap();
        (row.get(0), row.get(1))
    }

    /// Sends what waits, and says what became of this request.
    async fn ask_and_send(&self, expression: &str) -> Row {
        let id = self.ask(expression).await;
        assert_eq!(self.net().run_due().await.unwrap(), 1);
        self.answer(id).await
    }

    async fn queued(&self) -> i64 {
        self.value(
            "select (select count(*) from net.http_request_queue) + (select count(*) from net._in_flight)",
            &[],
        )
        .await
    }
}

fn failed(error: &str) -> Row {
    Row {
        status: None,
        content_type: None,
        content: None,
        timed_out: Some(false),
        error: Some(error.to_owned()),
    }
}

// DB-SUB-03
#[tokio::test]
async fn a_get_request_is_sent_and_its_answer_kept() {
    let (house, receiver) = (House::new().await, Receiver::start().await);
    let id = house
        .ask(&format!(
            "net.http_get('{}', '{{\"q\": \"a b&c\"}}', '{{\"X-Key\": \"k1\", \"X-Number\": 7}}')",
            receiver.url("/in?x=1")
        ))
        .await;
    assert_eq!(
        house.status(id).await,
        ("PENDING".into(), "request is pending processing".into())
    );
    assert_eq!(house.net().run_due().await.unwrap(), 1);

    let [received] = receiver.received().try_into().unwrap();
    assert_eq!(received.method, "GET");
    assert_eq!(received.target, "/in?x=1&q=a%20b%26c");
    assert_eq!(received.header("x-key"), "k1");
    assert_eq!(received.header("x-number"), "7");
    assert!(received.header("user-agent").starts_with("pg_net"));
    assert!(received.body.is_empty());

    let answer = house.answer(id).await;
    assert_eq!(
        answer,
        Row {
            status: Some(201),
            content_type: Some("text/x-echo; charset=utf-8".into()),
            content: Some("GET /in?x=1&q=a%20b%26c".into()),
            timed_out: Some(false),
            error: None,
        }
    );
    let headers: Value = house
        .value(
            "select headers from net._http_response where id = $1",
            &[&id],
        )
        .await;
    assert_eq!(headers["content-type"], json!("text/x-echo; charset=utf-8"));
    assert_eq!(headers["x-twice"], json!("two"));
    assert_eq!(house.status(id).await, ("SUCCESS".into(), "ok".into()));
    assert_eq!(house.queued().await, 0);
}

// DB-SUB-03
#[tokio::test]
async fn post_and_delete_carry_their_bodies() {
    let (house, receiver) = (House::new().await, Receiver::start().await);
    let url = receiver.url("/in");
    house
        .ask(&format!("net.http_post('{url}', '{{\"a\": \"é\"}}')"))
        .await;
    house
        .ask(&format!("net.http_delete('{url}', '{{\"q\": \"1\"}}')"))
        .await;
    house
        .ask(&format!("net.http_delete('{url}', body := '[1]')"))
        .await;
    assert_eq!(house.net().run_due().await.unwrap(), 3);
    let mut received: Vec<_> = receiver
        .received()
        .into_iter()
        .map(|one| {
            (
                one.method.clone(),
                one.target.clone(),
                String::from_utf8(one.body.to_vec()).unwrap(),
                one.header("content-type").to_owned(),
            )
        })
        .collect();
    received.sort();
    let expected = [
        ("DELETE", "/in", "[1]", ""),
        ("DELETE", "/in?q=1", "", ""),
        ("POST", "/in", "{\"a\": \"é\"}", "application/json"),
    ];
    let expected =
        expected.map(|(a, b, c, d)| (a.to_owned(), b.to_owned(), c.to_owned(), d.to_owned()));
    assert_eq!(received, expected);
}

// DB-SUB-03: written in the caller's transaction, sent after its commit.
#[tokio::test]
async fn what_is_rolled_back_is_not_sent() {
    let (house, receiver) = (House::new().await, Receiver::start().await);
    let url = receiver.url("/in");
    house
        .run(&format!("begin; select net.http_get('{url}')"))
        .await;
    assert_eq!(house.net().run_due().await.unwrap(), 0);
    house.run("rollback").await;
    assert_eq!(house.net().run_due().await.unwrap(), 0);
    assert!(receiver.received().is_empty());
}

// DB-SUB-03: timed_out, error_msg.
#[tokio::test]
async fn a_server_that_is_too_slow_is_given_up() {
    let (house, receiver) = (House::new().await, Receiver::start().await);
    let url = receiver.url("/slow");
    let answer = house
        .ask_and_send(&format!(
            "net.http_get('{url}', timeout_milliseconds := 40)"
        ))
        .await;
    assert_eq!((answer.status, answer.timed_out), (None, Some(true)));
    let error = answer.error.unwrap();
    assert!(
        error.starts_with("Timeout of 40 ms reached. Total time: "),
        "{error}"
    );
    // Where 40 ms are not enough to reach it, not at all; but never again.
    assert!(receiver.received().len() <= 1);
}

// DB-SUB-03
#[tokio::test]
async fn whatever_goes_wrong_is_an_answer() {
    let (mut house, receiver) = (House::new().await, Receiver::start().await);
    house.settings.net_max_response = settings::ByteSize(1_000_000);
    // A port that only root could listen on, and that nothing is meant for.
    let answer = house
        .ask_and_send("net.http_get('http://127.0.0.1:1/')")
        .await;
    assert_eq!(answer, failed("Couldn't connect to server"));
    let answer = house
        .ask_and_send(&format!("net.http_get('{}')", receiver.url("/large")))
        .await;
    assert_eq!(answer, failed("Maximum file size exceeded"));
    let answer = house
        .ask_and_send(&format!("net.http_get('{}')", receiver.url("/loop")))
        .await;
    assert_eq!(answer, failed("Number of redirects hit maximum amount"));
    let answer = house
        .ask_and_send(&format!(
            "net.http_get('{}', timeout_milliseconds := -1)",
            receiver.url("/in")
        ))
        .await;
    assert_eq!(
        answer,
        failed("timeout_milliseconds must be between 1 and 3600000, got -1")
    );
    assert!(receiver.received().is_empty());
    assert_eq!(house.queued().await, 0);
}

// DB-SUB-03
#[tokio::test]
async fn a_server_that_hangs_up_is_named_as_libcurl_does() {
    let house = House::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    base::Tasks::new().spawn("hang up", async move {
        use tokio::io::AsyncReadExt as _;
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut seen, mut room) = (Vec::new(), [0; 1024]);
        while !seen.ends_with(b"\r\n\r\n") {
            let read = stream.read(&mut room).await.unwrap();
            seen.extend_from_slice(&room[..read]);
        }
    });
    let answer = house.ask_and_send(&format!("net.http_get('{url}')")).await;
    assert_eq!(
        answer,
        failed("Server returned nothing (no headers, no data)")
    );
}

// DB-SUB-03
#[tokio::test]
async fn redirects_are_followed_and_odd_bodies_are_kept_as_text() {
    let (house, receiver) = (House::new().await, Receiver::start().await);
    let answer = house
        .ask_and_send(&format!("net.http_post('{}')", receiver.url("/moved")))
        .await;
    assert_eq!(answer.content.as_deref(), Some("GET /landed"));
    let answer = house
        .ask_and_send(&format!("net.http_get('{}')", receiver.url("/empty")))
        .await;
    assert_eq!((answer.status, answer.content), (Some(204), None));
    let answer = house
        .ask_and_send(&format!("net.http_get('{}')", receiver.url("/broken")))
        .await;
    assert_eq!(answer.content.as_deref(), Some("caf\u{fffd}"));
}

// DB-SUB-03: private addresses may be blocked by a setting.
#[tokio::test]
async fn private_addresses_are_refused_when_the_setting_says_so() {
    let (mut house, receiver) = (House::new().await, Receiver::start().await);
    house.settings.net_block_private_addresses = true;
    let answer = house
        .ask_and_send(&format!("net.http_get('{}')", receiver.url("/in")))
        .await;
    assert_eq!(
        answer,
        failed("The address is not public, and extensions.net_block_private_addresses is on")
    );
    assert!(receiver.received().is_empty());
}

// DB-SUB-03: responses kept 6 hours.
#[tokio::test]
async fn answers_are_forgotten_after_six_hours() {
    let (house, receiver) = (House::new().await, Receiver::start().await);
    let net = house.net();
    house
        .ask(&format!("net.http_get('{}')", receiver.url("/in")))
        .await;
    net.run_due().await.unwrap();
    let kept = || house.value::<i64>("select count(*) from net._http_response", &[]);
    house.clock.advance(TimeDelta::hours(6));
    net.sweep().await.unwrap();
    assert_eq!(kept().await, 1);
    house.clock.advance(TimeDelta::seconds(1));
    net.sweep().await.unwrap();
    assert_eq!(kept().await, 0);
}

// DB-SUB-03: the real extension does its own work.
#[tokio::test]
async fn where_the_substitute_does_not_stand_nothing_is_touched() {
    let (house, receiver) = (House::new().await, Receiver::start().await);
    house
        .ask(&format!("net.http_get('{}')", receiver.url("/in")))
        .await;
    // What the real one leaves out: it keeps no claims.
    house.run("drop table net._in_flight").await;
    let net = house.net();
    assert!(!net.is_ours().await.unwrap());
    assert_eq!(net.run_due().await.unwrap(), 0);
    net.sweep().await.unwrap();
    assert!(receiver.received().is_empty());
    // Or an extension of that name is installed.
    let house = House::new().await;
    house
        .ask(&format!("net.http_get('{}')", receiver.url("/in")))
        .await;
    house
        .run(
            "set allow_system_table_mods = on;
            insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
            values (90001, 'pg_net', 10, 'net'::regnamespace, false, '0.19')",
        )
        .await;
    assert!(!house.net().is_ours().await.unwrap());
    assert_eq!(house.net().run_due().await.unwrap(), 0);
}

// DB-GRT-12, DB-SCH-10: the functions are everybody's, the tables are not.
#[tokio::test]
async fn api_roles_may_ask_but_not_read_what_others_asked() {
    let (house, receiver) = (House::new().await, Receiver::start().await);
    for role in ["anon", "authenticated", "service_role"] {
        let ask = format!(
            "set role {role}; select net.http_get('{}'); reset role",
            receiver.url("/in")
        );
        house.run(&ask).await;
    }
    assert_eq!(house.net().run_due().await.unwrap(), 3);
    for table in [
        "net.http_request_queue",
        "net._http_response",
        "net._in_flight",
    ] {
        let sql = format!("set role anon; select from {table}");
        let refused = house.client.batch_execute(&sql).await.unwrap_err();
        assert_eq!(refused.code().unwrap().code(), "42501", "{table}");
        house.run("reset role").await;
    }
}
