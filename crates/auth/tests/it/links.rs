//! `POST /admin/generate_link`

use serde_json::{Value, json};

use crate::house::{House, PASSWORD, Reply, confirming, text};

async fn link(house: &House, body: Value) -> Reply {
    house
        .ask(
            &house.service(),
            "POST",
            "/admin/generate_link",
            &body.to_string(),
        )
        .await
}

#[tokio::test]
async fn each_kind_of_link_is_made_and_works() {
    // AUTH-ADMIN-12
    let house = House::with(confirming()).await;
    let email = "ada@example.com";
    let cases = [
        (
            json!({"type": "invite", "email": "eve@example.com", "data": {"a": 1}}),
            "invite",
        ),
        (
            json!({"type": "signup", "email": email, "password": PASSWORD, "redirect_to": "http://localhost:3000/in"}),
            "signup",
        ),
        (json!({"type": "magiclink", "email": email}), "magiclink"),
        (json!({"type": "recovery", "email": email}), "recovery"),
        (
            json!({"type": "magiclink", "email": "new@example.com", "data": {"b": 2}}),
            "signup",
        ),
    ];
    for (body, kind) in cases {
        let made = link(&house, body.clone()).await.good();
        assert_eq!(made["verification_type"], kind);
        assert_eq!(made["email"], body["email"]);
        assert_eq!(made["aud"], "authenticated");
        let redirect = body["redirect_to"]
            .as_str()
            .unwrap_or("http://localhost:3000");
        assert_eq!(made["redirect_to"], redirect);
        let hash = text(&made, "hashed_token");
        let expected = format!(
            "http://localhost:8000/auth/v1/verify?token={hash}&type={kind}&redirect_to={redirect}"
        );
        assert_eq!(made["action_link"], expected);
        if kind == "recovery" {
            let verify = json!({"type": "recovery", "email": email, "token": made["email_otp"]});
            house.post("/verify", verify).await.good();
            continue;
        }
        let landing = house.follow(&expected).await;
        assert_eq!(landing.fragment["type"], kind);
        assert_eq!(landing.url, redirect);
    }
    assert!(house.mails().await.is_empty());
    house.sign_in("ada").await;
}

#[tokio::test]
async fn links_that_make_no_sense_are_refused() {
    // AUTH-ADMIN-13
    let mut settings = confirming();
    settings.mailer_secure_email_change = false;
    let house = House::with(settings).await;
    let fails = async |body: Value, status, code: &str, message: &str| {
        link(&house, body).await.fails(status, code, message);
    };
    let unknown = "User with this email not found";
    for kind in ["recovery", "email_change_current", "email_change_new"] {
        fails(
            json!({"type": kind, "email": "a@b.c"}),
            404,
            "user_not_found",
            unknown,
        )
        .await;
    }
    fails(
        json!({"type": "magic", "email": "a@b.c"}),
        400,
        "validation_failed",
        "Invalid email action link type requested: magic",
    )
    .await;
    fails(
        json!({"type": "signup", "email": "a@b.c"}),
        400,
        "validation_failed",
        "Signup requires a valid password",
    )
    .await;
    fails(
        json!({"type": "signup"}),
        400,
        "validation_failed",
        "An email address is required",
    )
    .await;
    let made = link(
        &house,
        json!({"type": "magiclink", "email": "ada@example.com"}),
    )
    .await
    .good();
    house.follow(&text(&made, "action_link")).await;
    let taken = "A user with this email address has already been registered";
    fails(
        json!({"type": "signup", "email": "ada@example.com", "password": PASSWORD}),
        422,
        "email_exists",
        taken,
    )
    .await;
    fails(
        json!({"type": "invite", "email": "ada@example.com"}),
        422,
        "email_exists",
        taken,
    )
    .await;
    let secure = "Enable secure email change to generate link for current email";
    fails(
        json!({"type": "email_change_current", "email": "ada@example.com", "new_email": "x@y.z"}),
        400,
        "validation_failed",
        secure,
    )
    .await;
    let reply = house.ask("", "POST", "/admin/generate_link", "{}").await;
    assert_eq!(reply.status, 401);
}

#[tokio::test]
async fn both_links_of_a_change_of_address_work() {
    let house = House::with(confirming()).await;
    let made = link(
        &house,
        json!({"type": "magiclink", "email": "ada@example.com"}),
    )
    .await
    .good();
    house.follow(&text(&made, "action_link")).await;
    let ask = |kind: &str| json!({"type": kind, "email": "ada@example.com", "new_email": "new@example.com"});
    let old = link(&house, ask("email_change_current")).await.good();
    let new = link(&house, ask("email_change_new")).await.good();
    assert!(
        house
            .follow(&text(&old, "action_link"))
            .await
            .fragment
            .contains_key("message")
    );
    let landing = house.follow(&text(&new, "action_link")).await;
    let user = house
        .get(&landing.fragment["access_token"], "/user")
        .await
        .good();
    assert_eq!(user["email"], "new@example.com");
}
