//! The auth service.

use std::time::Duration;

use base::Secret;

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

        /// Where browsers may be sent besides `site_url`: globs.
        pub uri_allow_list: Vec<String> = "", env ["GOTRUE_URI_ALLOW_LIST", "ADDITIONAL_REDIRECT_URLS"];
        /// How long a PKCE flow may take once its code was issued; never less than five minutes.
        pub flow_state_expiry: Duration = "300s", env ["GOTRUE_EXTERNAL_FLOW_STATE_EXPIRY_DURATION"];

        /// The mail server. Empty: no mail is sent.
        pub smtp_host: String = "", env ["GOTRUE_SMTP_HOST", "SMTP_HOST"];
        /// Its port; on 465 TLS comes first, elsewhere STARTTLS is used where it is offered.
        pub smtp_port: u16 = "587", env ["GOTRUE_SMTP_PORT", "SMTP_PORT"];
        /// Name to log in with. Empty: no log-in. A password goes to another machine only through TLS.
        pub smtp_user: String = "", env ["GOTRUE_SMTP_USER", "SMTP_USER"];
        /// Password to log in with.
        pub smtp_pass: Secret = "", env ["GOTRUE_SMTP_PASS", "SMTP_PASS"];
        /// The sender's address.
        pub smtp_admin_email: String = "", env ["GOTRUE_SMTP_ADMIN_EMAIL", "SMTP_ADMIN_EMAIL"];
        /// The sender's name.
        pub smtp_sender_name: String = "", env ["GOTRUE_SMTP_SENDER_NAME", "SMTP_SENDER_NAME"];
        /// Shortest time between two mails of a kind to one user.
        pub smtp_max_frequency: Duration = "1m", env ["GOTRUE_SMTP_MAX_FREQUENCY"];
        /// More headers, a JSON object of lists; `$messageType` stands for the template's name.
        pub smtp_headers: String = "", env ["GOTRUE_SMTP_HEADERS"];
        /// Catch mail instead of sending it; it is shown at `/mailbox`. For development only.
        pub mailbox: bool = "false", env [];

        /// Mail is sent after the answer, by the durable queue. `false`: within the request, which fails with it.
        pub mailer_background_sending: bool = "true", env ["GOTRUE_MAILER_EMAIL_BACKGROUND_SENDING"];
        /// How long codes and links in mails are good.
        pub mailer_otp_exp: Duration = "86400", env ["GOTRUE_MAILER_OTP_EXP", "MAILER_OTP_EXP"];
        /// Digits of codes in mails, 6 to 10.
        pub mailer_otp_length: usize = "6", env ["GOTRUE_MAILER_OTP_LENGTH", "MAILER_OTP_LENGTH"];
        /// A change of address is confirmed at the old address, too.
        pub mailer_secure_email_change: bool = "true", env ["GOTRUE_MAILER_SECURE_EMAIL_CHANGE_ENABLED"];
        /// Users whose provider did not verify their address may sign in.
        pub allow_unverified_sign_ins: bool = "false", env ["GOTRUE_MAILER_ALLOW_UNVERIFIED_EMAIL_SIGN_INS"];
        /// Issuers whose ID tokens are accepted besides those of the providers.
        pub allowed_id_token_issuers: Vec<String> = "https://appleid.apple.com,https://accounts.google.com",
            env ["GOTRUE_EXTERNAL_ALLOWED_ID_TOKEN_ISSUERS"];
        /// One more client id that is good in Apple's ID tokens.
        pub ios_bundle_id: String = "", env ["GOTRUE_EXTERNAL_IOS_BUNDLE_ID"];
        /// How long a provider's keys are kept.
        pub oidc_cache: Duration = "1h", env ["GOTRUE_EXTERNAL_OIDC_PROVIDER_CACHE_TTL"];
        /// Sign-in by magic link.
        pub email_magic_link_enabled: bool = "true", env ["GOTRUE_EXTERNAL_EMAIL_MAGIC_LINK_ENABLED"];
        /// The only addresses that mail is sent to. Empty: all.
        pub email_authorized_addresses: Vec<String> = "", env ["GOTRUE_EXTERNAL_EMAIL_AUTHORIZED_ADDRESSES"];
        /// Greatest template, bytes.
        pub mailer_template_max_size: usize = "1000000", env ["GOTRUE_MAILER_TEMPLATE_MAX_SIZE"];
        /// How long a template is kept before it is fetched again.
        pub mailer_template_max_age: Duration = "10m", env ["GOTRUE_MAILER_TEMPLATE_MAX_AGE"];
        /// How long a template that could not be fetched is not asked for again.
        pub mailer_template_retry_interval: Duration = "10s", env ["GOTRUE_MAILER_TEMPLATE_RETRY_INTERVAL"];
        /// Path or URL of links in confirmation mails. Empty: the service's own `/verify`.
        pub mailer_urlpaths_confirmation: String = "", env ["GOTRUE_MAILER_URLPATHS_CONFIRMATION", "MAILER_URLPATHS_CONFIRMATION"];
        /// Path or URL of links in recovery and magic mails. Empty: the service's own `/verify`.
        pub mailer_urlpaths_recovery: String = "", env ["GOTRUE_MAILER_URLPATHS_RECOVERY", "MAILER_URLPATHS_RECOVERY"];
        /// Path or URL of links in invitation mails. Empty: the service's own `/verify`.
        pub mailer_urlpaths_invite: String = "", env ["GOTRUE_MAILER_URLPATHS_INVITE", "MAILER_URLPATHS_INVITE"];
        /// Path or URL of links in change of address mails. Empty: the service's own `/verify`.
        pub mailer_urlpaths_email_change: String = "", env ["GOTRUE_MAILER_URLPATHS_EMAIL_CHANGE", "MAILER_URLPATHS_EMAIL_CHANGE"];
        /// Subject of confirmation mails. Empty: the built-in one.
        pub mailer_subjects_confirmation: String = "", env ["GOTRUE_MAILER_SUBJECTS_CONFIRMATION", "MAILER_SUBJECTS_CONFIRMATION"];
        /// Template of confirmation mails: a URL, a path below `site_url` or a file (`file:…`). Empty: the built-in one.
        pub mailer_templates_confirmation: String = "", env ["GOTRUE_MAILER_TEMPLATES_CONFIRMATION", "MAILER_TEMPLATES_CONFIRMATION"];
        /// Subject of invite mails. Empty: the built-in one.
        pub mailer_subjects_invite: String = "", env ["GOTRUE_MAILER_SUBJECTS_INVITE", "MAILER_SUBJECTS_INVITE"];
        /// Template of invite mails: a URL, a path below `site_url` or a file (`file:…`). Empty: the built-in one.
        pub mailer_templates_invite: String = "", env ["GOTRUE_MAILER_TEMPLATES_INVITE", "MAILER_TEMPLATES_INVITE"];
        /// Subject of magic link mails. Empty: the built-in one.
        pub mailer_subjects_magic_link: String = "", env ["GOTRUE_MAILER_SUBJECTS_MAGIC_LINK", "MAILER_SUBJECTS_MAGIC_LINK"];
        /// Template of magic link mails: a URL, a path below `site_url` or a file (`file:…`). Empty: the built-in one.
        pub mailer_templates_magic_link: String = "", env ["GOTRUE_MAILER_TEMPLATES_MAGIC_LINK", "MAILER_TEMPLATES_MAGIC_LINK"];
        /// Subject of recovery mails. Empty: the built-in one.
        pub mailer_subjects_recovery: String = "", env ["GOTRUE_MAILER_SUBJECTS_RECOVERY", "MAILER_SUBJECTS_RECOVERY"];
        /// Template of recovery mails: a URL, a path below `site_url` or a file (`file:…`). Empty: the built-in one.
        pub mailer_templates_recovery: String = "", env ["GOTRUE_MAILER_TEMPLATES_RECOVERY", "MAILER_TEMPLATES_RECOVERY"];
        /// Subject of email change mails. Empty: the built-in one.
        pub mailer_subjects_email_change: String = "", env ["GOTRUE_MAILER_SUBJECTS_EMAIL_CHANGE", "MAILER_SUBJECTS_EMAIL_CHANGE"];
        /// Template of email change mails: a URL, a path below `site_url` or a file (`file:…`). Empty: the built-in one.
        pub mailer_templates_email_change: String = "", env ["GOTRUE_MAILER_TEMPLATES_EMAIL_CHANGE", "MAILER_TEMPLATES_EMAIL_CHANGE"];
        /// Subject of reauthentication mails. Empty: the built-in one.
        pub mailer_subjects_reauthentication: String = "", env ["GOTRUE_MAILER_SUBJECTS_REAUTHENTICATION", "MAILER_SUBJECTS_REAUTHENTICATION"];
        /// Template of reauthentication mails: a URL, a path below `site_url` or a file (`file:…`). Empty: the built-in one.
        pub mailer_templates_reauthentication: String = "", env ["GOTRUE_MAILER_TEMPLATES_REAUTHENTICATION", "MAILER_TEMPLATES_REAUTHENTICATION"];
        /// Subject of password changed notification mails. Empty: the built-in one.
        pub mailer_subjects_password_changed_notification: String = "", env ["GOTRUE_MAILER_SUBJECTS_PASSWORD_CHANGED_NOTIFICATION", "MAILER_SUBJECTS_PASSWORD_CHANGED_NOTIFICATION"];
        /// Template of password changed notification mails: a URL, a path below `site_url` or a file (`file:…`). Empty: the built-in one.
        pub mailer_templates_password_changed_notification: String = "", env ["GOTRUE_MAILER_TEMPLATES_PASSWORD_CHANGED_NOTIFICATION", "MAILER_TEMPLATES_PASSWORD_CHANGED_NOTIFICATION"];
        /// Subject of email changed notification mails. Empty: the built-in one.
        pub mailer_subjects_email_changed_notification: String = "", env ["GOTRUE_MAILER_SUBJECTS_EMAIL_CHANGED_NOTIFICATION", "MAILER_SUBJECTS_EMAIL_CHANGED_NOTIFICATION"];
        /// Template of email changed notification mails: a URL, a path below `site_url` or a file (`file:…`). Empty: the built-in one.
        pub mailer_templates_email_changed_notification: String = "", env ["GOTRUE_MAILER_TEMPLATES_EMAIL_CHANGED_NOTIFICATION", "MAILER_TEMPLATES_EMAIL_CHANGED_NOTIFICATION"];
        /// Subject of phone changed notification mails. Empty: the built-in one.
        pub mailer_subjects_phone_changed_notification: String = "", env ["GOTRUE_MAILER_SUBJECTS_PHONE_CHANGED_NOTIFICATION", "MAILER_SUBJECTS_PHONE_CHANGED_NOTIFICATION"];
        /// Template of phone changed notification mails: a URL, a path below `site_url` or a file (`file:…`). Empty: the built-in one.
        pub mailer_templates_phone_changed_notification: String = "", env ["GOTRUE_MAILER_TEMPLATES_PHONE_CHANGED_NOTIFICATION", "MAILER_TEMPLATES_PHONE_CHANGED_NOTIFICATION"];
        /// Subject of identity linked notification mails. Empty: the built-in one.
        pub mailer_subjects_identity_linked_notification: String = "", env ["GOTRUE_MAILER_SUBJECTS_IDENTITY_LINKED_NOTIFICATION", "MAILER_SUBJECTS_IDENTITY_LINKED_NOTIFICATION"];
        /// Template of identity linked notification mails: a URL, a path below `site_url` or a file (`file:…`). Empty: the built-in one.
        pub mailer_templates_identity_linked_notification: String = "", env ["GOTRUE_MAILER_TEMPLATES_IDENTITY_LINKED_NOTIFICATION", "MAILER_TEMPLATES_IDENTITY_LINKED_NOTIFICATION"];
        /// Subject of identity unlinked notification mails. Empty: the built-in one.
        pub mailer_subjects_identity_unlinked_notification: String = "", env ["GOTRUE_MAILER_SUBJECTS_IDENTITY_UNLINKED_NOTIFICATION", "MAILER_SUBJECTS_IDENTITY_UNLINKED_NOTIFICATION"];
        /// Template of identity unlinked notification mails: a URL, a path below `site_url` or a file (`file:…`). Empty: the built-in one.
        pub mailer_templates_identity_unlinked_notification: String = "", env ["GOTRUE_MAILER_TEMPLATES_IDENTITY_UNLINKED_NOTIFICATION", "MAILER_TEMPLATES_IDENTITY_UNLINKED_NOTIFICATION"];
        /// Subject of mfa factor enrolled notification mails. Empty: the built-in one.
        pub mailer_subjects_mfa_factor_enrolled_notification: String = "", env ["GOTRUE_MAILER_SUBJECTS_MFA_FACTOR_ENROLLED_NOTIFICATION", "MAILER_SUBJECTS_MFA_FACTOR_ENROLLED_NOTIFICATION"];
        /// Template of mfa factor enrolled notification mails: a URL, a path below `site_url` or a file (`file:…`). Empty: the built-in one.
        pub mailer_templates_mfa_factor_enrolled_notification: String = "", env ["GOTRUE_MAILER_TEMPLATES_MFA_FACTOR_ENROLLED_NOTIFICATION", "MAILER_TEMPLATES_MFA_FACTOR_ENROLLED_NOTIFICATION"];
        /// Subject of mfa factor unenrolled notification mails. Empty: the built-in one.
        pub mailer_subjects_mfa_factor_unenrolled_notification: String = "", env ["GOTRUE_MAILER_SUBJECTS_MFA_FACTOR_UNENROLLED_NOTIFICATION", "MAILER_SUBJECTS_MFA_FACTOR_UNENROLLED_NOTIFICATION"];
        /// Template of mfa factor unenrolled notification mails: a URL, a path below `site_url` or a file (`file:…`). Empty: the built-in one.
        pub mailer_templates_mfa_factor_unenrolled_notification: String = "", env ["GOTRUE_MAILER_TEMPLATES_MFA_FACTOR_UNENROLLED_NOTIFICATION", "MAILER_TEMPLATES_MFA_FACTOR_UNENROLLED_NOTIFICATION"];
        /// Tell the user by mail: password changed.
        pub mailer_notifications_password_changed: bool = "false", env ["GOTRUE_MAILER_NOTIFICATIONS_PASSWORD_CHANGED_ENABLED"];
        /// Tell the user by mail: email changed.
        pub mailer_notifications_email_changed: bool = "false", env ["GOTRUE_MAILER_NOTIFICATIONS_EMAIL_CHANGED_ENABLED"];
        /// Tell the user by mail: phone changed.
        pub mailer_notifications_phone_changed: bool = "false", env ["GOTRUE_MAILER_NOTIFICATIONS_PHONE_CHANGED_ENABLED"];
        /// Tell the user by mail: identity linked.
        pub mailer_notifications_identity_linked: bool = "false", env ["GOTRUE_MAILER_NOTIFICATIONS_IDENTITY_LINKED_ENABLED"];
        /// Tell the user by mail: identity unlinked.
        pub mailer_notifications_identity_unlinked: bool = "false", env ["GOTRUE_MAILER_NOTIFICATIONS_IDENTITY_UNLINKED_ENABLED"];
        /// Tell the user by mail: MFA factor enrolled.
        pub mailer_notifications_mfa_factor_enrolled: bool = "false", env ["GOTRUE_MAILER_NOTIFICATIONS_MFA_FACTOR_ENROLLED_ENABLED"];
        /// Tell the user by mail: MFA factor unenrolled.
        pub mailer_notifications_mfa_factor_unenrolled: bool = "false", env ["GOTRUE_MAILER_NOTIFICATIONS_MFA_FACTOR_UNENROLLED_ENABLED"];

        /// How long codes in text messages are good.
        pub sms_otp_exp: Duration = "60", env ["GOTRUE_SMS_OTP_EXP", "SMS_OTP_EXP"];
        /// Digits of codes in text messages, 6 to 10.
        pub sms_otp_length: usize = "6", env ["GOTRUE_SMS_OTP_LENGTH", "SMS_OTP_LENGTH"];
        /// Shortest time between two text messages of a kind to one user.
        pub sms_max_frequency: Duration = "1m", env ["GOTRUE_SMS_MAX_FREQUENCY", "SMS_MAX_FREQUENCY"];
        /// Text of the message.
        pub sms_template: String = "Your code is {{ .Code }}", env ["GOTRUE_SMS_TEMPLATE", "SMS_TEMPLATE"];
        /// Numbers that get no message, and the codes that are good for them: `4915112345:123456,…`.
        pub sms_test_otp: Secret = "", env ["GOTRUE_SMS_TEST_OTP", "SMS_TEST_OTP"];
        /// Until when they are good, RFC 3339. Empty: for ever.
        pub sms_test_otp_valid_until: String = "", env ["GOTRUE_SMS_TEST_OTP_VALID_UNTIL"];
        /// Where the provider is reached. Empty: at its own address.
        pub sms_provider_url: String = "", env [];
        /// Twilio: account.
        pub sms_twilio_account_sid: String = "", env ["GOTRUE_SMS_TWILIO_ACCOUNT_SID"];
        /// Twilio: token.
        pub sms_twilio_auth_token: Secret = "", env ["GOTRUE_SMS_TWILIO_AUTH_TOKEN"];
        /// Twilio: messaging service or sender.
        pub sms_twilio_message_service_sid: String = "", env ["GOTRUE_SMS_TWILIO_MESSAGE_SERVICE_SID"];
        /// Twilio: WhatsApp template.
        pub sms_twilio_content_sid: String = "", env ["GOTRUE_SMS_TWILIO_CONTENT_SID"];
        /// Twilio Verify: account.
        pub sms_twilio_verify_account_sid: String = "", env ["GOTRUE_SMS_TWILIO_VERIFY_ACCOUNT_SID"];
        /// Twilio Verify: token.
        pub sms_twilio_verify_auth_token: Secret = "", env ["GOTRUE_SMS_TWILIO_VERIFY_AUTH_TOKEN"];
        /// Twilio Verify: service.
        pub sms_twilio_verify_message_service_sid: String = "", env ["GOTRUE_SMS_TWILIO_VERIFY_MESSAGE_SERVICE_SID"];
        /// MessageBird: key.
        pub sms_messagebird_access_key: Secret = "", env ["GOTRUE_SMS_MESSAGEBIRD_ACCESS_KEY"];
        /// MessageBird: sender.
        pub sms_messagebird_originator: String = "", env ["GOTRUE_SMS_MESSAGEBIRD_ORIGINATOR"];
        /// Vonage: key.
        pub sms_vonage_api_key: String = "", env ["GOTRUE_SMS_VONAGE_API_KEY"];
        /// Vonage: secret.
        pub sms_vonage_api_secret: Secret = "", env ["GOTRUE_SMS_VONAGE_API_SECRET"];
        /// Vonage: sender.
        pub sms_vonage_from: String = "", env ["GOTRUE_SMS_VONAGE_FROM"];
        /// Textlocal: key.
        pub sms_textlocal_api_key: Secret = "", env ["GOTRUE_SMS_TEXTLOCAL_API_KEY"];
        /// Textlocal: sender.
        pub sms_textlocal_sender: String = "", env ["GOTRUE_SMS_TEXTLOCAL_SENDER"];

        /// Shortest password; never less than 6.
        pub password_min_length: usize = "6", env ["GOTRUE_PASSWORD_MIN_LENGTH", "PASSWORD_MIN_LENGTH"];
        /// Sets of characters between colons, of each of which a password must have one.
        pub password_required_characters: String = "", env ["GOTRUE_PASSWORD_REQUIRED_CHARACTERS"];
        /// Refuse passwords that are known from leaks (Pwned Passwords).
        pub password_hibp_enabled: bool = "false", env ["GOTRUE_PASSWORD_HIBP_ENABLED"];
        /// Refuse all passwords while that cannot be asked.
        pub password_hibp_fail_closed: bool = "false", env ["GOTRUE_PASSWORD_HIBP_FAIL_CLOSED"];
        /// Who asks.
        pub password_hibp_user_agent: String = "passerelle", env ["GOTRUE_PASSWORD_HIBP_USER_AGENT"];
        /// Where it is asked.
        pub password_hibp_url: String = "https://api.pwnedpasswords.com", env [];
        /// Work factor of new bcrypt hashes.
        pub bcrypt_cost: u32 = "10", env ["GOTRUE_SECURITY_BCRYPT_COST"];
        /// How long a request waits for its turn to hash a password.
        pub hash_wait: Duration = "5s", env [];
        /// How many requests may wait for that at most; one more is told to come back.
        pub hash_queue: usize = "64", env [];
        /// Greatest work factor of a stored bcrypt hash that is still computed.
        pub bcrypt_max_cost: u32 = "16", env [];
        /// Secrets that an old application mixed into every password, by the names that the plan of the migration gives
        /// them: a JSON object of texts. Needed until the last of its hashes is replaced.
        pub legacy_peppers: Secret = "", env [];
        /// A new password needs the current one.
        pub require_current_password: bool = "false",
            env ["GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD"];
        /// A new password in a session older than a day needs a code that was sent to the user.
        pub require_reauthentication: bool = "false",
            env ["GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION"];

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

        /// How long a session of a user with a second factor lives without it. 0: for ever.
        pub session_allow_low_aal: Duration = "0", env ["GOTRUE_SESSIONS_ALLOW_LOW_AAL"];

        /// Limit requests by the client's address.
        pub rate_limits: bool = "true", env [];
        /// Calls of `/token` in 5 minutes.
        pub rate_limit_token: f64 = "150", env ["GOTRUE_RATE_LIMIT_TOKEN_REFRESH", "RATE_LIMIT_TOKEN_REFRESH"];
        /// Calls in 5 minutes of `/otp`, `/magiclink`, `/recover`, `/resend`, `/signup` and `PUT /user`, each.
        pub rate_limit_otp: f64 = "30", env ["GOTRUE_RATE_LIMIT_OTP", "RATE_LIMIT_OTP"];
        /// Anonymous sign-ups in an hour.
        pub rate_limit_anonymous: f64 = "30",
            env ["GOTRUE_RATE_LIMIT_ANONYMOUS_USERS", "RATE_LIMIT_ANONYMOUS_USERS"];
        /// Calls of `/verify` in 5 minutes.
        pub rate_limit_verify: f64 = "30", env ["GOTRUE_RATE_LIMIT_VERIFY", "RATE_LIMIT_VERIFY"];
        /// Calls in 5 minutes of `/authorize` and `/user/identities/authorize` together. 0: no limit.
        pub rate_limit_authorize: f64 = "150", env [];
        /// Sign-ins by wallet in 5 minutes.
        pub rate_limit_web3: f64 = "30", env ["GOTRUE_RATE_LIMIT_WEB3"];
        /// Applications that register themselves in 5 minutes.
        pub rate_limit_oauth_register: f64 = "10", env ["GOTRUE_RATE_LIMIT_O_AUTH_DYNAMIC_CLIENT_REGISTER",
            "GOTRUE_RATE_LIMIT_OAUTH_DYNAMIC_CLIENT_REGISTER"];
        /// Wrong passwords for one address or number in 5 minutes, wrong codes in an hour. 0: no limit.
        pub rate_limit_identifier: f64 = "30", env [];
        /// Mails in an hour, or `N/1h30m`. 0: none at all.
        pub rate_limit_email_sent: String = "30", env ["GOTRUE_RATE_LIMIT_EMAIL_SENT", "RATE_LIMIT_EMAIL_SENT"];
        /// Text messages in an hour, or `N/1h30m`. 0: none at all.
        pub rate_limit_sms_sent: String = "30", env ["GOTRUE_RATE_LIMIT_SMS_SENT", "RATE_LIMIT_SMS_SENT"];

        /// Second factors by authenticator apps may be added.
        pub mfa_totp_enroll_enabled: bool = "true", env ["GOTRUE_MFA_TOTP_ENROLL_ENABLED"];
        /// Second factors by authenticator apps are asked for.
        pub mfa_totp_verify_enabled: bool = "true", env ["GOTRUE_MFA_TOTP_VERIFY_ENABLED"];
        /// A code of an authenticator app is good for one sign-in only.
        pub mfa_totp_single_use: bool = "false", env [];
        /// Second factors by text message may be added.
        pub mfa_phone_enroll_enabled: bool = "false", env ["GOTRUE_MFA_PHONE_ENROLL_ENABLED"];
        /// Second factors by text message are asked for.
        pub mfa_phone_verify_enabled: bool = "false", env ["GOTRUE_MFA_PHONE_VERIFY_ENABLED"];
        /// Digits of the codes of second factors by text message, 6 to 10.
        pub mfa_phone_otp_length: usize = "6", env ["GOTRUE_MFA_PHONE_OTP_LENGTH"];
        /// Text of the message of a second factor.
        pub mfa_phone_template: String = "Your code is {{ .Code }}", env ["GOTRUE_MFA_PHONE_TEMPLATE"];
        /// Shortest time between two messages of a second factor.
        pub mfa_phone_max_frequency: Duration = "1m", env ["GOTRUE_MFA_PHONE_MAX_FREQUENCY"];
        /// Most factors of a user, verified or not.
        pub mfa_max_enrolled_factors: i64 = "10", env ["GOTRUE_MFA_MAX_ENROLLED_FACTORS"];
        /// Most verified factors of a user.
        pub mfa_max_verified_factors: i64 = "10", env ["GOTRUE_MFA_MAX_VERIFIED_FACTORS"];
        /// How long a challenge is good; never less than five minutes.
        pub mfa_challenge_expiry: Duration = "300", env ["GOTRUE_MFA_CHALLENGE_EXPIRY_DURATION"];
        /// How long a factor that was not verified is kept; never less than five minutes.
        pub mfa_factor_expiry: Duration = "300s", env ["GOTRUE_MFA_FACTOR_EXPIRY_DURATION"];
        /// Challenges and verifications of factors in a minute, each.
        pub mfa_rate_limit: f64 = "15", env ["GOTRUE_MFA_RATE_LIMIT_CHALLENGE_AND_VERIFY"];
        /// Users may add and remove identities of their own.
        pub manual_linking_enabled: bool = "false", env ["GOTRUE_SECURITY_MANUAL_LINKING_ENABLED"];

        /// Providers whose addresses are linked only among themselves: `provider=domain,…`.
        pub linking_domains: String = "", env ["GOTRUE_EXPERIMENTAL_PROVIDER_LINKING_DOMAINS"];
        /// Providers that are a linking domain each.
        pub own_linking_domains: Vec<String> = "", env ["GOTRUE_EXPERIMENTAL_PROVIDERS_WITH_OWN_LINKING_DOMAIN"];

        /// Sign-in by a Solana wallet.
        pub web3_solana_enabled: bool = "false", env ["GOTRUE_EXTERNAL_WEB3_SOLANA_ENABLED"];
        /// How long a message that such a wallet signed is good.
        pub web3_solana_validity: Duration = "10m", env ["GOTRUE_EXTERNAL_WEB3_SOLANA_MAXIMUM_VALIDITY_DURATION"];
        /// Sign-in by an Ethereum wallet.
        pub web3_ethereum_enabled: bool = "false", env ["GOTRUE_EXTERNAL_WEB3_ETHEREUM_ENABLED"];
        /// How long a message that such a wallet signed is good.
        pub web3_ethereum_validity: Duration = "10m", env ["GOTRUE_EXTERNAL_WEB3_ETHEREUM_MAXIMUM_VALIDITY_DURATION"];

        /// Providers of sign-in that admins keep in the database.
        pub custom_oauth_enabled: bool = "true", env ["GOTRUE_CUSTOM_OAUTH_ENABLED"];
        /// Most of them. 0: no limit.
        pub custom_oauth_max_providers: i64 = "0", env ["GOTRUE_CUSTOM_OAUTH_MAX_PROVIDERS"];
        /// The address below which they send people back to `/callback`. Empty: the service's own.
        pub custom_oauth_external_url: Option<String> = "", env ["GOTRUE_CUSTOM_OAUTH_EXTERNAL_URL"];
        /// They may be at loopback, private and link-local addresses, and without TLS. For development only.
        pub custom_oauth_allow_private: bool = "false", env [];

        /// Other applications may sign people in here (OAuth 2.1, OpenID Connect).
        pub oauth_server_enabled: bool = "false", env ["GOTRUE_OAUTH_SERVER_ENABLED"];
        /// They may register themselves.
        pub oauth_server_allow_dynamic_registration: bool = "false", env ["GOTRUE_OAUTH_SERVER_ALLOW_DYNAMIC_REGISTRATION"];
        /// The page below `site_url` that asks people for their consent.
        pub oauth_server_authorization_path: String = "", env ["GOTRUE_OAUTH_SERVER_AUTHORIZATION_PATH"];
        /// How long they may take.
        pub oauth_server_authorization_ttl: Duration = "10m", env ["GOTRUE_OAUTH_SERVER_AUTHORIZATION_TTL"];
        /// The scope of an application that asks for none.
        pub oauth_server_default_scope: String = "email", env ["GOTRUE_OAUTH_SERVER_DEFAULT_SCOPE"];

        /// Ask the operator before an access token is made.
        pub hook_custom_access_token_enabled: bool = "false", env ["GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_ENABLED"];
        /// Whom: `pg-functions://postgres/<schema>/<function>` or an https address.
        pub hook_custom_access_token_uri: String = "", env ["GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_URI"];
        /// Secrets that sign what an address is asked: `v1,whsec_<base64>`, separated by `|`.
        pub hook_custom_access_token_secrets: Secret = "", env ["GOTRUE_HOOK_CUSTOM_ACCESS_TOKEN_SECRETS"];
        /// Ask the operator instead of sending mail.
        pub hook_send_email_enabled: bool = "false", env ["GOTRUE_HOOK_SEND_EMAIL_ENABLED"];
        /// Whom: `pg-functions://postgres/<schema>/<function>` or an https address.
        pub hook_send_email_uri: String = "", env ["GOTRUE_HOOK_SEND_EMAIL_URI"];
        /// Secrets that sign what an address is asked: `v1,whsec_<base64>`, separated by `|`.
        pub hook_send_email_secrets: Secret = "", env ["GOTRUE_HOOK_SEND_EMAIL_SECRETS"];
        /// Ask the operator instead of sending a text message.
        pub hook_send_sms_enabled: bool = "false", env ["GOTRUE_HOOK_SEND_SMS_ENABLED"];
        /// Whom: `pg-functions://postgres/<schema>/<function>` or an https address.
        pub hook_send_sms_uri: String = "", env ["GOTRUE_HOOK_SEND_SMS_URI"];
        /// Secrets that sign what an address is asked: `v1,whsec_<base64>`, separated by `|`.
        pub hook_send_sms_secrets: Secret = "", env ["GOTRUE_HOOK_SEND_SMS_SECRETS"];
        /// Ask the operator before a user is made.
        pub hook_before_user_created_enabled: bool = "false", env ["GOTRUE_HOOK_BEFORE_USER_CREATED_ENABLED"];
        /// Whom: `pg-functions://postgres/<schema>/<function>` or an https address.
        pub hook_before_user_created_uri: String = "", env ["GOTRUE_HOOK_BEFORE_USER_CREATED_URI"];
        /// Secrets that sign what an address is asked: `v1,whsec_<base64>`, separated by `|`.
        pub hook_before_user_created_secrets: Secret = "", env ["GOTRUE_HOOK_BEFORE_USER_CREATED_SECRETS"];
        /// Tell the operator that a user was made.
        pub hook_after_user_created_enabled: bool = "false", env ["GOTRUE_HOOK_AFTER_USER_CREATED_ENABLED"];
        /// Whom: `pg-functions://postgres/<schema>/<function>` or an https address.
        pub hook_after_user_created_uri: String = "", env ["GOTRUE_HOOK_AFTER_USER_CREATED_URI"];
        /// Secrets that sign what an address is asked: `v1,whsec_<base64>`, separated by `|`.
        pub hook_after_user_created_secrets: Secret = "", env ["GOTRUE_HOOK_AFTER_USER_CREATED_SECRETS"];
        /// Ask the operator when a password was given.
        pub hook_password_verification_attempt_enabled: bool = "false", env ["GOTRUE_HOOK_PASSWORD_VERIFICATION_ATTEMPT_ENABLED"];
        /// Whom: `pg-functions://postgres/<schema>/<function>` or an https address.
        pub hook_password_verification_attempt_uri: String = "", env ["GOTRUE_HOOK_PASSWORD_VERIFICATION_ATTEMPT_URI"];
        /// Secrets that sign what an address is asked: `v1,whsec_<base64>`, separated by `|`.
        pub hook_password_verification_attempt_secrets: Secret = "", env ["GOTRUE_HOOK_PASSWORD_VERIFICATION_ATTEMPT_SECRETS"];
        /// Ask the operator when the code of a second factor was given.
        pub hook_mfa_verification_attempt_enabled: bool = "false", env ["GOTRUE_HOOK_MFA_VERIFICATION_ATTEMPT_ENABLED"];
        /// Whom: `pg-functions://postgres/<schema>/<function>` or an https address.
        pub hook_mfa_verification_attempt_uri: String = "", env ["GOTRUE_HOOK_MFA_VERIFICATION_ATTEMPT_URI"];
        /// Secrets that sign what an address is asked: `v1,whsec_<base64>`, separated by `|`.
        pub hook_mfa_verification_attempt_secrets: Secret = "", env ["GOTRUE_HOOK_MFA_VERIFICATION_ATTEMPT_SECRETS"];
        /// Sign-up, sign-in and mail need a solved captcha.
        pub captcha_enabled: bool = "false", env ["GOTRUE_SECURITY_CAPTCHA_ENABLED"];
        /// Whose: `hcaptcha` or `turnstile`.
        pub captcha_provider: String = "hcaptcha", env ["GOTRUE_SECURITY_CAPTCHA_PROVIDER"];
        /// The secret for it.
        pub captcha_secret: Secret = "", env ["GOTRUE_SECURITY_CAPTCHA_SECRET"];
        /// How long its answer may take.
        pub captcha_timeout: Duration = "10s", env ["GOTRUE_SECURITY_CAPTCHA_TIMEOUT"];
        /// Where it is asked. Empty: at its usual address.
        pub captcha_url: String = "", env [];
        /// Remove tokens, sessions and flows that are of no use any more, and guests after 30 days.
        pub cleanup: bool = "true", env ["GOTRUE_DB_CLEANUP_ENABLED"];
        /// The audit log is not written to the database.
        pub audit_log_disable_postgres: bool = "false", env ["GOTRUE_AUDIT_LOG_DISABLE_POSTGRES"];
        /// Longest a request may take.
        pub max_request_duration: Duration = "10s", env ["GOTRUE_API_MAX_REQUEST_DURATION"];
    }
}
