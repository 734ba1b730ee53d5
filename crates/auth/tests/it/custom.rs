//! Providers that admins keep in the database.

use serde_json::{Value, json};

use crate::elsewhere::{CLIENT, Elsewhere};
use crate::house::{House, Reply, confirming, text};
use crate::oauth::{go, set_out};

async fn admin(house: &House, method: &str, path: &str, body: &Value) -> Reply {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    house.ask(&house.service(), method, path, &body).await
}

/// Where providers on this machine may be asked. The table still wants TLS of them, which a test cannot have.
async fn open() -> (Elsewhere, House) {
    let elsewhere = Elsewhere::open().await;
    let mut settings = confirming();
    settings.custom_oauth_allow_private = true;
    let house = House::with(settings).await;
    house
        .sql("alter table auth.custom_oauth_providers drop constraint custom_oauth_providers_urls_https")
        .await;
    (elsewhere, house)
}

fn oidc(elsewhere: &Elsewhere) -> Value {
    json!({"provider_type": "oidc", "identifier": "custom:work", "name": "Work", "client_id": CLIENT,
        "client_secret": "our-secret", "issuer": elsewhere.url, "scopes": ["email"],
        "authorization_params": {"prompt": "login"}, "custom_claims_allowlist": ["department"]})
}

async fn made(house: &House, body: &Value) -> Value {
    let reply = admin(house, "POST", "/admin/custom-providers", body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json()
}

#[tokio::test]
async fn an_issuer_of_the_operators_own_signs_people_in() {
    // AUTH-ADMIN-20, AUTH-OAUTH-05, AUTH-OAUTH-04
    let (elsewhere, house) = open().await;
    let shown = made(&house, &oidc(&elsewhere)).await;
    assert!(shown.get("client_secret").is_none());
    assert_eq!(
        (
            &shown["enabled"],
            &shown["pkce_enabled"],
            &shown["email_optional"]
        ),
        (&json!(true), &json!(true), &json!(false))
    );
    assert_eq!(shown["discovery_document"]["issuer"], json!(elsewhere.url));
    elsewhere.says(json!({"sub": "w1", "email": "ada@example.com", "email_verified": true, "department": "ships"}));
    let asked = set_out(&house, "provider=custom:work").await;
    assert_eq!(asked.query["scope"], "openid email");
    assert_eq!(
        (
            asked.query["prompt"].as_str(),
            asked.query["code_challenge_method"].as_str()
        ),
        ("login", "S256")
    );
    assert_eq!(
        asked.query["redirect_uri"],
        "http://localhost:8000/auth/v1/callback"
    );
    let landing = go(&house, "provider=custom:work&scopes=openid%20groups").await;
    let user = house
        .get(&landing.fragment["access_token"], "/user")
        .await
        .good();
    assert_eq!(user["app_metadata"]["provider"], "custom:work");
    let data = &user["identities"][0]["identity_data"];
    assert_eq!(
        (&data["sub"], &data["custom_claims"]),
        (&json!("w1"), &json!({"department": "ships"}))
    );
    let form = elsewhere
        .says
        .lock()
        .unwrap()
        .forms
        .last()
        .cloned()
        .unwrap();
    assert!(form.contains_key("code_verifier") && form["client_secret"] == "our-secret");
    // The ID token by itself, too; but none that is for somebody else.
    let token = elsewhere
        .id_token(&json!({"sub": "w1", "email": "ada@example.com", "email_verified": true}));
    let body = json!({"provider": "custom:work", "id_token": token});
    let again = house.post("/token?grant_type=id_token", body).await.good();
    assert_eq!(again["user"]["id"], user["id"]);
    let token = elsewhere.id_token(&json!({"sub": "w1", "aud": "another"}));
    let reply = house
        .post(
            "/token?grant_type=id_token",
            json!({"provider": "custom:work", "id_token": token}),
        )
        .await;
    assert_eq!(
        (reply.status.as_u16(), text(&reply.json(), "error")),
        (400, "invalid request".into())
    );
    elsewhere.says(json!({"sub": "w1", "aud": "another", "email": "ada@example.com"}));
    let landing = go(&house, "provider=custom:work").await;
    assert_eq!(
        landing.query["error_description"],
        "Error getting user profile from external provider"
    );
}

#[tokio::test]
async fn a_provider_without_id_tokens_is_read_by_its_mapping() {
    // AUTH-ADMIN-20, AUTH-OAUTH-12
    let (elsewhere, house) = open().await;
    elsewhere.says.lock().unwrap().userinfo = json!({"data": {"uid": 7, "mail": "Bob@Example.com"}, "email_verified": true, "nick": "bobby"});
    let body = json!({"provider_type": "oauth2", "identifier": "custom:old", "name": "Old", "client_id": CLIENT,
        "client_secret": "our-secret", "authorization_url": format!("{}/authorize", elsewhere.url),
        "token_url": format!("{}/token", elsewhere.url), "userinfo_url": format!("{}/2/users/me", elsewhere.url),
        "pkce_enabled": false, "attribute_mapping": {"sub": "data.uid", "email": "data.mail", "nickname": "nick"}});
    made(&house, &body).await;
    let asked = set_out(&house, "provider=custom:old").await;
    assert!(!asked.query.contains_key("code_challenge") && !asked.query.contains_key("scope"));
    let landing = go(&house, "provider=custom:old").await;
    let user = house
        .get(&landing.fragment["access_token"], "/user")
        .await
        .good();
    assert_eq!(user["email"], "bob@example.com");
    let data = &user["identities"][0]["identity_data"];
    assert_eq!(
        (&data["sub"], &data["nickname"]),
        (&json!("7"), &json!("bobby"))
    );
    let path = "/admin/custom-providers/custom:old";
    let off = admin(&house, "PUT", path, &json!({"enabled": false}))
        .await
        .good();
    assert_eq!(
        (&off["enabled"], &off["name"]),
        (&json!(false), &json!("Old"))
    );
    let reply = house.get("", "/authorize?provider=custom:old").await;
    reply.fails(
        400,
        "validation_failed",
        "Unsupported provider: custom provider custom:old is disabled",
    );
    assert_eq!(
        admin(&house, "DELETE", path, &Value::Null).await.status,
        204
    );
    let reply = house.get("", "/authorize?provider=custom:old").await;
    reply.fails(
        400,
        "validation_failed",
        "Unsupported provider: custom provider custom:old not found",
    );
    admin(&house, "GET", path, &Value::Null).await.fails(
        404,
        "custom_provider_not_found",
        "Custom OAuth provider not found",
    );
}

#[tokio::test]
async fn what_a_provider_must_not_be_is_told() {
    // AUTH-ADMIN-21
    let (elsewhere, house) = open().await;
    let good = oidc(&elsewhere);
    let fails = async |change: Value, message: &str| {
        let mut body = good.clone();
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let reply = admin(&house, "POST", "/admin/custom-providers", &body).await;
        reply.fails(400, "validation_failed", message);
    };
    fails(
        json!({"provider_type": "saml"}),
        "type must be either 'oauth2' or 'oidc'",
    )
    .await;
    fails(json!({"identifier": ""}), "identifier is required").await;
    fails(
        json!({"identifier": "work"}),
        "identifier must start with 'custom:' prefix, e.g. 'custom:work'",
    )
    .await;
    for name in ["name", "client_id", "client_secret"] {
        fails(json!({name: null}), &format!("{name} is required")).await;
    }
    fails(
        json!({"issuer": null}),
        "issuer is required for OIDC providers",
    )
    .await;
    fails(
        json!({"provider_type": "oauth2"}),
        "authorization_url is required for OAuth2 providers",
    )
    .await;
    fails(
        json!({"authorization_params": {"State": "x"}}),
        "Cannot override reserved OAuth parameter: State",
    )
    .await;
    for name in [
        "role",
        "email_verified",
        "banned_until",
        "phone_confirmed_at",
    ] {
        fails(
            json!({"attribute_mapping": {name: "x"}}),
            &format!("Cannot map to protected system field: {name}"),
        )
        .await;
    }
    fails(
        json!({"identifier": "custom:Work!"}),
        "identifier may hold lower-case letters, digits, colons and hyphens only",
    )
    .await;
    elsewhere.says.lock().unwrap().issuer = Some("https://evil.example".into());
    fails(
        json!({}),
        "OIDC discovery failed: the issuer names itself differently",
    )
    .await;
    elsewhere.says.lock().unwrap().issuer = None;
    made(&house, &good).await;
    let reply = admin(&house, "POST", "/admin/custom-providers", &good).await;
    reply.fails(
        400,
        "conflict",
        "A custom OAuth provider with this identifier already exists",
    );
    let listed = admin(
        &house,
        "GET",
        "/admin/custom-providers?type=oidc",
        &Value::Null,
    )
    .await
    .good();
    assert_eq!(listed["providers"].as_array().unwrap().len(), 1);
    let listed = admin(
        &house,
        "GET",
        "/admin/custom-providers?type=oauth2",
        &Value::Null,
    )
    .await
    .good();
    assert_eq!(listed, json!({"providers": []}));
}

#[tokio::test]
async fn no_provider_leads_into_the_servers_own_network() {
    // AUTH-ADMIN-22
    let house = House::new().await;
    let body = |issuer: &str| {
        json!({"provider_type": "oidc", "identifier": "custom:x", "name": "X", "client_id": "c",
        "client_secret": "s", "issuer": issuer})
    };
    for address in [
        "http://example.com",
        "https://127.0.0.1",
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest",
        "https://[::1]",
        "https://2130706433",
        "https://localhost",
        "https://[::ffff:10.0.0.1]",
        "file:///etc/passwd",
    ] {
        let reply = admin(&house, "POST", "/admin/custom-providers", &body(address)).await;
        assert_eq!(reply.status, 400, "{address}: {}", reply.text);
        let why = text(&reply.json(), "msg");
        assert!(
            why.starts_with("issuer is not acceptable: "),
            "{address}: {why}"
        );
    }
    let mut settings = confirming();
    settings.custom_oauth_enabled = false;
    let house = House::with(settings).await;
    let reply = admin(&house, "GET", "/admin/custom-providers", &Value::Null).await;
    reply.fails(
        404,
        "feature_disabled",
        "Custom OAuth providers are disabled",
    );
}

#[tokio::test]
async fn there_may_be_so_many_providers_only() {
    // AUTH-ADMIN-21
    let elsewhere = Elsewhere::open().await;
    let mut settings = confirming();
    settings.custom_oauth_allow_private = true;
    settings.custom_oauth_max_providers = 1;
    let house = House::with(settings).await;
    house.sql("alter table auth.custom_oauth_providers drop constraint custom_oauth_providers_urls_https").await;
    let mut body = oidc(&elsewhere);
    made(&house, &body).await;
    body["identifier"] = json!("custom:more");
    let reply = admin(&house, "POST", "/admin/custom-providers", &body).await;
    reply.fails(
        400,
        "over_custom_provider_quota",
        "Maximum number of custom OAuth providers (1) reached",
    );
}
