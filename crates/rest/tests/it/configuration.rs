//! What settings change.

use serde_json::json;

use crate::server::{SECRET, Server};

async fn with(adjust: impl FnOnce(&mut settings::Rest)) -> Server {
    Server::start_with(|settings| {
        settings.schemas = vec!["public".to_owned()];
        adjust(settings);
    })
    .await
}

/// Sets something on the login role, for this database alone, and waits until it counts.
async fn set(server: &Server, what: &str) {
    let client = server.database.connect().await;
    let name = server.database.admin().database().to_owned();
    let mut loads = server.rest.catalog().loads();
    loads.wait_for(|count| *count >= 2).await.unwrap();
    let before = server.rest.catalog().current().unwrap().version();
    client
        .batch_execute(&format!(
            "alter role authenticator in database {name} {what}; notify pgrst, 'reload config'"
        ))
        .await
        .unwrap();
    while server.rest.catalog().current().unwrap().version() == before {
        loads.changed().await.unwrap();
    }
}

// REST-JWT-07, REST-TXN-03: the role is found there, and the claims say what it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_role_is_found_where_the_path_leads() {
    let server = with(|s| {
        s.jwt_role_claim_key = r#"$.roles[?search(@, "^auth")]"#.to_owned();
    })
    .await;
    let keys = jwt::Keys::from_secret(SECRET).unwrap();
    let token = keys
        .sign(&json!({ "sub": "ada", "roles": ["x", "authenticated"], "role": "service_role" }));
    assert_eq!(
        server
            .ask(&token, "GET", "/notes?select=owner", &[], "")
            .await
            .body,
        r#"[{"owner":"ada"}]"#
    );
    let uri = "/rpc/setting?name=request.jwt.claims";
    let claims = server.ask(&token, "GET", uri, &[], "").await.body;
    let claims: String = serde_json::from_str(&claims).unwrap();
    let claims: serde_json::Value = serde_json::from_str(&claims).unwrap();
    assert_eq!(claims["role"], "authenticated");
    // Nothing is found: the anonymous role.
    let nobody = keys.sign(&json!({ "sub": "ada" }));
    assert_eq!(
        server
            .ask(&nobody, "GET", "/notes?select=owner", &[], "")
            .await
            .body,
        "[]"
    );
}

// REST-JWT-07
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_that_is_none_refuses_the_start() {
    let mut settings = settings::Rest::default();
    settings.jwt_role_claim_key = "role".to_owned();
    let nowhere = pg::Endpoint::parse("host=/nonexistent user=authenticator dbname=x").unwrap();
    let options = pg::PoolOptions {
        application_name: "test".into(),
        size: 1,
        acquire_timeout: std::time::Duration::from_secs(1),
    };
    let deps = rest::Deps {
        requests: pg::Requests::new(&nowhere, &pg::RequestOptions::default()),
        catalog: pg::Pool::new(&nowhere, &options).unwrap(),
        listener: nowhere,
        verifier: jwt::Verifier::new(
            jwt::Keys::from_secret(SECRET).unwrap(),
            std::sync::Arc::new(base::SystemClock),
        ),
        max_body_bytes: 1 << 20,
    };
    let error = rest::start(&settings, deps, &base::Tasks::new())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the REST service cannot start: failed to parse role-claim-key value (role)"
    );
}

// REST-JWT-02, REST-JWT-10, REST-CFG-02, REST-CFG-03
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_in_the_database_replaces_the_keys() {
    let server = with(|_| {}).await;
    let old = server.token("authenticated", "ada");
    let uri = "/notes?select=owner";
    assert_eq!(server.ask(&old, "GET", uri, &[], "").await.status, 200);
    let other = "another secret of thirty-two characters";
    set(&server, &format!("set pgrst.jwt_secret = '{other}'")).await;
    assert_eq!(server.ask(&old, "GET", uri, &[], "").await.status, 401);
    let new = jwt::Keys::from_secret(other)
        .unwrap()
        .sign(&json!({ "role": "authenticated", "sub": "ada" }));
    assert_eq!(server.ask(&new, "GET", uri, &[], "").await.status, 200);
    // A key set.
    set(
        &server,
        r#"set pgrst.jwt_secret = '{"keys":[{"kty":"oct","alg":"HS256","k":"YW5vdGhlciBzZWNyZXQgb2YgdGhpcnR5LXR3byBjaGFyYWN0ZXJz"}]}'"#,
    )
    .await;
    assert_eq!(server.ask(&new, "GET", uri, &[], "").await.status, 200);
    assert_eq!(server.ask(&old, "GET", uri, &[], "").await.status, 401);
}

// REST-JWT-08
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_any_secret_no_token_can_be_checked() {
    let server = with(|_| {}).await;
    set(&server, "set pgrst.jwt_secret = ''").await;
    let answer = server
        .ask("authenticated", "GET", "/notes?select=owner", &[], "")
        .await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (
            500,
            r#"{"code":"PGRST300","details":null,"hint":null,"message":"Server lacks JWT secret"}"#
        )
    );
    assert!(!answer.headers.contains_key("www-authenticate"));
    assert_eq!(server.ask("", "GET", "/notes", &[], "").await.status, 200);
}

// REST-JWT-05
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_for_another_audience_is_refused() {
    let server = with(|s| s.jwt_aud = Some("us".to_owned())).await;
    let keys = jwt::Keys::from_secret(SECRET).unwrap();
    for (audience, status) in [
        (json!("us"), 200),
        (json!(["them", "us"]), 200),
        (json!([]), 200),
        (json!(null), 200),
        (json!("them"), 401),
        (json!(["them"]), 401),
        (json!(7), 401),
    ] {
        let token = keys.sign(&json!({ "role": "anon", "aud": audience }));
        let answer = server
            .ask(&token, "GET", "/customers?limit=0", &[], "")
            .await;
        assert_eq!(answer.status, status, "{audience}: {}", answer.body);
    }
    let token = keys.sign(&json!({ "role": "anon", "aud": "them" }));
    let answer = server.ask(&token, "GET", "/nowhere", &[], "").await;
    assert_eq!(
        answer.body,
        r#"{"code":"PGRST303","details":null,"hint":null,"message":"JWT not in audience"}"#
    );
    assert_eq!(
        answer.headers["www-authenticate"],
        r#"Bearer error="invalid_token", error_description="JWT not in audience""#
    );
}

// REST-CFG-02: a function that sets what the configuration is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_configures_before_anything_else() {
    let server = with(|s| s.pre_config = Some("public.configure".to_owned())).await;
    let answer = server
        .ask("", "GET", "/orders?select=total.max()", &[], "")
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        server
            .ask("", "GET", "/customers?select=id", &[], "")
            .await
            .body
            .matches("id")
            .count(),
        2
    );
    // It leaves nothing behind on the connection that it ran on.
    assert_eq!(
        server.rest.catalog().current().unwrap().login_settings()["pgrst.db_max_rows"],
        "2"
    );
}

// REST-COR-03
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_listed_origins_may_call() {
    let server = with(|s| {
        s.cors_allowed_origins = vec!["https://one".to_owned(), "https://two".to_owned()];
    })
    .await;
    for method in ["GET", "OPTIONS"] {
        let ask = |origin: &'static str| {
            let headers = [("origin", origin), ("access-control-request-method", "GET")];
            let server = &server;
            async move {
                server
                    .ask("", method, "/customers?limit=0", &headers, "")
                    .await
            }
        };
        let listed = ask("https://two").await;
        assert_eq!(listed.status, 200);
        assert_eq!(listed.headers["access-control-allow-origin"], "https://two");
        assert_eq!(listed.headers["access-control-allow-credentials"], "true");
        let other = ask("https://three").await;
        assert_eq!(other.status, 200);
        assert!(
            other
                .headers
                .keys()
                .all(|name| !name.as_str().starts_with("access-control-")),
            "{:?}",
            other.headers
        );
    }
}

// REST-OPS-04, REST-CFG-02
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timing_and_trace_are_told_where_wanted() {
    let server = with(|s| {
        s.server_timing = true;
        s.trace_header = Some("x-request-id".to_owned());
    })
    .await;
    let trace = [("x-request-id", "abc")];
    let good = server.ask("", "GET", "/customers", &trace, "").await;
    assert_eq!(good.headers["x-request-id"], "abc");
    let timing = good.headers["server-timing"].to_str().unwrap();
    let stages: Vec<&str> = timing
        .split(", ")
        .map(|stage| {
            let (name, duration) = stage.split_once(";dur=").unwrap();
            let (_, decimals) = duration.split_once('.').unwrap();
            assert_eq!(decimals.len(), 1, "{timing}");
            assert!(duration.parse::<f64>().unwrap() >= 0.0);
            name
        })
        .collect();
    assert_eq!(stages, ["jwt", "parse", "plan", "transaction", "response"]);
    let bad = server.ask("", "GET", "/nowhere", &trace, "").await;
    assert_eq!(bad.headers["x-request-id"], "abc");
    assert!(!bad.headers.contains_key("server-timing"));
    let without = with(|_| {}).await;
    let plain = without.ask("", "GET", "/customers", &trace, "").await;
    assert!(!plain.headers.contains_key("server-timing"));
    assert!(!plain.headers.contains_key("x-request-id"));
}

// REST-VER-01, REST-VER-02, REST-VER-04, REST-VER-06
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_older_version_can_be_shown() {
    let old = with(|s| {
        s.version = settings::RestVersion::Fourteen;
        s.legacy_target_names = false;
    })
    .await;
    let aliased = "/customers?select=id,o:orders(id)&orders.status=eq.paid&id=eq.1";
    let answer = old.ask("", "GET", aliased, &[], "").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(!answer.headers.contains_key("vary"));
    assert!(!answer.headers.contains_key("warning"));
    let hint = old.ask("", "GET", "/projxxxx", &[], "").await;
    assert!(
        hint.body.contains("Perhaps you meant the table"),
        "{}",
        hint.body
    );
    let zone = |prefer: &'static str| {
        let old = &old;
        async move {
            let headers = [("prefer", prefer)];
            old.ask("", "GET", "/rpc/setting?name=timezone", &headers, "")
                .await
        }
    };
    let known = zone("timezone=Asia/Tokyo").await;
    assert_eq!(known.body, r#""Asia/Tokyo""#);
    assert_eq!(known.headers["preference-applied"], "timezone=Asia/Tokyo");
    let unknown = zone("timezone=Invalid/Timezone").await;
    assert_eq!(unknown.status, 200);
    assert!(!unknown.headers.contains_key("preference-applied"));
    let strict = zone("handling=strict, timezone=Invalid/Timezone").await;
    assert_eq!(
        strict.body,
        r#"{"code":"PGRST122","details":"Invalid preferences: timezone=Invalid/Timezone","hint":null,"message":"Invalid preferences given with handling=strict"}"#
    );
}

// REST-EMB-11
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_of_aliased_embeds_can_be_refused() {
    let server = with(|s| s.legacy_target_names = false).await;
    let uri = "/customers?select=id,o:orders(id)&orders.status=eq.paid";
    let answer = server.ask("", "GET", uri, &[], "").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (
            400,
            r#"{"code":"PGRST108","details":"Target names are not allowed in filters if they have an alias","hint":"Change 'orders' to 'o' in filters, orders or limits.","message":"'orders' is not an embedded resource in this request"}"#
        )
    );
}

// REST-ERR-01
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_can_say_less() {
    let server = with(|s| s.error_verbosity = settings::ErrorVerbosity::Minimal).await;
    assert_eq!(
        server.ask("", "GET", "/customerz", &[], "").await.body,
        r#"{"code":"PGRST205","message":"Could not find the table 'public.customerz' in the schema cache"}"#
    );
}
