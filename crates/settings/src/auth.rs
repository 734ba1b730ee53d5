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
        /// `iss` of access tokens. Empty: the service's public address.
        pub jwt_issuer: Option<String> = "", env ["GOTRUE_JWT_ISSUER"];
        /// Lifetime of access tokens.
        pub jwt_expiry: Duration = "3600", env ["GOTRUE_JWT_EXP", "JWT_EXPIRY"];
        /// `aud` of access tokens.
        pub jwt_audience: String = "authenticated", env ["GOTRUE_JWT_AUD"];
        /// `role` of new users.
        pub jwt_default_role: String = "authenticated", env ["GOTRUE_JWT_DEFAULT_GROUP_NAME"];
        /// Roles whose tokens open the admin endpoints.
        pub jwt_admin_roles: Vec<String> = "service_role,supabase_admin", env ["GOTRUE_JWT_ADMIN_ROLES"];

        /// Nobody may sign up.
        pub disable_signup: bool = "false", env ["GOTRUE_DISABLE_SIGNUP", "DISABLE_SIGNUP"];
        /// Sign-up and sign-in by e-mail.
        pub email_enabled: bool = "true", env ["GOTRUE_EXTERNAL_EMAIL_ENABLED", "ENABLE_EMAIL_SIGNUP"];
        /// E-mail addresses count as confirmed without a mail.
        pub email_autoconfirm: bool = "false", env ["GOTRUE_MAILER_AUTOCONFIRM", "ENABLE_EMAIL_AUTOCONFIRM"];
        /// Sign-up and sign-in by phone.
        pub phone_enabled: bool = "false", env ["GOTRUE_EXTERNAL_PHONE_ENABLED", "ENABLE_PHONE_SIGNUP"];
        /// Phone numbers count as confirmed without a message.
        pub phone_autoconfirm: bool = "false", env ["GOTRUE_SMS_AUTOCONFIRM", "ENABLE_PHONE_AUTOCONFIRM"];
        /// The provider of text messages.
        pub sms_provider: String = "", env ["GOTRUE_SMS_PROVIDER"];
        /// Users without an address.
        pub anonymous_enabled: bool = "false",
            env ["GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED", "ENABLE_ANONYMOUS_USERS"];

        /// Shortest password; never less than 6.
        pub password_min_length: usize = "6", env ["GOTRUE_PASSWORD_MIN_LENGTH", "PASSWORD_MIN_LENGTH"];
        /// Sets of characters between colons, of each of which a password must have one.
        pub password_required_characters: String = "", env ["GOTRUE_PASSWORD_REQUIRED_CHARACTERS"];
        /// Work factor of new bcrypt hashes.
        pub bcrypt_cost: u32 = "10", env ["GOTRUE_SECURITY_BCRYPT_COST"];
        /// How long a request waits for its turn to hash a password.
        pub hash_wait: Duration = "5s", env [];
        /// A new password needs the current one.
        pub require_current_password: bool = "false",
            env ["GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD"];

        /// A refresh token that is used twice ends its family.
        pub refresh_rotation: bool = "true",
            env ["GOTRUE_SECURITY_REFRESH_TOKEN_ROTATION_ENABLED", "REFRESH_TOKEN_ROTATION_ENABLED"];
        /// How long a refresh token may be used again.
        pub refresh_reuse_interval: Duration = "0",
            env ["GOTRUE_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL", "SECURITY_REFRESH_TOKEN_REUSE_INTERVAL"];
        /// How long a session lives at most. 0: for ever.
        pub session_timebox: Duration = "0", env ["GOTRUE_SESSIONS_TIMEBOX"];
        /// How long a session lives without being refreshed. 0: for ever.
        pub session_inactivity: Duration = "0", env ["GOTRUE_SESSIONS_INACTIVITY_TIMEOUT"];

        /// Limit requests by the client's address.
        pub rate_limits: bool = "true", env [];
        /// Calls of `/token` in 5 minutes.
        pub rate_limit_token: f64 = "150", env ["GOTRUE_RATE_LIMIT_TOKEN_REFRESH", "RATE_LIMIT_TOKEN_REFRESH"];
        /// Calls of `/signup` and of `PUT /user` in 5 minutes, each.
        pub rate_limit_otp: f64 = "30", env ["GOTRUE_RATE_LIMIT_OTP", "RATE_LIMIT_OTP"];
        /// Anonymous sign-ups in an hour.
        pub rate_limit_anonymous: f64 = "30",
            env ["GOTRUE_RATE_LIMIT_ANONYMOUS_USERS", "RATE_LIMIT_ANONYMOUS_USERS"];

        /// The audit log is not written to the database.
        pub audit_log_disable_postgres: bool = "false", env ["GOTRUE_AUDIT_LOG_DISABLE_POSTGRES"];
        /// Longest a request may take.
        pub max_request_duration: Duration = "10s", env ["GOTRUE_API_MAX_REQUEST_DURATION"];
    }
}
