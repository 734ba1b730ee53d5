//! Codes and ID tokens of the OAuth server.

use chrono::TimeDelta;
use serde_json::json;

use crate::house::{House, claims, text};
use crate::oauth_server::{BACK, VERIFIER, credentials, oauth_error, served};

#[tokio::test]
async fn a_code_is_good_for_its_own_application_only() {
    // AUTH-OSRV-05: no token of one flow opens another.
    let house = House::with(served()).await;
    let ada = text(&house.person("ada").await, "access_token");
    let client = house.confidential().await;
    let (id, secret) = credentials(&client);
    let public = house
        .application(json!({"redirect_uris": [BACK], "token_endpoint_auth_method": "none"}))
        .await;
    let public_id = text(&public, "client_id");
    assert!(public.get("client_secret").is_none());
    let code = house.approve(&ada, &house.begin(&client, "").await).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("code_verifier", VERIFIER),
    ];
    let invalid = "Invalid client credentials";
    for (who, more) in [
        (None, vec![]),
        (Some((id.as_str(), "wrong")), vec![]),
        (Some((id.as_str(), "")), vec![]),
        // Registered as basic; shown in the body.
        (
            None,
            vec![
                ("client_id", id.as_str()),
                ("client_secret", secret.as_str()),
            ],
        ),
        (None, vec![("client_id", id.as_str())]),
        // Both ways at once, or two names.
        (
            Some((id.as_str(), secret.as_str())),
            vec![("client_secret", secret.as_str())],
        ),
        (
            Some((id.as_str(), secret.as_str())),
            vec![("client_id", public_id.as_str())],
        ),
        (Some((public_id.as_str(), "")), vec![]),
        (Some(("nonsense", "x")), vec![]),
    ] {
        let whole = [&form[..], &more].concat();
        house
            .exchange(who, &whole)
            .await
            .fails(400, "invalid_credentials", invalid);
    }
    let own = [&form[..], &[("client_id", public_id.as_str())]].concat();
    let reply = house.exchange(None, &own).await;
    oauth_error(
        &reply,
        "invalid_grant",
        "Authorization code was not issued for this client",
    );
    // The mistake of another application did not spend it; a wrong verifier does.
    let with = |changed: (&'static str, &'static str)| {
        let mut form: Vec<(&str, &str)> = form
            .iter()
            .copied()
            .filter(|(name, _)| *name != changed.0)
            .collect();
        form.push(changed);
        form
    };
    let reply = house
        .exchange(Some((&id, &secret)), &with(("code_verifier", "no")))
        .await;
    oauth_error(
        &reply,
        "invalid_grant",
        "PKCE verification failed: code verifier does not match the code challenge",
    );
    let reply = house.exchange(Some((&id, &secret)), &form).await;
    oauth_error(&reply, "invalid_grant", "Invalid authorization code");
    let code = house
        .approve(&ada, &house.begin(&client, "&scope=phone").await)
        .await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("code_verifier", VERIFIER),
    ];
    // A code of this flow is none of the site's own, nor is a site's own code one of this flow.
    let body = json!({"auth_code": code, "code_verifier": VERIFIER});
    let reply = house.post("/token?grant_type=pkce", body).await;
    assert_eq!(
        reply.json()["error_code"],
        "flow_state_not_found",
        "{}",
        reply.text
    );
    let foreign = [&form[..], &[("redirect_uri", "https://evil.example/cb")]].concat();
    oauth_error(
        &house.exchange(Some((&id, &secret)), &foreign).await,
        "invalid_grant",
        "Invalid redirect_uri",
    );
    let code = house
        .approve(&ada, &house.begin(&client, "&scope=profile").await)
        .await;
    house.clock.advance(TimeDelta::seconds(601));
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("code_verifier", VERIFIER),
    ];
    oauth_error(
        &house.exchange(Some((&id, &secret)), &form).await,
        "invalid_grant",
        "Authorization code has expired",
    );
    let reply = house
        .exchange(Some((&id, &secret)), &[("grant_type", "password")])
        .await;
    oauth_error(
        &reply,
        "unsupported_grant_type",
        "grant_type password is not supported",
    );
}

#[tokio::test]
async fn a_code_is_good_once_and_whoever_uses_it_again_ends_what_it_gave() {
    // AUTH-OSRV-05
    let house = House::with(served()).await;
    let ada = text(&house.person("ada").await, "access_token");
    let client = house.confidential().await;
    let (id, secret) = credentials(&client);
    let code = house.approve(&ada, &house.begin(&client, "").await).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("code_verifier", VERIFIER),
    ];
    let replies = futures_util::future::join_all(
        (0..50).map(|_| house.exchange(Some((&id, &secret)), &form)),
    )
    .await;
    assert_eq!(
        replies.iter().filter(|reply| reply.status == 200).count(),
        1
    );
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        oauth_error(reply, "invalid_grant", "Invalid authorization code");
    }
    // One of two who have the same code has stolen it.
    let sessions = "select count(*) from auth.sessions where oauth_client_id is not null";
    assert_eq!(house.count(sessions).await, 0);
    house.refresh("abcdefghijkl").await.fails(
        400,
        "refresh_token_not_found",
        "Invalid Refresh Token: Refresh Token Not Found",
    );
}

#[tokio::test]
async fn an_id_token_needs_a_key_that_others_can_check() {
    // AUTH-OSRV-06: with a shared secret alone the scope fails.
    let house = House::with(served()).await;
    let ada = text(&house.person("ada").await, "access_token");
    let client = house.confidential().await;
    let (id, secret) = credentials(&client);
    let code = house
        .approve(&ada, &house.begin(&client, "&scope=openid&nonce=n1").await)
        .await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("code_verifier", VERIFIER),
    ];
    let reply = house.exchange(Some((&id, &secret)), &form).await;
    assert_eq!(reply.status, 500, "{}", reply.text);
    assert_eq!(
        house
            .count("select count(*) from auth.sessions where oauth_client_id is not null")
            .await,
        0
    );
}

#[tokio::test]
async fn an_id_token_says_who_signed_in_and_for_whom() {
    // AUTH-OSRV-06
    let keys = crate::elsewhere::signing_keys();
    let house = House::with_keys(served(), settings::Providers::default(), keys.clone()).await;
    let ada = house.person("ada").await;
    let client = house.confidential().await;
    let (id, secret) = credentials(&client);
    let name = house.begin(&client, "&scope=openid%20email&nonce=n1").await;
    let code = house.approve(&text(&ada, "access_token"), &name).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("code_verifier", VERIFIER),
    ];
    let tokens = house.exchange(Some((&id, &secret)), &form).await.good();
    let token = text(&tokens, "id_token");
    let verifier = jwt::Verifier::new(keys, house.clock.clone());
    verifier.verify(&token, jwt::TimeRules::STRICT).unwrap();
    let said = claims(&token);
    assert_eq!(said["iss"], "http://localhost:8000/auth/v1");
    assert_eq!(
        (&said["sub"], &said["aud"]),
        (&ada["user"]["id"], &json!(id))
    );
    assert_eq!(
        (&said["nonce"], &said["email"], &said["email_verified"]),
        (&json!("n1"), &json!("ada@example.com"), &json!(true))
    );
    assert_eq!(
        said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(),
        3600
    );
    assert!(said["auth_time"].is_i64() && said.get("phone_number").is_none());
    // It is no access token, although the same key signed it.
    let wrong = "invalid claim: missing session_id claim";
    house
        .get(&token, "/user")
        .await
        .fails(403, "bad_jwt", wrong);
    house
        .put(&token, "/user", json!({"password": "another-one"}))
        .await
        .fails(403, "bad_jwt", wrong);
    assert!(said.get("role").is_none());
    // Nor does an application agree to other applications in a person's name.
    let other = house.confidential().await;
    let name = house.begin(&other, "").await;
    let reply = house
        .get(
            &text(&tokens, "access_token"),
            &format!("/oauth/authorizations/{name}"),
        )
        .await;
    reply.fails(
        404,
        "oauth_authorization_not_found",
        "authorization not found",
    );
}
