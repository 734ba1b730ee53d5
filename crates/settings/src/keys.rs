//! The project's secret and API keys.

use base::Secret;

use crate::section::section;

section! {
    /// The project's secret and API keys (made on first start when there are none).
    pub struct Keys in "keys" {
        /// Signs and verifies HS256 tokens; at least 32 bytes, used as the raw text.
        pub jwt_secret: Secret = "", env ["JWT_SECRET", "SUPABASE_JWT_SECRET", "GOTRUE_JWT_SECRET", "PGRST_JWT_SECRET", "API_JWT_SECRET", "AUTH_JWT_SECRET"];
        /// Earlier secrets that still verify, during a rotation.
        pub previous_jwt_secrets: Vec<Secret> = "", env ["JWT_PREVIOUS_SECRETS"];
        /// When they stop doing so, in seconds since 1970. Empty: they go on.
        pub previous_jwt_secrets_until: Option<i64> = "", env ["JWT_PREVIOUS_SECRETS_UNTIL"];
        /// The public API key, a JWT with role `anon`.
        pub anon_key: Secret = "", env ["ANON_KEY", "SUPABASE_ANON_KEY"];
        /// The server API key, a JWT with role `service_role`.
        pub service_role_key: Secret = "", env ["SERVICE_ROLE_KEY", "SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_SERVICE_KEY", "SERVICE_KEY"];
        /// The opaque public key, `sb_publishable_…`.
        pub publishable_key: Secret = "", env ["SUPABASE_PUBLISHABLE_KEY"];
        /// The opaque server key, `sb_secret_…`.
        pub secret_key: Secret = "", env ["SUPABASE_SECRET_KEY"];
        /// The public API key signed with the asymmetric key.
        pub anon_key_asymmetric: Secret = "", env ["ANON_KEY_ASYMMETRIC"];
        /// The server API key signed with the asymmetric key.
        pub service_role_key_asymmetric: Secret = "", env ["SERVICE_ROLE_KEY_ASYMMETRIC"];
        /// JSON array of private JWKs; the first signs, all verify.
        pub jwt_keys: Secret = "", env ["JWT_KEYS", "GOTRUE_JWT_KEYS"];
        /// JSON object `{"keys":[…]}` of JWKs that verify.
        pub jwt_jwks: Secret = "", env ["JWT_JWKS", "JWT_JWKS_JSON"];
        /// Key of `vault`, 32 characters.
        pub vault_enc_key: Secret = "", env ["VAULT_ENC_KEY"];
    }
}
