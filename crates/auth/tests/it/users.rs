//! `GET` and `PUT /user`.

use serde_json::json;

use crate::house::{House, PASSWORD, settings, text};

#[tokio::test]
async fn a_user_changes_data_and_sees_them() {
    // AUTH-USER-02, AUTH-USER-08, AUTH-OBJ-05
    let house = House::new().await;
    let session = house.person("ada").await;
    let token = text(&session, "access_token");
    let user = house
        .put(&token, "/user", json!({"data": {"a": {"b": 1}, "c": 2}}))
        .await
        .good();
    assert_eq!(user["user_metadata"]["a"], json!({"b": 1}));
    let user = house
        .put(&token, "/user", json!({"data": {"a": {"d": 3}, "c": null}}))
        .await
        .good();
    assert_eq!(user["user_metadata"]["a"], json!({"d": 3}));
    assert!(user["user_metadata"].get("c").is_none());
    assert_eq!(user["user_metadata"]["email"], "ada@example.com");
    assert_eq!(house.get(&token, "/user").await.good(), user);
    let reply = house
        .put(&token, "/user", json!({"app_metadata": {"admin": true}}))
        .await;
    reply.fails(
        403,
        "not_admin",
        "Updating app_metadata requires admin privileges",
    );
}

#[tokio::test]
async fn merges_at_once_are_all_kept() {
    // AUTH-USER-08
    let house = House::new().await;
    let token = text(&house.person("ada").await, "access_token");
    let changes =
        (0..10).map(|n| house.put(&token, "/user", json!({"data": {format!("k{n}"): n}})));
    for reply in futures_util::future::join_all(changes).await {
        reply.good();
    }
    let user = house.get(&token, "/user").await.good();
    for n in 0..10 {
        assert_eq!(user["user_metadata"][format!("k{n}")], n);
    }
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    // AUTH-USER-05
    let house = House::new().await;
    let other = house.person("ada").await;
    let token = text(&house.sign_in("ada").await, "access_token");
    let same = house
        .put(&token, "/user", json!({"password": PASSWORD}))
        .await;
    let message = "New password should be different from the old password.";
    same.fails(422, "same_password", message);
    let weak = house.put(&token, "/user", json!({"password": "x"})).await;
    weak.fails(
        422,
        "weak_password",
        "Password should be at least 6 characters.",
    );
    house
        .put(&token, "/user", json!({"password": "battery-staple"}))
        .await
        .good();
    house.get(&token, "/user").await.good();
    assert_eq!(
        house
            .get(&text(&other, "access_token"), "/user")
            .await
            .status,
        403
    );
    let old = json!({"email": "ada@example.com", "password": PASSWORD});
    assert_eq!(
        house.post("/token?grant_type=password", old).await.status,
        400
    );
    let new = json!({"email": "ada@example.com", "password": "battery-staple"});
    house.post("/token?grant_type=password", new).await.good();
}

#[tokio::test]
async fn the_current_password_may_be_demanded() {
    // AUTH-USER-03, AUTH-USER-04
    let mut settings = settings();
    settings.require_current_password = true;
    let house = House::with(settings).await;
    let token = text(&house.person("ada").await, "access_token");
    let change = async |current: Option<&str>| {
        let body = json!({"password": "battery-staple", "current_password": current});
        house.put(&token, "/user", body).await
    };
    let message = "Current password required when setting new password.";
    change(None)
        .await
        .fails(400, "current_password_required", message);
    change(Some("wrong"))
        .await
        .fails(400, "current_password_invalid", message);
    change(Some(PASSWORD)).await.good();
}

#[tokio::test]
async fn a_number_changes_at_once_when_nothing_is_confirmed_and_an_address_is_asked() {
    // AUTH-USER-03, AUTH-USER-06, AUTH-USER-07
    let house = House::new().await;
    let token = text(&house.person("ada").await, "access_token");
    house.person("bob").await;
    let taken = house
        .put(&token, "/user", json!({"email": "Bob@example.com"}))
        .await;
    let message = "A user with this email address has already been registered";
    taken.fails(422, "email_exists", message);
    house.clock.advance(chrono::TimeDelta::seconds(1));
    let body = json!({"email": "countess@example.com", "phone": "+4915112345"});
    let user = house.put(&token, "/user", body).await.good();
    assert_eq!(user["email"], "ada@example.com");
    assert_eq!(user["new_email"], "countess@example.com");
    assert_eq!(user["phone"], "4915112345");
    assert_eq!(user["identities"].as_array().unwrap().len(), 2);
    assert_eq!(user["app_metadata"]["providers"], json!(["email", "phone"]));
    // Where addresses confirm themselves the new one's consent is enough (AUTH-VERIFY-13).
    let mails = house.mails().await;
    let new = mails
        .iter()
        .find(|mail| mail.to == "countess@example.com")
        .unwrap();
    house.follow(&new.link()).await;
    let user = house.get(&token, "/user").await.good();
    assert_eq!(user["email"], "countess@example.com");
    assert_eq!(user["identities"][0]["email"], "countess@example.com");
    house.person("ada").await;
}

#[tokio::test]
async fn an_address_waits_for_its_confirmation() {
    // AUTH-USER-06
    let house = House::new().await;
    let mut settings = settings();
    settings.email_autoconfirm = false;
    let careful = House::with(settings).await;
    drop(house);
    let admin = careful.service();
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "email_confirm": true});
    careful
        .ask(&admin, "POST", "/admin/users", &body.to_string())
        .await
        .good();
    let token = text(&careful.sign_in("ada").await, "access_token");
    let user = careful
        .put(&token, "/user", json!({"email": "new@example.com"}))
        .await
        .good();
    assert_eq!(user["email"], "ada@example.com");
    assert_eq!(user["new_email"], "new@example.com");
    assert!(user["email_change_sent_at"].is_string());
}

#[tokio::test]
async fn a_guest_becomes_somebody_with_an_address() {
    // AUTH-ANON-03
    let house = House::new().await;
    let token = text(
        &house.post("/signup", json!({})).await.good(),
        "access_token",
    );
    let reply = house
        .put(&token, "/user", json!({"password": PASSWORD}))
        .await;
    let message = "Updating password of an anonymous user without an email or phone is not allowed";
    reply.fails(422, "validation_failed", message);
    let body = json!({"email": "guest@example.com", "password": PASSWORD});
    let user = house.put(&token, "/user", body).await.good();
    assert_eq!(user["is_anonymous"], false);
    assert_eq!(user["identities"][0]["provider"], "email");
    house.sign_in("guest").await;
}

#[tokio::test]
async fn with_a_second_factor_the_first_is_not_enough() {
    // AUTH-USER-03
    let house = House::new().await;
    let token = text(&house.person("ada").await, "access_token");
    house
        .sql(
            "insert into auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at)
             select gen_random_uuid(), id, 'totp', 'verified', now(), now() from auth.users",
        )
        .await;
    let reply = house
        .put(&token, "/user", json!({"password": "battery-staple"}))
        .await;
    let message = "AAL2 session is required to update email or password when MFA is enabled.";
    reply.fails(401, "insufficient_aal", message);
    // AUTH-OBJ-03
    let user = house
        .put(&token, "/user", json!({"data": {"a": 1}}))
        .await
        .good();
    let factor = &user["factors"][0];
    assert_eq!(factor["factor_type"], "totp");
    assert_eq!(factor["phone"], "");
    assert!(factor["last_challenged_at"].is_null() && factor.get("secret").is_none());
}
