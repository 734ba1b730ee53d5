//! What is of no use any more goes, and nothing else.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;

use crate::house::{House, confirming, settings, text};

#[tokio::test]
async fn old_tokens_go_and_those_who_are_in_stay_in() {
    // AUTH-CLEAN-01, AUTH-CLEAN-03
    let house = House::new().await;
    let first = text(&house.person("ada").await, "refresh_token");
    let second = text(&house.refresh(&first).await.good(), "refresh_token");
    assert_eq!(house.auth.tidy().await.unwrap(), 0);
    house.clock.advance(TimeDelta::hours(23));
    assert_eq!(house.auth.tidy().await.unwrap(), 0);
    // The parent of the active token is told again, until it is forgotten.
    assert_eq!(
        text(&house.refresh(&first).await.good(), "refresh_token"),
        second
    );
    house.clock.advance(TimeDelta::hours(2));
    assert_eq!(house.auth.tidy().await.unwrap(), 1);
    let gone = house.refresh(&first).await;
    gone.fails(
        400,
        "refresh_token_not_found",
        "Invalid Refresh Token: Refresh Token Not Found",
    );
    house.refresh(&second).await.good();
}

#[tokio::test]
async fn each_kind_of_leftovers_goes_in_its_time() {
    // AUTH-CLEAN-02
    let mut settings = settings();
    settings.session_timebox = Duration::from_secs(3_600);
    let house = House::with(settings).await;
    let token = text(&house.person("ada").await, "access_token");
    house
        .ask(&token, "POST", "/factors", "{\"factor_type\":\"totp\"}")
        .await
        .good();
    house.post("/signup", json!({})).await.good();
    house.sql("insert into auth.flow_state (id, provider_type, authentication_method, created_at)
        values (gen_random_uuid(), 'google', 'oauth', now());
        insert into auth.oauth_client_states (id, provider_type, created_at) values (gen_random_uuid(), 'x', now())").await;
    let left = "select (select count(*) from auth.sessions) * 1000 + (select count(*) from auth.mfa_factors) * 100 \
                + (select count(*) from auth.flow_state) * 10 + (select count(*) from auth.oauth_client_states)";
    assert_eq!(house.count(left).await, 2_111);
    house.clock.advance(TimeDelta::hours(24));
    house.auth.tidy().await.unwrap();
    assert_eq!(house.count(left).await, 2_111);
    house.clock.advance(TimeDelta::hours(2));
    house.auth.tidy().await.unwrap();
    assert_eq!(house.count(left).await, 0);
    assert_eq!(house.count("select count(*) from auth.users").await, 2);
    house.clock.advance(TimeDelta::days(30));
    house.auth.tidy().await.unwrap();
    assert_eq!(
        house
            .count("select count(*) from auth.users where is_anonymous")
            .await,
        0
    );
    assert_eq!(house.count("select count(*) from auth.users").await, 1);
}

#[tokio::test]
async fn a_link_that_is_still_good_keeps_its_flow() {
    let mut settings = confirming();
    settings.mailer_otp_exp = Duration::from_secs(7 * 86_400);
    let house = House::with(settings).await;
    let body = json!({"email": "ada@example.com", "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "s256"});
    house.post("/otp", body).await.good();
    let link = house.mail().await.link();
    house.clock.advance(TimeDelta::days(3));
    house.auth.tidy().await.unwrap();
    assert!(house.follow(&link).await.query.contains_key("code"));
}
