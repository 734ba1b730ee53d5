//! `GET /.well-known/jwks.json` and `GET /.well-known/openid-configuration`

use axum::response::Response;
use http::{HeaderValue, header};
use serde_json::json;

use super::ok;
use crate::service::Inner;
use crate::{Error, oauth_server};

pub(super) fn jwks(service: &Inner) -> Response {
    let mut response = ok(&json!({ "keys": service.keys.published() }));
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=600"),
    );
    response
}

/// The same document for applications, where people may sign in to them.
pub(super) fn server(service: &Inner) -> Result<Response, Error> {
    oauth_server::enabled(service)?;
    Ok(discovery(service))
}

pub(super) fn discovery(service: &Inner) -> Response {
    let base = service.issuer.trim_end_matches('/');
    let mut document = json!({
        "issuer": service.issuer,
        "authorization_endpoint": format!("{base}/oauth/authorize"),
        "token_endpoint": format!("{base}/oauth/token"),
        "jwks_uri": format!("{base}/.well-known/jwks.json"),
        "userinfo_endpoint": format!("{base}/oauth/userinfo"),
        "scopes_supported": ["openid", "profile", "email", "phone", "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "HS256", "ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256", "plain"],
        "claims_supported": [
            "sub", "aud", "iss", "exp", "iat", "auth_time", "nonce", "email", "email_verified",
            "phone_number", "phone_number_verified", "name", "picture", "preferred_username", "updated_at",
        ],
    });
    let settings = &service.settings;
    if settings.oauth_server_enabled && settings.oauth_server_allow_dynamic_registration {
        document["registration_endpoint"] = json!(format!("{base}/oauth/clients/register"));
    }
    let mut response = ok(&document);
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=600"),
    );
    response
}
