//! What an operator sees and may do, section 23; and changes of configuration under way.

use jwt::{Keys, Verifier};
use serde_json::json;

use crate::harness::{Server, database};

async fn ask(server: &Server, method: &str, path: &str, token: &str) -> (u16, String) {
    let headers = [("authorization", format!("Bearer {token}"))];
    let answer = server.ask(method, path, &headers, b"").await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn the_containers_probe_is_answered() {
    // RT-OPS-02.
    let db = database("").await;
    let server = Server::on(&db).await;
    let mut client = server.v1(&server.anon()).await;
    client.join("r", json!({})).await;
    let path = "/api/tenants/realtime-dev/health";
    let (status, body) = ask(&server, "GET", path, &server.anon()).await;
    assert_eq!(status, 200);
    let health: serde_json::Value = serde_json::from_str(&body).unwrap();
    let data = &health["data"];
    for member in ["healthy", "db_connected", "replication_connected"] {
        assert_eq!(data[member], true, "{body}");
    }
    assert_eq!(data["connected_cluster"], 1);
    assert!(data["node"].is_string() && data["region"].is_null());
    for token in [
        "",
        "nonsense",
        &server.sign(json!({ "role": "anon", "exp": 1 })),
    ] {
        assert_eq!(ask(&server, "GET", path, token).await, (403, String::new()));
    }
    let (status, _) = ask(&server, "GET", "/api/tenants/other/health", &server.anon()).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn an_operator_reads_the_tenant_and_sends_everybody_away() {
    // RT-OPS-03, RT-CH-10, RT-CH-12.
    let db = database("").await;
    let server = Server::unready(&db, |settings| settings.tenant_name = "acme".into()).await;
    let operator = server.sign(json!({ "iss": "operator" }));
    for token in [&operator, &server.service_role()] {
        let (status, body) = ask(&server, "GET", "/api/tenants/acme", token).await;
        let read: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            (
                status,
                &read["data"]["external_id"],
                &read["data"]["max_channels_per_client"]
            ),
            (200, &json!("acme"), &json!(100))
        );
        assert!(!body.contains("secret"), "{body}");
    }
    // Anybody has the anonymous key.
    for (method, path) in [
        ("GET", "/api/tenants"),
        ("GET", "/api/tenants/acme"),
        ("POST", "/api/tenants/acme/reload"),
        ("POST", "/api/tenants/acme/shutdown"),
    ] {
        assert_eq!(
            ask(&server, method, path, &server.anon()).await,
            (403, String::new()),
            "{path}"
        );
    }
    for verb in ["reload", "shutdown"] {
        let mut client = server.v1(&server.anon()).await;
        client.join("r", json!({})).await;
        let path = format!("/api/tenants/acme/{verb}");
        assert_eq!(
            ask(&server, "POST", &path, &operator).await,
            (204, String::new())
        );
        assert_eq!(
            client.payload("system").await["message"],
            "Server requested disconnect"
        );
        assert_eq!(client.closed().await, 1012);
    }
}

#[tokio::test]
async fn other_keys_and_switches_end_sockets_and_limits_do_not() {
    // RT-CH-11.
    let db = database("").await;
    let server = Server::on(&db).await;
    let mut settings = server.settings.clone();
    let verifier =
        |secret: &str| Verifier::new(Keys::from_secret(secret).unwrap(), server.clock.clone());
    let same = verifier("a-secret-of-at-least-thirty-two-bytes");
    let mut client = server.v1(&server.anon()).await;
    client.join("r", json!({})).await;

    settings.max_channels_per_client = 1;
    settings.max_payload_bytes = 10;
    server.service.reconfigure(&settings, same.clone()).unwrap();
    client.assert_silent().await;
    client.send("s", "phx_join", json!({ "config": {} })).await;
    assert_eq!(
        client.payload("phx_reply").await["response"]["reason"],
        "ChannelRateLimitReached: Too many channels"
    );

    settings.private_only = true;
    server.service.reconfigure(&settings, same.clone()).unwrap();
    assert_eq!(
        client.payload("system").await["message"],
        "Server requested disconnect"
    );
    assert_eq!(client.closed().await, 1012);
    let mut client = server.v1(&server.anon()).await;
    assert_eq!(
        crate::harness::outcome(&client.join("r", json!({})).await),
        "PrivateOnly: This project only allows private channels"
    );

    settings.private_only = false;
    let other = verifier("another-secret-of-thirty-two-bytes!");
    server.service.reconfigure(&settings, other).unwrap();
    assert_eq!(client.closed().await, 1012);
    assert_eq!(
        server.refused(&server.anon()).await,
        (
            401,
            r#"{"error":"Failed to validate JWT signature"}"#.into()
        )
    );

    settings.suspended = true;
    server.service.reconfigure(&settings, same.clone()).unwrap();
    assert_eq!(
        server.refused(&server.anon()).await,
        (
            403,
            r#"{"error":"Realtime was disabled for this tenant"}"#.into()
        )
    );
    settings.suspended = false;
    server.service.reconfigure(&settings, same).unwrap();
    let mut client = server.v1(&server.anon()).await;
    client.join("r", json!({})).await;
    settings.claim_validators = "7".into();
    let problem = server
        .service
        .reconfigure(&settings, verifier("a-secret-of-at-least-thirty-two-bytes"))
        .unwrap_err();
    assert_eq!(
        problem.to_string(),
        "realtime.claim_validators is not a JSON object"
    );
    client.assert_silent().await;
}
