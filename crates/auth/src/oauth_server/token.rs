//! What an application is told about a person.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::has_scope;
use crate::Error;
use crate::body::Object;
use crate::service::Inner;
use crate::user::User;

/// How long an ID token is good, seconds.
const LIFETIME: i64 = 3600;

/// The ID token of a sign-in at `auth_time`. Only keys whose public part is known can sign one.
pub(crate) fn id_token(
    service: &Inner,
    user: &User,
    client: Uuid,
    scopes: &str,
    auth_time: i64,
    nonce: Option<&str>,
) -> Result<String, Error> {
    let now = service.clock.unix();
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("iss", json!(service.issuer));
    put("sub", json!(user.id));
    put("aud", json!(client));
    put("iat", json!(now));
    put("exp", json!(now + LIFETIME));
    put("auth_time", json!(auth_time));
    if let Some(nonce) = nonce {
        put("nonce", json!(nonce));
    }
    put("client_id", json!(client));
    if has_scope(scopes, "email") {
        put("email", json!(user.email));
        put(
            "email_verified",
            json!(user.times.email_confirmed.is_some()),
        );
    }
    if has_scope(scopes, "phone") {
        put("phone_number", json!(user.phone));
        put(
            "phone_number_verified",
            json!(user.times.phone_confirmed.is_some()),
        );
    }
    if has_scope(scopes, "profile") {
        profile(&mut claims, user);
    }
    let token = service.keys.sign(&claims);
    if is_symmetric(&token) {
        return Err(Error::Internal(
            "scope openid needs a signing key that is not a shared secret (JWT_KEYS)".into(),
        ));
    }
    Ok(token)
}

fn is_symmetric(token: &str) -> bool {
    let header = token.split('.').next().unwrap_or_default();
    let header: Value = URL_SAFE_NO_PAD
        .decode(header)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    header["alg"]
        .as_str()
        .is_none_or(|alg| alg.starts_with("HS"))
}

fn profile(claims: &mut Object, user: &User) {
    let known = |names: &[&str]| {
        names
            .iter()
            .filter_map(|name| user.user_metadata.get(*name)?.as_str())
            .find(|text| !text.is_empty())
            .map(str::to_owned)
    };
    for (name, sources) in [
        ("name", &["name", "full_name"][..]),
        ("picture", &["picture", "avatar_url"]),
        ("preferred_username", &["preferred_username", "user_name"]),
    ] {
        if let Some(text) = known(sources) {
            claims.insert(name.to_owned(), json!(text));
        }
    }
    let updated = user.times.updated.unwrap_or_default().timestamp();
    claims.insert("updated_at".to_owned(), json!(updated));
}

/// What `GET /oauth/userinfo` tells.
pub(crate) fn userinfo(user: &User, scopes: &str) -> Value {
    let mut told = Map::new();
    told.insert("sub".into(), json!(user.id));
    if has_scope(scopes, "email") {
        told.insert("email".into(), json!(user.email));
        told.insert(
            "email_verified".into(),
            json!(user.times.email_confirmed.is_some()),
        );
    }
    if has_scope(scopes, "profile") {
        profile(&mut told, user);
        told.insert("user_metadata".into(), json!(user.user_metadata));
    }
    if has_scope(scopes, "phone") {
        told.insert("phone".into(), json!(user.phone));
        told.insert(
            "phone_verified".into(),
            json!(user.times.phone_confirmed.is_some()),
        );
    }
    Value::Object(told)
}
