//! The applications of the OAuth server.

use serde_json::json;

use crate::house::{House, text};
use crate::oauth_server::{BACK, served};

#[tokio::test]
async fn admins_keep_the_applications() {
    // AUTH-ADMIN-18, AUTH-ADMIN-19
    let house = House::with(served()).await;
    let list = async || {
        house
            .admin_api("GET", "/admin/oauth/clients", "")
            .await
            .good()
    };
    assert_eq!(list().await, json!({}));
    let client = house.confidential().await;
    let id = text(&client, "client_id");
    assert_eq!(
        (
            &client["client_type"],
            &client["token_endpoint_auth_method"]
        ),
        (&json!("confidential"), &json!("client_secret_basic"))
    );
    assert_eq!(
        (&client["response_types"], &client["registration_type"]),
        (&json!(["code"]), &json!("manual"))
    );
    assert_eq!(text(&client, "client_secret").len(), 43);
    assert_eq!(
        house
            .count("select count(*) from auth.oauth_clients where length(client_secret_hash) = 43")
            .await,
        1
    );
    assert_eq!(list().await["clients"][0]["client_id"], json!(id));
    let path = format!("/admin/oauth/clients/{id}");
    let shown = house.admin_api("GET", &path, "").await.good();
    assert!(shown.get("client_secret").is_none());
    let changed = house
        .admin_api("PUT", &path, r#"{"client_name":"Papers"}"#)
        .await
        .good();
    assert_eq!(
        (&changed["client_name"], &changed["redirect_uris"]),
        (&json!("Papers"), &json!([BACK]))
    );
    house.admin_api("PUT", &path, "{}").await.fails(
        400,
        "validation_failed",
        "No fields provided for update",
    );
    let fresh = house
        .admin_api("POST", &format!("{path}/regenerate_secret"), "")
        .await
        .good();
    assert_ne!(fresh["client_secret"], client["client_secret"]);
    let old = text(&client, "client_secret");
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    house.exchange(Some((&id, &old)), &form).await.fails(
        400,
        "invalid_credentials",
        "Invalid client credentials",
    );
    let public = house
        .application(json!({"redirect_uris": ["com.app://cb"], "client_type": "public"}))
        .await;
    let public = format!(
        "/admin/oauth/clients/{}/regenerate_secret",
        text(&public, "client_id")
    );
    house.admin_api("POST", &public, "").await.fails(
        400,
        "validation_failed",
        "Cannot regenerate secret for public client",
    );
    assert_eq!(house.admin_api("DELETE", &path, "").await.status, 204);
    let unknown = "OAuth client not found";
    house
        .admin_api("GET", &path, "")
        .await
        .fails(404, "oauth_client_not_found", unknown);
    house
        .admin_api("GET", "/admin/oauth/clients/x", "")
        .await
        .fails(400, "validation_failed", "invalid client_id format");
    house
        .get(&text(&house.person("ada").await, "access_token"), &path)
        .await
        .fails(403, "not_admin", "User not allowed");
}

#[tokio::test]
async fn what_is_off_is_not_there() {
    // AUTH-OSRV-08, AUTH-ADMIN-18, AUTH-JWT-06
    let house = House::new().await;
    let off = "OAuth server is disabled";
    for path in [
        "/oauth/authorize",
        "/oauth/userinfo",
        "/user/oauth/grants",
        "/admin/oauth/clients",
        "/.well-known/oauth-authorization-server",
        "/oauth/authorizations/x",
    ] {
        house
            .get(&house.service(), path)
            .await
            .fails(404, "feature_disabled", off);
    }
    house
        .post("/oauth/token", json!({}))
        .await
        .fails(404, "feature_disabled", off);
    let mut settings = served();
    settings.oauth_server_allow_dynamic_registration = false;
    let house = House::with(settings).await;
    let body = json!({"redirect_uris": [BACK]});
    let closed = "Dynamic client registration is not enabled";
    house
        .post("/oauth/clients/register", body.clone())
        .await
        .fails(403, "oauth_dynamic_client_registration_disabled", closed);
    let document = house
        .get("", "/.well-known/oauth-authorization-server")
        .await
        .good();
    assert!(document.get("registration_endpoint").is_none());
    let house = House::with(served()).await;
    let reply = house.post("/oauth/clients/register", body).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.json()["registration_type"]),
        (201, &json!("dynamic"))
    );
    let document = house
        .get("", "/.well-known/oauth-authorization-server")
        .await
        .good();
    assert_eq!(
        document,
        house
            .get("", "/.well-known/openid-configuration")
            .await
            .good()
    );
    assert_eq!(
        document["registration_endpoint"],
        "http://localhost:8000/auth/v1/oauth/clients/register"
    );
}
