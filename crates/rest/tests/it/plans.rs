//! Execution plans.

use serde_json::Value;

use crate::server::Server;

async fn server() -> Server {
    Server::start_with(|settings| {
        settings.schemas = vec!["public".to_owned()];
        settings.plan_enabled = true;
    })
    .await
}

fn cost(body: &str) -> f64 {
    let plan: Value = serde_json::from_str(body).unwrap();
    plan[0]["Plan"]["Total Cost"].as_f64().unwrap()
}

// REST-MED-07, REST-DEV-07, REST-HTTP-05, REST-CLI-03
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_told_in_json_or_text_and_named_in_full() {
    let server = server().await;
    let accept = [("accept", "application/vnd.pgrst.plan+json")];
    let uri = "/people?select=name,teams(name)&id=gt.1&order=id";
    let answer = server.ask("", "GET", uri, &accept, "").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(cost(&answer.body) > 0.0);
    assert_eq!(
        answer.headers["content-type"],
        r#"application/vnd.pgrst.plan+json; for="application/json"; charset=utf-8"#
    );
    assert!(!answer.headers.contains_key("content-range"));
    // As a stock client sends it: no order of options, an unknown one, a semicolon at the end.
    let accept = [(
        "accept",
        r#"application/vnd.pgrst.plan+text; for="application/vnd.pgrst.object"; options=buffers|analyze|nonsense;"#,
    )];
    let answer = server.ask("", "GET", "/people", &accept, "").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("actual time"), "{}", answer.body);
    assert!(answer.body.ends_with('\n'));
    assert_eq!(
        answer.headers["content-type"],
        r#"application/vnd.pgrst.plan+text; for="application/vnd.pgrst.object+json"; options=analyze|buffers; charset=utf-8"#
    );
}

// REST-MED-07: whatever the method; nothing is done unless it is analyzed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_analyze_does_what_it_explains() {
    let server = server().await;
    let plain = [("accept", "application/vnd.pgrst.plan+json")];
    let body = r#"{"id":41,"name":"x"}"#;
    let answer = server.ask("", "POST", "/teams", &plain, body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(cost(&answer.body) >= 0.0);
    let there = "/teams?id=eq.41&select=id";
    assert_eq!(server.ask("", "GET", there, &[], "").await.body, "[]");
    let analyze = [(
        "accept",
        "application/vnd.pgrst.plan+json; options=analyze|wal",
    )];
    let answer = server.ask("", "POST", "/teams", &analyze, body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("WAL Records"), "{}", answer.body);
    assert_eq!(
        server.ask("", "GET", there, &[], "").await.body,
        r#"[{"id":41}]"#
    );
    for (method, uri, body) in [
        ("PATCH", "/teams?id=eq.41", r#"{"name":"y"}"#),
        ("DELETE", "/teams?id=eq.41", ""),
        ("PUT", "/teams?id=eq.41", r#"{"id":41}"#),
        ("POST", "/rpc/add", r#"{"a":1}"#),
        ("GET", "/rpc/all_orders?select=id,customers(name)", ""),
    ] {
        let answer = server.ask("", method, uri, &plain, body).await;
        assert_eq!(answer.status, 200, "{method} {uri}: {}", answer.body);
        assert!(cost(&answer.body) >= 0.0, "{method} {uri}");
    }
}
