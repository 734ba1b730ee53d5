//! What travels and what does not: methods, bodies, headers, sockets, protocols.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use gateway::{AuthorizationRule, Bound};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::*;

fn names(seen: &Value) -> Vec<&str> {
    let names = seen["names"].as_array().unwrap().iter();
    names.map(|name| name.as_str().unwrap()).collect()
}

// GW-LSN-01: HTTP/2 without TLS, HTTP/1.1 and sockets on one port.
#[tokio::test]
async fn both_protocols_are_spoken_on_one_port() {
    let house = house().await;
    let two = Client::builder().http2_prior_knowledge().build().unwrap();
    for (client, version) in [
        (&two, reqwest::Version::HTTP_2),
        (&house.client, reqwest::Version::HTTP_11),
    ] {
        let request = client.get(format!("{}/rest/v1/x", house.url));
        let answer = request.header("apikey", &house.anon).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (200, version));
    }
    let url = house.url.replace("http", "ws");
    let url = format!("{url}/realtime/v1/websocket?apikey={}", house.anon);
    tokio_tungstenite::connect_async(url).await.unwrap();
}

// GW-RT-30: any method is routed; the service answers 405.
#[tokio::test]
async fn every_method_reaches_the_service() {
    let house = house().await;
    let key = [("apikey", house.anon.as_str())];
    for name in [
        "GET", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "PROPFIND",
    ] {
        let method = Method::from_bytes(name.as_bytes()).unwrap();
        let answer = house.send(method, "/rest/v1/x", &key).await;
        assert_eq!(answer.status(), 200, "{name}");
        let seen: Value = answer.json().await.unwrap();
        assert_eq!(seen["method"], name);
    }
    let refused = house.send(Method::DELETE, "/rest/v1/get-only", &key).await;
    assert_eq!(refused.status(), 405);
}

// GW-RT-32: no limit of size, and nothing is gathered first.
#[tokio::test]
async fn bodies_pass_in_pieces_and_in_any_size() {
    let house = house().await;
    let size = 24 << 20;
    let request = house.client.post(format!("{}/storage/v1/count", house.url));
    let answer = request.body(vec![b'x'; size]).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), size.to_string());

    let mut stream = TcpStream::connect(house.url.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    let head =
        "POST /storage/v1/first HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\nfirst piece";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 2_000];
    let mut read = 0;
    while !String::from_utf8_lossy(&answer[..read]).contains("\r\n\r\nfirst piece") {
        let more = stream.read(&mut answer[read..]).await.unwrap();
        assert!(more > 0, "{}", String::from_utf8_lossy(&answer[..read]));
        read += more;
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"));
}

// GW-KEY-04, AUTH-KEY-02: the opaque key alone is enough, and its last part is not verified.
#[tokio::test]
async fn an_opaque_key_needs_no_other_and_no_checksum() {
    let mine = "sb_publishable_AAAAAAAAAAAAAAAAAAAAAA_wrongsum";
    let house = house_of(
        |_| {},
        |keys| {
            keys.publishable_key = Secret::new(mine);
            keys.secret_key = Secret::default();
        },
        Health::Ready,
    )
    .await;
    let (status, seen) = house.get("/rest/v1/x", &[("apikey", mine)]).await;
    assert_eq!(status, 200);
    let internal = seen["apikey"].as_str().unwrap();
    let verifier = Verifier::new(house.keys.clone(), Arc::new(SystemClock));
    let claims = verifier.verify(internal, jwt::TimeRules::STRICT).unwrap();
    assert_eq!(claims.role(), Some("anon"));
    // GW-KEY-05: the key that is not configured matches nothing.
    assert_eq!(house.get("/rest/v1/x", &[("apikey", "")]).await.0, 401);
}

// GW-FWD-04: what concerns one connection ends at the door; the host stays.
#[tokio::test]
async fn headers_of_one_connection_end_at_the_door() {
    let house = house().await;
    let mut stream = TcpStream::connect(house.url.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    let head = "GET /storage/v1/x HTTP/1.1\r\nhost: files.example:9\r\nconnection: x-mine, close\r\nx-mine: 1\r\n\
        keep-alive: timeout=5\r\nte: trailers\r\nproxy-authorization: Basic eA==\r\nproxy-connection: close\r\n\
        x-kept: 1\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let seen: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(seen["host"], "files.example:9");
    let names = names(&seen);
    assert!(names.contains(&"x-kept"), "{names:?}");
    for gone in [
        "connection",
        "x-mine",
        "keep-alive",
        "te",
        "proxy-authorization",
        "proxy-connection",
    ] {
        assert!(!names.contains(&gone), "{gone} in {names:?}");
    }
}

// GW-WS-02, GW-WS-03: the service sees a JWT in the place of an opaque key, and no header is made.
#[tokio::test]
async fn a_socket_opened_with_an_opaque_key_shows_a_token_to_the_service() {
    let house = house().await;
    let url = house.url.replace("http", "ws");
    let url = format!(
        "{url}/realtime/v1/told?vsn=2.0.0&apikey={}",
        house.publishable
    );
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let query = socket.next().await.unwrap().unwrap().into_text().unwrap();
    let key = query.strip_prefix("vsn=2.0.0&apikey=").unwrap();
    let verifier = Verifier::new(house.keys.clone(), Arc::new(SystemClock));
    let claims = verifier.verify(key, jwt::TimeRules::STRICT).unwrap();
    assert_eq!(claims.role(), Some("anon"));
    // GW-WS-05.
    let path = format!("/realtime/v1/longpoll?apikey={}", house.publishable);
    let (status, seen) = house.get(&path, &[]).await;
    assert_eq!(
        (status, &seen["path"], &seen["authorization"]),
        (200, &json!("/socket/longpoll"), &Value::Null)
    );
}

// GW-WS-04: an established socket has no time limit.
#[tokio::test]
async fn a_socket_lives_as_long_as_it_likes() {
    let house = house().await;
    let url = house.url.replace("http", "ws");
    let url = format!("{url}/realtime/v1/websocket?apikey={}", house.anon);
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    let mut answer = async |text: &str| {
        socket.send(text.into()).await.unwrap();
        socket
            .next()
            .await
            .unwrap()
            .unwrap()
            .into_text()
            .unwrap()
            .to_string()
    };
    assert_eq!(answer("before").await, "before");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(86_400)).await;
    tokio::time::resume();
    assert_eq!(answer("after").await, "after");
}

// A service that runs on another node is said to, to whoever may call it.
#[tokio::test]
async fn a_service_of_another_node_is_named() {
    let house = house().await;
    let answer = house
        .send(Method::GET, "/elsewhere/v1/x", &[("apikey", &house.anon)])
        .await;
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers().contains_key("retry-after")
        ),
        (421, false)
    );
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["message"], "elsewhere does not run on this node");
    assert_eq!(house.get("/elsewhere/v1/x", &[]).await.0, 401);
}

// GW-RT-19, GW-DSH-02, GW-DSH-03, GW-LSN-05: the rest is the dashboard's, behind credentials that it never sees.
#[tokio::test]
async fn the_rest_is_the_dashboards() {
    let catch_all = Mount {
        rules: vec![Rule {
            target: Target::Keep,
            authorization: AuthorizationRule::Remove,
            ..Rule::prefix("/", Access::Basic, "")
        }],
        ..mounts().pop().unwrap()
    };
    let house = house().await;
    let mut all = mounts();
    all.push(catch_all);
    house.door.set_mounts(all);
    // supabase:open-sesame
    let basic = ("authorization", "Basic c3VwYWJhc2U6b3Blbi1zZXNhbWU=");
    for path in ["/", "/any/thing", "/project/default"] {
        let (status, _) = house.get(path, &[]).await;
        assert_eq!(status, 401, "{path}");
        let (status, seen) = house.get(path, &[basic]).await;
        assert_eq!(
            (status, &seen["path"], &seen["authorization"]),
            (200, &json!(path), &Value::Null)
        );
    }
    assert_eq!(house.get("/auth/v1", &[basic]).await.0, 404);
    // A browser's Basic header on an API route is replaced by the key's.
    let (_, seen) = house
        .get("/rest/v1/x", &[basic, ("apikey", &house.anon)])
        .await;
    assert_eq!(seen["authorization"], format!("Bearer {}", house.anon));
}

async fn admin(health: Health) -> (Tasks, Bound) {
    let house = house_with(|settings| settings.admin_port = free_port(), health).await;
    (house.tasks, house.bound)
}

/// Below the ports that the system gives away by itself, so that nobody is given it in between.
fn free_port() -> u16 {
    let start = u16::try_from(std::process::id() % 10_000).unwrap();
    (1..1_000)
        .map(|turn| 20_000 + start + turn)
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

// GW-HLT-04, GW-RT-14, RT-OPS-02: closed at the gateway, answered on the admin listener.
#[tokio::test]
async fn the_tenants_health_is_on_the_admin_listener_only() {
    for (health, status) in [(Health::Ready, 200), (Health::Down("starting".into()), 503)] {
        let (_tasks, bound) = admin(health).await;
        let path = "api/tenants/realtime-dev/health";
        let answer = reqwest::get(format!("http://{}/{path}", bound.admin.unwrap()))
            .await
            .unwrap();
        assert_eq!(answer.status(), status);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["data"]["healthy"], status == 200);
        let closed = reqwest::get(format!("http://{}/realtime/v1/{path}", bound.api))
            .await
            .unwrap();
        assert_eq!(closed.status(), 403);
    }
}

// MIG-CFG-05: a classic port leads to one service, unprefixed and without a key.
#[tokio::test]
async fn a_classic_port_leads_straight_to_its_service() {
    let mut settings = settings::Gateway::default();
    settings.host = "127.0.0.1".parse().unwrap();
    settings.port = 0;
    settings.admin_port = 0;
    settings.service_ports = true;
    let house = house().await;
    let listeners = Listeners::bind(&settings, &[("rest", 0), ("late", 0)])
        .await
        .unwrap();
    let tasks = Tasks::new();
    let gateway = Gateway::serve(listeners, &house.door, &settings, None, &tasks);
    let [(_, rest), (_, late)] = gateway.bound.classic[..] else {
        panic!("two ports")
    };
    let answer = reqwest::get(format!("http://{rest}/tasks?id=eq.1"))
        .await
        .unwrap();
    let seen: Value = answer.json().await.unwrap();
    assert_eq!(
        (&seen["path"], &seen["query"]),
        (&json!("/tasks"), &json!("id=eq.1"))
    );
    assert_eq!(
        reqwest::get(format!("http://{late}/x"))
            .await
            .unwrap()
            .status(),
        503
    );
}
