//! `/verify`

use chrono::TimeDelta;
use serde_json::json;

use crate::house::{House, PASSWORD, confirming};

#[tokio::test]
async fn what_is_missing_or_wrong_is_told() {
    let house = House::with(confirming()).await;
    // AUTH-VERIFY-01
    let wrong = "validation_failed";
    house
        .get("", "/verify?token=x")
        .await
        .fails(400, wrong, "Verify requires a verification type");
    house.get("", "/verify?type=signup").await.fails(
        400,
        wrong,
        "Verify requires a token or a token hash",
    );
    // AUTH-VERIFY-02, AUTH-VERIFY-06, AUTH-ERR-07
    let landing = house
        .follow("http://localhost:8000/auth/v1/verify?type=magic&token=x")
        .await;
    assert_eq!(landing.fragment["error"], "invalid_request");
    assert_eq!(landing.fragment["error_code"], wrong);
    assert_eq!(
        landing.fragment["error_description"],
        "Invalid email verification type"
    );
    assert!(landing.query.is_empty());
    let landing = house
        .follow("http://localhost:8000/auth/v1/verify?type=signup&token=pkce_x")
        .await;
    assert_eq!(landing.query["error_code"], "otp_expired");
    assert_eq!(landing.fragment["error_code"], "otp_expired");
    // AUTH-VERIFY-07
    let fails = async |body: serde_json::Value, status, message: &str| {
        house
            .post("/verify", body)
            .await
            .fails(status, wrong, message);
    };
    let either = "Verify requires either a token or a token hash";
    fails(json!({"type": "signup", "email": "a@b.c"}), 400, either).await;
    fails(
        json!({"type": "signup", "token": "1", "token_hash": "2"}),
        400,
        either,
    )
    .await;
    let address = "Only an email address or phone number should be provided on verify";
    fails(json!({"type": "signup", "token": "1"}), 400, address).await;
    fails(
        json!({"type": "signup", "token": "1", "email": "a@b.c", "phone": "49"}),
        400,
        address,
    )
    .await;
    fails(
        json!({"type": "signup", "token": "1", "email": "nonsense"}),
        422,
        "Invalid email format",
    )
    .await;
    fails(
        json!({"type": "sms", "token": "1", "phone": "0"}),
        400,
        "Invalid phone number format (E.164 required)",
    )
    .await;
    let only = "Only the token_hash and type should be provided";
    fails(
        json!({"type": "signup", "token_hash": "1", "email": "a@b.c"}),
        400,
        only,
    )
    .await;
    fails(
        json!({"type": "signup", "token_hash": "1", "redirect_to": "x"}),
        400,
        only,
    )
    .await;
    fails(
        json!({"type": "magic", "token_hash": "1"}),
        400,
        "Invalid email verification type",
    )
    .await;
    fails(
        json!({"type": "sms", "token_hash": "1"}),
        400,
        "Invalid email verification type",
    )
    .await;
    fails(
        json!({"type": "magic", "token": "1", "email": "a@b.c"}),
        400,
        "Unsupported verification type",
    )
    .await;
    fails(
        json!({"type": "sms", "token": "1", "email": "a@b.c"}),
        400,
        "Unsupported verification type",
    )
    .await;
    fails(
        json!({"token": "1", "email": "a@b.c"}),
        400,
        "Verify requires a verification type",
    )
    .await;
}

#[tokio::test]
async fn a_hash_signs_in_on_the_server_side() {
    // AUTH-VERIFY-10
    let house = House::with(confirming()).await;
    house
        .post(
            "/signup",
            json!({"email": "ada@example.com", "password": PASSWORD}),
        )
        .await
        .good();
    let hash = house.mail().await.parameter("token");
    let body = json!({"type": "signup", "token_hash": hash});
    let session = house.post("/verify", body.clone()).await.good();
    assert!(session["refresh_token"].is_string());
    house.post("/verify", body).await.fails(
        403,
        "otp_expired",
        "Email link is invalid or has expired",
    );
}

#[tokio::test]
async fn a_token_of_one_flow_is_no_good_in_another() {
    let house = House::with(confirming()).await;
    house
        .post(
            "/signup",
            json!({"email": "ada@example.com", "password": PASSWORD}),
        )
        .await
        .good();
    let mail = house.mail().await;
    let hash = mail.parameter("token");
    for kind in ["recovery", "magiclink", "email_change"] {
        let body = json!({"type": kind, "token_hash": hash});
        house.post("/verify", body).await.fails(
            403,
            "otp_expired",
            "Email link is invalid or has expired",
        );
        let body = json!({"type": kind, "email": "ada@example.com", "token": mail.code()});
        house.post("/verify", body).await.fails(
            403,
            "otp_expired",
            "Token has expired or is invalid",
        );
    }
    // Nor is the hash a code, nor somebody else's code one's own.
    let body = json!({"type": "signup", "email": "ada@example.com", "token": hash});
    assert_eq!(house.post("/verify", body).await.status, 403);
    let body = json!({"type": "signup", "email": "bob@example.com", "token": mail.code()});
    assert_eq!(house.post("/verify", body).await.status, 403);
    house.follow(&mail.link()).await;
}

#[tokio::test]
async fn who_is_banned_stays_outside() {
    // AUTH-VERIFY-08
    let house = House::with(confirming()).await;
    house
        .post("/otp", json!({"email": "ada@example.com"}))
        .await
        .good();
    let mail = house.mail().await;
    house
        .sql("update auth.users set banned_until = now() + interval '1 day'")
        .await;
    let body = json!({"type": "email", "email": "ada@example.com", "token": mail.code()});
    house
        .post("/verify", body)
        .await
        .fails(403, "user_banned", "User is banned");
    let landing = house.follow(&mail.link()).await;
    assert_eq!(
        (
            landing.fragment["error"].as_str(),
            landing.fragment["error_code"].as_str()
        ),
        ("access_denied", "user_banned")
    );
    house.clock.advance(TimeDelta::days(1));
}

#[tokio::test]
async fn an_invitation_is_accepted() {
    // AUTH-OTP-14, AUTH-VERIFY-11, AUTH-ADMIN-15
    let house = House::with(confirming()).await;
    let service = house.service();
    let invite = async |token: &str, body: serde_json::Value| {
        house.ask(token, "POST", "/invite", &body.to_string()).await
    };
    let body = json!({"email": "ada@example.com", "data": {"team": "x"}});
    let user = invite(&service, body.clone()).await.good();
    assert!(user["invited_at"].is_string() && user["confirmation_sent_at"].is_string());
    assert_eq!(user["user_metadata"]["team"], "x");
    let first = house.mail().await;
    assert_eq!(first.parameter("type"), "invite");
    // It may be repeated at once; the newest counts.
    invite(&service, body.clone()).await.good();
    let mail = house.mail().await;
    assert_eq!(
        house.follow(&first.link()).await.fragment["error_code"],
        "otp_expired"
    );
    let landing = house.follow(&mail.link()).await;
    assert_eq!(landing.fragment["type"], "invite");
    assert_eq!(
        house
            .count("select count(*) from auth.users where length(encrypted_password) = 60")
            .await,
        1
    );
    let taken = "A user with this email address has already been registered";
    invite(&service, body.clone())
        .await
        .fails(422, "email_exists", taken);
    invite("", body.clone()).await.fails(
        401,
        "no_authorization",
        "This endpoint requires a valid Bearer token",
    );
    let user = landing.fragment["access_token"].clone();
    invite(&user, body)
        .await
        .fails(403, "not_admin", "User not allowed");
    invite(&service, json!({})).await.fails(
        400,
        "validation_failed",
        "An email address is required",
    );
    let noted = "select count(*) from auth.audit_log_entries where payload ->> 'action' = 'user_invited' and payload ->> 'actor_username' = 'service_role'";
    assert_eq!(house.count(noted).await, 2);
}

#[tokio::test]
async fn an_invitee_who_signs_up_learns_nothing_of_the_invitation() {
    // AUTH-SIGNUP-10
    let house = House::with(confirming()).await;
    let body = json!({"email": "ada@example.com", "data": {"salary": 1}});
    house
        .ask(&house.service(), "POST", "/invite", &body.to_string())
        .await
        .good();
    house.mail().await;
    house.clock.advance(TimeDelta::minutes(1));
    let user = house
        .post(
            "/signup",
            json!({"email": "ada@example.com", "password": PASSWORD}),
        )
        .await
        .good();
    assert_eq!(
        (&user["user_metadata"], &user["identities"]),
        (&json!({}), &json!([]))
    );
    assert_eq!(house.mail().await.parameter("type"), "signup");
}
