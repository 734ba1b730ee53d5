//! `POST /token?grant_type=id_token`

use serde_json::{Value, json};
use sha2::Digest as _;

use crate::elsewhere::Elsewhere;
use crate::house::{House, Reply, confirming, settings, text};

async fn grant(house: &House, body: Value) -> Reply {
    house.post("/token?grant_type=id_token", body).await
}

/// An error of OAuth (AUTH-ERR-05).
#[track_caller]
fn refused(reply: &Reply, error: &str, described: &str) {
    assert_eq!(reply.status, 400, "{}", reply.text);
    assert_eq!(
        reply.json(),
        json!({"error": error, "error_description": described})
    );
}

fn person() -> Value {
    json!({"sub": "42", "email": "ada@example.com", "email_verified": true})
}

fn with(mut claims: Value, more: &Value) -> Value {
    claims
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    claims
}

#[tokio::test]
async fn an_id_token_signs_in() {
    // AUTH-TOKEN-10, AUTH-TOKEN-11, AUTH-TOKEN-12
    let elsewhere = Elsewhere::open().await;
    let house = House::with_providers(confirming(), elsewhere.providers()).await;
    let hashed = hex::encode(sha2::Sha256::digest("nonce"));
    let token = elsewhere.id_token(&with(person(), &json!({"nonce": hashed})));
    let body = json!({"provider": "google", "id_token": token, "nonce": "nonce"});
    let session = grant(&house, body).await.good();
    assert_eq!(session["user"]["app_metadata"]["provider"], "google");
    let token = elsewhere.id_token(&with(person(), &json!({"aud": ["x", "our-app"]})));
    let again = grant(&house, json!({"provider": "google", "id_token": token}))
        .await
        .good();
    assert_eq!(again["user"]["id"], session["user"]["id"]);
}

#[tokio::test]
async fn an_id_token_of_somebody_else_does_not() {
    let elsewhere = Elsewhere::open().await;
    let house = House::with_providers(confirming(), elsewhere.providers()).await;
    refused(
        &grant(&house, json!({})).await,
        "invalid request",
        "id_token required",
    );
    refused(
        &grant(&house, json!({"id_token": "x"})).await,
        "invalid request",
        "provider or client_id and issuer required",
    );
    let body = |token: &str| json!({"provider": "google", "id_token": token});
    refused(
        &grant(&house, body("x")).await,
        "invalid request",
        "Bad ID token",
    );
    // CVE-2026-31813: the issuer is the provider's, whatever the token says; times count, whatever their type.
    for wrong in [
        json!({"iss": "https://accounts.google.com"}),
        json!({"iss": "http://localhost:1"}),
        json!({"exp": 1_600_000_000}),
        json!({"exp": "4000000000"}),
        json!({"exp": null}),
        json!({"iss": null}),
    ] {
        let token = elsewhere.id_token(&with(person(), &wrong));
        refused(
            &grant(&house, body(&token)).await,
            "invalid request",
            "Bad ID token",
        );
    }
    // Nor does a token of our own, one without a signature, or one signed with the published key as a secret.
    let ours = house.token(
        json!({"iss": elsewhere.url, "aud": "our-client", "sub": "42", "email": "ada@example.com"}),
    );
    refused(
        &grant(&house, body(&ours)).await,
        "invalid request",
        "Bad ID token",
    );
    let good = elsewhere.id_token(&person());
    let payload = good.split('.').nth(1).unwrap();
    let unsigned = format!("eyJhbGciOiJub25lIn0.{payload}.");
    refused(
        &grant(&house, body(&unsigned)).await,
        "invalid request",
        "Bad ID token",
    );
    let token = elsewhere.id_token(&with(person(), &json!({"aud": "somebody-else"})));
    refused(
        &grant(&house, body(&token)).await,
        "invalid request",
        "Unacceptable audience in id_token: [somebody-else]",
    );
    let token = elsewhere.id_token(&json!({"email": "ada@example.com"}));
    refused(
        &grant(&house, body(&token)).await,
        "invalid request",
        "Missing sub claim in id_token",
    );
    let token = elsewhere.id_token(&with(person(), &json!({"nonce": "x"})));
    let either = "Passed nonce and nonce in id_token should either both exist or not.";
    refused(
        &grant(&house, body(&token)).await,
        "invalid request",
        either,
    );
    let mut replayed = body(&token);
    replayed["nonce"] = json!("another");
    refused(
        &grant(&house, replayed).await,
        "invalid nonce",
        "Nonces mismatch",
    );
    let mut half = body(&good);
    half["nonce"] = json!("x");
    refused(&grant(&house, half).await, "invalid request", either);
    // AUTH-TOKEN-09
    let reply = grant(&house, json!({"provider": "pigeon", "id_token": good})).await;
    reply.fails(
        400,
        "validation_failed",
        "Custom OIDC provider \"pigeon\" not allowed",
    );
    let reply = grant(
        &house,
        json!({"client_id": "our-client", "issuer": "https://evil.example", "id_token": good}),
    )
    .await;
    reply.fails(
        400,
        "validation_failed",
        "Custom OIDC provider \"\" not allowed",
    );
    let reply = grant(&house, json!({"provider": "apple", "id_token": good})).await;
    reply.fails(
        400,
        "provider_disabled",
        "Provider (issuer \"https://appleid.apple.com\") is not enabled",
    );
    assert_eq!(house.count("select count(*) from auth.users").await, 0);
}

#[tokio::test]
async fn an_id_token_links_who_is_in_already() {
    // AUTH-TOKEN-12
    let elsewhere = Elsewhere::open().await;
    let mut settings = settings();
    settings.manual_linking_enabled = true;
    let house = House::with_providers(settings, elsewhere.providers()).await;
    let bob = house.person("bob").await;
    let body = json!({"provider": "google", "id_token": elsewhere.id_token(&person()), "link_identity": true});
    let message = "Linking requires a valid user access token in Authorization";
    refused(
        &grant(&house, body.clone()).await,
        "invalid request",
        message,
    );
    let token = text(&bob, "access_token");
    let linked = house
        .ask(
            &token,
            "POST",
            "/token?grant_type=id_token",
            &body.to_string(),
        )
        .await
        .good();
    assert_eq!(linked["user"]["id"], bob["user"]["id"]);
    assert_eq!(linked["user"]["email"], "bob@example.com");
    let other = text(&house.person("eve").await, "access_token");
    let reply = house
        .ask(
            &other,
            "POST",
            "/token?grant_type=id_token",
            &body.to_string(),
        )
        .await;
    reply.fails(
        422,
        "identity_already_exists",
        "Identity is already linked to another user",
    );
}
