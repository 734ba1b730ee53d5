//! Refresh tokens.

use chrono::TimeDelta;
use serde_json::json;

use crate::house::{House, claims, settings, text};

#[tokio::test]
async fn a_refresh_keeps_the_session_and_changes_the_token() {
    let house = House::new().await;
    let before = house.person("ada").await;
    house.clock.advance(TimeDelta::seconds(10));
    let after = house.refresh(&text(&before, "refresh_token")).await.good();
    // AUTH-REFRESH-01
    let fresh = text(&after, "refresh_token");
    assert_ne!(fresh, text(&before, "refresh_token"));
    assert_eq!(fresh.len(), 12);
    // AUTH-REFRESH-05
    let (old, new) = (
        claims(&text(&before, "access_token")),
        claims(&text(&after, "access_token")),
    );
    assert_eq!(old["session_id"], new["session_id"]);
    assert_eq!(old["amr"], new["amr"]);
    assert_eq!(
        new["iat"].as_i64().unwrap() - old["iat"].as_i64().unwrap(),
        10
    );
    // AUTH-TOKEN-02: last_sign_in_at is that of the sign-in.
    assert_eq!(
        before["user"]["last_sign_in_at"],
        after["user"]["last_sign_in_at"]
    );
    let parent = "select count(*) from auth.refresh_tokens as n join auth.refresh_tokens as o \
                  on n.parent = o.token where o.revoked and not n.revoked and n.session_id = o.session_id";
    assert_eq!(house.count(parent).await, 1);
    let refreshed = "select count(*) from auth.sessions where refreshed_at is not null";
    assert_eq!(house.count(refreshed).await, 1);
    // AUTH-AUDIT-02
    let noted = "select count(*) from auth.audit_log_entries \
                 where payload ->> 'action' in ('token_refreshed', 'token_revoked')";
    assert_eq!(house.count(noted).await, 2);
}

#[tokio::test]
async fn a_token_used_again_ends_its_family_unless_it_is_the_parent_of_the_active_one() {
    let house = House::new().await;
    let first = text(&house.person("ada").await, "refresh_token");
    let second = text(&house.refresh(&first).await.good(), "refresh_token");
    house.clock.advance(TimeDelta::days(3));
    // AUTH-REFRESH-03 (1): the client lost the answer.
    let again = text(&house.refresh(&first).await.good(), "refresh_token");
    assert_eq!(again, second);
    let third = text(&house.refresh(&second).await.good(), "refresh_token");
    house.clock.advance(TimeDelta::seconds(1));
    // AUTH-REFRESH-03 (3), and what it revoked stays revoked.
    let used = "Invalid Refresh Token: Already Used";
    house
        .refresh(&first)
        .await
        .fails(400, "refresh_token_already_used", used);
    house
        .refresh(&third)
        .await
        .fails(400, "refresh_token_already_used", used);
    let good = "select count(*) from auth.refresh_tokens where not revoked";
    assert_eq!(house.count(good).await, 0);
}

#[tokio::test]
async fn within_the_reuse_interval_an_old_token_is_rotated_again() {
    // AUTH-REFRESH-03 (2)
    let mut settings = settings();
    settings.refresh_reuse_interval = std::time::Duration::from_secs(10);
    let house = House::with(settings).await;
    let first = text(&house.person("ada").await, "refresh_token");
    let second = text(&house.refresh(&first).await.good(), "refresh_token");
    let third = text(&house.refresh(&second).await.good(), "refresh_token");
    house.clock.advance(TimeDelta::seconds(10));
    let fourth = text(&house.refresh(&first).await.good(), "refresh_token");
    assert!(![first.clone(), second.clone(), third].contains(&fourth));
    house.clock.advance(TimeDelta::seconds(11));
    let reply = house.refresh(&second).await;
    reply.fails(
        400,
        "refresh_token_already_used",
        "Invalid Refresh Token: Already Used",
    );
}

#[tokio::test]
async fn without_rotation_a_token_used_again_harms_nobody() {
    // AUTH-REFRESH-03 (3)
    let mut settings = settings();
    settings.refresh_rotation = false;
    let house = House::with(settings).await;
    let first = text(&house.person("ada").await, "refresh_token");
    let second = text(&house.refresh(&first).await.good(), "refresh_token");
    let third = text(&house.refresh(&second).await.good(), "refresh_token");
    house.clock.advance(TimeDelta::seconds(1));
    assert_eq!(house.refresh(&first).await.status, 400);
    house.refresh(&third).await.good();
}

#[tokio::test]
async fn twenty_clients_with_one_token_end_with_the_same_token() {
    // AUTH-REFRESH-04
    let house = House::new().await;
    let token = text(&house.person("ada").await, "refresh_token");
    let replies = futures_util::future::join_all((0..20).map(|_| house.refresh(&token))).await;
    let tokens: std::collections::BTreeSet<_> = replies
        .iter()
        .map(|reply| text(&reply.good(), "refresh_token"))
        .collect();
    assert_eq!(tokens.len(), 1, "{tokens:?}");
    assert!(!tokens.contains(&token));
    assert_eq!(
        house
            .count("select count(*) from auth.refresh_tokens")
            .await,
        2
    );
    house.refresh(tokens.first().unwrap()).await.good();
}

#[tokio::test]
async fn what_cannot_be_refreshed_is_told_in_order() {
    // AUTH-REFRESH-02
    let house = House::new().await;
    for shape in ["", "short", "ABCDEFGHIJKL", "abcdefghijk-", "abcdefghijklm"] {
        let reply = house.refresh(shape).await;
        reply.fails(400, "validation_failed", "Refresh token is not valid");
    }
    let unknown = house.refresh("abcdefghijkl").await;
    let message = "Invalid Refresh Token: Refresh Token Not Found";
    unknown.fails(400, "refresh_token_not_found", message);
    let token = text(&house.person("ada").await, "refresh_token");
    house
        .sql("update auth.users set banned_until = now() + interval '1 day'")
        .await;
    let banned = house.refresh(&token).await;
    banned.fails(400, "user_banned", "Invalid Refresh Token: User Banned");
    house.sql("update auth.users set banned_until = null").await;
    house
        .sql("update auth.sessions set not_after = now() - interval '1 day'")
        .await;
    let ended = house.refresh(&token).await;
    ended.fails(
        400,
        "session_expired",
        "Invalid Refresh Token: Session Expired",
    );
    house
        .sql("update auth.refresh_tokens set session_id = null")
        .await;
    let lost = house.refresh(&token).await;
    lost.fails(
        400,
        "session_not_found",
        "Invalid Refresh Token: No Valid Session Found",
    );
    assert_eq!(
        house
            .count("select count(*) from auth.refresh_tokens")
            .await,
        0
    );
}

#[tokio::test]
async fn a_session_ends_by_its_age_or_by_silence() {
    // AUTH-SESS-04
    let mut settings = settings();
    settings.session_timebox = std::time::Duration::from_secs(3600);
    settings.session_inactivity = std::time::Duration::from_secs(600);
    let house = House::with(settings).await;
    let mut token = text(&house.person("ada").await, "refresh_token");
    for _ in 0..6 {
        house.clock.advance(TimeDelta::seconds(600));
        token = text(&house.refresh(&token).await.good(), "refresh_token");
    }
    house.clock.advance(TimeDelta::seconds(1));
    let aged = house.refresh(&token).await;
    aged.fails(
        400,
        "session_expired",
        "Invalid Refresh Token: Session Expired",
    );
    let silent = text(&house.sign_in("ada").await, "refresh_token");
    house.clock.advance(TimeDelta::seconds(601));
    let reply = house.refresh(&silent).await;
    let message = "Invalid Refresh Token: Session Expired (Inactivity)";
    reply.fails(400, "session_expired", message);
}

#[tokio::test]
async fn an_unknown_grant_is_refused() {
    // AUTH-TOKEN-01
    let house = House::new().await;
    for path in ["/token", "/token?grant_type=magic"] {
        let reply = house.post(path, json!({})).await;
        reply.fails(400, "invalid_credentials", "unsupported_grant_type");
    }
}
