//! `/otp`, `/magiclink`, `/recover`, `/resend`, `/reauthenticate`.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;

use crate::house::{House, PASSWORD, claims, confirming, settings, text};

#[tokio::test]
async fn a_code_signs_up_who_is_new_and_signs_in_who_is_known() {
    let house = House::with(confirming()).await;
    let ask = json!({"email": "Ada@example.com", "data": {"name": "Ada"}});
    // AUTH-OTP-07: the mail is that of a sign-up.
    assert_eq!(house.post("/otp", ask.clone()).await.good(), json!({}));
    let mail = house.mail().await;
    assert_eq!(mail.parameter("type"), "signup");
    let verify = json!({"type": "email", "email": "ada@example.com", "token": mail.code()});
    // AUTH-VERIFY-09, AUTH-OBJ-04
    let session = house.post("/verify", verify.clone()).await.good();
    assert_eq!(session["user"]["user_metadata"]["name"], "Ada");
    assert!(session["user"]["email_confirmed_at"].is_string());
    assert_eq!(
        claims(&text(&session, "access_token"))["amr"][0]["method"],
        "otp"
    );
    // AUTH-VERIFY-08: a code works once.
    let used = house.post("/verify", verify).await;
    used.fails(403, "otp_expired", "Token has expired or is invalid");
    // Nobody can sign in with a password that was never chosen.
    let reply = house
        .post(
            "/token?grant_type=password",
            json!({"email": "ada@example.com", "password": ""}),
        )
        .await;
    reply.fails(400, "invalid_credentials", "Invalid login credentials");
    // Now it is a magic link.
    assert_eq!(
        house.post("/magiclink", ask.clone()).await.good(),
        json!({})
    );
    let mail = house.mail().await;
    assert_eq!(mail.parameter("type"), "magiclink");
    assert_eq!(house.count("select count(*) from auth.users where recovery_token <> '' and confirmation_token = ''").await, 1);
    // AUTH-OTP-05, AUTH-RATE-05
    let soon = house.post("/otp", ask).await;
    soon.fails(
        429,
        "over_email_send_rate_limit",
        "For security purposes, you can only request this after 60 seconds.",
    );
    // AUTH-VERIFY-12
    let landing = house.follow(&mail.link()).await;
    assert_eq!(landing.fragment["type"], "magiclink");
    assert_eq!(
        house
            .count("select count(*) from auth.users where recovery_token <> ''")
            .await,
        0
    );
}

#[tokio::test]
async fn where_addresses_confirm_themselves_a_magic_link_is_sent_at_once() {
    // AUTH-OTP-07
    let house = House::new().await;
    house
        .post("/otp", json!({"email": "ada@example.com"}))
        .await
        .good();
    let mail = house.mail().await;
    assert_eq!(mail.parameter("type"), "magiclink");
    assert_eq!(
        house
            .count("select count(*) from auth.users where email_confirmed_at is not null")
            .await,
        1
    );
    house.follow(&mail.link()).await;
}

#[tokio::test]
async fn what_codes_are_refused_for() {
    let house = House::with(confirming()).await;
    let fails = async |body: serde_json::Value, status, code: &str, message: &str| {
        house.post("/otp", body).await.fails(status, code, message);
    };
    // AUTH-OTP-06
    let wrong = "validation_failed";
    fails(
        json!({"email": "a@b.c", "phone": "4915112345"}),
        400,
        wrong,
        "Only an email address or phone number should be provided",
    )
    .await;
    fails(
        json!({"email": "a@b.c", "channel": "sms"}),
        400,
        wrong,
        "Channel should only be specified with Phone OTP",
    )
    .await;
    fails(json!({}), 400, wrong, "One of email or phone must be set").await;
    for address in ["nobody@example.com", "nonsense"] {
        fails(
            json!({"email": address, "create_user": false}),
            422,
            "otp_disabled",
            "Signups not allowed for otp",
        )
        .await;
    }
    fails(
        json!({"phone": "4915112345", "create_user": false}),
        422,
        "otp_disabled",
        "Signups not allowed for otp",
    )
    .await;
    fails(
        json!({"email": "nonsense"}),
        400,
        wrong,
        "Unable to validate email address: invalid format",
    )
    .await;
    // AUTH-OTP-09
    house.post("/magiclink", json!({})).await.fails(
        422,
        wrong,
        "Password recovery requires an email",
    );
    // AUTH-OTP-07
    let mut settings = settings();
    settings.disable_signup = true;
    settings.phone_enabled = false;
    let closed = House::with(settings.clone()).await;
    let disabled = "Signups not allowed for this instance";
    closed
        .post("/otp", json!({"email": "a@b.c"}))
        .await
        .fails(422, "signup_disabled", disabled);
    // AUTH-OTP-08
    let unsupported = "Unsupported phone provider";
    closed
        .post("/otp", json!({"phone": "4915112345"}))
        .await
        .fails(400, "phone_provider_disabled", unsupported);
    settings.email_magic_link_enabled = false;
    let house = House::with(settings.clone()).await;
    let reply = house.post("/otp", json!({"email": "a@b.c"})).await;
    reply.fails(
        422,
        "email_provider_disabled",
        "Login with magic link is disabled",
    );
    settings.email_enabled = false;
    let house = House::with(settings).await;
    let message = "Email logins are disabled";
    house.post("/otp", json!({"email": "a@b.c"})).await.fails(
        422,
        "email_provider_disabled",
        message,
    );
    // AUTH-OTP-10
    house
        .post("/recover", json!({"email": "a@b.c"}))
        .await
        .fails(400, "email_provider_disabled", message);
    // AUTH-OTP-11
    let again = json!({"type": "signup", "email": "a@b.c"});
    house
        .post("/resend", again)
        .await
        .fails(400, "email_provider_disabled", message);
}

#[tokio::test]
async fn a_code_grows_old() {
    // AUTH-OTP-04
    let mut settings = confirming();
    settings.mailer_otp_exp = Duration::from_secs(3_600);
    settings.mailer_otp_length = 8;
    let house = House::with(settings).await;
    house
        .post("/otp", json!({"email": "ada@example.com"}))
        .await
        .good();
    let mail = house.mail().await;
    assert_eq!(mail.code().len(), 8);
    house.clock.advance(TimeDelta::seconds(3_601));
    let verify = json!({"type": "email", "email": "ada@example.com", "token": mail.code()});
    house.post("/verify", verify).await.fails(
        403,
        "otp_expired",
        "Token has expired or is invalid",
    );
    let landing = house.follow(&mail.link()).await;
    assert_eq!(landing.fragment["error_code"], "otp_expired");
    let hash = json!({"type": "email", "token_hash": mail.parameter("token")});
    house.post("/verify", hash).await.fails(
        403,
        "otp_expired",
        "Email link is invalid or has expired",
    );
}

#[tokio::test]
async fn codes_cannot_be_guessed() {
    // AUTH-RATE-03: neither from one address nor from many.
    let house = House::with(confirming()).await;
    house
        .post("/otp", json!({"email": "ada@example.com"}))
        .await
        .good();
    let code = house.mail().await.code();
    let guess =
        |n: u32| json!({"type": "email", "email": "ada@example.com", "token": format!("{n:06}")});
    let mut refused = 0;
    for n in 0..60 {
        let wrong = if format!("{n:06}") == code {
            999_999
        } else {
            n
        };
        let mut asked = crate::house::request("", "POST", "/verify", &guess(wrong).to_string());
        asked.extensions_mut().insert(web::Peer {
            ip: std::net::IpAddr::from([10, 0, 0, u8::try_from(n).unwrap()]),
            scheme: "http".into(),
            host: "localhost".into(),
            prefix: "/auth/v1",
        });
        let reply = house.send(asked).await;
        if reply.status == 429 {
            reply.fails(429, "over_request_rate_limit", "Request rate limit reached");
            refused += 1;
        } else {
            reply.fails(403, "otp_expired", "Token has expired or is invalid");
        }
    }
    assert_eq!(refused, 30);
    // Now even the right code has to wait, but others are not held up by it.
    let right = json!({"type": "email", "email": "ada@example.com", "token": code});
    assert_eq!(house.post("/verify", right.clone()).await.status, 429);
    house
        .post("/otp", json!({"email": "bob@example.com"}))
        .await
        .good();
    let bob =
        json!({"type": "email", "email": "bob@example.com", "token": house.mail().await.code()});
    house.post("/verify", bob).await.good();
    house.clock.advance(TimeDelta::minutes(3));
    house.post("/verify", right).await.good();
}

#[tokio::test]
async fn passwords_cannot_be_guessed_from_many_addresses() {
    let house = House::new().await;
    house.person("ada").await;
    for _ in 0..30 {
        let wrong = json!({"email": "Ada@example.com", "password": "wrong"});
        assert_eq!(
            house.post("/token?grant_type=password", wrong).await.status,
            400
        );
    }
    let right = json!({"email": "ada@example.com", "password": PASSWORD});
    assert_eq!(
        house
            .post("/token?grant_type=password", right.clone())
            .await
            .status,
        429
    );
    house.clock.advance(TimeDelta::seconds(10));
    house.post("/token?grant_type=password", right).await.good();
}

#[tokio::test]
async fn what_is_sent_again_is_asked_for_by_type() {
    let mut settings = confirming();
    settings.smtp_max_frequency = Duration::from_secs(60);
    let house = House::with(settings).await;
    let fails = async |body: serde_json::Value, message: &str| {
        house
            .post("/resend", body)
            .await
            .fails(400, "validation_failed", message);
    };
    // AUTH-OTP-11
    fails(
        json!({"email": "a@b.c"}),
        "Missing one of these types: signup, email_change, sms, phone_change",
    )
    .await;
    fails(
        json!({"type": "magic", "email": "a@b.c"}),
        "Missing one of these types: signup, email_change, sms, phone_change",
    )
    .await;
    fails(
        json!({"type": "signup", "phone": "49"}),
        "Type provided requires an email address",
    )
    .await;
    fails(
        json!({"type": "sms", "email": "a@b.c"}),
        "Type provided requires a phone number",
    )
    .await;
    fails(
        json!({"type": "sms", "email": "a@b.c", "phone": "49"}),
        "Only an email address or phone number should be provided.",
    )
    .await;
    fails(
        json!({"type": "sms"}),
        "Missing email address or phone number",
    )
    .await;
    // AUTH-OTP-12
    let again = json!({"type": "signup", "email": "ada@example.com"});
    assert_eq!(house.post("/resend", again.clone()).await.good(), json!({}));
    assert!(house.mails().await.is_empty());
    house
        .post(
            "/signup",
            json!({"email": "ada@example.com", "password": PASSWORD}),
        )
        .await
        .good();
    let first = house.mail().await;
    assert_eq!(house.post("/resend", again.clone()).await.status, 429);
    house.clock.advance(TimeDelta::seconds(60));
    house.post("/resend", again.clone()).await.good();
    let second = house.mail().await;
    // Only the newest link is good.
    assert_eq!(
        house.follow(&first.link()).await.fragment["error_code"],
        "otp_expired"
    );
    assert!(
        house
            .follow(&second.link())
            .await
            .fragment
            .contains_key("access_token")
    );
    house.clock.advance(TimeDelta::seconds(60));
    for body in [
        again,
        json!({"type": "email_change", "email": "ada@example.com"}),
    ] {
        assert_eq!(house.post("/resend", body).await.good(), json!({}));
    }
    assert!(house.mails().await.is_empty());
}

#[tokio::test]
async fn a_new_password_in_an_old_session_needs_a_code() {
    // AUTH-OTP-13, AUTH-USER-04
    let mut settings = settings();
    settings.require_reauthentication = true;
    settings.jwt_expiry = Duration::from_secs(7 * 86_400);
    settings.mailer_notifications_password_changed = true;
    let house = House::with(settings).await;
    let token = text(&house.person("ada").await, "access_token");
    let change = |nonce: &str, password: &str| json!({"password": password, "nonce": nonce});
    house
        .put(&token, "/user", change("", "second-password"))
        .await
        .good();
    // AUTH-MAIL-09
    assert_eq!(house.mail().await.subject, "Your password was changed");
    house.clock.advance(TimeDelta::hours(25));
    let reply = house
        .put(&token, "/user", change("", "third-password"))
        .await;
    reply.fails(
        400,
        "reauthentication_needed",
        "Password update requires reauthentication",
    );
    assert_eq!(house.get(&token, "/reauthenticate").await.good(), json!({}));
    let mail = house.mail().await;
    assert!(!mail.html.contains("<a "), "{}", mail.html);
    let invalid = "Nonce has expired or is invalid";
    for nonce in ["000000", "", "x"] {
        let wrong = if mail.code() == nonce {
            "111111"
        } else {
            nonce
        };
        let reply = house
            .put(&token, "/user", change(wrong, "third-password"))
            .await;
        assert!([400, 422].contains(&reply.status.as_u16()));
    }
    let reply = house
        .put(&token, "/user", change("12", "third-password"))
        .await;
    reply.fails(422, "reauthentication_not_valid", invalid);
    house
        .put(&token, "/user", change(&mail.code(), "third-password"))
        .await
        .good();
    let reply = house
        .put(&token, "/user", change(&mail.code(), "fourth-password"))
        .await;
    reply.fails(422, "reauthentication_not_valid", invalid);
    assert_eq!(house.get("", "/reauthenticate").await.status, 401);
    // Nobody without an address.
    let guest = text(
        &house.post("/signup", json!({})).await.good(),
        "access_token",
    );
    let reply = house.get(&guest, "/reauthenticate").await;
    reply.fails(
        400,
        "validation_failed",
        "Reauthentication requires the user to have an email or a phone number",
    );
}
