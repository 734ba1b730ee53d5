//! Phones: codes by text message, with a provider that answers here.

use std::sync::{Arc, Mutex};

use base::Secret;
use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::house::{House, PASSWORD, claims, confirming, text};

/// A provider that keeps the forms it is sent.
pub(crate) struct Provider {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<(u16, Value)>>,
    _serving: JoinSet<()>,
}

impl Provider {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let answer = Arc::new(Mutex::new((201, json!({"sid": "SM1", "status": "queued"}))));
        let mut serving = JoinSet::new();
        let (kept, told) = (asked.clone(), answer.clone());
        serving.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut text = String::new();
                let mut buffer = [0; 4096];
                while !is_whole(&text) {
                    match stream.read(&mut buffer).await {
                        Ok(read) if read > 0 => text.push_str(&String::from_utf8_lossy(&buffer[..read])),
                        _ => break,
                    }
                }
                kept.lock().unwrap().push(text);
                let (status, body) = told.lock().unwrap().clone();
                let body = body.to_string();
                let answer = format!(
                    "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self {
            url,
            asked,
            answer,
            _serving: serving,
        }
    }

    pub(crate) fn settings(&self) -> settings::Auth {
        let mut settings = confirming();
        settings.sms_provider = "twilio".into();
        settings.sms_provider_url = self.url.clone();
        settings.sms_twilio_account_sid = "AC1".into();
        settings.sms_twilio_auth_token = Secret::new("token");
        settings.sms_twilio_message_service_sid = "MG1".into();
        settings
    }

    fn answers(&self, status: u16, body: Value) {
        *self.answer.lock().unwrap() = (status, body);
    }

    /// The code of the newest message, whose recipient is checked.
    pub(crate) fn code(&self, phone: &str) -> String {
        let asked = self
            .asked
            .lock()
            .unwrap()
            .pop()
            .expect("a message was sent");
        let (_, body) = asked.split_once("\r\n\r\n").unwrap();
        let form: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes())
            .into_owned()
            .collect();
        let get = |name: &str| form.iter().find(|(key, _)| key == name).unwrap().1.clone();
        assert_eq!(get("To"), format!("+{phone}"));
        get("Body").trim_start_matches("Your code is ").to_owned()
    }
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        line.to_lowercase()
            .strip_prefix("content-length: ")
            .map(str::to_owned)
    });
    length.is_none_or(|length| body.len() >= length.parse().unwrap())
}

#[tokio::test]
async fn a_phone_signs_up_and_in_by_codes() {
    let provider = Provider::open().await;
    let house = House::with(provider.settings()).await;
    // AUTH-SIGNUP-04
    let body = json!({"phone": "+49 15112345", "password": PASSWORD});
    let user = house.post("/signup", body).await.good();
    assert_eq!(
        (&user["phone"], &user["app_metadata"]["provider"]),
        (&json!("4915112345"), &json!("phone"))
    );
    assert!(user["confirmation_sent_at"].is_string() && user.get("phone_confirmed_at").is_none());
    let code = provider.code("4915112345");
    // AUTH-VERIFY-14
    let verify = |code: &str| json!({"type": "sms", "phone": "+4915112345", "token": code});
    let wrong = if code == "000000" { "000001" } else { "000000" };
    house.post("/verify", verify(wrong)).await.fails(
        403,
        "otp_expired",
        "Token has expired or is invalid",
    );
    let session = house.post("/verify", verify(&code)).await.good();
    assert!(session["user"]["phone_confirmed_at"].is_string());
    assert_eq!(session["user"]["user_metadata"]["phone_verified"], true);
    assert_eq!(
        claims(&text(&session, "access_token"))["amr"][0]["method"],
        "otp"
    );
    assert_eq!(house.post("/verify", verify(&code)).await.status, 403);
    // AUTH-OTP-08, AUTH-OTP-05
    let ask = json!({"phone": "4915112345"});
    let soon = "For security purposes, you can only request this after 60 seconds.";
    house
        .post("/otp", ask.clone())
        .await
        .fails(429, "over_sms_send_rate_limit", soon);
    house.clock.advance(TimeDelta::minutes(1));
    assert_eq!(
        house.post("/otp", ask.clone()).await.good(),
        json!({"message_id": "SM1"})
    );
    let code = provider.code("4915112345");
    // AUTH-OTP-04
    house.clock.advance(TimeDelta::seconds(61));
    assert_eq!(house.post("/verify", verify(&code)).await.status, 403);
    house.post("/otp", ask).await.good();
    house
        .post("/verify", verify(&provider.code("4915112345")))
        .await
        .good();
    // Somebody unknown is answered without an id.
    assert_eq!(
        house
            .post("/otp", json!({"phone": "33123456"}))
            .await
            .good(),
        json!({})
    );
}

#[tokio::test]
async fn a_message_that_is_not_sent_leaves_no_user() {
    // AUTH-SMS-03
    let provider = Provider::open().await;
    let house = House::with(provider.settings()).await;
    provider.answers(400, json!({"message": "no", "more_info": "x"}));
    let reply = house
        .post(
            "/signup",
            json!({"phone": "4915112345", "password": PASSWORD}),
        )
        .await;
    reply.fails(
        422,
        "sms_send_failed",
        "Error sending confirmation OTP to provider: no More information: x",
    );
    assert_eq!(house.count("select count(*) from auth.users").await, 0);
    let none = House::with(confirming()).await;
    let reply = none
        .post(
            "/signup",
            json!({"phone": "4915112345", "password": PASSWORD}),
        )
        .await;
    reply.fails(500, "unexpected_failure", "Unable to get SMS provider");
    // AUTH-RATE-06
    let mut settings = provider.settings();
    settings.rate_limit_sms_sent = "0".into();
    let house = House::with(settings).await;
    let reply = house.post("/otp", json!({"phone": "4915112345"})).await;
    reply.fails(429, "over_sms_send_rate_limit", "SMS rate limit exceeded");
}

#[tokio::test]
async fn test_numbers_have_codes_that_are_always_good() {
    // AUTH-VERIFY-15
    let mut settings = confirming();
    settings.sms_test_otp = Secret::new("+4915112345:123456");
    let house = House::with(settings).await;
    house
        .post(
            "/signup",
            json!({"phone": "4915112345", "password": PASSWORD}),
        )
        .await
        .good();
    let verify = |code: &str| json!({"type": "sms", "phone": "4915112345", "token": code});
    house.clock.advance(TimeDelta::hours(5));
    assert_eq!(house.post("/verify", verify("654321")).await.status, 403);
    house.post("/verify", verify("123456")).await.good();
    assert_eq!(
        house
            .post("/otp", json!({"phone": "4915112345"}))
            .await
            .good(),
        json!({"message_id": "test-otp"})
    );
    assert_eq!(
        house
            .post("/otp", json!({"phone": "4915112345"}))
            .await
            .status,
        429
    );
    house.post("/verify", verify("123456")).await.good();
}

#[tokio::test]
async fn a_number_changes_when_its_owner_says_so() {
    // AUTH-USER-07, AUTH-VERIFY-14
    let provider = Provider::open().await;
    let mut settings = provider.settings();
    settings.email_autoconfirm = true;
    let house = House::with(settings).await;
    let token = text(&house.person("ada").await, "access_token");
    let user = house
        .put(&token, "/user", json!({"phone": "4915112345"}))
        .await
        .good();
    assert_eq!(
        (&user["phone"], &user["new_phone"]),
        (&json!(""), &json!("4915112345"))
    );
    let first = provider.code("4915112345");
    house.clock.advance(TimeDelta::minutes(1));
    // AUTH-OTP-12: by the current number, which there is none of yet.
    let again = json!({"type": "phone_change", "phone": "4915112345"});
    assert_eq!(house.post("/resend", again).await.good(), json!({}));
    let verify =
        |kind: &str, code: &str| json!({"type": kind, "phone": "4915112345", "token": code});
    assert_eq!(
        house.post("/verify", verify("sms", &first)).await.status,
        403
    );
    let session = house
        .post("/verify", verify("phone_change", &first))
        .await
        .good();
    assert_eq!(session["user"]["phone"], "4915112345");
    assert!(session["user"].get("new_phone").is_none());
    assert_eq!(
        session["user"]["app_metadata"]["providers"],
        json!(["email", "phone"])
    );
}

#[tokio::test]
async fn a_provider_that_knows_the_codes_is_asked() {
    // AUTH-VERIFY-15
    let provider = Provider::open().await;
    let mut settings = provider.settings();
    settings.sms_provider = "twilio_verify".into();
    settings.sms_twilio_verify_account_sid = "AC1".into();
    settings.sms_twilio_verify_auth_token = Secret::new("token");
    settings.sms_twilio_verify_message_service_sid = "VA1".into();
    let house = House::with(settings).await;
    house
        .post("/otp", json!({"phone": "4915112345"}))
        .await
        .good();
    let verify = json!({"type": "sms", "phone": "4915112345", "token": "123456"});
    provider.answers(
        200,
        json!({"sid": "VE1", "status": "pending", "valid": false}),
    );
    assert_eq!(house.post("/verify", verify.clone()).await.status, 403);
    provider.answers(
        200,
        json!({"sid": "VE1", "status": "approved", "valid": true}),
    );
    house.post("/verify", verify).await.good();
    assert!(
        provider
            .asked
            .lock()
            .unwrap()
            .last()
            .unwrap()
            .contains("/v2/Services/VA1/VerificationCheck")
    );
}

#[tokio::test]
async fn the_text_of_messages_and_the_order_of_refusals_are_kept() {
    // AUTH-SMS-02
    let provider = Provider::open().await;
    let mut settings = provider.settings();
    settings.sms_template = "{{ .Code }} is yours".into();
    let house = House::with(settings).await;
    house
        .post("/otp", json!({"phone": "4915112345"}))
        .await
        .good();
    assert!(provider.code("4915112345").ends_with(" is yours"));
    // AUTH-SMS-04: first the interval, then the numbers that get no message, then the limit for all.
    let mut settings = provider.settings();
    settings.rate_limit_sms_sent = "0".into();
    settings.sms_test_otp = Secret::new("4915112345:123456");
    let house = House::with(settings).await;
    house
        .post("/otp", json!({"phone": "4915112345"}))
        .await
        .good();
    let soon = house.post("/otp", json!({"phone": "4915112345"})).await;
    assert_eq!(soon.json()["error_code"], "over_sms_send_rate_limit");
    assert!(
        text(&soon.json(), "msg").starts_with("For security purposes"),
        "{}",
        soon.text
    );
    let other = house.post("/otp", json!({"phone": "4915167890"})).await;
    other.fails(429, "over_sms_send_rate_limit", "SMS rate limit exceeded");
}
