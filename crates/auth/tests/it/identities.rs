//! Linking and unlinking by hand.

use serde_json::{Value, json};

use crate::elsewhere::Elsewhere;
use crate::house::{House, Landing, Reply, settings, text};
use crate::oauth::go;

async fn open() -> (Elsewhere, House) {
    let elsewhere = Elsewhere::open().await;
    let mut settings = settings();
    settings.manual_linking_enabled = true;
    settings.mailer_notifications_identity_linked = true;
    settings.mailer_notifications_identity_unlinked = true;
    let house = House::with_providers(settings, elsewhere.providers()).await;
    (elsewhere, house)
}

/// Links by way of the provider.
async fn link(house: &House, token: &str) -> Landing {
    let path = "/user/identities/authorize?provider=google&skip_http_redirect=true&redirect_to=http://localhost:3000/in";
    let url = text(&house.get(token, path).await.good(), "url");
    let state = Landing::at(&url).query["state"].clone();
    let reply = house
        .get("", &format!("/callback?state={state}&code=abcdef"))
        .await;
    Landing::at(reply.header("location"))
}

async fn unlink(house: &House, token: &str, id: &str) -> Reply {
    house
        .ask(token, "DELETE", &format!("/user/identities/{id}"), "")
        .await
}

async fn user(house: &House, token: &str) -> Value {
    house.get(token, "/user").await.good()
}

#[tokio::test]
async fn an_account_elsewhere_is_linked_and_unlinked() {
    // AUTH-LINK-06, AUTH-LINK-07, AUTH-LINK-08
    let (elsewhere, house) = open().await;
    let token = text(&house.person("bob").await, "access_token");
    let landing = link(&house, &token).await;
    assert!(landing.fragment.contains_key("access_token"), "{landing:?}");
    assert_eq!(house.mail().await.subject, "A new way to sign in was added");
    let bob = user(&house, &token).await;
    assert_eq!(
        (&bob["email"], &bob["app_metadata"]["providers"]),
        (&json!("bob@example.com"), &json!(["email", "google"]))
    );
    let own = link(&house, &token).await;
    assert_eq!(
        (
            own.query["error_code"].as_str(),
            own.query["error_description"].as_str()
        ),
        ("identity_already_exists", "Identity is already linked")
    );
    let eve = text(&house.person("eve").await, "access_token");
    let taken = link(&house, &eve).await;
    assert_eq!(
        taken.query["error_description"],
        "Identity is already linked to another user"
    );
    let id = |name: &str| {
        let all = bob["identities"].as_array().unwrap();
        text(
            all.iter()
                .find(|identity| identity["provider"] == name)
                .unwrap(),
            "identity_id",
        )
    };
    unlink(&house, &token, "x").await.fails(
        404,
        "validation_failed",
        "identity_id must be an UUID",
    );
    unlink(&house, &token, "6ba7b810-9dad-41d1-80b4-00c04fd430c8")
        .await
        .fails(422, "identity_not_found", "Identity doesn't exist");
    // The address goes with its identity, and the other's takes its place.
    assert_eq!(unlink(&house, &token, &id("email")).await.good(), json!({}));
    let told = house.mail().await;
    assert_eq!(
        (told.to.as_str(), told.subject.as_str()),
        ("bob@example.com", "A way to sign in was removed")
    );
    let bob = user(&house, &token).await;
    assert_eq!(
        (&bob["email"], &bob["app_metadata"]["providers"]),
        (&json!("ada@example.com"), &json!(["google"]))
    );
    assert!(bob["email_confirmed_at"].is_string());
    let last = "User must have at least 1 identity after unlinking";
    unlink(&house, &token, &id("google"))
        .await
        .fails(422, "single_identity_not_deletable", last);
    drop(elsewhere);
}

#[tokio::test]
async fn a_guest_becomes_somebody_by_an_account_elsewhere() {
    // AUTH-ANON-03, AUTH-LINK-06
    let (elsewhere, house) = open().await;
    let guest = house.post("/signup", json!({})).await.good();
    let landing = link(&house, &text(&guest, "access_token")).await;
    let ada = user(&house, &landing.fragment["access_token"]).await;
    assert_eq!(ada["id"], guest["user"]["id"]);
    assert_eq!(
        (&ada["is_anonymous"], &ada["email"]),
        (&json!(false), &json!("ada@example.com"))
    );
    // An address that is somebody else's is not to be had that way.
    house.person("bob").await;
    elsewhere.says(json!({"sub": "43", "email": "bob@example.com", "email_verified": true}));
    let guest = house.post("/signup", json!({})).await.good();
    let landing = link(&house, &text(&guest, "access_token")).await;
    assert_eq!(landing.query["error_code"], "email_exists");
}

#[tokio::test]
async fn linking_by_hand_has_to_be_allowed() {
    let house = House::new().await;
    let token = text(&house.person("bob").await, "access_token");
    let off = "Manual linking is disabled";
    house
        .get(&token, "/user/identities/authorize?provider=google")
        .await
        .fails(404, "manual_linking_disabled", off);
    unlink(&house, &token, "x")
        .await
        .fails(404, "manual_linking_disabled", off);
    let (_elsewhere, house) = open().await;
    assert_eq!(
        house
            .get("", "/user/identities/authorize?provider=google")
            .await
            .status,
        401
    );
    assert!(
        go(&house, "provider=google")
            .await
            .fragment
            .contains_key("access_token")
    );
}
