//! The front door of the whole program: health, keys, refusals, what must never be seen.

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::house::{House, house};

async fn get(house: &House, path: &str, key: Option<&str>) -> (StatusCode, String) {
    let mut request = Client::new().get(format!("{}{path}", house.url));
    if let Some(key) = key {
        request = request.header("apikey", key);
    }
    let answer = request.send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

// GW-HLT-01, GW-HLT-02, GW-HLT-03.
#[tokio::test]
async fn every_service_says_how_it_is() {
    let house = house();
    let (status, body) = get(house, "/health", None).await;
    assert_eq!(
        (status.as_u16(), body.as_str()),
        (200, r#"{"status":"ok"}"#)
    );
    let (status, body) = get(house, "/auth/v1/health", Some(&house.anon_key)).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status.as_u16(), &body["name"]), (200, &json!("GoTrue")));
    let (status, body) = get(house, "/storage/v1/status", None).await;
    assert_eq!((status.as_u16(), body.as_str()), (200, ""));
}

// GW-RT-08, GW-RT-09, GW-RT-13, GW-ERR-01.
#[tokio::test]
async fn no_service_opens_without_a_key() {
    for path in [
        "/auth/v1/user",
        "/rest/v1/notes",
        "/realtime/v1/api/broadcast",
        "/realtime/v1/websocket",
        "/graphql/v1",
    ] {
        let (status, body) = get(house(), path, None).await;
        assert_eq!(status, 401, "{path}");
        assert!(
            body.contains("No API key found in request"),
            "{path}: {body}"
        );
    }
}

// GW-RT-01, GW-RT-02, GW-RT-03, AUTH-KEY-04: links in mails and the way of a provider's sign-in need no key; the service answers.
#[tokio::test]
async fn links_and_providers_come_without_a_key() {
    for path in [
        "/auth/v1/verify?type=signup&token=x",
        "/auth/v1/callback?code=x&state=y",
        "/auth/v1/authorize?provider=nobody",
    ] {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let answer = client
            .get(format!("{}{path}", house().url))
            .send()
            .await
            .unwrap();
        assert_ne!(answer.status(), 401, "{path}");
        let body = answer.text().await.unwrap();
        assert!(!body.contains("no Route matched"), "{path}: {body}");
    }
}

// GW-RT-04, AUTH-JWT-05: the published keys never hold the secret.
#[tokio::test]
async fn the_published_keys_hold_no_secret() {
    let house = house();
    let (status, body) = get(house, "/auth/v1/.well-known/jwks.json", None).await;
    assert_eq!((status.as_u16(), body.as_str()), (200, r#"{"keys":[]}"#));
}

// GW-RT-11, DB-SUB-05.
#[tokio::test]
async fn graphql_answers_that_it_is_not_enabled() {
    let house = house();
    let answer = Client::new()
        .post(format!("{}/graphql/v1", house.url))
        .header("apikey", &house.anon_key)
        .json(&json!({ "query": "{ a }" }))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(
        body["errors"],
        json!(["pg_graphql extension is not enabled."])
    );
}

// GW-AUT-06, AUTH-KEY-03: a key alone is no user, but the service key opens the admin endpoints.
#[tokio::test]
async fn a_key_alone_is_no_user() {
    let house = house();
    let (status, body) = get(house, "/auth/v1/user", Some(&house.anon_key)).await;
    assert_eq!(status, 401, "{body}");
    assert!(body.contains("no_authorization"), "{body}");
    let (status, _) = get(house, "/auth/v1/admin/users", Some(&house.service_key)).await;
    assert_eq!(status, 200);
    let (status, body) = get(house, "/auth/v1/admin/users", Some(&house.anon_key)).await;
    assert!(matches!(status.as_u16(), 401 | 403), "{status} {body}");
}

// GW-AUT-07, REST-JWT-08: an expired token with a good key gets the service's own error.
#[tokio::test]
async fn an_expired_token_is_the_services_business() {
    let house = house();
    let keys = jwt::Keys::from_secret(&house.jwt_secret).unwrap();
    let token = keys.sign(&json!({ "role": "authenticated", "exp": 1_000 }));
    let answer = Client::new()
        .get(format!("{}/rest/v1/notes", house.url))
        .header("apikey", &house.anon_key)
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 401);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(
        (&body["code"], &body["message"]),
        (&json!("PGRST303"), &json!("JWT expired"))
    );
}

// CVE-2025-48370: ids in paths that are not UUIDs.
#[tokio::test]
async fn ids_that_are_no_uuids_are_refused() {
    let house = house();
    for id in [
        "1",
        "..",
        "%2e%2e",
        "a'b",
        "00000000-0000-0000-0000-00000000000z",
    ] {
        let (status, body) = get(
            house,
            &format!("/auth/v1/admin/users/{id}"),
            Some(&house.service_key),
        )
        .await;
        assert!(status.is_client_error(), "{id}: {status} {body}");
    }
}
