//! Changes of address.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::house::{House, PASSWORD, confirming, text};
use crate::post::Mail;

const HALF: &str =
    "Confirmation link accepted. Please proceed to confirm link sent to the other email";

/// A confirmed user's token.
async fn ada(house: &House) -> String {
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "email_confirm": true});
    house
        .ask(&house.service(), "POST", "/admin/users", &body.to_string())
        .await
        .good();
    text(&house.sign_in("ada").await, "access_token")
}

async fn change(house: &House, token: &str) -> Value {
    house
        .put(
            token,
            "/user?redirect_to=http://localhost:3000/x",
            json!({"email": "New@example.com"}),
        )
        .await
        .good()
}

/// The mails to the old and to the new address.
async fn both(house: &House) -> (Mail, Mail) {
    let mut mails = house.mails().await;
    assert_eq!(mails.len(), 2, "{mails:?}");
    mails.sort_by(|left, right| left.to.cmp(&right.to));
    let new = mails.pop().unwrap();
    (mails.pop().unwrap(), new)
}

async fn email(house: &House, token: &str) -> String {
    text(&house.get(token, "/user").await.good(), "email")
}

#[tokio::test]
async fn both_sides_have_to_agree_in_any_order() {
    // AUTH-USER-06, AUTH-VERIFY-05, AUTH-VERIFY-13, AUTH-MAIL-05
    for new_first in [true, false] {
        let mut settings = confirming();
        settings.mailer_notifications_email_changed = true;
        let house = House::with(settings).await;
        let token = ada(&house).await;
        let user = change(&house, &token).await;
        assert_eq!(
            (&user["email"], &user["new_email"]),
            (&json!("ada@example.com"), &json!("new@example.com"))
        );
        let (old, new) = both(&house).await;
        assert_eq!(
            (old.to.as_str(), new.to.as_str()),
            ("ada@example.com", "new@example.com")
        );
        assert_ne!(old.parameter("token"), new.parameter("token"));
        let (first, second) = if new_first {
            (&new, &old)
        } else {
            (&old, &new)
        };
        let landing = house.follow(&first.link()).await;
        assert_eq!(landing.url, "http://localhost:3000/x");
        assert_eq!(
            (
                landing.fragment["message"].as_str(),
                landing.fragment["sb"].as_str()
            ),
            (HALF, "")
        );
        assert_eq!(email(&house, &token).await, "ada@example.com");
        // The same side twice is still one side.
        assert_eq!(
            house.follow(&first.link()).await.fragment["error_code"],
            "otp_expired"
        );
        assert_eq!(email(&house, &token).await, "ada@example.com");
        let landing = house.follow(&second.link()).await;
        assert_eq!(landing.fragment["type"], "email_change");
        let user = house.get(&token, "/user").await.good();
        assert_eq!(user["email"], "new@example.com");
        assert!(user.get("new_email").is_none());
        assert_eq!(user["identities"][0]["email"], "new@example.com");
        let told = house.mail().await;
        assert_eq!(
            (told.to.as_str(), told.subject.as_str()),
            ("ada@example.com", "Your email address was changed")
        );
    }
}

#[tokio::test]
async fn codes_do_what_links_do() {
    // AUTH-VERIFY-09
    let house = House::with(confirming()).await;
    let token = ada(&house).await;
    change(&house, &token).await;
    let (old, new) = both(&house).await;
    let verify = |address: &str, code: &str| json!({"type": "email_change", "email": address, "token": code});
    // Codes belong to their addresses.
    assert_eq!(
        house
            .post("/verify", verify("ada@example.com", &new.code()))
            .await
            .status,
        403
    );
    let half = house
        .post("/verify", verify("new@example.com", &new.code()))
        .await
        .good();
    assert_eq!(half, json!({"msg": HALF, "code": "200"}));
    let session = house
        .post("/verify", verify("ada@example.com", &old.code()))
        .await
        .good();
    assert_eq!(session["user"]["email"], "new@example.com");
}

#[tokio::test]
async fn one_side_cannot_agree_for_both() {
    // The published bypass: agree at the new address, have the mails sent again, agree there again.
    let mut settings = confirming();
    settings.smtp_max_frequency = Duration::ZERO;
    let house = House::with(settings).await;
    let token = ada(&house).await;
    change(&house, &token).await;
    let (_, new) = both(&house).await;
    house.follow(&new.link()).await;
    // Sent again: only the side that has not agreed is asked.
    let again = json!({"type": "email_change", "email": "ada@example.com"});
    house.post("/resend", again.clone()).await.good();
    assert_eq!(house.mail().await.to, "ada@example.com");
    // Wished again: all begins anew.
    change(&house, &token).await;
    let (_, new) = both(&house).await;
    assert_eq!(house.follow(&new.link()).await.fragment["message"], HALF);
    assert_eq!(email(&house, &token).await, "ada@example.com");
    // A new password voids all links, and what one side said before them.
    house
        .put(&token, "/user", json!({"password": "another-password"}))
        .await
        .good();
    house.post("/resend", again).await.good();
    let (old, new) = both(&house).await;
    assert_eq!(house.follow(&new.link()).await.fragment["message"], HALF);
    assert_eq!(email(&house, &token).await, "ada@example.com");
    // By the admin's links it is the same.
    let service = house.service();
    let link = json!({"type": "email_change_new", "email": "ada@example.com", "new_email": "new@example.com"});
    let made = house
        .ask(&service, "POST", "/admin/generate_link", &link.to_string())
        .await
        .good();
    house.follow(&text(&made, "action_link")).await;
    assert_eq!(email(&house, &token).await, "ada@example.com");
    house.follow(&old.link()).await;
    assert_eq!(email(&house, &token).await, "new@example.com");
}

#[tokio::test]
async fn both_links_at_once_change_it_once() {
    let house = House::with(confirming()).await;
    let token = ada(&house).await;
    change(&house, &token).await;
    let (old, new) = both(&house).await;
    let (old_link, new_link) = (old.link(), new.link());
    let follows = (0..10).map(|n| house.follow(if n % 2 == 0 { &old_link } else { &new_link }));
    let landings = futures_util::future::join_all(follows).await;
    let count = |name: &str| {
        landings
            .iter()
            .filter(|landing| landing.fragment.contains_key(name))
            .count()
    };
    assert_eq!(
        (count("access_token"), count("message"), count("error_code")),
        (1, 1, 8)
    );
    assert_eq!(email(&house, &token).await, "new@example.com");
}

#[tokio::test]
async fn where_one_side_is_enough_it_is_the_new_one() {
    // AUTH-VERIFY-13
    let mut settings = confirming();
    settings.mailer_secure_email_change = false;
    let house = House::with(settings).await;
    let token = ada(&house).await;
    change(&house, &token).await;
    let mail = house.mail().await;
    assert_eq!(mail.to, "new@example.com");
    // Somebody else takes the address meanwhile.
    let body = json!({"email": "new@example.com", "password": PASSWORD, "email_confirm": true});
    let other = house
        .ask(&house.service(), "POST", "/admin/users", &body.to_string())
        .await
        .good();
    assert_eq!(
        house.follow(&mail.link()).await.fragment["error_code"],
        "email_exists"
    );
    let id = text(&other, "id");
    house
        .ask(
            &house.service(),
            "DELETE",
            &format!("/admin/users/{id}"),
            "",
        )
        .await
        .good();
    house.follow(&mail.link()).await;
    assert_eq!(email(&house, &token).await, "new@example.com");
}

#[tokio::test]
async fn a_guest_who_confirms_an_address_is_a_guest_no_more() {
    // AUTH-ANON-03
    let house = House::with(confirming()).await;
    let guest = house
        .post("/signup", json!({"data": {"cart": 3}}))
        .await
        .good();
    let token = text(&guest, "access_token");
    let user = house
        .put(&token, "/user", json!({"email": "new@example.com"}))
        .await
        .good();
    assert_eq!(
        (&user["is_anonymous"], &user["new_email"]),
        (&json!(true), &json!("new@example.com"))
    );
    let mail = house.mail().await;
    let landing = house.follow(&mail.link()).await;
    let user = house
        .get(&landing.fragment["access_token"], "/user")
        .await
        .good();
    assert_eq!(user["id"], guest["user"]["id"]);
    assert_eq!(user["is_anonymous"], false);
    assert_eq!(user["identities"][0]["provider"], "email");
    assert_eq!(
        user["app_metadata"],
        json!({"provider": "email", "providers": ["email"]})
    );
    assert_eq!(user["user_metadata"]["cart"], 3);
    assert!(user["email_confirmed_at"].is_string());
    house
        .put(
            &landing.fragment["access_token"],
            "/user",
            json!({"password": PASSWORD}),
        )
        .await
        .good();
    house.clock.advance(TimeDelta::seconds(1));
    house.sign_in("new").await;
}

#[tokio::test]
async fn the_interval_holds_for_changes_too() {
    // AUTH-USER-06
    let house = House::with(confirming()).await;
    let token = ada(&house).await;
    change(&house, &token).await;
    let reply = house
        .put(&token, "/user", json!({"email": "other@example.com"}))
        .await;
    reply.fails(
        429,
        "over_email_send_rate_limit",
        "For security purposes, you can only request this after 60 seconds.",
    );
    // What failed changed nothing.
    assert_eq!(
        house.get(&token, "/user").await.good()["new_email"],
        "new@example.com"
    );
    // The own address is no change.
    house
        .put(&token, "/user", json!({"email": "ADA@example.com"}))
        .await
        .good();
}
