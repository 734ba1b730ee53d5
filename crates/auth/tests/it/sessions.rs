//! Sign-in and log-out.

use chrono::TimeDelta;
use serde_json::json;

use crate::house::{House, PASSWORD, claims, text};

#[tokio::test]
async fn a_password_opens_a_session_and_nothing_else_does() {
    let house = House::new().await;
    house.person("ada").await;
    house.clock.advance(TimeDelta::seconds(5));
    let reply = house.sign_in("ada").await;
    // AUTH-SESS-01
    assert_eq!(house.count("select count(*) from auth.sessions").await, 2);
    assert!(text(&reply["user"], "last_sign_in_at") > text(&reply["user"], "created_at"));
    assert!(reply.get("weak_password").is_none());
    // AUTH-TOKEN-03
    let door = "/token?grant_type=password";
    let wrong = "Invalid login credentials";
    for body in [
        json!({"email": "ada@example.com", "password": "wrong"}),
        json!({"email": "nobody@example.com", "password": PASSWORD}),
        json!({"email": "no address", "password": PASSWORD}),
        json!({"email": "ada@example.com"}),
        json!({"phone": "4915112345", "password": PASSWORD}),
    ] {
        house
            .post(door, body)
            .await
            .fails(400, "invalid_credentials", wrong);
    }
    let both = json!({"email": "a@b", "phone": "1", "password": "x"});
    let message = "Only an email address or phone number should be provided on login.";
    house
        .post(door, both)
        .await
        .fails(400, "validation_failed", message);
    let neither = house.post(door, json!({"password": "x"})).await;
    neither.fails(400, "validation_failed", "missing email or phone");
}

#[tokio::test]
async fn a_ban_and_a_missing_password_keep_people_out() {
    let house = House::new().await;
    house.person("ada").await;
    let door = "/token?grant_type=password";
    house
        .sql("update auth.users set banned_until = now() + interval '1 day'")
        .await;
    // Told before the password is looked at.
    let body = json!({"email": "ada@example.com", "password": "wrong"});
    house
        .post(door, body)
        .await
        .fails(400, "user_banned", "User is banned");
    house.clock.advance(TimeDelta::days(2));
    house.sign_in("ada").await;
    // As operators ban for ever by SQL.
    house
        .sql("update auth.users set banned_until = 'infinity'")
        .await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    house
        .post(door, body)
        .await
        .fails(400, "user_banned", "User is banned");
    house
        .sql("update auth.users set banned_until = '-infinity'")
        .await;
    house.sign_in("ada").await;
    // AUTH-PWD-08
    for nothing in ["null", "''"] {
        house
            .sql(&format!(
                "update auth.users set encrypted_password = {nothing}"
            ))
            .await;
        let body = json!({"email": "ada@example.com", "password": ""});
        let reply = house.post(door, body).await;
        reply.fails(400, "invalid_credentials", "Invalid login credentials");
    }
}

#[tokio::test]
async fn rows_written_by_hand_are_understood() {
    // AUTH-MIG-02, AUTH-MIG-03
    let house = House::new().await;
    let hash = "$2a$04$UuTkLRZZ6QofpDOlMz32MuuxEHA43WOemOYHPz6.SjsVsyO1tDU96";
    house
        .sql(&format!(
            "insert into auth.users (id, email, encrypted_password, email_confirmed_at)
             values ('11111111-1111-4111-8111-111111111111', 'old@example.com', '{hash}', now())"
        ))
        .await;
    // AUTH-PWD-06
    let body = json!({"email": "old@example.com", "password": "password"});
    let reply = house.post("/token?grant_type=password", body).await.good();
    assert_eq!(reply["user"]["identities"], json!([]));
    assert_eq!(reply["user"]["role"], "authenticated");
    assert_eq!(reply["user"]["user_metadata"], json!({}));
    assert_eq!(
        claims(&text(&reply, "access_token"))["aud"],
        "authenticated"
    );
}

#[tokio::test]
async fn a_weak_password_still_opens_and_says_so() {
    // AUTH-TOKEN-04
    let mut settings = crate::house::settings();
    let house = House::with(settings.clone()).await;
    house.person("ada").await;
    assert!(house.sign_in("ada").await.get("weak_password").is_none());
    settings.password_required_characters = "0123456789".into();
    settings.password_min_length = 20;
    let house = House::with(settings).await;
    let admin = house.service();
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "email_confirm": true});
    house
        .ask(&admin, "POST", "/admin/users", &body.to_string())
        .await
        .good();
    let weak = house.sign_in("ada").await;
    assert_eq!(
        weak["weak_password"]["reasons"],
        json!(["length", "characters"])
    );
}

#[tokio::test]
async fn log_out_ends_what_its_scope_says() {
    // AUTH-SESS-08
    let house = House::new().await;
    house.person("ada").await;
    house.person("bob").await;
    let (one, two) = (house.sign_in("ada").await, house.sign_in("ada").await);
    let token = |session: &serde_json::Value| text(session, "access_token");
    let sessions = async || house.count("select count(*) from auth.sessions").await;
    assert_eq!(sessions().await, 4);
    let reply = house
        .ask(&token(&one), "POST", "/logout?scope=nowhere", "")
        .await;
    reply.fails(
        400,
        "validation_failed",
        "Unsupported logout scope \"nowhere\"",
    );
    let reply = house
        .ask(&token(&one), "POST", "/logout?scope=local", "")
        .await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    assert_eq!(sessions().await, 3);
    // AUTH-SESS-07
    let gone = house.get(&token(&one), "/user").await;
    let message = "Session from session_id claim in JWT does not exist";
    gone.fails(403, "session_not_found", message);
    house
        .ask(&token(&two), "POST", "/logout?scope=others", "")
        .await;
    assert_eq!(sessions().await, 2);
    house.get(&token(&two), "/user").await.good();
    house.ask(&token(&two), "POST", "/logout", "").await;
    assert_eq!(sessions().await, 1);
    assert_eq!(
        house.refresh(&text(&two, "refresh_token")).await.status,
        400
    );
    let noted = "select count(*) from auth.audit_log_entries where payload ->> 'action' = 'logout'";
    assert_eq!(house.count(noted).await, 3);
}
