//! `/recover`

use chrono::TimeDelta;
use serde_json::json;

use crate::house::{House, PASSWORD, confirming};

#[tokio::test]
async fn who_forgot_the_password_chooses_another() {
    // AUTH-OTP-10, AUTH-VERIFY-12
    let house = House::with(confirming()).await;
    house
        .post(
            "/signup",
            json!({"email": "ada@example.com", "password": PASSWORD}),
        )
        .await
        .good();
    house.mail().await;
    assert_eq!(
        house
            .post("/recover", json!({"email": "ada@example.com"}))
            .await
            .good(),
        json!({})
    );
    let mail = house.mail().await;
    assert_eq!(
        (mail.subject.as_str(), mail.parameter("type").as_str()),
        ("Reset your password", "recovery")
    );
    // Recovery confirms who was not confirmed, and ends all other links.
    let landing = house.follow(&mail.link()).await;
    assert_eq!(landing.fragment["type"], "recovery");
    assert_eq!(house.count("select count(*) from auth.users where email_confirmed_at is not null and confirmation_token = ''").await, 1);
    let token = landing.fragment["access_token"].clone();
    house
        .put(&token, "/user", json!({"password": "a-better-one"}))
        .await
        .good();
    let old = json!({"email": "ada@example.com", "password": PASSWORD});
    assert_eq!(
        house.post("/token?grant_type=password", old).await.status,
        400
    );
    let new = json!({"email": "ada@example.com", "password": "a-better-one"});
    house.post("/token?grant_type=password", new).await.good();
}

#[tokio::test]
async fn nobody_learns_who_is_registered() {
    // AUTH-ENUM-01
    let house = House::with(confirming()).await;
    house
        .post(
            "/signup",
            json!({"email": "ada@example.com", "password": PASSWORD}),
        )
        .await
        .good();
    let link = house.mail().await.link();
    house.follow(&link).await;
    house.clock.advance(TimeDelta::minutes(2));
    for (path, kind) in [
        ("/recover", ""),
        ("/resend", "signup"),
        ("/otp", ""),
        ("/magiclink", ""),
    ] {
        let body = |address: &str| json!({"email": address, "type": kind});
        let known = house.post(path, body("ada@example.com")).await;
        let unknown = house
            .post(path, body(&format!("nobody{}@example.com", path.len())))
            .await;
        assert_eq!(
            (known.status, &known.text),
            (unknown.status, &unknown.text),
            "{path}"
        );
        assert_eq!(known.text, "{}");
        house.clock.advance(TimeDelta::minutes(2));
    }
    // AUTH-VERIFY-08
    for address in ["ada@example.com", "nobody@example.com"] {
        let wrong = json!({"type": "email", "email": address, "token": "abc"});
        house.post("/verify", wrong).await.fails(
            403,
            "otp_expired",
            "Token has expired or is invalid",
        );
    }
    house.post("/recover", json!({})).await.fails(
        400,
        "validation_failed",
        "Password recovery requires an email",
    );
    let message = "Unable to validate email address: invalid format";
    house
        .post("/recover", json!({"email": "x"}))
        .await
        .fails(400, "validation_failed", message);
}
