//! Flows that end in a code.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::house::{House, PASSWORD, claims, confirming, text};

/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn with_challenge(mut body: Value) -> Value {
    body["code_challenge"] = json!(CHALLENGE);
    body["code_challenge_method"] = json!("s256");
    body
}

async fn exchange(house: &House, code: &str, verifier: &str) -> crate::house::Reply {
    house
        .post(
            "/token?grant_type=pkce",
            json!({"auth_code": code, "code_verifier": verifier}),
        )
        .await
}

#[tokio::test]
async fn each_kind_of_link_leads_to_a_code_that_becomes_a_session() {
    // AUTH-SIGNUP-11, AUTH-VERIFY-04, AUTH-TOKEN-07, AUTH-SESS-02
    let house = House::with(confirming()).await;
    let sign_up = with_challenge(json!({"email": "ada@example.com", "password": PASSWORD}));
    house
        .post("/signup?redirect_to=http://localhost:3000/cb?x=1", sign_up)
        .await
        .good();
    let address = with_challenge(json!({"email": "ada@example.com"}));
    for (path, method) in [
        ("", "email/signup"),
        ("/recover", "recovery"),
        ("/otp", "magiclink"),
        ("/magiclink", "magiclink"),
    ] {
        if !path.is_empty() {
            house.clock.advance(TimeDelta::minutes(2));
            house
                .post(
                    &format!("{path}?redirect_to=http://localhost:3000/cb?x=1"),
                    address.clone(),
                )
                .await
                .good();
        }
        let mail = house.mail().await;
        assert!(mail.parameter("token").starts_with("pkce_"), "{path}");
        let sessions = house.count("select count(*) from auth.sessions").await;
        let landing = house.follow(&mail.link()).await;
        assert_eq!(landing.url, "http://localhost:3000/cb");
        assert_eq!(landing.query["x"], "1");
        assert!(landing.fragment.is_empty());
        assert_eq!(
            house.count("select count(*) from auth.sessions").await,
            sessions,
            "no session before the code is exchanged"
        );
        let code = landing.query["code"].clone();
        let wrong = exchange(&house, &code, CHALLENGE).await;
        wrong.fails(
            400,
            "bad_code_verifier",
            "code challenge does not match previously saved code verifier",
        );
        let tokens = exchange(&house, &code, VERIFIER).await.good();
        assert_eq!(
            claims(&text(&tokens, "access_token"))["amr"][0]["method"],
            method,
            "{path}"
        );
        // A code works once.
        let again = exchange(&house, &code, VERIFIER).await;
        again.fails(
            404,
            "flow_state_not_found",
            "invalid flow state, no valid flow state found",
        );
    }
    assert_eq!(house.count("select count(*) from auth.flow_state").await, 0);
}

#[tokio::test]
async fn a_code_is_good_for_five_minutes_from_its_issue() {
    // AUTH-TOKEN-07: a link that is followed after an hour still leads to a good code.
    let house = House::with(confirming()).await;
    let sign_up = with_challenge(json!({"email": "ada@example.com", "password": PASSWORD}));
    house.post("/signup", sign_up).await.good();
    let mail = house.mail().await;
    house.clock.advance(TimeDelta::hours(1));
    let code = house.follow(&mail.link()).await.query["code"].clone();
    house.clock.advance(TimeDelta::seconds(301));
    let late = exchange(&house, &code, VERIFIER).await;
    late.fails(
        422,
        "flow_state_expired",
        "invalid flow state, flow state has expired",
    );
    for (code, verifier) in [("", VERIFIER), ("x", "")] {
        let reply = exchange(&house, code, verifier).await;
        reply.fails(
            400,
            "validation_failed",
            "invalid request: both auth code and code verifier should be non-empty",
        );
    }
    let unknown = exchange(&house, "not-a-uuid", VERIFIER).await;
    unknown.fails(
        404,
        "flow_state_not_found",
        "invalid flow state, no valid flow state found",
    );
}

#[tokio::test]
async fn a_link_without_its_flow_is_told_to_the_application() {
    // AUTH-VERIFY-04
    let house = House::with(confirming()).await;
    house
        .post("/otp", with_challenge(json!({"email": "ada@example.com"})))
        .await
        .good();
    let mail = house.mail().await;
    house.sql("delete from auth.flow_state").await;
    let landing = house.follow(&mail.link()).await;
    for pairs in [&landing.query, &landing.fragment] {
        assert_eq!(pairs["error_code"], "flow_state_not_found");
        assert!(pairs["error_description"].starts_with("No associated flow state found."));
    }
    // The code of the mail still signs in (AUTH-VERIFY-10), and so does the hash with its prefix.
    let hash = json!({"type": "email", "token_hash": mail.parameter("token")});
    let bare =
        json!({"type": "email", "token_hash": mail.parameter("token").trim_start_matches("pkce_")});
    assert_eq!(house.post("/verify", bare).await.status, 403);
    house.post("/verify", hash).await.good();
    house.clock.advance(TimeDelta::minutes(2));
    house
        .post("/otp", with_challenge(json!({"email": "ada@example.com"})))
        .await
        .good();
    let code = house.mail().await.code();
    let session = house
        .post(
            "/verify",
            json!({"type": "email", "email": "ada@example.com", "token": code}),
        )
        .await
        .good();
    assert!(session["access_token"].is_string());
}

#[tokio::test]
async fn fifty_clients_with_one_code_get_one_session() {
    let house = House::with(confirming()).await;
    house
        .post("/otp", with_challenge(json!({"email": "ada@example.com"})))
        .await
        .good();
    let link = house.mail().await.link();
    let code = house.follow(&link).await.query["code"].clone();
    let replies =
        futures_util::future::join_all((0..50).map(|_| exchange(&house, &code, VERIFIER))).await;
    let good = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(good, 1);
    assert_eq!(house.count("select count(*) from auth.sessions").await, 1);
}

#[tokio::test]
async fn the_rules_for_challenges_hold_at_every_door() {
    // AUTH-TOKEN-08
    let house = House::with(confirming()).await;
    for path in ["/signup", "/otp", "/magiclink", "/recover", "/resend"] {
        let body = json!({"email": "ada@example.com", "password": PASSWORD, "type": "signup", "code_challenge": CHALLENGE});
        let reply = house.post(path, body).await;
        reply.fails(
            400,
            "validation_failed",
            "PKCE flow requires code_challenge_method and code_challenge",
        );
    }
    assert_eq!(house.count("select count(*) from auth.users").await, 0);
}
