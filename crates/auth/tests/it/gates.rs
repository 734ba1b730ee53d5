//! Captchas and leaked passwords.

use base::Secret;
use serde_json::json;

use crate::elsewhere::Elsewhere;
use crate::house::{House, PASSWORD, settings};

#[tokio::test]
async fn where_captchas_are_asked_for_one_has_to_be_solved() {
    // AUTH-CAPT-01, AUTH-CAPT-02, AUTH-CAPT-03
    let elsewhere = Elsewhere::open().await;
    let mut settings = settings();
    settings.captcha_enabled = true;
    settings.captcha_provider = "turnstile".into();
    settings.captcha_secret = Secret::new("our-secret");
    settings.captcha_url = format!("{}/siteverify", elsewhere.url);
    let house = House::with(settings.clone()).await;
    let body = |token: &str| {
        json!({"email": "ada@example.com", "password": PASSWORD, "type": "signup",
            "gotrue_meta_security": {"captcha_token": token}})
    };
    for path in [
        "/signup",
        "/recover",
        "/resend",
        "/magiclink",
        "/otp",
        "/token?grant_type=password",
    ] {
        let missing = "captcha protection: request disallowed (no captcha_token found)";
        house
            .post(path, json!({"email": "ada@example.com"}))
            .await
            .fails(400, "captcha_failed", missing);
        let rejected =
            "captcha protection: request disallowed (invalid-input-response, timeout-or-duplicate)";
        house
            .post(path, body("x"))
            .await
            .fails(400, "captcha_failed", rejected);
    }
    let missing = house.post("/signup", json!({})).await;
    assert_eq!(missing.json()["error_code"], "captcha_failed");
    house.post("/signup", body("solved")).await.good();
    house
        .post("/token?grant_type=password", body("solved"))
        .await
        .good();
    // Admins need none, nor do those who refresh.
    let admin = house.service();
    house
        .ask(
            &admin,
            "POST",
            "/recover",
            "{\"email\":\"ada@example.com\"}",
        )
        .await
        .good();
    assert_eq!(
        house.refresh("abcdefghijkl").await.json()["error_code"],
        "refresh_token_not_found"
    );
    settings.captcha_url = "http://127.0.0.1:1/".into();
    let house = House::with(settings).await;
    let down = house.post("/signup", body("solved")).await;
    down.fails(
        500,
        "unexpected_failure",
        "captcha verification process failed",
    );
}

#[tokio::test]
async fn a_password_from_a_leak_is_refused() {
    // AUTH-PWD-04
    let elsewhere = Elsewhere::open().await;
    let mut settings = settings();
    settings.password_hibp_enabled = true;
    settings.password_hibp_url = elsewhere.url.clone();
    settings.password_min_length = 20;
    let house = House::with(settings.clone()).await;
    let sign_up = |password: &str| json!({"email": "ada@example.com", "password": password});
    let reply = house.post("/signup", sign_up("leaked-password")).await;
    let message = "Password should be at least 20 characters. Password is known to be weak and easy to guess, please choose a different one.";
    reply.fails(422, "weak_password", message);
    assert_eq!(
        reply.json()["weak_password"]["reasons"],
        json!(["length", "pwned"])
    );
    house
        .post("/signup", sign_up("a password that nobody ever had"))
        .await
        .good();
    // Who cannot be asked is no obstacle, unless that is wished.
    settings.password_min_length = 6;
    settings.password_hibp_url = "http://127.0.0.1:1".into();
    House::with(settings.clone())
        .await
        .post("/signup", sign_up("leaked-password"))
        .await
        .good();
    settings.password_hibp_fail_closed = true;
    assert_eq!(
        House::with(settings)
            .await
            .post("/signup", sign_up("leaked-password"))
            .await
            .status,
        500
    );
}
