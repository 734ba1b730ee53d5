//! Many at once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;

use crate::house::{House, PASSWORD, confirming, settings, text};

#[tokio::test]
async fn one_address_that_signs_up_fifty_times_at_once_is_one_user_with_one_mail() {
    // AUTH-SIGNUP-07
    let mut settings = confirming();
    settings.hash_queue = 100;
    let house = House::with(settings).await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let replies = join_all((0..50).map(|_| house.post("/signup", body.clone()))).await;
    let count = |status: u16| {
        replies
            .iter()
            .filter(|reply| reply.status == status)
            .count()
    };
    assert_eq!((count(200), count(429)), (1, 49));
    assert_eq!(house.count("select count(*) from auth.users").await, 1);
    assert_eq!(house.count("select count(*) from auth.identities").await, 1);
    house.follow(&house.mail().await.link()).await;
}

#[tokio::test]
async fn one_address_that_is_confirmed_at_once_fifty_times_is_one_user() {
    let mut settings = settings();
    settings.hash_queue = 100;
    let house = House::with(settings).await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let replies = join_all((0..50).map(|_| house.post("/signup", body.clone()))).await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 200).count(),
        1
    );
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.fails(422, "user_already_exists", "User already registered");
    }
    assert_eq!(house.count("select count(*) from auth.users").await, 1);
}

#[tokio::test]
async fn fifty_clients_with_one_refresh_token_end_with_the_same_token() {
    // AUTH-REFRESH-04
    let mut settings = settings();
    settings.rate_limits = false;
    let house = House::with(settings).await;
    let token = text(&house.person("ada").await, "refresh_token");
    let replies = join_all((0..50).map(|_| house.refresh(&token))).await;
    let tokens: BTreeSet<_> = replies
        .iter()
        .map(|reply| text(&reply.good(), "refresh_token"))
        .collect();
    assert_eq!(tokens.len(), 1);
    house.refresh(tokens.first().unwrap()).await.good();
}

#[tokio::test]
async fn fifty_clients_with_one_link_get_one_session() {
    let house = House::with(confirming()).await;
    house
        .post("/otp", json!({"email": "ada@example.com"}))
        .await
        .good();
    let mail = house.mail().await;
    let link = mail.link();
    let landings = join_all((0..50).map(|_| house.follow(&link))).await;
    let good = landings
        .iter()
        .filter(|landing| landing.fragment.contains_key("access_token"))
        .count();
    assert_eq!(good, 1);
    assert_eq!(house.count("select count(*) from auth.sessions").await, 1);
}

#[tokio::test]
async fn a_crowd_that_hashes_is_turned_away_beyond_the_queue() {
    let mut settings = settings();
    settings.hash_queue = 0;
    settings.bcrypt_cost = 8;
    let house = House::with(settings).await;
    house.person("ada").await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let replies =
        join_all((0..20).map(|_| house.post("/token?grant_type=password", body.clone()))).await;
    // How many meet depends on the machine; how the queue is counted is tested beside it.
    let mut let_in = 0;
    for reply in &replies {
        if reply.status == 200 {
            let_in += 1;
        } else {
            reply.fails(
                503,
                "over_request_rate_limit",
                "Too many sign-ins at once, please retry after a moment.",
            );
        }
    }
    assert!(let_in > 0, "who comes first is let in");
}

#[tokio::test]
async fn a_hash_that_would_take_for_ever_is_not_computed() {
    let house = House::new().await;
    house.person("ada").await;
    let sql =
        "update auth.users set encrypted_password = '$2a$31$' || substr(encrypted_password, 8)";
    house.sql(sql).await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let reply = house.post("/token?grant_type=password", body).await;
    reply.fails(400, "invalid_credentials", "Invalid login credentials");
}
