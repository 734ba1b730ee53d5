//! Where operators have a say.

use base::Secret;
use base64::Engine as _;
use hmac::Mac as _;
use serde_json::{Value, json};

use crate::elsewhere::Elsewhere;
use crate::house::{House, PASSWORD, claims, confirming, settings, text};

const KEY: &[u8] = b"a key of the operator's own hook";

fn secret() -> Secret {
    Secret::new(format!(
        "v1,whsec_{}",
        base64::engine::general_purpose::STANDARD.encode(KEY)
    ))
}

/// A function of the operator that the service may call.
async fn function(house: &House, name: &str, body: &str) {
    let sql = format!(
        "create schema if not exists hooks; grant usage on schema hooks to supabase_auth_admin;
         create or replace function hooks.{name}(event jsonb) returns jsonb language plpgsql as $$ {body} $$;
         grant execute on function hooks.{name} to supabase_auth_admin"
    );
    house.sql(&sql).await;
}

/// What was asked last, its signature checked.
fn asked(elsewhere: &Elsewhere) -> Value {
    let (headers, body) = elsewhere
        .says
        .lock()
        .unwrap()
        .asked
        .pop()
        .expect("the hook was asked");
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let content = format!(
        "{}.{}.{body}",
        header("webhook-id"),
        header("webhook-timestamp")
    );
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(KEY).unwrap();
    mac.update(content.as_bytes());
    let expected = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    assert_eq!(header("webhook-signature"), format!("v1,{expected}"));
    serde_json::from_str(&body).unwrap()
}

#[tokio::test]
async fn a_function_writes_the_claims() {
    // AUTH-HOOK-01, AUTH-HOOK-03, AUTH-HOOK-07
    let mut settings = settings();
    settings.hook_custom_access_token_enabled = true;
    settings.hook_custom_access_token_uri = "pg-functions://postgres/hooks/claims".into();
    let house = House::with(settings).await;
    function(
        &house,
        "claims",
        "begin return jsonb_build_object('claims', event -> 'claims' || jsonb_build_object('tenant', 7, 'method', event ->> 'authentication_method')); end",
    )
    .await;
    let session = house.person("ada").await;
    let told = claims(&text(&session, "access_token"));
    assert_eq!(
        (&told["tenant"], &told["method"], &told["sub"]),
        (&json!(7), &json!("password"), &session["user"]["id"])
    );
    let refreshed = house.refresh(&text(&session, "refresh_token")).await.good();
    assert_eq!(
        claims(&text(&refreshed, "access_token"))["method"],
        "token_refresh"
    );
    function(
        &house,
        "claims",
        "begin return jsonb_build_object('claims', (event -> 'claims') - 'role'); end",
    )
    .await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let reply = house.post("/token?grant_type=password", body.clone()).await;
    assert_eq!(reply.status, 500);
    let message = "output claims do not conform to the expected schema:";
    assert!(
        text(&reply.json(), "msg").starts_with(message),
        "{}",
        reply.text
    );
    function(&house, "claims", "begin return '{}'; end").await;
    let reply = house.post("/token?grant_type=password", body.clone()).await;
    reply.fails(500, "unexpected_failure", "output claims field is missing");
    // AUTH-HOOK-06
    let refusal =
        "begin return '{\"error\": {\"http_code\": 403, \"message\": \"not today\"}}'; end";
    function(&house, "claims", refusal).await;
    house
        .post("/token?grant_type=password", body)
        .await
        .fails(403, "unknown", "not today");
    assert_eq!(house.count("select count(*) from auth.sessions").await, 1);
}

#[tokio::test]
async fn a_hook_decides_who_becomes_a_user_and_which_attempts_count() {
    // AUTH-HOOK-01, AUTH-TOKEN-05
    let mut settings = settings();
    settings.hook_before_user_created_enabled = true;
    settings.hook_before_user_created_uri = "pg-functions://postgres/hooks/before".into();
    settings.hook_password_verification_attempt_enabled = true;
    settings.hook_password_verification_attempt_uri =
        "pg-functions://postgres/hooks/attempt".into();
    let house = House::with(settings).await;
    function(
        &house,
        "before",
        "begin if event -> 'user' ->> 'email' like '%@example.com' then return '{}'; end if;
         return '{\"error\": {\"http_code\": 400, \"message\": \"only our own\"}}'; end",
    )
    .await;
    house
        .sql("create table if not exists hooks.seen (valid bool)")
        .await;
    house
        .sql("grant insert on hooks.seen to supabase_auth_admin")
        .await;
    let attempt = "begin insert into hooks.seen values ((event ->> 'valid')::bool); return '{\"decision\": \"continue\"}'; end";
    function(&house, "attempt", attempt).await;
    let stranger = json!({"email": "eve@evil.com", "password": PASSWORD});
    house
        .post("/signup", stranger)
        .await
        .fails(400, "unknown", "only our own");
    assert_eq!(house.count("select count(*) from auth.users").await, 0);
    house.person("ada").await;
    let wrong = json!({"email": "ada@example.com", "password": "wrong"});
    house.post("/token?grant_type=password", wrong).await.fails(
        400,
        "invalid_credentials",
        "Invalid login credentials",
    );
    house.sign_in("ada").await;
    assert_eq!(
        house
            .count("select count(*) from hooks.seen where valid")
            .await,
        1
    );
    assert_eq!(
        house
            .count("select count(*) from hooks.seen where not valid")
            .await,
        1
    );
    function(
        &house,
        "attempt",
        "begin return '{\"decision\": \"reject\", \"should_logout_user\": true}'; end",
    )
    .await;
    let right = json!({"email": "ada@example.com", "password": PASSWORD});
    let reply = house.post("/token?grant_type=password", right).await;
    reply.fails(
        400,
        "invalid_credentials",
        "Further password verification attempts will be rejected.",
    );
    assert_eq!(house.count("select count(*) from auth.sessions").await, 0);
}

#[tokio::test]
async fn a_service_sends_the_mail_and_the_messages() {
    // AUTH-HOOK-04, AUTH-HOOK-08, AUTH-HOOK-09
    let elsewhere = Elsewhere::open().await;
    let mut settings = confirming();
    settings.hook_send_email_enabled = true;
    settings.hook_send_email_uri = format!("{}/hook", elsewhere.url);
    settings.hook_send_email_secrets = secret();
    settings.hook_send_sms_enabled = true;
    settings.hook_send_sms_uri = format!("{}/hook", elsewhere.url);
    settings.hook_send_sms_secrets = secret();
    settings.mailer_notifications_password_changed = true;
    let house = House::with(settings).await;
    house
        .post(
            "/signup",
            json!({"email": "ada@example.com", "password": PASSWORD}),
        )
        .await
        .good();
    let told = asked(&elsewhere);
    assert_eq!(told["metadata"]["name"], "send-email");
    assert_eq!(told["user"]["email"], "ada@example.com");
    let data = &told["email_data"];
    assert_eq!(
        (&data["email_action_type"], &data["redirect_to"]),
        (&json!("signup"), &json!("http://localhost:3000"))
    );
    assert_eq!(
        (&data["site_url"], &data["token_new"]),
        (&json!("http://localhost:8000/auth/v1"), &json!(""))
    );
    let body = json!({"type": "signup", "token_hash": data["token_hash"]});
    let session = house.post("/verify", body).await.good();
    assert!(house.mails().await.is_empty());
    let token = text(&session, "access_token");
    house
        .put(&token, "/user", json!({"email": "new@example.com"}))
        .await
        .good();
    let data = asked(&elsewhere)["email_data"].clone();
    assert!(
        elsewhere.says.lock().unwrap().asked.is_empty(),
        "both sides at once"
    );
    let old = json!({"type": "email_change", "email": "ada@example.com", "token": data["token"]});
    house.post("/verify", old).await.good();
    let new = json!({"type": "email_change", "token_hash": data["token_hash"]});
    assert_eq!(
        house.post("/verify", new).await.good()["user"]["email"],
        "new@example.com"
    );
    // A notification that fails undoes nothing.
    elsewhere.says.lock().unwrap().hook = (500, "application/json", "{}".into());
    house
        .put(&token, "/user", json!({"password": "another-password"}))
        .await
        .good();
    assert_eq!(
        asked(&elsewhere)["email_data"]["email_action_type"],
        "password_changed_notification"
    );
    elsewhere.says.lock().unwrap().hook = (200, "application/json", "{}".into());
    house
        .post("/otp", json!({"phone": "4915112345"}))
        .await
        .good();
    let told = asked(&elsewhere);
    assert_eq!(
        (&told["metadata"]["name"], &told["sms"]["phone"]),
        (&json!("send-sms"), &json!("4915112345"))
    );
    let body = json!({"type": "sms", "phone": "4915112345", "token": told["sms"]["otp"]});
    house.post("/verify", body).await.good();
}

#[tokio::test]
async fn answers_that_make_no_sense_fail_the_request() {
    // AUTH-HOOK-05
    let elsewhere = Elsewhere::open().await;
    let mut settings = confirming();
    settings.hook_send_email_enabled = true;
    settings.hook_send_email_uri = format!("{}/hook", elsewhere.url);
    settings.hook_send_email_secrets = secret();
    let house = House::with(settings).await;
    let long = format!("\"{}\"", "a".repeat(200 * 1_024));
    for (status, media, body, told, code, message) in [
        (
            500,
            "application/json",
            "{}",
            500,
            "unexpected_failure",
            "Unexpected status code returned from hook: 500",
        ),
        (
            400,
            "application/json",
            "{}",
            500,
            "unexpected_failure",
            "Invalid payload sent to hook",
        ),
        (
            401,
            "application/json",
            "{}",
            500,
            "unexpected_failure",
            "Hook requires authorization token",
        ),
        (
            503,
            "application/json",
            "{}",
            500,
            "unexpected_failure",
            "Service currently unavailable due to hook",
        ),
        (
            200,
            "text/html",
            "{}",
            400,
            "hook_payload_invalid_content_type",
            "Invalid JSON response. Received content-type: text/html",
        ),
        (
            200,
            "application/json",
            &long,
            422,
            "hook_payload_over_size_limit",
            "Payload size exceeded size limit of 204800 bytes",
        ),
        (
            200,
            "application/json",
            "{\"error\": {\"http_code\": 429, \"message\": \"slow down\"}}",
            429,
            "unknown",
            "slow down",
        ),
    ] {
        elsewhere.says.lock().unwrap().hook = (status, media, body.to_owned());
        let reply = house
            .post("/otp", json!({"email": "ada@example.com"}))
            .await;
        reply.fails(told, code, message);
    }
    assert_eq!(house.count("select count(*) from auth.users").await, 0);
    elsewhere.says.lock().unwrap().hook = (204, "application/json", String::new());
    house
        .post("/otp", json!({"email": "ada@example.com"}))
        .await
        .good();
}
