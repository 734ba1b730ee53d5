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

/// The names of the indexes that a plan reads.
fn indexes(plan: &Value, found: &mut Vec<String>) {
    match plan {
        Value::Object(members) => {
            found.extend(
                members
                    .get("Index Name")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            );
            members.values().for_each(|member| indexes(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| indexes(item, found)),
        _ => {}
    }
}

// REST-GEN-09, REST-RPC-20: filters, JSON paths, joins and functions' results are found by index.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn indexes_are_used_where_they_can_be() {
    let server = server().await;
    let client = server.database.connect().await;
    client
        .batch_execute(
            "create table public.things (id int primary key, meta jsonb, body text, parent int references public.things);
             insert into public.things select i, jsonb_build_object('k', i::text), 'word' || i, nullif(i / 2, 0) from generate_series(1, 5000) i;
             create index things_k on public.things ((meta ->> 'k'));
             create index things_body on public.things using gin (to_tsvector('english', body));
             create index things_parent on public.things (parent);
             analyze public.things;
             create function public.all_things() returns setof public.things language sql stable as $$ select * from public.things $$;
             grant select on public.things to anon;
             notify pgrst",
        )
        .await
        .unwrap();
    let mut loads = server.rest.catalog().loads();
    let plan = [("accept", "application/vnd.pgrst.plan+json")];
    while server
        .ask("", "GET", "/rpc/all_things", &plan, "")
        .await
        .status
        != 200
    {
        loads.changed().await.unwrap();
    }
    for (uri, index) in [
        ("/things?id=eq.7", "things_pkey"),
        ("/things?id=in.(7,8,9)", "things_pkey"),
        ("/things?meta->>k=eq.7", "things_k"),
        ("/things?and=(meta->>k.eq.7,id.gt.0)", "things_k"),
        ("/things?body=fts(english).word7", "things_body"),
        ("/things?select=id,things(id)&id=eq.7", "things_parent"),
        ("/things?select=id,parent(id)&id=eq.7", "things_pkey"),
        (
            "/things?select=id,things!inner(id)&id=eq.7",
            "things_parent",
        ),
        ("/things?order=id&limit=3", "things_pkey"),
        ("/rpc/all_things?id=eq.7", "things_pkey"),
    ] {
        let answer = server.ask("", "GET", uri, &plan, "").await;
        let mut found = Vec::new();
        indexes(&serde_json::from_str(&answer.body).unwrap(), &mut found);
        assert!(
            found.iter().any(|name| name == index),
            "{uri}: {found:?} {}",
            answer.body
        );
    }
}

// REST-GEN-09: no body is made for those who want none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_made_that_nobody_reads() {
    let server = server().await;
    let verbose = [("accept", "application/vnd.pgrst.plan; options=verbose")];
    let makes_json = |text: &str| text.contains("json_agg") || text.contains("row_to_json");
    let read = server.ask("", "GET", "/people", &verbose, "").await.body;
    assert!(makes_json(&read), "{read}");
    let body = r#"{"id":50,"name":"x"}"#;
    let write = server.ask("", "POST", "/people", &verbose, body).await.body;
    assert!(!makes_json(&write), "{write}");
}
