//! Bearer tokens, and what the gateway makes of API keys.

use chrono::TimeDelta;
use serde_json::json;

use crate::house::{House, request, text};

#[tokio::test]
async fn a_bad_token_is_told_apart_from_none() {
    // AUTH-ERR-08
    let house = House::new().await;
    let session = house.person("ada").await;
    let token = text(&session, "access_token");
    let none = "This endpoint requires a valid Bearer token";
    house
        .get("", "/user")
        .await
        .fails(401, "no_authorization", none);
    let mut basic = request("", "GET", "/user", "");
    basic
        .headers_mut()
        .insert("authorization", "Basic YTpi".parse().unwrap());
    house.send(basic).await.fails(401, "no_authorization", none);
    let bad = "invalid JWT: unable to parse or verify signature, ";
    for wrong in ["x", "x.y.z", &format!("{token}x")] {
        let reply = house.get(wrong, "/user").await;
        assert_eq!(reply.status, 403);
        assert!(
            text(&reply.json(), "msg").starts_with(bad),
            "{}",
            reply.text
        );
    }
    let id = text(&session["user"], "id");
    let missing = house
        .get(&house.token(json!({"role": "authenticated"})), "/user")
        .await;
    missing.fails(403, "bad_jwt", "invalid claim: missing sub claim");
    let shape = house.get(&house.token(json!({"sub": "42"})), "/user").await;
    shape.fails(400, "bad_jwt", "invalid claim: sub claim must be a UUID");
    let shape = house
        .get(
            &house.token(json!({"sub": id, "session_id": "42"})),
            "/user",
        )
        .await;
    shape.fails(
        403,
        "bad_jwt",
        "invalid claim: session_id claim must be a UUID",
    );
    let gone = "11111111-1111-4111-8111-111111111111";
    let reply = house.get(&house.token(json!({"sub": gone})), "/user").await;
    reply.fails(
        403,
        "user_not_found",
        "User from sub claim in JWT does not exist",
    );
    let reply = house
        .get(
            &house.token(json!({"sub": id, "session_id": gone})),
            "/user",
        )
        .await;
    let message = "Session from session_id claim in JWT does not exist";
    reply.fails(403, "session_not_found", message);
    house
        .get(&house.token(json!({"sub": id})), "/user")
        .await
        .good();
    house
        .sql("update auth.users set banned_until = now() + interval '1 day'")
        .await;
    house
        .get(&token, "/user")
        .await
        .fails(403, "user_banned", "User is banned");
    house.clock.advance(TimeDelta::seconds(3600));
    let expired = house.get(&token, "/user").await;
    expired.fails(
        403,
        "bad_jwt",
        &format!("{bad}token has invalid claims: token is expired"),
    );
}

#[tokio::test]
async fn a_token_that_the_gateway_made_is_nobodys_but_an_admins() {
    // AUTH-KEY-03, GW-AUT-06
    let house = House::new().await;
    let made = |path: &str, token: &str| {
        let mut asked = request(token, "GET", path, "");
        asked.extensions_mut().insert(web::ApiKey {
            class: jwt::ApiKeyClass::Service,
            synthesized: true,
        });
        asked
    };
    let service = house.service();
    let reply = house.send(made("/user", &service)).await;
    let none = "This endpoint requires a valid Bearer token";
    reply.fails(401, "no_authorization", none);
    house.send(made("/admin/users", &service)).await.good();
    // AUTH-KEY-06
    let anon = house.keys.sign(&json!({"role": "anon"}));
    let reply = house.send(made("/admin/users", &anon)).await;
    reply.fails(403, "not_admin", "User not allowed");
    house
        .get("", "/admin/users")
        .await
        .fails(401, "no_authorization", none);
}

#[tokio::test]
async fn an_admin_token_of_a_session_needs_the_session() {
    // AUTH-KEY-06, AUTH-ERR-08
    let house = House::new().await;
    let session = house.person("ada").await;
    let id = crate::house::claims(&text(&session, "access_token"))["session_id"].clone();
    let token = house.token(json!({"role": "service_role", "session_id": id}));
    house.get(&token, "/admin/users").await.good();
    house
        .sql("update auth.sessions set not_after = now() - interval '1 minute'")
        .await;
    let reply = house.get(&token, "/admin/users").await;
    reply.fails(403, "session_expired", "Session is no longer valid");
}

#[tokio::test]
async fn errors_have_two_shapes() {
    // AUTH-ERR-01, AUTH-ERR-02
    let house = House::new().await;
    for (version, new) in [
        ("2024-01-01", true),
        ("2025-05-05", true),
        ("2023-12-31", false),
        ("soon", false),
    ] {
        let mut asked = request("", "GET", "/user", "");
        asked
            .headers_mut()
            .insert("x-supabase-api-version", version.parse().unwrap());
        let reply = house.send(asked).await;
        let message = "This endpoint requires a valid Bearer token";
        let body = if new {
            json!({"code": "no_authorization", "message": message})
        } else {
            json!({"code": 401, "error_code": "no_authorization", "msg": message})
        };
        assert_eq!(reply.json(), body, "{version}");
        assert_eq!(reply.header("x-sb-error-code"), "no_authorization");
        assert_eq!(
            reply.header("x-supabase-api-version"),
            if new { "2024-01-01" } else { "" }
        );
    }
    // AUTH-HTTP-13
    assert_eq!(house.get("", "/nowhere").await.status, 404);
    assert_eq!(house.get("", "/signup").await.status, 405);
}

#[tokio::test]
async fn the_audience_can_be_named() {
    // AUTH-USER-01, AUTH-HTTP-08
    let house = House::new().await;
    let token = text(&house.person("ada").await, "access_token");
    let mut asked = request(&token, "GET", "/user", "");
    asked
        .headers_mut()
        .insert("x-jwt-aud", "others".parse().unwrap());
    let reply = house.send(asked).await;
    let message = "Token audience doesn't match request audience";
    reply.fails(400, "validation_failed", message);
}

#[tokio::test]
async fn keys_and_endpoints_are_published() {
    let house = House::new().await;
    // AUTH-JWT-05: a secret is never among them.
    let reply = house.get("", "/.well-known/jwks.json").await;
    assert_eq!(reply.good(), json!({"keys": []}));
    assert_eq!(reply.header("cache-control"), "public, max-age=600");
    // AUTH-JWT-06
    let told = house
        .get("", "/.well-known/openid-configuration")
        .await
        .good();
    assert_eq!(told["issuer"], "http://localhost:8000/auth/v1");
    assert_eq!(
        told["jwks_uri"],
        "http://localhost:8000/auth/v1/.well-known/jwks.json"
    );
}
