//! Variables of a self-hosted stack's `.env` that belong to programs which are not here.
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
