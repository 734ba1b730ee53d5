//! Variables of a self-hosted stack's `.env` that belong to programs or parts of programs which are not here.
//!
//! An existing `.env` starts the program unchanged; what has no effect is named once, with the reason, so that nobody
//! waits for it.

use crate::{Layers, Settings};

/// A variable without effect, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stranger {
    /// Its name.
    pub name: &'static str,
    /// Why it has none.
    pub why: Why,
}

/// Why a variable has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The database is this program's own, or given whole by `PASSERELLE_DATABASE_URL`.
    DatabaseByUrl,
    /// There is no pooler; clients use PostgreSQL directly.
    NoPooler,
    /// Logs are files of this program's.
    OwnLogs,
    /// TLS is this program's own, or a proxy's that is not started here.
    OwnTls,
    /// No part of this program reads it yet.
    NotBuilt,
}

const fn stranger(name: &'static str, why: Why) -> Stranger {
    Stranger { name, why }
}

/// All of them.
pub const STRANGERS: &[Stranger] = &[
    stranger("POSTGRES_HOST", Why::DatabaseByUrl),
    stranger("POOLER_PROXY_PORT_TRANSACTION", Why::NoPooler),
    stranger("POOLER_MAX_CLIENT_CONN", Why::NoPooler),
    stranger("POOLER_TENANT_ID", Why::NoPooler),
    stranger("LOGFLARE_PUBLIC_ACCESS_TOKEN", Why::OwnLogs),
    stranger("LOGFLARE_PRIVATE_ACCESS_TOKEN", Why::OwnLogs),
    stranger("GOOGLE_PROJECT_ID", Why::OwnLogs),
    stranger("GOOGLE_PROJECT_NUMBER", Why::OwnLogs),
    stranger("DOCKER_SOCKET_LOCATION", Why::OwnLogs),
    stranger("PROXY_DOMAIN", Why::OwnTls),
    stranger("CERTBOT_EMAIL", Why::OwnTls),
    stranger("PROXY_AUTH_USERNAME", Why::OwnTls),
    stranger("PROXY_AUTH_PASSWORD", Why::OwnTls),
    stranger("PG_META_CRYPTO_KEY", Why::NotBuilt),
    stranger("REALTIME_DB_ENC_KEY", Why::NotBuilt),
    stranger("MINIO_ROOT_USER", Why::NotBuilt),
    stranger("MINIO_ROOT_PASSWORD", Why::NotBuilt),
    stranger("S3_PROTOCOL_ACCESS_KEY_ID", Why::NotBuilt),
    stranger("S3_PROTOCOL_ACCESS_KEY_SECRET", Why::NotBuilt),
    stranger("IMGPROXY_ENABLE_WEBP_DETECTION", Why::NotBuilt),
    stranger("IMGPROXY_AUTO_WEBP", Why::NotBuilt),
    stranger("STUDIO_DEFAULT_ORGANIZATION", Why::NotBuilt),
    stranger("STUDIO_DEFAULT_PROJECT", Why::NotBuilt),
    stranger("OPENAI_API_KEY", Why::NotBuilt),
    stranger("FUNCTIONS_VERIFY_JWT", Why::NotBuilt),
    stranger("GOTRUE_MFA_WEB_AUTHN_ENROLL_ENABLED", Why::NotBuilt),
    stranger("GOTRUE_MFA_WEB_AUTHN_VERIFY_ENABLED", Why::NotBuilt),
    stranger("GOTRUE_WEBAUTHN_RP_ID", Why::NotBuilt),
    stranger("GOTRUE_WEBAUTHN_RP_DISPLAY_NAME", Why::NotBuilt),
    stranger("GOTRUE_WEBAUTHN_RP_ORIGINS", Why::NotBuilt),
    stranger("GOTRUE_WEBAUTHN_CHALLENGE_EXPIRY_DURATION", Why::NotBuilt),
    stranger("GOTRUE_PASSKEY_ENABLED", Why::NotBuilt),
    stranger("GOTRUE_PASSKEY_MAX_PASSKEYS_PER_USER", Why::NotBuilt),
    stranger("GOTRUE_RATE_LIMIT_PASSKEY", Why::NotBuilt),
    stranger("GOTRUE_SAML_ENABLED", Why::NotBuilt),
    stranger("GOTRUE_SAML_PRIVATE_KEY", Why::NotBuilt),
    stranger("GOTRUE_SAML_PRIVATE_KEY_NEXT", Why::NotBuilt),
    stranger("GOTRUE_SAML_ALLOW_ENCRYPTED_ASSERTIONS", Why::NotBuilt),
    stranger("GOTRUE_SAML_RELAY_STATE_VALIDITY_PERIOD", Why::NotBuilt),
    stranger("GOTRUE_SAML_EXTERNAL_URL", Why::NotBuilt),
    stranger("GOTRUE_SAML_RATE_LIMIT_ASSERTION", Why::NotBuilt),
    stranger("GOTRUE_RATE_LIMIT_SSO", Why::NotBuilt),
    stranger("GOTRUE_JWT_KEY_ID", Why::NotBuilt),
    stranger("GOTRUE_MAILER_EMAIL_VALIDATION_EXTENDED", Why::NotBuilt),
    stranger("GOTRUE_MAILER_EMAIL_VALIDATION_SERVICE_URL", Why::NotBuilt),
    stranger(
        "GOTRUE_MAILER_EMAIL_VALIDATION_SERVICE_HEADERS",
        Why::NotBuilt,
    ),
    stranger("GOTRUE_MAILER_EMAIL_VALIDATION_BLOCKED_MX", Why::NotBuilt),
    stranger(
        "GOTRUE_SECURITY_REFRESH_TOKEN_ALGORITHM_VERSION",
        Why::NotBuilt,
    ),
    stranger(
        "GOTRUE_SECURITY_REFRESH_TOKEN_UPGRADE_PERCENTAGE",
        Why::NotBuilt,
    ),
    stranger("GOTRUE_SECURITY_REFRESH_TOKEN_ALLOW_REUSE", Why::NotBuilt),
    stranger("GOTRUE_SECURITY_DB_ENCRYPTION_ENCRYPT", Why::NotBuilt),
    stranger(
        "GOTRUE_SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY_ID",
        Why::NotBuilt,
    ),
    stranger(
        "GOTRUE_SECURITY_DB_ENCRYPTION_ENCRYPTION_KEY",
        Why::NotBuilt,
    ),
    stranger(
        "GOTRUE_SECURITY_DB_ENCRYPTION_DECRYPTION_KEYS",
        Why::NotBuilt,
    ),
    stranger("GOTRUE_SESSIONS_SINGLE_PER_USER", Why::NotBuilt),
    stranger("GOTRUE_SESSIONS_TAGS", Why::NotBuilt),
    stranger(
        "GOTRUE_EXPERIMENTAL_CURSOR_PAGINATION_ENABLED",
        Why::NotBuilt,
    ),
    stranger("GOTRUE_EXPERIMENTAL_SCIM_ENABLED", Why::NotBuilt),
    stranger(
        "GOTRUE_EXPERIMENTAL_CREATE_EMAIL_IDENTITY_ON_PASSWORD_SET_ENABLED",
        Why::NotBuilt,
    ),
    stranger(
        "GOTRUE_INDEX_WORKER_ENSURE_USER_SEARCH_INDEXES_EXIST",
        Why::NotBuilt,
    ),
    stranger("GOTRUE_PASSWORD_HIBP_BLOOM_ENABLED", Why::NotBuilt),
    stranger("GOTRUE_EXTERNAL_TWITTER_ENABLED", Why::NotBuilt),
    stranger("GOTRUE_EXTERNAL_LINKEDIN_ENABLED", Why::NotBuilt),
    stranger("GOTRUE_EXTERNAL_SLACK_ENABLED", Why::NotBuilt),
    stranger("GOTRUE_EXTERNAL_SNAPCHAT_ENABLED", Why::NotBuilt),
    stranger("GOTRUE_EXTERNAL_VERCEL_MARKETPLACE_ENABLED", Why::NotBuilt),
    stranger("GOTRUE_EXTERNAL_SKIP_NONCE_CHECK", Why::NotBuilt),
    stranger("GOTRUE_CORS_ALLOWED_HEADERS", Why::NotBuilt),
    stranger("GOTRUE_DB_DRIVER", Why::DatabaseByUrl),
    stranger("GOTRUE_DB_DATABASE_URL", Why::DatabaseByUrl),
    stranger("GOTRUE_DB_NAMESPACE", Why::DatabaseByUrl),
    stranger("GOTRUE_DB_MIGRATIONS_PATH", Why::DatabaseByUrl),
    stranger("GOTRUE_LOG_LEVEL", Why::OwnLogs),
    stranger("GOTRUE_LOG_FILE", Why::OwnLogs),
    stranger("GOTRUE_LOG_SQL", Why::OwnLogs),
    stranger("GOTRUE_LOG_FIELDS", Why::OwnLogs),
    stranger("GOTRUE_SMTP_LOGGING_ENABLED", Why::OwnLogs),
    stranger("GOTRUE_TRACING_ENABLED", Why::OwnLogs),
    stranger("GOTRUE_METRICS_ENABLED", Why::OwnLogs),
];

impl Layers {
    /// The strangers that somebody gave a value, unless a setting has come to read them.
    pub fn strangers(&self) -> Vec<Stranger> {
        let fields = Settings::fields();
        let is_read = |name: &str| fields.iter().any(|field| field.env.contains(&name));
        let given = |stranger: &&Stranger| {
            !is_read(stranger.name)
                && self
                    .variable(stranger.name)
                    .is_some_and(|value| !value.is_empty())
        };
        STRANGERS.iter().filter(given).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Origin;

    /// Every variable of a self-hosted stack's `.env`, without those of mail and of the sign-in providers.
    const NAMES: &str = "POSTGRES_PASSWORD JWT_SECRET ANON_KEY SERVICE_ROLE_KEY DASHBOARD_USERNAME DASHBOARD_PASSWORD \
        SECRET_KEY_BASE VAULT_ENC_KEY PG_META_CRYPTO_KEY REALTIME_DB_ENC_KEY SUPABASE_PUBLISHABLE_KEY \
        SUPABASE_SECRET_KEY ANON_KEY_ASYMMETRIC SERVICE_ROLE_KEY_ASYMMETRIC JWT_KEYS JWT_JWKS POSTGRES_HOST \
        POSTGRES_DB POSTGRES_PORT SUPABASE_PUBLIC_URL API_EXTERNAL_URL SITE_URL KONG_HTTP_PORT KONG_HTTPS_PORT \
        API_GW_HTTP_PORT JWT_EXPIRY DISABLE_SIGNUP ENABLE_EMAIL_SIGNUP ENABLE_EMAIL_AUTOCONFIRM \
        ENABLE_ANONYMOUS_USERS ENABLE_PHONE_SIGNUP ENABLE_PHONE_AUTOCONFIRM PGRST_DB_SCHEMAS PGRST_DB_MAX_ROWS \
        PGRST_DB_EXTRA_SEARCH_PATH FILE_SIZE_LIMIT GLOBAL_S3_BUCKET REGION STORAGE_TENANT_ID \
        S3_PROTOCOL_ACCESS_KEY_ID S3_PROTOCOL_ACCESS_KEY_SECRET MINIO_ROOT_USER MINIO_ROOT_PASSWORD \
        IMGPROXY_ENABLE_WEBP_DETECTION IMGPROXY_AUTO_WEBP POOLER_PROXY_PORT_TRANSACTION POOLER_DEFAULT_POOL_SIZE \
        POOLER_MAX_CLIENT_CONN POOLER_TENANT_ID POOLER_DB_POOL_SIZE STUDIO_DEFAULT_ORGANIZATION \
        STUDIO_DEFAULT_PROJECT OPENAI_API_KEY FUNCTIONS_VERIFY_JWT LOGFLARE_PUBLIC_ACCESS_TOKEN \
        LOGFLARE_PRIVATE_ACCESS_TOKEN GOOGLE_PROJECT_ID GOOGLE_PROJECT_NUMBER DOCKER_SOCKET_LOCATION PROXY_DOMAIN \
        CERTBOT_EMAIL PROXY_AUTH_USERNAME PROXY_AUTH_PASSWORD";

    // GW-ENV-01, GW-ENV-02, GW-ENV-03, GW-ENV-04, GW-ENV-05, GW-ENV-06, GW-ENV-08, GW-ENV-09, GW-ENV-10, GW-ENV-11,
    // GW-ENV-12, GW-ENV-13, GW-ENV-14: each name is a setting's, or named as one without effect.
    #[test]
    fn every_name_of_a_self_hosted_stack_is_read_or_named() {
        let fields = Settings::fields();
        for name in NAMES.split_whitespace() {
            let is_read = fields.iter().any(|field| field.env.contains(&name));
            let is_named = STRANGERS.iter().any(|stranger| stranger.name == name);
            assert!(is_read || is_named, "{name}");
        }
    }

    /// Every variable of the auth service that its documentation names, with the endings that belong to a beginning.
    const AUTH: &str = include_str!("auth_variables.txt");

    // AUTH-CONF-01, AUTH-CONF-02, AUTH-CONF-03, AUTH-CONF-04, AUTH-CONF-05: none is passed over in silence.
    #[test]
    fn every_name_of_the_auth_service_is_read_or_named() {
        let fields = Settings::fields();
        for name in AUTH.split_whitespace() {
            let mut layers = Layers::default();
            layers.add_variables([(name, "x")], Origin::Environment);
            let is_read = fields.iter().any(|field| field.env.contains(&name));
            let without_effect = layers
                .strangers()
                .iter()
                .any(|stranger| stranger.name == name);
            let unknown = layers.unknown_variables(&["GOTRUE_"]);
            // In one way, and in one only.
            let said = u8::from(is_read) + u8::from(without_effect) + u8::from(!unknown.is_empty());
            assert_eq!(said, 1, "{name}: {is_read} {without_effect} {unknown:?}");
            assert!(
                is_read || without_effect || DECIDED.contains(&name),
                "{name}"
            );
        }
    }

    /// Where one program decides for all its parts.
    const DECIDED: [&str; 8] = [
        "GOTRUE_API_HOST",
        "GOTRUE_API_PORT",
        "GOTRUE_OPERATOR_TOKEN",
        "GOTRUE_RATE_LIMIT_HEADER",
        "GOTRUE_SECURITY_SB_FORWARDED_FOR_ENABLED",
        "GOTRUE_MAILER_EXTERNAL_HOSTS",
        "GOTRUE_JWT_ADMIN_GROUP_NAME",
        "GOTRUE_DB_MAX_IDLE_POOL_SIZE",
    ];

    #[test]
    fn only_strangers_with_a_value_are_named() {
        let mut layers = Layers::default();
        let given = [
            ("POSTGRES_HOST", "db"),
            ("OPENAI_API_KEY", ""),
            ("JWT_EXPIRY", "60"),
            ("MINE", "x"),
        ];
        layers.add_variables(given, Origin::Environment);
        assert_eq!(
            layers.strangers(),
            [stranger("POSTGRES_HOST", Why::DatabaseByUrl)]
        );
    }
}
