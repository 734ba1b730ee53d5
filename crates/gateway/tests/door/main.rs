//! The door as a whole: a real listener, an echoing service behind every kind of route.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod stop;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use base::Clock as _;
use base::{OsRandom, Secret, SharedRandom, SystemClock, Tasks};
use futures_util::{SinkExt as _, StreamExt as _};
use gateway::{
    Access, AuthorizationRule, Backend, CorsRule, Door, Gateway, HealthCheck, HealthReport,
    Listeners, Mount, Pattern, Rule, ServiceHealth, Target,
};
use jwt::{ApiKeyClass, ApiKeys, Keys, Verifier};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use web::Health;

const SECRET: &str = "a-secret-of-at-least-thirty-two-bytes!";

struct House {
    url: String,
    door: Arc<Door>,
    bound: gateway::Bound,
    tasks: Tasks,
    anon: String,
    service: String,
    publishable: String,
    secret_key: String,
    keys: Keys,
    client: Client,
}

/// Says what it saw.
async fn echo(request: Request) -> impl IntoResponse {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned)
    };
    let names: Vec<_> = request.headers().keys().map(ToString::to_string).collect();
    let peer = request.extensions().get::<web::Peer>().cloned();
    let key = request.extensions().get::<web::ApiKey>().copied();
    let body = json!({
        "path": request.uri().path(),
        "query": request.uri().query(),
        "authorization": header("authorization"),
        "apikey": header("apikey"),
        "profile": header("content-profile"),
        "forwarded_prefix": header("x-forwarded-prefix"),
        "consumer": header("x-consumer-id"),
        "method": request.method().as_str(),
        "host": header("host"),
        "names": names,
        "base": peer.map(|peer| peer.base_url()),
        "synthesized": key.map(|key| key.synthesized),
    });
    (
        [
            ("access-control-allow-origin", "https://elsewhere"),
            ("x-own", "1"),
        ],
        axum::Json(body),
    )
}

/// A socket that first says with which query it was opened.
async fn told(
    uri: axum::http::Uri,
    socket: axum::extract::ws::WebSocketUpgrade,
) -> impl IntoResponse {
    socket.on_upgrade(|mut socket| async move {
        let query = uri.query().unwrap_or_default().to_owned();
        let _ = socket.send(query.into()).await;
    })
}

/// Counts what comes.
async fn count(body: axum::body::Body) -> String {
    let mut stream = body.into_data_stream();
    let mut bytes = 0;
    while let Some(Ok(chunk)) = stream.next().await {
        bytes += chunk.len();
    }
    bytes.to_string()
}

/// Answers with the first piece, whatever is still to come.
async fn first(body: axum::body::Body) -> Vec<u8> {
    let mut stream = body.into_data_stream();
    stream.next().await.unwrap().unwrap().to_vec()
}

async fn upgrade(socket: axum::extract::ws::WebSocketUpgrade) -> impl IntoResponse {
    socket.on_upgrade(|mut socket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

fn mounts() -> Vec<Mount> {
    let router = Router::new()
        .route("/socket/websocket", axum::routing::any(upgrade))
        .route("/socket/told", axum::routing::any(told))
        .route("/count", axum::routing::any(count))
        .route("/first", axum::routing::any(first))
        .route("/get-only", axum::routing::get(echo))
        .route(
            "/panic",
            axum::routing::any(|| async { panic!("on purpose") as () }),
        )
        .fallback(echo);
    let mount = |service, prefix, rules| Mount {
        service,
        prefix,
        rules,
        cors: CorsRule::Any,
        opaque_below: None,
        backend: Backend::Here(router.clone()),
    };
    let auth = vec![
        Rule::prefix("/auth/v1/", Access::Key, "/auth/v1"),
        Rule::prefix("/auth/v1/verify", Access::Open, "/auth/v1"),
    ];
    let rest = vec![
        Rule::prefix("/rest/v1/", Access::Key, "/rest/v1"),
        Rule {
            pattern: Pattern::Exact("/rest/v1/"),
            ..Rule::prefix("", Access::Document, "/rest/v1")
        },
        Rule {
            pattern: Pattern::Exact("/graphql/v1"),
            target: Target::Fixed("/rpc/graphql"),
            headers: &[("content-profile", "graphql_public")],
            ..Rule::prefix("", Access::Key, "")
        },
    ];
    let realtime = vec![
        Rule {
            target: Target::Replace("/realtime/v1", "/socket"),
            authorization: AuthorizationRule::Keep,
            ..Rule::prefix("/realtime/v1/", Access::Key, "")
        },
        Rule::prefix("/realtime/v1/api/tenants", Access::Closed, "/realtime/v1"),
    ];
    let storage = Mount {
        opaque_below: Some("/storage/v1/"),
        ..mount(
            "storage",
            "/storage/v1",
            vec![Rule::prefix("/storage/v1/", Access::Service, "/storage/v1")],
        )
    };
    let meta = Mount {
        cors: CorsRule::Local,
        ..mount(
            "meta",
            "/pg",
            vec![Rule {
                authorization: AuthorizationRule::Keep,
                ..Rule::prefix("/pg/", Access::ServiceKey, "/pg")
            }],
        )
    };
    let late = Mount {
        backend: Backend::Starting,
        ..mount(
            "late",
            "/late",
            vec![Rule::prefix("/late/", Access::Open, "/late")],
        )
    };
    let elsewhere = Mount {
        backend: Backend::Elsewhere,
        ..mount(
            "elsewhere",
            "/elsewhere/v1",
            vec![Rule::prefix("/elsewhere/v1/", Access::Key, "/elsewhere/v1")],
        )
    };
    let dashboard = mount(
        "dashboard",
        "",
        vec![Rule {
            target: Target::Keep,
            authorization: AuthorizationRule::Remove,
            ..Rule::prefix("/project", Access::Basic, "")
        }],
    );
    vec![
        mount("auth", "/auth/v1", auth),
        mount("rest", "/rest/v1", rest),
        mount("realtime", "/realtime/v1", realtime),
        storage,
        meta,
        late,
        elsewhere,
        dashboard,
    ]
}

async fn house_with(change: impl FnOnce(&mut settings::Gateway), health: Health) -> House {
    house_of(change, |_| {}, health).await
}

async fn house_of(
    change: impl FnOnce(&mut settings::Gateway),
    change_keys: impl FnOnce(&mut settings::Keys),
    health: Health,
) -> House {
    let mut settings = settings::Gateway::default();
    settings.host = "127.0.0.1".parse().unwrap();
    settings.port = 0;
    settings.admin_port = 0;
    settings.dashboard_password = Secret::new("open-sesame");
    change(&mut settings);
    let keys = Keys::from_secret(SECRET).unwrap();
    let now = SystemClock.unix();
    let mut configured = settings::Keys::default();
    configured.anon_key = ApiKeys::mint(&keys, ApiKeyClass::Anon, now, 3_600).unwrap();
    configured.service_role_key = ApiKeys::mint(&keys, ApiKeyClass::Service, now, 3_600).unwrap();
    configured.publishable_key = ApiKeys::mint_opaque(ApiKeyClass::Anon, &OsRandom);
    configured.secret_key = ApiKeys::mint_opaque(ApiKeyClass::Service, &OsRandom);
    change_keys(&mut configured);
    let verifier = Verifier::new(keys.clone(), Arc::new(SystemClock));
    let api_keys = ApiKeys::from_settings(&configured, &verifier, now);
    let check: HealthCheck = Arc::new(move || {
        let report = HealthReport {
            services: ["rest", "realtime"]
                .map(|service| ServiceHealth {
                    service,
                    health: health.clone(),
                })
                .into(),
        };
        Box::pin(async move { report })
    });
    let random: SharedRandom = Arc::new(OsRandom);
    let door = Arc::new(Door::new(&settings, api_keys, mounts(), check, &random, true).unwrap());
    let listeners = Listeners::bind(&settings, &[]).await.unwrap();
    let tasks = Tasks::new();
    let gateway = Gateway::serve(listeners, &door, &settings, None, &tasks);
    House {
        url: format!("http://{}", gateway.bound.api),
        door,
        bound: gateway.bound,
        tasks,
        anon: configured.anon_key.expose().to_owned(),
        service: configured.service_role_key.expose().to_owned(),
        publishable: configured.publishable_key.expose().to_owned(),
        secret_key: configured.secret_key.expose().to_owned(),
        keys,
        client: Client::new(),
    }
}

async fn house() -> House {
    house_with(|_| {}, Health::Ready).await
}

impl House {
    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> (u16, Value) {
        let response = self.send(Method::GET, path, headers).await;
        (response.status().as_u16(), response.json().await.unwrap())
    }
}

// GW-KEY-01, GW-KEY-02, GW-ERR-01, GW-ERR-02, GW-ERR-20, GW-LSN-05, AUTH-KEY-04.
#[tokio::test]
async fn a_key_route_opens_to_any_key_in_header_or_query() {
    let house = house().await;
    let (status, body) = house.get("/rest/v1/t", &[]).await;
    assert_eq!(status, 401);
    assert_eq!(
        body,
        json!({"message": "No API key found in request", "hint": "No `apikey` request header or url param was found."})
    );
    let (status, body) = house.get("/rest/v1/t", &[("apikey", "wrong")]).await;
    assert_eq!(status, 401);
    assert_eq!(
        body,
        json!({"message": "Invalid authentication credentials",
               "hint": "Double check your Supabase `anon` or `service_role` API key."})
    );
    for key in [
        &house.anon,
        &house.service,
        &house.publishable,
        &house.secret_key,
    ] {
        let (status, body) = house.get("/rest/v1/t?x=1", &[("apikey", key)]).await;
        assert_eq!((status, &body["path"]), (200, &json!("/t")));
        let (status, _) = house.get(&format!("/rest/v1/t?apikey={key}"), &[]).await;
        assert_eq!(status, 200);
    }
}

// GW-KEY-06, GW-KEY-08: the header decides; a user's token is no key; twice is once too often.
#[tokio::test]
async fn the_header_decides_and_user_tokens_are_no_keys() {
    let house = house().await;
    let user = house
        .keys
        .sign(&json!({"role": "authenticated", "sub": "u"}));
    assert_eq!(house.get("/rest/v1/t", &[("apikey", &user)]).await.0, 401);
    let path = format!("/rest/v1/t?apikey={}", house.anon);
    assert_eq!(house.get(&path, &[("apikey", "wrong")]).await.0, 401);
    let (status, body) = house
        .get(
            "/rest/v1/t",
            &[("apikey", &house.anon), ("apikey", &house.anon)],
        )
        .await;
    assert_eq!(
        (status, body),
        (401, json!({"message": "Duplicate API key found"}))
    );
    let bearer = format!("Bearer {}", house.anon);
    assert_eq!(
        house
            .get("/rest/v1/t", &[("authorization", &bearer)])
            .await
            .0,
        401
    );
}

// GW-AUT-01, GW-AUT-02, GW-AUT-03, GW-AUT-06, GW-KEY-03, GW-KEY-07.
#[tokio::test]
async fn authorization_is_made_from_the_key_only_when_there_is_none() {
    let house = house().await;
    let anon = house.anon.as_str();
    let (_, seen) = house.get("/rest/v1/t", &[("apikey", anon)]).await;
    assert_eq!(seen["authorization"], format!("Bearer {anon}"));
    assert_eq!(seen["synthesized"], true);
    let (_, seen) = house
        .get(
            "/rest/v1/t",
            &[("apikey", anon), ("authorization", "Bearer user.jwt.x")],
        )
        .await;
    assert_eq!(seen["authorization"], "Bearer user.jwt.x");
    assert_eq!(seen["synthesized"], false);
    let opaque = house.publishable.as_str();
    let bearer = format!("Bearer {opaque}");
    for headers in [
        vec![("apikey", opaque)],
        vec![("apikey", opaque), ("authorization", &bearer)],
        vec![("authorization", &bearer)],
    ] {
        let (status, seen) = house.get("/rest/v1/t", &headers).await;
        assert_eq!(status, 200);
        assert!(
            seen["authorization"]
                .as_str()
                .unwrap()
                .starts_with("Bearer eyJ"),
            "{seen}"
        );
        assert!(!seen.to_string().contains("sb_publishable_"), "{seen}");
    }
    let (_, seen) = house
        .get(&format!("/rest/v1/t?a=1&apikey={opaque}&b=2"), &[])
        .await;
    assert!(!seen.to_string().contains("sb_publishable_"), "{seen}");
    let minted = house.keys.sign(&json!({"role": "service_role"}));
    assert_eq!(house.get("/rest/v1/t", &[("apikey", &minted)]).await.0, 200);
}

// GW-RT-15, GW-AUT-04, GW-AUT-05.
#[tokio::test]
async fn storage_needs_no_key_and_keeps_signatures() {
    let house = house().await;
    let (status, seen) = house.get("/storage/v1/object/b/a%2Fb", &[]).await;
    assert_eq!((status, &seen["authorization"]), (200, &Value::Null));
    assert_eq!(seen["path"], "/object/b/a%2Fb");
    let aws = "AWS4-HMAC-SHA256 Credential=x";
    let (_, seen) = house
        .get(
            "/storage/v1/s3/b",
            &[("authorization", aws), ("apikey", &house.anon)],
        )
        .await;
    assert_eq!(seen["authorization"], aws);
    let (_, seen) = house
        .get(
            "/storage/v1/b",
            &[("authorization", "Basic eA=="), ("apikey", &house.anon)],
        )
        .await;
    assert_eq!(seen["authorization"], format!("Bearer {}", house.anon));
    let (_, seen) = house
        .get("/storage/v1/b", &[("authorization", "Basic eA==")])
        .await;
    assert_eq!(seen["authorization"], "Basic eA==");
}

// GW-RT-01, GW-RT-08, GW-LSN-06, GW-LSN-03: the longest match wins, after normalisation.
#[tokio::test]
async fn the_longest_match_wins_after_normalisation() {
    let house = house().await;
    assert_eq!(house.get("/auth/v1/verify?token=x", &[]).await.0, 200);
    assert_eq!(house.get("/auth/v1/user", &[]).await.0, 401);
    assert_eq!(
        house
            .get("/rest/v1/a%2Fb", &[("apikey", &house.anon)])
            .await
            .0,
        400
    );
    let raw = raw_get(&house.url, "/auth/v1/verify/../admin/users").await;
    assert!(raw.starts_with("HTTP/1.1 401"), "{raw}");
}

/// Sends a path that a well-behaved client would have normalised.
async fn raw_get(url: &str, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(url.trim_start_matches("http://"))
        .await
        .unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

// GW-RT-10, GW-RT-17, GW-RT-14, GW-ERR-03, GW-ERR-04, REST-OAS-10.
#[tokio::test]
async fn service_and_closed_routes_refuse_the_public_key() {
    let house = house().await;
    for path in ["/rest/v1/", "/pg/tables"] {
        let (status, body) = house.get(path, &[("apikey", &house.anon)]).await;
        assert_eq!(
            (status, body),
            (403, json!({"message": "You cannot consume this service"}))
        );
        assert_eq!(house.get(path, &[("apikey", &house.service)]).await.0, 200);
    }
    let (status, body) = house
        .get("/realtime/v1/api/tenants/x", &[("apikey", &house.service)])
        .await;
    assert_eq!(
        (status, body),
        (403, json!({"message": "Access is forbidden."}))
    );
    let lenient = house_with(|gateway| gateway.openapi_any_key = true, Health::Ready).await;
    assert_eq!(
        lenient
            .get("/rest/v1/", &[("apikey", &lenient.anon)])
            .await
            .0,
        200
    );
}

// GW-RT-11, GW-FWD-01, REST-GEN-07.
#[tokio::test]
async fn paths_and_headers_are_rewritten_for_the_service() {
    let house = house().await;
    let (_, seen) = house
        .get("/graphql/v1?q=1", &[("apikey", &house.anon)])
        .await;
    assert_eq!(seen["path"], "/rpc/graphql");
    assert_eq!(seen["query"], "q=1");
    assert_eq!(seen["profile"], "graphql_public");
    let headers = [
        ("apikey", house.anon.as_str()),
        ("x-consumer-id", "forged"),
        ("x_under", "1"),
    ];
    let (_, seen) = house.get("/rest/v1/t", &headers).await;
    assert_eq!(seen["forwarded_prefix"], "/rest/v1");
    assert_eq!(seen["consumer"], Value::Null);
    assert_eq!(seen["base"], format!("{}/rest/v1", house.url));
}

// GW-COR-01, GW-COR-02, GW-COR-03, GW-ERR-21, GW-COR-06, REST-COR-04, AUTH-HTTP-06.
#[tokio::test]
async fn browsers_may_call_and_read_every_answer() {
    let house = house().await;
    let preflight = [
        ("origin", "https://app"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "apikey,x-client-info"),
        ("access-control-request-private-network", "true"),
    ];
    for path in [
        "/rest/v1/t",
        "/auth/v1/token",
        "/storage/v1/upload/resumable",
        "/nowhere",
    ] {
        let answer = house.send(Method::OPTIONS, path, &preflight).await;
        assert_eq!(answer.status(), 200);
        let headers = answer.headers();
        assert_eq!(headers["access-control-allow-origin"], "*");
        assert_eq!(
            headers["access-control-allow-methods"],
            "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT"
        );
        assert_eq!(
            headers["access-control-allow-headers"],
            "apikey,x-client-info"
        );
        assert_eq!(headers["access-control-max-age"], "3600");
        assert_eq!(headers["access-control-allow-private-network"], "true");
        assert_eq!(answer.bytes().await.unwrap().len(), 0);
    }
    assert_eq!(
        house
            .send(Method::OPTIONS, "/rest/v1/t", &[])
            .await
            .status(),
        401
    );
    let refused = house
        .send(Method::GET, "/rest/v1/t", &[("origin", "https://app")])
        .await;
    assert_eq!(refused.headers()["access-control-allow-origin"], "*");
    let good = house
        .send(
            Method::GET,
            "/rest/v1/t",
            &[("origin", "https://app"), ("apikey", &house.anon)],
        )
        .await;
    assert_eq!(
        good.headers()
            .get_all("access-control-allow-origin")
            .iter()
            .count(),
        1
    );
    assert_eq!(good.headers()["access-control-allow-origin"], "*");
    let exposed = good.headers()["access-control-expose-headers"]
        .to_str()
        .unwrap();
    assert!(
        exposed.starts_with("*, ") && exposed.contains("Content-Range"),
        "{exposed}"
    );
    assert!(good.headers().contains_key("sb-request-id"));
    let cookie = [
        ("origin", "https://app"),
        ("cookie", "a=b"),
        ("apikey", house.anon.as_str()),
    ];
    let good = house.send(Method::GET, "/rest/v1/t", &cookie).await;
    assert_eq!(good.headers()["access-control-allow-origin"], "https://app");
    assert_eq!(good.headers()["access-control-allow-credentials"], "true");
}

// GW-COR-05.
#[tokio::test]
async fn the_metadata_api_answers_browsers_of_this_machine_only() {
    let house = house().await;
    for (origin, allowed) in [
        ("http://localhost:3000", true),
        ("https://app", false),
        ("http://localhost.evil", false),
    ] {
        let headers = [("origin", origin), ("apikey", house.service.as_str())];
        let answer = house.send(Method::GET, "/pg/tables", &headers).await;
        let given = answer.headers().get("access-control-allow-origin");
        assert_eq!(
            given.is_some_and(|given| given == origin),
            allowed,
            "{origin}"
        );
    }
}

// GW-RT-12, GW-WS-01, GW-WS-03.
#[tokio::test]
async fn sockets_open_with_the_key_in_the_query() {
    let house = house().await;
    let url = house.url.replace("http", "ws");
    let (mut socket, _) = tokio_tungstenite::connect_async(format!(
        "{url}/realtime/v1/websocket?apikey={}&vsn=2.0.0",
        house.anon
    ))
    .await
    .unwrap();
    socket.send("hello".into()).await.unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap().into_text().unwrap(),
        "hello"
    );
    let refused =
        tokio_tungstenite::connect_async(format!("{url}/realtime/v1/websocket?apikey=wrong")).await;
    match refused.unwrap_err() {
        tokio_tungstenite::tungstenite::Error::Http(response) => assert_eq!(response.status(), 401),
        other => panic!("{other}"),
    }
}

// GW-HLT-01, GW-HLT-10, GW-ERR-07, GW-ERR-08.
#[tokio::test]
async fn health_and_missing_services_are_said_plainly() {
    let ready = house().await;
    assert_eq!(
        ready.get("/health", &[]).await,
        (200, json!({"status": "ok"}))
    );
    let down = house_with(|_| {}, Health::Down("the database is gone".into())).await;
    assert_eq!(
        down.get("/healthz", &[]).await,
        (
            503,
            json!({"status": "unavailable", "down": [
                {"service": "rest", "reason": "the database is gone"},
                {"service": "realtime", "reason": "the database is gone"},
            ]})
        )
    );
    let answer = ready.send(Method::GET, "/late/x", &[]).await;
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers().contains_key("retry-after")
        ),
        (503, true)
    );
    let id = answer.headers()["sb-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    // GW-ERR-22: a 5xx body repeats the request id.
    assert_eq!(
        answer.json::<Value>().await.unwrap(),
        json!({"message": "late is not ready", "request_id": id})
    );
    assert_eq!(
        ready.get("/nowhere", &[]).await,
        (
            404,
            json!({"message": "no Route matched with those values"})
        )
    );
    assert_eq!(ready.get("/auth/v1", &[]).await.0, 404);
}

// GW-DSH-01, GW-DSH-02, GW-DSH-04, GW-ERR-05, GW-ERR-06.
#[tokio::test]
async fn the_dashboard_asks_for_credentials_and_never_passes_them_on() {
    let house = house().await;
    let answer = house.send(Method::GET, "/project", &[]).await;
    assert_eq!(answer.status(), 401);
    assert!(
        answer.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .starts_with("Basic realm=")
    );
    let good = "Basic c3VwYWJhc2U6b3Blbi1zZXNhbWU="; // supabase:open-sesame
    let (status, seen) = house.get("/project", &[("authorization", good)]).await;
    assert_eq!((status, &seen["authorization"]), (200, &Value::Null));
    for _ in 0..10 {
        let (status, body) = house
            .get("/project", &[("authorization", "Basic eDp5")])
            .await;
        assert_eq!(
            (status, body),
            (
                401,
                json!({"message": "Invalid authentication credentials"})
            )
        );
    }
    assert_eq!(
        house
            .get("/project", &[("authorization", "Basic eDp5")])
            .await
            .0,
        429
    );
}

// GW-LIM-01.
#[tokio::test]
async fn long_urls_and_headers_are_bounded() {
    let house = house_with(
        |gateway| gateway.max_url_bytes = settings::ByteSize(1_000),
        Health::Ready,
    )
    .await;
    let long = format!("/rest/v1/t?x={}", "a".repeat(2_000));
    assert_eq!(house.get(&long, &[("apikey", &house.anon)]).await.0, 414);
    let huge = format!(
        "GET /rest/v1/t HTTP/1.1\r\nhost: x\r\nx-huge: {}\r\n\r\n",
        "a".repeat(200_000)
    );
    let address = house.url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    // It answers and hangs up before it has read it all: that the rest does not arrive is no matter.
    let _ = stream.write_all(huge.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn a_panic_in_a_service_is_a_500_and_the_door_stays_open() {
    let house = house().await;
    let (status, body) = house
        .get("/auth/v1/panic", &[("apikey", &house.anon)])
        .await;
    assert_eq!(
        (status, &body["message"]),
        (500, &json!("An unexpected error occurred"))
    );
    assert_eq!(
        house
            .get("/auth/v1/user", &[("apikey", &house.anon)])
            .await
            .0,
        200
    );
}

// GW-CLI-02.
#[tokio::test]
async fn the_key_check_can_be_switched_off() {
    let house = house_with(|gateway| gateway.require_api_key = false, Health::Ready).await;
    assert_eq!(house.get("/rest/v1/t", &[]).await.0, 200);
    assert_eq!(house.get("/pg/tables", &[]).await.0, 401);
}

// GW-LIM-04.
#[tokio::test]
async fn a_stop_closes_the_listener_and_ends_cleanly() {
    let house = house().await;
    assert_eq!(house.get("/health", &[]).await.0, 200);
    assert!(
        house
            .tasks
            .shut_down(std::time::Duration::from_secs(120))
            .await
    );
    assert!(
        house
            .client
            .get(format!("{}/health", house.url))
            .send()
            .await
            .is_err()
    );
}
