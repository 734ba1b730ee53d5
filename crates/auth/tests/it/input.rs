//! Any JSON of any type in any field gives an error of the service's own, never a 500.

use serde_json::{Value, json};

use crate::house::{House, confirming, text};

/// Every endpoint that reads a body, and the fields it knows.
const ENDPOINTS: [(&str, &str, &[&str]); 25] = [
    (
        "POST",
        "/factors",
        &["factor_type", "friendly_name", "issuer", "phone"],
    ),
    ("POST", "/factors/{factor}/challenge", &["channel"]),
    (
        "POST",
        "/factors/{factor}/verify",
        &["challenge_id", "code"],
    ),
    (
        "POST",
        "/signup",
        &[
            "email",
            "phone",
            "password",
            "data",
            "channel",
            "code_challenge",
            "code_challenge_method",
            "gotrue_meta_security",
        ],
    ),
    (
        "POST",
        "/token?grant_type=password",
        &["email", "phone", "password"],
    ),
    (
        "POST",
        "/token?grant_type=refresh_token",
        &["refresh_token"],
    ),
    (
        "POST",
        "/token?grant_type=pkce",
        &["auth_code", "code_verifier"],
    ),
    (
        "POST",
        "/otp",
        &[
            "email",
            "phone",
            "create_user",
            "data",
            "channel",
            "code_challenge",
            "code_challenge_method",
        ],
    ),
    (
        "POST",
        "/magiclink",
        &["email", "data", "code_challenge", "code_challenge_method"],
    ),
    (
        "POST",
        "/recover",
        &["email", "code_challenge", "code_challenge_method"],
    ),
    (
        "POST",
        "/resend",
        &["type", "email", "phone", "code_challenge"],
    ),
    (
        "POST",
        "/verify",
        &[
            "type",
            "token",
            "token_hash",
            "email",
            "phone",
            "redirect_to",
        ],
    ),
    ("POST", "/invite", &["email", "data"]),
    (
        "POST",
        "/admin/generate_link",
        &[
            "type",
            "email",
            "new_email",
            "password",
            "data",
            "redirect_to",
        ],
    ),
    (
        "PUT",
        "/user",
        &[
            "email",
            "phone",
            "password",
            "current_password",
            "nonce",
            "data",
            "app_metadata",
            "channel",
            "code_challenge",
        ],
    ),
    (
        "POST",
        "/admin/users",
        &[
            "id",
            "aud",
            "role",
            "email",
            "phone",
            "password",
            "password_hash",
            "email_confirm",
            "phone_confirm",
            "user_metadata",
            "app_metadata",
            "ban_duration",
        ],
    ),
    (
        "POST",
        "/token?grant_type=id_token",
        &[
            "id_token",
            "provider",
            "client_id",
            "issuer",
            "access_token",
            "nonce",
            "link_identity",
        ],
    ),
    (
        "POST",
        "/token?grant_type=web3",
        &["chain", "message", "signature"],
    ),
    ("POST", "/admin/oauth/clients", CLIENT),
    ("PUT", "/admin/oauth/clients/{client}", CLIENT),
    ("POST", "/oauth/clients/register", CLIENT),
    (
        "POST",
        "/oauth/token",
        &[
            "grant_type",
            "client_id",
            "client_secret",
            "code",
            "code_verifier",
            "refresh_token",
        ],
    ),
    ("POST", "/oauth/authorizations/x/consent", &["action"]),
    ("POST", "/admin/custom-providers", PROVIDER),
    ("PUT", "/admin/custom-providers/custom:x", PROVIDER),
];

const CLIENT: &[&str] = &[
    "redirect_uris",
    "client_type",
    "token_endpoint_auth_method",
    "grant_types",
    "client_name",
    "client_uri",
    "logo_uri",
];

const PROVIDER: &[&str] = &[
    "provider_type",
    "identifier",
    "name",
    "client_id",
    "client_secret",
    "acceptable_client_ids",
    "scopes",
    "pkce_enabled",
    "attribute_mapping",
    "custom_claims_allowlist",
    "authorization_params",
    "issuer",
    "discovery_url",
    "authorization_url",
    "token_url",
    "userinfo_url",
    "jwks_uri",
];

/// A body that would be good.
fn good(path: &str) -> Value {
    match path {
        "/resend" => json!({"type": "signup", "email": "ada@example.com"}),
        "/verify" => json!({"type": "signup", "email": "ada@example.com", "token": "123456"}),
        "/admin/generate_link" => json!({"type": "magiclink", "email": "ada@example.com"}),
        "/token?grant_type=refresh_token" => json!({"refresh_token": "abcdefghijkl"}),
        "/token?grant_type=pkce" => json!({"auth_code": "x", "code_verifier": "y"}),
        "/user" => json!({}),
        "/factors" => json!({"factor_type": "totp", "friendly_name": "x"}),
        "/signup" => json!({"email": "bob@example.com", "password": "correct-horse"}),
        "/admin/users" => json!({"email": "eve@example.com"}),
        "/oauth/clients/register" | "/admin/oauth/clients" => {
            json!({"redirect_uris": ["https://app.example.com/cb"]})
        }
        "/oauth/token" => {
            json!({"grant_type": "refresh_token", "client_id": "x", "client_secret": "y"})
        }
        "/oauth/authorizations/x/consent" => json!({"action": "approve"}),
        "/token?grant_type=web3" => {
            json!({"chain": "ethereum", "message": "x".repeat(100), "signature": "00".repeat(65)})
        }
        "/token?grant_type=id_token" => json!({"provider": "google", "id_token": "a.b.c"}),
        // A number in the place of a name: nobody is asked where it is.
        "/admin/custom-providers" => {
            json!({"provider_type": "oauth2", "identifier": "custom:x", "name": "X",
            "client_id": "c", "client_secret": "s", "authorization_url": "https://192.88.99.1/a",
            "token_url": "https://192.88.99.1/t", "userinfo_url": "https://192.88.99.1/u"})
        }
        path if path.starts_with("/admin/custom-providers/")
            || path.starts_with("/admin/oauth/clients/") =>
        {
            json!({})
        }
        _ => json!({"email": "ada@example.com", "password": "correct-horse"}),
    }
}

fn values() -> Vec<Value> {
    let mut values = vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1.5e300),
        json!(18_446_744_073_709_551_615_u64),
        json!(""),
        json!("\u{0}"),
        json!("a\u{0}b@example.com"),
        json!("\u{ffff}\u{202e}é"),
        json!("' or 1=1 --"),
        json!("{{ .Token }}"),
        json!("a".repeat(70_000)),
        json!([]),
        json!([null, {}]),
        json!({}),
        json!({"a": {"b": [1, "\u{0}"]}}),
        json!({"sub": 1, "email": [], "provider": {}, "\u{0}": 1}),
    ];
    values.push((0..100).fold(json!(1), |inner, _| json!([inner])));
    values
}

#[tokio::test]
async fn no_value_in_any_field_is_a_failure_of_ours() {
    let mut settings = confirming();
    settings.rate_limits = false;
    settings.smtp_max_frequency = std::time::Duration::ZERO;
    settings.email_autoconfirm = true;
    settings.oauth_server_enabled = true;
    settings.oauth_server_allow_dynamic_registration = true;
    settings.web3_solana_enabled = true;
    settings.web3_ethereum_enabled = true;
    let house = House::with(settings).await;
    let token = text(&house.person("ada").await, "access_token");
    let service = house.service();
    let made = house
        .ask(&token, "POST", "/factors", "{\"factor_type\":\"totp\"}")
        .await
        .good();
    let factor = text(&made, "id");
    let body = good("/admin/oauth/clients").to_string();
    let made = house
        .ask(&service, "POST", "/admin/oauth/clients", &body)
        .await;
    let client = text(&made.json(), "client_id");
    for (method, path, fields) in ENDPOINTS {
        let path = &path
            .replace("{factor}", &factor)
            .replace("{client}", &client);
        let who = match path.as_str() {
            "/user" | "/oauth/authorizations/x/consent" => &token,
            "/invite" => &service,
            path if path.starts_with("/factors") => &token,
            path if path.starts_with("/admin") => &service,
            _ => "",
        };
        for field in fields {
            for value in values() {
                let mut body = good(path);
                body[*field] = value;
                check(&house, who, method, path, &body.to_string()).await;
            }
        }
        for body in [
            "",
            "null",
            "[]",
            "1",
            "\"x\"",
            "{",
            "{\"email\":}",
            "\u{feff}{}",
            "{\"email\":\"a@b.c\",\"email\":1}",
            "nul",
        ] {
            check(&house, who, method, path, body).await;
        }
        let deep = "[".repeat(100_000);
        check(&house, who, method, path, &deep).await;
    }
}

async fn check(house: &House, who: &str, method: &str, path: &str, body: &str) {
    let reply = house.ask(who, method, path, body).await;
    let shown: String = body.chars().take(300).collect();
    assert!(
        reply.status.as_u16() < 500,
        "{method} {path} {shown}: {} {}",
        reply.status,
        reply.text
    );
    if !reply.status.is_success() {
        let error = reply.json();
        assert!(
            (error["error_code"].is_string() && error["msg"].is_string())
                // AUTH-ERR-05
                || (error["error"].is_string() && error["error_description"].is_string()),
            "{method} {path} {shown}: {error}"
        );
    }
}

#[tokio::test]
async fn no_query_and_no_path_is_a_failure_of_ours() {
    let mut settings = confirming();
    settings.rate_limits = false;
    settings.oauth_server_enabled = true;
    let house = House::with(settings).await;
    let service = house.service();
    for part in [
        "%00",
        "%ff%fe",
        "..%2f",
        "%E2%80%AE",
        "a%20b",
        "'",
        "1e309",
        "-1",
        "99999999999999999999",
        "%F0%9F%A6%80",
    ] {
        for path in [
            format!("/verify?type=signup&token={part}"),
            format!("/verify?type={part}&token=x"),
            format!("/verify?type=signup&token=pkce_{part}&redirect_to={part}"),
            format!("/token?grant_type={part}"),
            format!("/admin/users/{part}"),
            format!("/admin/users?page={part}"),
            format!("/admin/users?per_page={part}"),
            format!("/admin/users?filter={part}&sort={part}"),
            format!("/logout?scope={part}"),
            format!("/mailbox/{part}"),
            format!("/authorize?provider={part}&scopes={part}&invite_token={part}"),
            format!("/authorize?provider=custom:{part}"),
            format!("/callback?state={part}&code={part}"),
            format!("/oauth/authorize?client_id={part}&redirect_uri={part}&state={part}"),
            format!("/oauth/authorizations/{part}"),
            format!("/oauth/authorizations/{part}/consent"),
            format!("/user/oauth/grants?client_id={part}"),
            format!("/admin/oauth/clients/{part}"),
            format!("/admin/oauth/clients?page={part}"),
            format!("/admin/custom-providers/{part}"),
            format!("/admin/custom-providers?type={part}"),
        ] {
            for method in ["GET", "POST", "PUT", "DELETE"] {
                let reply = house.ask(&service, method, &path, "{}").await;
                assert!(
                    reply.status.as_u16() < 500,
                    "{method} {path}: {} {}",
                    reply.status,
                    reply.text
                );
            }
        }
    }
}
