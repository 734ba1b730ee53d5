//! The auth service.

use std::time::Duration;

use crate::section::section;

section! {
    /// The auth service.
    pub struct Auth in "auth" {
        /// The application's address: default redirect target.
        pub site_url: String = "http://localhost:3000", env ["GOTRUE_SITE_URL", "SITE_URL"];
        /// The auth service's own public address; issuer of its tokens. `/auth/v1` is appended to a bare root.
        /// Empty: the gateway's public URL.
        pub external_url: Option<String> = "", env ["GOTRUE_API_EXTERNAL_URL", "API_EXTERNAL_URL"];
        /// Lifetime of access tokens.
        pub jwt_expiry: Duration = "3600", env ["GOTRUE_JWT_EXP", "JWT_EXPIRY"];
        /// `aud` of access tokens.
        pub jwt_audience: String = "authenticated", env ["GOTRUE_JWT_AUD"];
    }
}
