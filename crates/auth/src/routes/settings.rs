//! `GET /settings`

use axum::response::Response;
use serde_json::{Map, json};

use super::ok;
use crate::service::Inner;

/// Providers that clients look for.
const PROVIDERS: [&str; 24] = [
    "apple",
    "azure",
    "bitbucket",
    "discord",
    "facebook",
    "snapchat",
    "figma",
    "fly",
    "github",
    "gitlab",
    "google",
    "keycloak",
    "kakao",
    "linkedin",
    "linkedin_oidc",
    "notion",
    "spotify",
    "slack",
    "slack_oidc",
    "workos",
    "twitch",
    "twitter",
    "zoom",
    "anonymous_users",
];

pub(super) fn get(service: &Inner) -> Response {
    let settings = &service.settings;
    let mut external: Map<_, _> = PROVIDERS
        .iter()
        .map(|name| ((*name).to_owned(), json!(service.providers.is_on(name))))
        .collect();
    external.insert("anonymous_users".into(), json!(settings.anonymous_enabled));
    external.insert("email".into(), json!(settings.email_enabled));
    external.insert("phone".into(), json!(settings.phone_enabled));
    ok(&json!({
        "external": external,
        "disable_signup": settings.disable_signup,
        "mailer_autoconfirm": settings.email_autoconfirm,
        "phone_autoconfirm": settings.phone_autoconfirm,
        "sms_provider": settings.sms_provider,
        "saml_enabled": false,
        "saml_private_key_next_configured": false,
        "passkeys_enabled": false,
    }))
}
