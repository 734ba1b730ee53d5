//! Sign-up.

use serde_json::{Value, json};

use crate::house::{House, PASSWORD, claims, request, settings, text};

#[tokio::test]
async fn a_sign_up_that_is_confirmed_at_once_gets_a_session() {
    let house = House::new().await;
    let body = json!({"email": "Ada@Example.com", "password": PASSWORD, "data": {"name": "Ada", "sub": "x", "none": null}});
    let reply = house.post("/signup", body).await;
    // AUTH-HTTP-03
    assert_eq!(reply.header("content-type"), "application/json");
    let body = reply.good();
    // AUTH-OBJ-04, AUTH-SIGNUP-05
    assert_eq!(body["token_type"], "bearer");
    assert_eq!(body["expires_in"], 3600);
    let user = &body["user"];
    // AUTH-OBJ-01, AUTH-OBJ-06
    assert_eq!(user["email"], "ada@example.com");
    assert_eq!(user["phone"], "");
    assert_eq!(user["role"], "authenticated");
    assert_eq!(user["aud"], "authenticated");
    assert_eq!(user["is_anonymous"], false);
    assert!(user["email_confirmed_at"].is_string());
    assert_eq!(user["email_confirmed_at"], user["confirmed_at"]);
    assert!(user.get("factors").is_none());
    assert!(user.get("confirmation_sent_at").is_none());
    // AUTH-SIGNUP-06
    let metadata = json!({"name": "Ada", "sub": user["id"], "email": "ada@example.com",
        "email_verified": true, "phone_verified": false});
    assert_eq!(user["user_metadata"], metadata);
    assert_eq!(
        user["app_metadata"],
        json!({"provider": "email", "providers": ["email"]})
    );
    // AUTH-OBJ-02
    let identity = &user["identities"][0];
    assert_eq!(identity["id"], user["id"]);
    assert_eq!(identity["user_id"], user["id"]);
    assert_ne!(identity["identity_id"], user["id"]);
    assert_eq!(identity["identity_data"], metadata);
    assert_eq!(identity["provider"], "email");
    assert_eq!(identity["email"], "ada@example.com");
    // AUTH-JWT-01
    let claims = claims(&text(&body, "access_token"));
    assert_eq!(claims["iss"], "http://localhost:8000/auth/v1");
    assert_eq!(claims["sub"], user["id"]);
    assert_eq!(claims["aud"], "authenticated");
    assert_eq!(claims["exp"], body["expires_at"]);
    assert_eq!(claims["aal"], "aal1");
    assert_eq!(claims["amr"][0]["method"], "password");
    assert_eq!(claims["amr"][0]["timestamp"], claims["iat"]);
    assert_eq!(claims["phone"], "");
    assert_eq!(claims["is_anonymous"], false);
    assert!(claims.get("jti").is_none() && claims.get("nbf").is_none());
    // AUTH-PWD-05
    let hashes = "select count(*) from auth.users where encrypted_password like '$2a$04$%'";
    assert_eq!(house.count(hashes).await, 1);
    // AUTH-AUDIT-01
    let noted = "select count(*) from auth.audit_log_entries where payload ->> 'action' in ('user_signedup', 'login') \
                 and payload ->> 'actor_username' = 'ada@example.com'";
    assert_eq!(house.count(noted).await, 2);
}

#[tokio::test]
async fn with_confirmations_nobody_learns_who_is_registered() {
    let mut settings = settings();
    settings.email_autoconfirm = false;
    settings.phone_autoconfirm = false;
    let house = House::with(settings).await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "data": {"a": 1}});
    let minute = chrono::TimeDelta::minutes(1);
    // AUTH-SIGNUP-04
    let user = house.post("/signup", body.clone()).await.good();
    assert!(user["confirmation_sent_at"].is_string());
    assert!(user.get("email_confirmed_at").is_none());
    assert!(user.get("access_token").is_none());
    assert_eq!(user["user_metadata"]["email_verified"], false);
    // AUTH-TOKEN-03
    let reply = house.post("/token?grant_type=password", body.clone()).await;
    reply.fails(400, "email_not_confirmed", "Email not confirmed");
    // AUTH-SIGNUP-07
    let other = json!({"email": "ada@example.com", "password": "another-one", "data": {"a": 2}});
    let soon = "For security purposes, you can only request this after 60 seconds.";
    let reply = house.post("/signup", other.clone()).await;
    reply.fails(429, "over_email_send_rate_limit", soon);
    house.clock.advance(minute);
    let again = house.post("/signup", other.clone()).await.good();
    assert_eq!(again["id"], user["id"]);
    assert_eq!(again["user_metadata"], user["user_metadata"]);
    // AUTH-SIGNUP-08
    house
        .sql("update auth.users set email_confirmed_at = now()")
        .await;
    let fabricated = house.post("/signup", other).await.good();
    assert_ne!(fabricated["id"], user["id"]);
    assert_eq!(fabricated["identities"], json!([]));
    assert_eq!(fabricated["role"], "");
    assert_eq!(fabricated["user_metadata"], json!({"a": 2}));
    assert_eq!(fabricated["app_metadata"], user["app_metadata"]);
    assert!(fabricated["confirmation_sent_at"].is_string());
    assert_eq!(house.count("select count(*) from auth.users").await, 1);
}

#[tokio::test]
async fn the_first_broken_rule_answers() {
    // AUTH-SIGNUP-01
    let house = House::new().await;
    let fails = async |body: Value, status: u16, code: &str, message: &str| {
        house
            .post("/signup", body)
            .await
            .fails(status, code, message);
    };
    let wrong = "validation_failed";
    fails(
        json!({"email": "a@b"}),
        400,
        wrong,
        "Signup requires a valid password",
    )
    .await;
    let long = "a".repeat(73);
    let message = "Password cannot be longer than 72 characters";
    fails(
        json!({"email": "a@b", "password": long}),
        400,
        wrong,
        message,
    )
    .await;
    let message = "Password should be at least 6 characters.";
    fails(
        json!({"email": "x", "password": "short"}),
        422,
        "weak_password",
        message,
    )
    .await;
    let both = json!({"email": "a@b", "phone": "123", "password": PASSWORD});
    let message = "Only an email address or phone number should be provided on signup.";
    fails(both, 400, wrong, message).await;
    let channel = json!({"phone": "4915112345", "password": PASSWORD, "channel": "pigeon"});
    let message = "Invalid channel, supported values are 'sms' or 'whatsapp'. 'whatsapp' is only supported if \
                   Twilio or Twilio Verify is used as the provider.";
    fails(channel, 400, wrong, message).await;
    let pkce = json!({"email": "a@b", "password": PASSWORD, "code_challenge": "x"});
    let message = "PKCE flow requires code_challenge_method and code_challenge";
    fails(pkce, 400, wrong, message).await;
    let message = "Unable to validate email address: invalid format";
    fails(
        json!({"email": "nobody", "password": PASSWORD}),
        400,
        wrong,
        message,
    )
    .await;
    let message = "Invalid phone number format (E.164 required)";
    fails(
        json!({"phone": "0", "password": PASSWORD}),
        400,
        wrong,
        message,
    )
    .await;
    // AUTH-ERR-04
    let reply = house
        .post("/signup", json!({"email": "a@b", "password": "short"}))
        .await;
    assert_eq!(
        reply.json()["weak_password"],
        json!({"reasons": ["length"]})
    );
    assert_eq!(house.count("select count(*) from auth.users").await, 0);
}

#[tokio::test]
async fn what_is_switched_off_is_refused() {
    let mut settings = settings();
    settings.email_enabled = false;
    settings.phone_enabled = false;
    settings.anonymous_enabled = false;
    let house = House::with(settings.clone()).await;
    let mail = json!({"email": "a@b", "password": PASSWORD});
    let phone = json!({"phone": "4915112345", "password": PASSWORD});
    let reply = house.post("/signup", mail.clone()).await;
    reply.fails(400, "email_provider_disabled", "Email signups are disabled");
    let reply = house.post("/signup", phone.clone()).await;
    reply.fails(400, "phone_provider_disabled", "Phone signups are disabled");
    // AUTH-TOKEN-03
    let reply = house.post("/token?grant_type=password", mail.clone()).await;
    reply.fails(422, "email_provider_disabled", "Email logins are disabled");
    let reply = house.post("/token?grant_type=password", phone).await;
    reply.fails(422, "phone_provider_disabled", "Phone logins are disabled");
    // AUTH-ANON-01
    let reply = house.post("/signup", json!({})).await;
    reply.fails(
        422,
        "anonymous_provider_disabled",
        "Anonymous sign-ins are disabled",
    );
    settings.disable_signup = true;
    settings.anonymous_enabled = true;
    let house = House::with(settings).await;
    for body in [mail, json!({})] {
        let reply = house.post("/signup", body).await;
        reply.fails(
            422,
            "signup_disabled",
            "Signups not allowed for this instance",
        );
    }
    // AUTH-INFO-02
    let told = house.get("", "/settings").await.good();
    assert_eq!(told["disable_signup"], true);
    assert_eq!(told["external"]["anonymous_users"], true);
    assert_eq!(told["external"]["email"], false);
    assert_eq!(told["external"]["github"], false);
    assert_eq!(told["external"].as_object().unwrap().len(), 26);
    // AUTH-INFO-01
    assert_eq!(house.get("", "/health").await.good()["name"], "GoTrue");
}

#[tokio::test]
async fn people_sign_up_by_phone_and_without_any_address() {
    let house = House::new().await;
    // AUTH-SIGNUP-03, AUTH-SIGNUP-06
    let body = json!({"phone": "+49 151 12345", "password": PASSWORD});
    let reply = house.post("/signup", body.clone()).await.good();
    assert_eq!(reply["user"]["phone"], "4915112345");
    assert_eq!(reply["user"]["email"], "");
    assert_eq!(reply["user"]["user_metadata"]["phone_verified"], true);
    assert!(reply["user"]["user_metadata"].get("email").is_none());
    house.post("/token?grant_type=password", body).await.good();
    // AUTH-ANON-02
    let reply = house
        .post("/signup", json!({"data": {"guest": true}}))
        .await
        .good();
    let user = &reply["user"];
    assert_eq!(user["is_anonymous"], true);
    assert_eq!(user["email"], "");
    assert_eq!(user["app_metadata"], json!({}));
    assert_eq!(user["user_metadata"], json!({"guest": true}));
    assert_eq!(user["identities"], json!([]));
    let claims = claims(&text(&reply, "access_token"));
    assert_eq!(claims["is_anonymous"], true);
    assert_eq!(claims["role"], "authenticated");
    assert_eq!(claims["amr"][0]["method"], "anonymous");
}

#[tokio::test]
async fn of_twenty_sign_ups_with_one_address_one_wins() {
    let house = House::new().await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let replies =
        futures_util::future::join_all((0..20).map(|_| house.post("/signup", body.clone()))).await;
    let won = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(won, 1);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        // AUTH-SIGNUP-08
        reply.fails(422, "user_already_exists", "User already registered");
    }
    assert_eq!(house.count("select count(*) from auth.identities").await, 1);
}

#[tokio::test]
async fn no_body_is_so_strange_that_it_breaks_the_service() {
    // AUTH-HTTP-01
    let house = House::new().await;
    let token = text(&house.person("ada").await, "access_token");
    let strange = [
        "null",
        "true",
        "1e999",
        "-0",
        "\"\"",
        "\"\\u0000\"",
        "[]",
        "[[]]",
        "{}",
        "{\"a\":{\"\\u0000\":1}}",
        "{\"guest\":\"\\u0000\"}",
        "1",
        "\"\\ud83d\\ude00\"",
    ];
    let fields = [
        "email",
        "phone",
        "password",
        "data",
        "channel",
        "code_challenge",
        "code_challenge_method",
        "refresh_token",
        "app_metadata",
        "user_metadata",
        "nonce",
        "current_password",
        "id",
        "aud",
        "role",
        "password_hash",
        "email_confirm",
        "phone_confirm",
        "ban_duration",
        "should_soft_delete",
    ];
    let id = house.get(&token, "/user").await.good()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let service = house.service();
    let doors = [
        ("", "POST", "/signup".to_owned()),
        ("", "POST", "/token?grant_type=password".to_owned()),
        ("", "POST", "/token?grant_type=refresh_token".to_owned()),
        (token.as_str(), "PUT", "/user".to_owned()),
        (service.as_str(), "POST", "/admin/users".to_owned()),
        (service.as_str(), "PUT", format!("/admin/users/{id}")),
    ];
    for (door, (token, method, path)) in doors.iter().enumerate() {
        for body in ["", "{", "[]", "3", "\"x\"", "nul"] {
            let reply = house.ask(token, method, path, body).await;
            assert_eq!(reply.status, 400, "{path} {body}");
            assert_eq!(reply.json()["error_code"], "bad_json", "{path} {body}");
            assert!(
                text(&reply.json(), "msg").starts_with("Could not parse request body as JSON: ")
            );
        }
        for field in fields {
            for value in strange {
                let body = format!(
                    "{{\"email\":\"q{door}@example.com\",\"password\":\"correct-horse\",\"{field}\":{value}}}"
                );
                let reply = house.ask(token, method, path, &body).await;
                assert!(
                    reply.status.as_u16() < 500,
                    "{method} {path} {body}: {}",
                    reply.text
                );
            }
        }
    }
}

#[tokio::test]
async fn a_body_has_a_greatest_size() {
    // AUTH-HTTP-04
    let house = House::new().await;
    let reply = house
        .ask("", "POST", "/signup", &" ".repeat((1 << 20) + 1))
        .await;
    let message = "Request body too large (max 1048576 bytes)";
    reply.fails(413, "request_entity_too_large", message);
}

#[tokio::test]
async fn a_trigger_that_refuses_leaves_no_row() {
    // AUTH-SIGNUP-13, AUTH-ERR-06
    let house = House::new().await;
    house
        .sql(
            "create function public.refuse() returns trigger language plpgsql
               as $$ begin raise exception 'not you' using hint = 'go'; end $$;
             create trigger refuse before insert on auth.users for each row execute function public.refuse()",
        )
        .await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let reply = house.post("/signup", body.clone()).await;
    assert_eq!(reply.status, 500);
    assert_eq!(
        reply.json(),
        json!({"code": "P0001", "message": "not you", "hint": "go"})
    );
    // AUTH-ERR-01
    let mut asked = request("", "POST", "/signup", &body.to_string());
    asked
        .headers_mut()
        .insert("x-supabase-api-version", "2024-01-01".parse().unwrap());
    let reply = house.send(asked).await;
    let told = json!({"code": "unexpected_failure", "message": "Database error saving new user"});
    assert_eq!(reply.json(), told);
    assert_eq!(reply.header("x-supabase-api-version"), "2024-01-01");
    assert_eq!(house.count("select count(*) from auth.users").await, 0);
}

#[tokio::test]
async fn one_address_cannot_sign_up_without_end() {
    // AUTH-RATE-02
    let house = House::new().await;
    let from = |ip: [u8; 4]| {
        let mut asked = request("", "POST", "/signup", "{\"email\":\"a@b\"}");
        asked.extensions_mut().insert(web::Peer {
            ip: ip.into(),
            scheme: "http".into(),
            host: "localhost".into(),
            prefix: "/auth/v1",
        });
        asked
    };
    for _ in 0..30 {
        assert_eq!(house.send(from([10, 0, 0, 1])).await.status, 400);
    }
    let reply = house.send(from([10, 0, 0, 1])).await;
    reply.fails(429, "over_request_rate_limit", "Request rate limit reached");
    assert_eq!(house.send(from([10, 0, 0, 2])).await.status, 400);
}
