//! Second factors.

use base::Clock as _;
use chrono::TimeDelta;
use hmac::Mac as _;
use serde_json::{Value, json};

use crate::house::{House, Reply, claims, settings, text};
use crate::phone::Provider;

/// The code that an app shows.
fn code(house: &House, secret: &str) -> String {
    let key = data_encoding::BASE32_NOPAD
        .decode(secret.as_bytes())
        .unwrap();
    let mut mac = hmac::Hmac::<sha1::Sha1>::new_from_slice(&key).unwrap();
    mac.update(&(house.clock.unix() / 30).to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes(digest[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

async fn post(house: &House, token: &str, path: &str, body: Value) -> Reply {
    house.ask(token, "POST", path, &body.to_string()).await
}

/// Enrolls an app; the factor's id and secret.
async fn enroll(house: &House, token: &str) -> (String, String) {
    let made = post(house, token, "/factors", json!({"factor_type": "totp"}))
        .await
        .good();
    (text(&made, "id"), text(&made["totp"], "secret"))
}

async fn challenge(house: &House, token: &str, factor: &str) -> String {
    text(
        &post(
            house,
            token,
            &format!("/factors/{factor}/challenge"),
            json!({}),
        )
        .await
        .good(),
        "id",
    )
}

async fn verify(house: &House, token: &str, factor: &str, challenge: &str, code: &str) -> Reply {
    let body = json!({"challenge_id": challenge, "code": code});
    post(house, token, &format!("/factors/{factor}/verify"), body).await
}

#[tokio::test]
async fn an_app_raises_a_session() {
    let house = House::new().await;
    let first = house.person("ada").await;
    house.clock.advance(TimeDelta::seconds(1));
    let other = text(&house.sign_in("ada").await, "access_token");
    let token = text(&first, "access_token");
    // AUTH-MFA-02
    let made = post(
        &house,
        &token,
        "/factors",
        json!({"factor_type": "totp", "friendly_name": "Phone", "issuer": "My App"}),
    )
    .await
    .good();
    assert_eq!(
        (&made["type"], &made["friendly_name"]),
        (&json!("totp"), &json!("Phone"))
    );
    let (factor, secret) = (text(&made, "id"), text(&made["totp"], "secret"));
    assert_eq!(secret.len(), 32);
    assert!(text(&made["totp"], "qr_code").contains("<svg"));
    let uri = format!(
        "otpauth://totp/My%20App:ada%40example.com?algorithm=SHA1&digits=6&issuer=My%20App&period=30&secret={secret}"
    );
    assert_eq!(made["totp"]["uri"], uri);
    // AUTH-OBJ-03
    let shown = &house.get(&token, "/user").await.good()["factors"][0];
    assert_eq!(
        (
            &shown["status"],
            &shown["phone"],
            &shown["last_challenged_at"]
        ),
        (&json!("unverified"), &json!(""), &Value::Null)
    );
    assert!(shown.get("secret").is_none());
    // AUTH-MFA-05
    let asked = post(
        &house,
        &token,
        &format!("/factors/{factor}/challenge"),
        json!({}),
    )
    .await
    .good();
    assert_eq!(asked["type"], "totp");
    // AUTH-MFA-06
    let wrong = verify(&house, &token, &factor, &text(&asked, "id"), "abc").await;
    wrong.fails(422, "mfa_verification_failed", "Invalid TOTP code entered");
    house.clock.advance(TimeDelta::seconds(30));
    let raised = verify(
        &house,
        &token,
        &factor,
        &text(&asked, "id"),
        &code(&house, &secret),
    )
    .await
    .good();
    // AUTH-MFA-08, AUTH-SESS-03
    let (old, new) = (claims(&token), claims(&text(&raised, "access_token")));
    assert_eq!(old["session_id"], new["session_id"]);
    assert_eq!((&old["aal"], &new["aal"]), (&json!("aal1"), &json!("aal2")));
    let methods: Vec<_> = new["amr"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["method"].as_str().unwrap())
        .collect();
    assert_eq!(methods, ["totp", "password"]);
    assert_eq!(raised["user"]["factors"][0]["status"], "verified");
    // The others have to show the factor, too: their sessions are gone.
    house.get(&other, "/user").await.fails(
        403,
        "session_not_found",
        "Session from session_id claim in JWT does not exist",
    );
    // A refresh keeps what was reached.
    let refreshed = house.refresh(&text(&raised, "refresh_token")).await.good();
    assert_eq!(claims(&text(&refreshed, "access_token"))["aal"], "aal2");
    // A challenge is used once.
    let again = verify(
        &house,
        &token,
        &factor,
        &text(&asked, "id"),
        &code(&house, &secret),
    )
    .await;
    again.fails(
        422,
        "mfa_ip_address_mismatch",
        "Challenge and verify IP addresses mismatch.",
    );
    // AUTH-AUDIT-02
    let noted = "select count(*) from auth.audit_log_entries where payload ->> 'action' in ('factor_in_progress', 'challenge_created', 'verification_attempted')";
    assert_eq!(house.count(noted).await, 3);
}

#[tokio::test]
async fn where_there_is_a_factor_the_first_alone_changes_little() {
    let house = House::new().await;
    let token = text(&house.person("ada").await, "access_token");
    let (factor, secret) = enroll(&house, &token).await;
    let asked = challenge(&house, &token, &factor).await;
    verify(&house, &token, &factor, &asked, &code(&house, &secret))
        .await
        .good();
    let low = text(&house.sign_in("ada").await, "access_token");
    assert_eq!(claims(&low)["aal"], "aal1");
    // AUTH-USER-03, AUTH-MFA-03, AUTH-MFA-09
    let reply = house
        .put(&low, "/user", json!({"password": "another-password"}))
        .await;
    reply.fails(
        401,
        "insufficient_aal",
        "AAL2 session is required to update email or password when MFA is enabled.",
    );
    let reply = post(
        &house,
        &low,
        "/factors",
        json!({"factor_type": "totp", "friendly_name": "Second"}),
    )
    .await;
    reply.fails(
        403,
        "insufficient_aal",
        "AAL2 required to enroll a new factor",
    );
    let reply = house
        .ask(&low, "DELETE", &format!("/factors/{factor}"), "")
        .await;
    reply.fails(
        422,
        "insufficient_aal",
        "AAL2 required to unenroll verified factor",
    );
    // With the second everything is possible, and the session falls back when it is gone.
    let asked = challenge(&house, &low, &factor).await;
    let high = verify(&house, &low, &factor, &asked, &code(&house, &secret))
        .await
        .good();
    let token = text(&high, "access_token");
    house
        .put(&token, "/user", json!({"password": "another-password"}))
        .await
        .good();
    let gone = house
        .ask(&token, "DELETE", &format!("/factors/{factor}"), "")
        .await
        .good();
    assert_eq!(gone, json!({"id": factor}));
    let refreshed = house.refresh(&text(&high, "refresh_token")).await.good();
    assert_eq!(claims(&text(&refreshed, "access_token"))["aal"], "aal1");
    assert!(refreshed["user"].get("factors").is_none());
}

#[tokio::test]
async fn what_factors_are_refused_for() {
    let mut settings = settings();
    settings.mfa_max_enrolled_factors = 2;
    let house = House::with(settings).await;
    let token = text(&house.person("ada").await, "access_token");
    let fails = async |body: Value, status, code: &str, message: &str| {
        post(&house, &token, "/factors", body)
            .await
            .fails(status, code, message);
    };
    // AUTH-MFA-03
    fails(
        json!({}),
        400,
        "validation_failed",
        "factor_type needs to be totp, phone, or webauthn",
    )
    .await;
    fails(
        json!({"factor_type": "phone"}),
        422,
        "mfa_phone_enroll_not_enabled",
        "MFA enroll is disabled for Phone",
    )
    .await;
    fails(
        json!({"factor_type": "webauthn"}),
        422,
        "mfa_webauthn_enroll_not_enabled",
        "MFA enroll is disabled for WebAuthn",
    )
    .await;
    let (factor, _) = enroll(&house, &token).await;
    let conflict = "A factor with the friendly name \"\" for this user already exists";
    fails(
        json!({"factor_type": "totp"}),
        422,
        "mfa_factor_name_conflict",
        conflict,
    )
    .await;
    post(
        &house,
        &token,
        "/factors",
        json!({"factor_type": "totp", "friendly_name": "b"}),
    )
    .await
    .good();
    let many = "Maximum number of verified factors reached, unenroll to continue";
    fails(
        json!({"factor_type": "totp", "friendly_name": "c"}),
        422,
        "too_many_enrolled_mfa_factors",
        many,
    )
    .await;
    // What was never finished makes room.
    house.clock.advance(TimeDelta::seconds(301));
    post(
        &house,
        &token,
        "/factors",
        json!({"factor_type": "totp", "friendly_name": "c"}),
    )
    .await
    .good();
    // AUTH-MFA-04
    let unknown = "Factor not found";
    post(
        &house,
        &token,
        &format!("/factors/{factor}/challenge"),
        json!({}),
    )
    .await
    .fails(404, "mfa_factor_not_found", unknown);
    let shape = "factor_id must be an UUID";
    post(&house, &token, "/factors/x/challenge", json!({}))
        .await
        .fails(404, "validation_failed", shape);
    let bob = text(&house.person("bob").await, "access_token");
    let (his, secret) = enroll(&house, &bob).await;
    let asked = challenge(&house, &bob, &his).await;
    let stolen = verify(&house, &token, &his, &asked, &code(&house, &secret)).await;
    stolen.fails(404, "mfa_factor_not_found", unknown);
    // AUTH-MFA-06
    verify(&house, &bob, &his, &asked, "").await.fails(
        400,
        "validation_failed",
        "Code needs to be non-empty",
    );
    for challenge in ["x", "00000000-0000-0000-0000-000000000000"] {
        let reply = verify(&house, &bob, &his, challenge, "123456").await;
        reply.fails(
            422,
            "mfa_factor_not_found",
            "MFA factor with the provided challenge ID not found",
        );
    }
    house.clock.advance(TimeDelta::seconds(301));
    let late = verify(&house, &bob, &his, &asked, &code(&house, &secret)).await;
    let message = format!(
        "MFA challenge {asked} has expired, verify against another challenge or create a new challenge."
    );
    late.fails(422, "mfa_challenge_expired", &message);
    // AUTH-ANON-04, AUTH-MFA-01
    let guest = text(
        &house.post("/signup", json!({})).await.good(),
        "access_token",
    );
    let reply = post(&house, &guest, "/factors", json!({"factor_type": "totp"})).await;
    reply.fails(
        403,
        "no_authorization",
        "Anonymous user not allowed to perform these actions",
    );
}

#[tokio::test]
async fn codes_of_factors_cannot_be_guessed() {
    // AUTH-RATE-03
    let house = House::new().await;
    let token = text(&house.person("ada").await, "access_token");
    let (factor, secret) = enroll(&house, &token).await;
    let asked = challenge(&house, &token, &factor).await;
    for _ in 0..30 {
        assert_eq!(
            verify(&house, &token, &factor, &asked, "x").await.status,
            422
        );
    }
    let reply = verify(&house, &token, &factor, &asked, &code(&house, &secret)).await;
    reply.fails(429, "over_request_rate_limit", "Request rate limit reached");
}

#[tokio::test]
async fn a_code_can_be_made_good_for_once() {
    let mut settings = settings();
    settings.mfa_totp_single_use = true;
    let house = House::with(settings).await;
    let token = text(&house.person("ada").await, "access_token");
    let (factor, secret) = enroll(&house, &token).await;
    let asked = challenge(&house, &token, &factor).await;
    verify(&house, &token, &factor, &asked, &code(&house, &secret))
        .await
        .good();
    let low = text(&house.sign_in("ada").await, "access_token");
    let asked = challenge(&house, &low, &factor).await;
    let replayed = verify(&house, &low, &factor, &asked, &code(&house, &secret)).await;
    replayed.fails(422, "mfa_verification_failed", "Invalid TOTP code entered");
    house.clock.advance(TimeDelta::seconds(30));
    verify(&house, &low, &factor, &asked, &code(&house, &secret))
        .await
        .good();
}

#[tokio::test]
async fn a_phone_can_be_the_second_factor() {
    // AUTH-MFA-02, AUTH-MFA-05
    let provider = Provider::open().await;
    let mut settings = provider.settings();
    settings.email_autoconfirm = true;
    settings.mfa_phone_enroll_enabled = true;
    settings.mfa_phone_verify_enabled = true;
    let house = House::with(settings).await;
    let token = text(&house.person("ada").await, "access_token");
    let missing = post(&house, &token, "/factors", json!({"factor_type": "phone"})).await;
    missing.fails(
        400,
        "validation_failed",
        "Phone number required to enroll Phone factor",
    );
    let body = json!({"factor_type": "phone", "phone": "+4915112345"});
    let made = post(&house, &token, "/factors", body.clone()).await.good();
    assert_eq!(
        (&made["type"], &made["phone"]),
        (&json!("phone"), &json!("4915112345"))
    );
    let factor = text(&made, "id");
    let asked = challenge(&house, &token, &factor).await;
    let code = provider.code("4915112345");
    let soon = post(
        &house,
        &token,
        &format!("/factors/{factor}/challenge"),
        json!({}),
    )
    .await;
    soon.fails(
        429,
        "over_sms_send_rate_limit",
        "For security purposes, you can only request this after 60 seconds.",
    );
    let wrong = verify(&house, &token, &factor, &asked, "x").await;
    wrong.fails(
        422,
        "mfa_verification_failed",
        "Invalid MFA Phone code entered",
    );
    house.clock.advance(TimeDelta::seconds(1));
    let raised = verify(&house, &token, &factor, &asked, &code).await.good();
    assert_eq!(
        claims(&text(&raised, "access_token"))["amr"][0]["method"],
        "mfa/phone"
    );
    let again = post(&house, &text(&raised, "access_token"), "/factors", body).await;
    again.fails(
        422,
        "mfa_verified_factor_exists",
        "A verified phone factor already exists, unenroll the existing factor to continue",
    );
}

#[tokio::test]
async fn admins_see_rename_and_remove_factors() {
    // AUTH-ADMIN-10
    let house = House::new().await;
    let person = house.person("ada").await;
    let (token, id) = (text(&person, "access_token"), text(&person["user"], "id"));
    let service = house.service();
    let path = format!("/admin/users/{id}/factors");
    assert_eq!(house.get(&service, &path).await.good(), json!([]));
    let (factor, secret) = enroll(&house, &token).await;
    let asked = challenge(&house, &token, &factor).await;
    let raised = verify(&house, &token, &factor, &asked, &code(&house, &secret))
        .await
        .good();
    let one = format!("{path}/{factor}");
    assert_eq!(
        house
            .put(&service, &one, json!({"friendly_name": "Old phone"}))
            .await
            .good()["friendly_name"],
        "Old phone"
    );
    assert_eq!(house.get(&service, &path).await.good()[0]["id"], factor);
    assert_eq!(
        house.ask(&service, "DELETE", &one, "").await.good()["id"],
        factor
    );
    assert_eq!(house.get(&service, &path).await.good(), json!([]));
    let refreshed = house.refresh(&text(&raised, "refresh_token")).await.good();
    assert_eq!(claims(&text(&refreshed, "access_token"))["aal"], "aal1");
    house.ask(&service, "DELETE", &one, "").await.fails(
        404,
        "mfa_factor_not_found",
        "Factor not found",
    );
    assert_eq!(house.get(&token, &path).await.status, 403);
}

#[tokio::test]
async fn admins_read_what_was_noted() {
    // AUTH-ADMIN-14
    let house = House::new().await;
    house.person("ada").await;
    house.person("bob").await;
    let wrong = json!({"email": "ada@example.com", "password": "x"});
    house.post("/token?grant_type=password", wrong).await;
    let service = house.service();
    let reply = house.get(&service, "/admin/audit?per_page=3").await;
    assert_eq!(reply.good().as_array().unwrap().len(), 3);
    assert_eq!(reply.header("x-total-count"), "4");
    let ada = house
        .get(&service, "/admin/audit?query=author:ada")
        .await
        .good();
    assert_eq!(ada.as_array().unwrap().len(), 2);
    assert_eq!(ada[0]["payload"]["actor_username"], "ada@example.com");
    let logins = house
        .get(&service, "/admin/audit?query=action:login")
        .await
        .good();
    assert_eq!(logins.as_array().unwrap().len(), 2);
    let reply = house.get(&service, "/admin/audit?query=color:red").await;
    reply.fails(400, "validation_failed", "Invalid query scope: color:red");
    assert_eq!(
        house.sign_in("ada").await["user"]["email"],
        "ada@example.com"
    );
}

#[tokio::test]
async fn a_session_without_the_factor_ends_where_that_is_wished() {
    // AUTH-SESS-04
    let mut settings = settings();
    settings.session_allow_low_aal = std::time::Duration::from_secs(3_600);
    let house = House::with(settings).await;
    let token = text(&house.person("ada").await, "access_token");
    let (factor, secret) = enroll(&house, &token).await;
    let asked = challenge(&house, &token, &factor).await;
    let code = code(&house, &secret);
    let high = verify(&house, &token, &factor, &asked, &code).await.good();
    let low = house.sign_in("ada").await;
    house.person("bob").await;
    let bob = house.sign_in("bob").await;
    // AUTH-SESS-06: no token outlives its session.
    house.clock.advance(TimeDelta::seconds(1_800));
    let low = house.refresh(&text(&low, "refresh_token")).await.good();
    let bob = house.refresh(&text(&bob, "refresh_token")).await.good();
    let left = |session: &Value| {
        let said = claims(&text(session, "access_token"));
        let left = said["exp"].as_i64().unwrap() - house.clock.unix();
        assert_eq!(session["expires_in"].as_i64(), Some(left));
        left
    };
    assert_eq!((left(&low), left(&bob)), (1_800, 3_600));
    house.clock.advance(TimeDelta::seconds(1_801));
    let reply = house.refresh(&text(&low, "refresh_token")).await;
    let message = "Invalid Refresh Token: Session Expired (Low AAL: User Needs MFA Verification)";
    reply.fails(400, "session_expired", message);
    house.refresh(&text(&high, "refresh_token")).await.good();
    house.refresh(&text(&bob, "refresh_token")).await.good();
}
