//! A provider of accounts, which can be told to misbehave.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use base::Secret;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What the provider says.
#[derive(Debug)]
pub(crate) struct Says {
    /// Members of the ID token that replace what would stand there; null leaves them out.
    pub(crate) claims: Value,
    pub(crate) github: (Value, Value),
    pub(crate) userinfo: Value,
    /// The status of the token endpoint.
    pub(crate) status: u16,
    /// The forms that were posted to it.
    pub(crate) forms: Vec<BTreeMap<String, String>>,
    /// The issuer that its document names, if not itself.
    pub(crate) issuer: Option<String>,
    /// What hooks are answered: status, media type, body; and what they were asked, with its headers.
    pub(crate) hook: (u16, &'static str, String),
    pub(crate) asked: Vec<(http::HeaderMap, String)>,
}

#[derive(Debug, Clone)]
struct Desk {
    url: String,
    keys: jwt::Keys,
    says: Arc<Mutex<Says>>,
}

pub(crate) struct Elsewhere {
    pub(crate) url: String,
    pub(crate) keys: jwt::Keys,
    pub(crate) says: Arc<Mutex<Says>>,
    _serving: JoinSet<()>,
}

/// A signing key of its own, made for these tests.
const KEY: &str = r#"[{"kty":"EC","crv":"P-256","alg":"ES256","kid":"elsewhere","use":"sig","key_ops":["sign","verify"],
  "x":"aFGyANGQWZaXjO8M7te0JFvNUJmWY17shAJaetPSH4c","y":"SkpEAs_t6gtIKo3wEHPteF-flCajD-i_1ckZEJaeQyc","d":"wmw1loz0VWTDHZIUe3o6I8NKgdWDfUjxG4latsBXH7w"}]"#;

pub(crate) const CLIENT: &str = "our-client";

impl Elsewhere {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let keys = signing_keys();
        let says = Arc::new(Mutex::new(Says {
            claims: json!({"sub": "42", "email": "ada@example.com", "email_verified": true, "name": "Ada"}),
            github: (json!({"id": 7, "login": "ada", "name": "Ada"}), json!([])),
            userinfo: json!({}),
            status: 200,
            forms: Vec::new(),
            issuer: None,
            hook: (200, "application/json", "{}".into()),
            asked: Vec::new(),
        }));
        let desk = Desk {
            url: url.clone(),
            keys: keys.clone(),
            says: says.clone(),
        };
        let router = axum::Router::new().fallback(answer).with_state(desk);
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            keys,
            says,
            _serving: serving,
        }
    }

    /// Settings of the providers that are played here.
    pub(crate) fn providers(&self) -> settings::Providers {
        let mut providers = settings::Providers::default();
        for name in ["google", "github", "keycloak", "x"] {
            let provider = providers.get_mut(name).unwrap();
            provider.enabled = true;
            provider.client_id = vec![CLIENT.into(), "our-app".into()];
            provider.secret = Secret::new("our-secret");
            provider.redirect_uri = "http://localhost:8000/auth/v1/callback".into();
            provider.url = self.url.clone();
        }
        providers
    }

    pub(crate) fn says(&self, claims: Value) {
        self.says.lock().unwrap().claims = claims;
    }

    /// An ID token with these claims instead of the usual ones.
    pub(crate) fn id_token(&self, claims: &Value) -> String {
        id_token(&self.url, &self.keys, claims)
    }
}

/// Keys of which everybody may know the public part.
pub(crate) fn signing_keys() -> jwt::Keys {
    let mut settings = settings::Keys::default();
    settings.jwt_keys = Secret::new(KEY);
    jwt::Keys::from_settings(&settings).unwrap()
}

fn id_token(url: &str, keys: &jwt::Keys, claims: &Value) -> String {
    let mut all =
        json!({"iss": url, "aud": CLIENT, "iat": 1_700_000_000, "exp": 4_000_000_000_u64});
    for (name, value) in claims.as_object().unwrap() {
        if value.is_null() {
            all.as_object_mut().unwrap().shift_remove(name);
        } else {
            all[name] = value.clone();
        }
    }
    keys.sign(&all)
}

async fn answer(State(desk): State<Desk>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let headers = request.headers().clone();
    let body = axum::body::to_bytes(request.into_body(), 1 << 20)
        .await
        .unwrap();
    let mut says = desk.says.lock().unwrap();
    let url = &desk.url;
    let issuer = says.issuer.clone().unwrap_or_else(|| url.clone());
    let told = match path.as_str() {
        "/.well-known/openid-configuration" => json!({
            "issuer": issuer, "jwks_uri": format!("{url}/jwks"), "token_endpoint": format!("{url}/token"),
            "authorization_endpoint": format!("{url}/authorize"),
        }),
        "/jwks" => json!({"keys": desk.keys.published()}),
        "/token"
        | "/login/oauth/access_token"
        | "/protocol/openid-connect/token"
        | "/2/oauth2/token" => {
            says.forms
                .push(url::form_urlencoded::parse(&body).into_owned().collect());
            let status = http::StatusCode::from_u16(says.status).unwrap();
            let token = id_token(url, &desk.keys, &says.claims);
            let told = json!({"access_token": "their-token", "refresh_token": "their-refresh", "id_token": token, "token_type": "bearer"});
            return (status, axum::Json(told)).into_response();
        }
        "/hook" => {
            says.asked
                .push((headers, String::from_utf8(body.to_vec()).unwrap()));
            let (status, media, body) = says.hook.clone();
            let status = http::StatusCode::from_u16(status).unwrap();
            return (status, [("content-type", media)], body).into_response();
        }
        "/siteverify" => {
            let form: BTreeMap<String, String> =
                url::form_urlencoded::parse(&body).into_owned().collect();
            let good = form["response"] == "solved" && form["secret"] == "our-secret";
            let codes = if good {
                json!([])
            } else {
                json!(["invalid-input-response", "timeout-or-duplicate"])
            };
            json!({"success": good, "error-codes": codes})
        }
        // The list of leaked passwords, on which is "leaked-password".
        path if path.starts_with("/range/") => {
            use sha1::Digest as _;
            let hash = hex::encode_upper(sha1::Sha1::digest("leaked-password"));
            let list = format!("{}:0\r\n{}:7\r\n", "0".repeat(35), &hash[5..]);
            return if path.ends_with(&hash[..5]) {
                list.into_response()
            } else {
                "".into_response()
            };
        }
        "/api/v3/user" => says.github.0.clone(),
        "/api/v3/user/emails" => says.github.1.clone(),
        "/protocol/openid-connect/userinfo" | "/2/users/me" => says.userinfo.clone(),
        _ => return http::StatusCode::NOT_FOUND.into_response(),
    };
    axum::Json(told).into_response()
}
