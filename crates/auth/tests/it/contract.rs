//! What clients, operators and migrated data rely on, across the endpoints.

use std::time::Duration;

use axum::body::Body;
use base::Clock as _;
use http::Request;
use serde_json::{Value, json};

use crate::house::{House, PASSWORD, claims, confirming, request, settings, text};

#[tokio::test]
async fn only_a_bearer_token_shows_who_somebody_is() {
    // AUTH-HTTP-12
    let house = House::new().await;
    let token = text(&house.person("ada").await, "access_token");
    let with = async |name: &str, value: String| {
        let request = Request::get("/user").header(name, value);
        house.send(request.body(Body::empty()).unwrap()).await
    };
    for good in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("BEARER {token}"),
    ] {
        with("authorization", good).await.good();
    }
    let missing = "This endpoint requires a valid Bearer token";
    for wrong in [
        token.clone(),
        format!("Basic {token}"),
        format!("Bearer {token} x"),
        "Bearer".into(),
        format!("Token {token}"),
    ] {
        with("authorization", wrong)
            .await
            .fails(401, "no_authorization", missing);
    }
    with("apikey", token.clone())
        .await
        .fails(401, "no_authorization", missing);
    with("cookie", format!("access_token={token}"))
        .await
        .fails(401, "no_authorization", missing);
}

#[tokio::test]
async fn a_failure_of_ours_tells_nothing_of_its_cause() {
    // AUTH-ERR-03, AUTH-HTTP-10
    let house = House::new().await;
    let ada = house.person("ada").await;
    house
        .sql("alter table auth.users rename column raw_user_meta_data to hidden")
        .await;
    let mut request = request(&text(&ada, "access_token"), "GET", "/user", "");
    request
        .extensions_mut()
        .insert(web::RequestId("req-1".into()));
    let reply = house.send(request).await;
    let told = "Unexpected failure, please check server logs for more information";
    reply.fails(500, "unexpected_failure", told);
    assert_eq!(reply.json()["error_id"], "req-1");
    assert!(
        !reply.text.contains("column") && !reply.text.contains("raw_user"),
        "{}",
        reply.text
    );
}

#[tokio::test]
async fn a_request_that_waits_too_long_is_given_up_and_undone() {
    // AUTH-HTTP-05
    let mut settings = settings();
    settings.max_request_duration = Duration::from_secs(2);
    let house = House::with(settings).await;
    let id = "11111111-1111-4111-8111-111111111111";
    house.sql(&format!("insert into auth.users (id, email, aud) values ('{id}', 'ada@example.com', 'authenticated')")).await;
    let ada = house.token(json!({"sub": id, "role": "authenticated", "aud": "authenticated"}));
    // Nobody lets go of the row until the answer is there.
    house.sql("begin; select from auth.users for update").await;
    let reply = house
        .put(&ada, "/user", json!({"data": {"late": true}}))
        .await;
    reply.fails(
        504,
        "request_timeout",
        "Processing this request timed out, please retry after a moment.",
    );
    house.sql("commit").await;
    let late = "select count(*) from auth.users where raw_user_meta_data ? 'late'";
    assert_eq!(house.count(late).await, 0);
}

#[tokio::test]
async fn the_clients_address_is_the_one_that_the_gateway_found() {
    // AUTH-HTTP-07
    let house = House::new().await;
    house.person("ada").await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD}).to_string();
    let mut request = request("", "POST", "/token?grant_type=password", &body);
    request
        .headers_mut()
        .insert("x-forwarded-for", "198.51.100.9".parse().unwrap());
    request.extensions_mut().insert(web::Peer {
        ip: "203.0.113.7".parse().unwrap(),
        scheme: "https".into(),
        host: "app.example.com".into(),
        prefix: "/auth/v1",
    });
    house.send(request).await.good();
    assert_eq!(
        house
            .count("select count(*) from auth.sessions where ip = '203.0.113.7'")
            .await,
        1
    );
    assert_eq!(
        house
            .count("select count(*) from auth.sessions where ip = '198.51.100.9'")
            .await,
        0
    );
}

#[tokio::test]
async fn what_is_told_on_purpose_stays_told() {
    // AUTH-ENUM-02
    let house = House::new().await;
    house.person("ada").await;
    let ada = json!({"email": "ada@example.com", "password": PASSWORD});
    house.post("/signup", ada.clone()).await.fails(
        422,
        "user_already_exists",
        "User already registered",
    );
    let wrong = json!({"email": "ada@example.com", "password": "wrong-one"});
    house.post("/token?grant_type=password", wrong).await.fails(
        400,
        "invalid_credentials",
        "Invalid login credentials",
    );
    let unknown = json!({"email": "nobody@example.com", "create_user": false});
    house
        .post("/otp", unknown)
        .await
        .fails(422, "otp_disabled", "Signups not allowed for otp");
    house
        .sql("update auth.users set email_confirmed_at = null")
        .await;
    house
        .post("/token?grant_type=password", ada.clone())
        .await
        .fails(400, "email_not_confirmed", "Email not confirmed");
    house.sql("update auth.users set email_confirmed_at = now(), banned_until = now() + interval '1 day'").await;
    house
        .post("/token?grant_type=password", ada)
        .await
        .fails(400, "user_banned", "User is banned");
}

#[tokio::test]
async fn users_who_were_written_by_sql_sign_in_and_keep_their_old_id() {
    // AUTH-MIG-01, AUTH-MIG-04, AUTH-TOKEN-06
    let house = House::new().await;
    let hash = bcrypt::hash(PASSWORD, 4).unwrap();
    house
        .sql(&format!(
            "insert into auth.users (instance_id, id, aud, role, email, encrypted_password, email_confirmed_at,
               raw_app_meta_data, raw_user_meta_data, created_at, updated_at, confirmation_token, recovery_token,
               email_change_token_new, email_change)
             values ('00000000-0000-0000-0000-000000000000', '11111111-1111-5111-8111-111111111111', 'authenticated',
               'authenticated', 'old@example.com', '{hash}', now(),
               jsonb_build_object('provider', 'email', 'providers', array['email'], 'legacy_id', 42), jsonb_build_object(), now(), now(), '', '', '', '');
             insert into auth.identities (provider, provider_id, user_id, identity_data, created_at, updated_at)
             select 'email', id::text, id, jsonb_build_object('sub', id, 'email', email, 'email_verified', true,
               'phone_verified', false), now(), now() from auth.users",
        ))
        .await;
    let session = house.sign_in("old").await;
    let said = claims(&text(&session, "access_token"));
    assert_eq!(said["sub"], "11111111-1111-5111-8111-111111111111");
    assert_eq!(said["app_metadata"]["legacy_id"], 42);
    let set = "select set_config('request.jwt.claims', $1, false)";
    house
        .admin
        .query_one(set, &[&said.to_string()])
        .await
        .unwrap();
    let read = "select auth.jwt() -> 'app_metadata' ->> 'legacy_id'";
    let seen = house.admin.query_one(read, &[]).await.unwrap();
    assert_eq!(seen.get::<_, String>(0), "42");
    // AUTH-MIG-06
    let twice = "insert into auth.users (id, email) values (gen_random_uuid(), 'old@example.com')";
    let error = house.admin.batch_execute(twice).await.unwrap_err();
    assert_eq!(
        error.as_db_error().unwrap().constraint(),
        Some("users_email_partial_key")
    );
}

#[tokio::test]
async fn users_who_were_never_confirmed_confirm_by_recovery() {
    // AUTH-MIG-07
    let house = House::with(confirming()).await;
    house.person("ada").await;
    house.sql("update auth.users set confirmation_token = '', confirmation_sent_at = null; delete from auth.one_time_tokens").await;
    house.mails().await;
    let ada = json!({"email": "ada@example.com", "password": PASSWORD});
    house
        .post("/token?grant_type=password", ada.clone())
        .await
        .fails(400, "email_not_confirmed", "Email not confirmed");
    house
        .post("/recover", json!({"email": "ada@example.com"}))
        .await
        .good();
    let link = house.mail().await.link();
    let landing = house.follow(&link).await;
    assert!(landing.fragment.contains_key("access_token"), "{landing:?}");
    house.post("/token?grant_type=password", ada).await.good();
}

#[tokio::test]
async fn a_user_in_any_answer_has_what_strict_clients_read() {
    // AUTH-CLIENT-02, AUTH-CLIENT-05, AUTH-MFA-10, AUTH-ERR-10
    let house = House::new().await;
    let session = house.person("ada").await;
    house
        .sql(
            "insert into auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at, secret)
             select gen_random_uuid(), id, 'totp', 'verified', now(), now(), 'x' from auth.users",
        )
        .await;
    let again = house.sign_in("ada").await;
    assert_eq!(again["user"]["factors"][0]["status"], "verified");
    assert_eq!(claims(&text(&again, "access_token"))["aal"], "aal1");
    let fresh = house.refresh(&text(&again, "refresh_token")).await.good();
    assert_eq!(fresh["user"]["factors"][0]["factor_type"], "totp");
    let own = house
        .get(&text(&again, "access_token"), "/user")
        .await
        .good();
    let listed = house.get(&house.service(), "/admin/users").await.good()["users"][0].clone();
    for session in [&session, &again, &fresh] {
        assert!(session["access_token"].is_string() && session["refresh_token"].is_string());
        assert!(session["expires_in"].is_i64());
        assert_eq!(
            session["expires_at"].as_i64(),
            Some(house.clock.unix() + 3600)
        );
    }
    for user in [
        &session["user"],
        &again["user"],
        &fresh["user"],
        &own,
        &listed,
    ] {
        for name in [
            "id",
            "aud",
            "role",
            "email",
            "phone",
            "created_at",
            "updated_at",
        ] {
            assert!(user[name].is_string(), "{name}: {user}");
        }
        for name in ["app_metadata", "user_metadata"] {
            assert!(user[name].is_object(), "{name}: {user}");
        }
        for name in ["created_at", "updated_at", "last_sign_in_at"] {
            if let Some(time) = user[name].as_str() {
                assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok(), "{time}");
            }
        }
    }
    for identity in own["identities"].as_array().unwrap() {
        for name in ["id", "identity_id", "user_id", "provider", "created_at"] {
            assert!(identity[name].is_string(), "{name}: {identity}");
        }
        assert!(identity["identity_data"].is_object());
    }
}

#[tokio::test]
async fn a_lost_session_and_a_busy_server_are_told_apart() {
    // AUTH-CLIENT-04: any 4xx signs the user out, any 5xx is tried again.
    let mut settings = settings();
    settings.max_request_duration = Duration::from_secs(2);
    let busy = House::with(settings).await;
    busy.sql("begin; lock table auth.refresh_tokens").await;
    assert_eq!(busy.refresh("abcdefghijkl").await.status, 504);
    busy.sql("rollback").await;
    let house = House::new().await;
    let token = text(&house.person("ada").await, "refresh_token");
    house.sql("delete from auth.sessions").await;
    let gone = house.refresh(&token).await;
    gone.fails(
        400,
        "refresh_token_not_found",
        "Invalid Refresh Token: Refresh Token Not Found",
    );
}

#[tokio::test]
async fn what_dashboards_read_by_sql_is_there_for_the_owner_of_the_project() {
    // AUTH-CLIENT-06, AUTH-DB-04
    let house = House::new().await;
    house.person("ada").await;
    house.sql("set role postgres").await;
    let users = "select count(*) from auth.users as u join auth.identities as i on i.user_id = u.id
                 where u.email ilike '%ada%' and u.raw_app_meta_data ->> 'provider' = i.provider
                   and u.banned_until is null and not u.is_anonymous and u.last_sign_in_at is not null";
    assert_eq!(house.count(users).await, 1);
    house.sql("reset role").await;
    let admin = house.service();
    let id: Value = house.get(&admin, "/admin/users").await.good()["users"][0]["id"].clone();
    let path = format!("/admin/users/{}", id.as_str().unwrap());
    let banned = house
        .put(&admin, &path, json!({"ban_duration": "24h"}))
        .await
        .good();
    assert!(banned["banned_until"].is_string());
    let free = house
        .put(&admin, &path, json!({"ban_duration": "none"}))
        .await
        .good();
    assert!(free.get("banned_until").is_none());
    for path in ["/recover", "/magiclink"] {
        house
            .ask(&admin, "POST", path, r#"{"email":"ada@example.com"}"#)
            .await;
    }
    house.ask(&admin, "DELETE", &path, "").await.good();
}

#[tokio::test]
async fn a_browser_reads_what_came_of_its_journey() {
    // AUTH-CLIENT-03
    let house = House::with(confirming()).await;
    house.person("ada").await;
    let link = house.mail().await.link();
    let landing = house.follow(&link).await;
    for name in [
        "access_token",
        "expires_in",
        "expires_at",
        "refresh_token",
        "token_type",
        "type",
        "sb",
    ] {
        assert!(landing.fragment.contains_key(name), "{name}: {landing:?}");
    }
    assert_eq!(landing.fragment["type"], "signup");
    let landing = house.follow(&link).await;
    assert_eq!(landing.fragment["error"], "access_denied");
    assert_eq!(landing.fragment["error_code"], "otp_expired");
    assert!(!landing.fragment["error_description"].is_empty());
    assert!(!landing.fragment.contains_key("access_token"));
}

#[tokio::test]
async fn what_is_set_too_low_is_raised_in_silence() {
    // AUTH-CONF-06
    let mut settings = confirming();
    settings.password_min_length = 1;
    settings.mailer_otp_length = 20;
    settings.mfa_challenge_expiry = Duration::from_secs(1);
    settings.flow_state_expiry = Duration::from_secs(1);
    let house = House::with(settings).await;
    let short = json!({"email": "ada@example.com", "password": "12345"});
    let reply = house.post("/signup", short).await;
    reply.fails(
        422,
        "weak_password",
        "Password should be at least 6 characters.",
    );
    house.person("ada").await;
    let mail = house.mail().await;
    assert_eq!(mail.code().len(), 6);
    let landing = house.follow(&mail.link()).await;
    let token = &landing.fragment["access_token"];
    let body = json!({"factor_type": "totp"}).to_string();
    let factor = house.ask(token, "POST", "/factors", &body).await.good();
    let path = format!("/factors/{}/challenge", text(&factor, "id"));
    let challenge = house.ask(token, "POST", &path, "{}").await.good();
    assert_eq!(
        challenge["expires_at"].as_i64(),
        Some(house.clock.unix() + 300)
    );
}
