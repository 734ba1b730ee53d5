//! Everything that can go wrong, and its exact shape on the wire.
//!
//! Two shapes, chosen by the client's `X-Supabase-Api-Version`; see [`Format`].

use std::borrow::Cow;

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The shape of error bodies that a client expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// `{"code":422,"error_code":…,"msg":…}`
    Old,
    /// `{"code":…,"message":…}`
    New,
}

const API_VERSION: HeaderName = HeaderName::from_static("x-supabase-api-version");
const ERROR_CODE: HeaderName = HeaderName::from_static("x-sb-error-code");
const FIRST_NEW: &str = "2024-01-01";

impl Format {
    /// What the request asks for. A malformed date counts as none.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let date = headers
            .get(API_VERSION)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok());
        match date {
            Some(date) if date.to_string().as_str() >= FIRST_NEW => Self::New,
            _ => Self::Old,
        }
    }
}

/// An error of the service.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    // The request.
    /// Not JSON, or a field of another type.
    BadJson(String),
    /// A field breaks a rule.
    Validation(Cow<'static, str>),
    /// More than a mebibyte.
    TooLarge,
    /// It took too long.
    Timeout,
    /// No such path.
    NoRoute,
    /// No such method on the path.
    Method,
    /// Too many requests from one address.
    RateLimit,
    /// Too many passwords are being checked.
    Busy,

    /// What the operator's hook says, or what is wrong with it: status, code, sentence.
    Hook(u16, &'static str, String),
    /// The operator's hook refuses a second factor; its words.
    FactorRejected(String),
    /// The operator's hook refuses a password; its words.
    PasswordRejected(String),
    /// Nobody showed to be a person; the provider's words for it.
    Captcha(String),
    /// The captcha provider cannot be asked, and why.
    CaptchaDown(String),

    // Who asks.
    /// No bearer token.
    NoAuthorization,
    /// The token cannot be trusted.
    BadJwt(Cow<'static, str>),
    /// `sub` is no UUID.
    SubjectShape,
    /// The token's user is gone.
    SubjectGone,
    /// The token's user is banned.
    Banned,
    /// The token's session is gone.
    SessionGone,
    /// The token's role is no admin role.
    NotAdmin,
    /// The admin's session has ended.
    AdminSession,
    /// Only admins may change `app_metadata`.
    AppMetadata,
    /// Needs a second factor.
    InsufficientAal,

    // Sign-up and sign-in.
    /// Sign-up is switched off.
    SignupDisabled,
    /// No users without an address.
    AnonymousDisabled,
    /// `signups` or `logins` by e-mail are off: HTTP status, and the word for it.
    EmailDisabled(u16, &'static str),
    /// The same for phones.
    PhoneDisabled(u16, &'static str),
    /// Registered already, and that may be told.
    UserExists,
    /// No such grant.
    UnsupportedGrant,
    /// Wrong password, or no such user.
    Credentials,
    /// Right password of a banned user.
    UserBanned,
    /// The address is not confirmed.
    EmailNotConfirmed,
    /// The number is not confirmed.
    PhoneNotConfirmed,
    /// Breaks the rules for passwords; the sentences and the reasons.
    WeakPassword(String, Vec<&'static str>),

    // Refresh tokens.
    /// No refresh token by its shape.
    RefreshShape,
    /// Unknown.
    RefreshUnknown,
    /// Its user is banned.
    RefreshBanned,
    /// Its session is gone.
    RefreshNoSession,
    /// Its session has ended; how, in parentheses.
    RefreshExpired(&'static str),
    /// Used before.
    RefreshUsed,
    /// Others hold the session.
    RefreshBusy,

    // Users.
    /// The address belongs to somebody else.
    EmailExists,
    /// The number belongs to somebody else.
    PhoneExists,
    /// The number belongs to somebody else, told to an admin.
    PhoneTaken,
    /// The old password again.
    SamePassword,
    /// The current password is missing.
    CurrentPasswordRequired,
    /// The current password is wrong.
    CurrentPasswordInvalid,
    /// An anonymous user cannot have only a password.
    AnonymousPassword,
    /// The identity provider is in charge.
    SsoManaged,
    /// The path names no UUID.
    UserIdShape,
    /// No such user.
    UserNotFound,

    // Mail, messages and codes.
    /// Mail goes to listed addresses only.
    EmailNotAuthorized(String),
    /// Too many mails in all.
    EmailQuota,
    /// Too many text messages in all.
    SmsQuota,
    /// So many seconds until the next mail of the kind.
    EmailSoon(i64),
    /// So many seconds until the next text message of the kind.
    SmsSoon(i64),
    /// A mail was not sent; what the client is told, and why.
    MailFailed(&'static str, String),
    /// A text message was not sent.
    SmsFailed(String),
    /// Nobody sends text messages.
    NoSmsProvider,
    /// Sign-in by phone is off.
    PhoneUnsupported,
    /// Codes do not make users here.
    OtpDisabled,
    /// Magic links are off.
    MagicLinkDisabled,
    /// No address to send a magic link to.
    MagicLinkAddress,
    /// No user of an address, told to an admin.
    NoUserOfEmail,
    /// A code that is wrong, used or old.
    OtpExpired,
    /// A link that is.
    LinkExpired,
    /// An address that is no address, told at a verification.
    EmailShape,
    /// A code is asked for before the address is confirmed.
    ConfirmEmailFirst,
    /// The same for phones.
    ConfirmPhoneFirst,
    /// A new password needs a code.
    ReauthenticationNeeded,
    /// The code is wrong or old.
    ReauthenticationInvalid,

    // Second factors.
    /// Not for users without an address.
    NotForGuests,
    /// The path names no UUID.
    FactorIdShape,
    /// No such factor of the user.
    FactorUnknown,
    /// Factors of a kind cannot be added: the code for it, and the kind's title.
    EnrollDisabled(&'static str, &'static str),
    /// Factors of a kind are not asked for: the same.
    VerifyDisabled(&'static str, &'static str),
    /// There is a verified factor of that number.
    FactorExists,
    /// There is a factor of that name.
    FactorName(String),
    /// No room for another factor.
    TooManyFactors,
    /// Another factor needs the one that there is.
    EnrollAal,
    /// To take a factor away needs it.
    UnenrollAal,
    /// No such challenge of the factor.
    ChallengeUnknown,
    /// A challenge from elsewhere, or used.
    ChallengeIp,
    /// A challenge that is too old.
    ChallengeExpired(Uuid),
    /// A wrong code; the sentence.
    FactorCode(&'static str),

    // Flows.
    /// No flow of that code.
    FlowUnknown,
    /// No flow that a link belongs to.
    FlowMissing,
    /// The flow took too long.
    FlowExpired,
    /// The verifier is not the challenge's.
    CodeVerifier,

    // Accounts elsewhere.
    /// An error of OAuth: its name, and the sentence.
    OAuth(&'static str, String),
    /// What a provider answered: its error, and the sentence.
    FromProvider(String, String),
    /// No state came back.
    StateMissing,
    /// A state that is no UUID.
    StateShape,
    /// No flow of that state.
    StateUnknown,
    /// The flow took too long.
    StateExpired,
    /// The flow has ended already.
    StateUsed,
    /// No code came back.
    CodeMissing,
    /// A code was not exchanged: how it begins, and why.
    Exchange(String, String),
    /// A provider did not tell who it is, and why.
    ProfileFailed(String),
    /// A provider cannot be reached, and why.
    ProviderDown(String),
    /// A provider told no address.
    EmailMissing,
    /// An ID token of a provider that is off.
    IssuerDisabled(String),
    /// The addresses belong to several users of a linking domain.
    ManyAccounts(String),
    /// A provider did not verify the address; a mail was sent.
    UnverifiedSent(String),
    /// A provider did not verify the address.
    Unverified(String),
    /// No invitation of that token.
    InviteTokenUnknown,
    /// The invitation is gone.
    InviteUnknown,
    /// The invitation is for another address.
    InviteMismatch,
    /// Linking by hand is off.
    LinkingDisabled,
    /// Linked already.
    IdentityOwn,
    /// Linked to somebody else.
    IdentityTaken,
    /// The address of a linked identity is somebody else's.
    EmailTaken,
    /// The address of a linked identity has to be confirmed.
    ConfirmLinked,
    /// The path names no UUID.
    IdentityIdShape,
    /// The only identity.
    IdentityLast,
    /// Not the user's.
    IdentityUnknown,
    /// No address would be left that can be used.
    IdentityConflict,

    // Applications that people sign in to by the account here, and providers in the database.
    /// Something that is switched off.
    Feature(&'static str),
    /// No such application, told to its owner.
    ClientUnknown,
    /// No such application, told to a browser; the sentence.
    ClientInvalid(&'static str),
    /// An application did not show that it is the one.
    ClientCredentials,
    /// Applications do not register themselves here.
    RegistrationDisabled,
    /// No such request of an application.
    AuthorizationUnknown,
    /// Nothing was agreed to.
    ConsentUnknown,
    /// No such provider in the database.
    CustomUnknown,
    /// One of that name is there.
    CustomExists,
    /// No room for another one; how many there may be.
    CustomQuota(i64),

    // Wallets.
    /// Sign-in by wallets of a chain is off; empty: by all.
    Web3Disabled(&'static str),
    /// No such chain.
    Web3Chain,

    // The database and the rest.
    /// The database refused; what was tried, and why.
    Database(&'static str, Box<pg::Error>),
    /// Unforeseen; the cause is for the log.
    Internal(String),
}

impl Error {
    pub(crate) fn validation(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Validation(message.into())
    }

    /// Names what was tried when the database refused; other errors stay.
    pub(crate) fn trying(self, what: &'static str) -> Self {
        match self {
            Self::Database(_, cause) => Self::Database(what, cause),
            other => other,
        }
    }

    /// The constraint that was violated, if that is what it is.
    pub(crate) fn violates(&self, constraint: &str) -> bool {
        matches!(self, Self::Database(_, cause) if cause.violates(constraint))
    }

    #[rustfmt::skip]
    fn line(&self) -> (u16, &'static str, Cow<'static, str>) {
        let told = |status, code, message: String| (status, code, Cow::Owned(message));
        let line = |status, code, message| (status, code, Cow::Borrowed(message));
        match self {
            Self::BadJson(why) => told(400, "bad_json", format!("Could not parse request body as JSON: {why}")),
            Self::Validation(message) => (400, "validation_failed", message.clone()),
            Self::TooLarge => line(413, "request_entity_too_large", "Request body too large (max 1048576 bytes)"),
            Self::Timeout => line(504, "request_timeout", "Processing this request timed out, please retry after a moment."),
            Self::NoRoute => line(404, "unknown", "404 page not found"),
            Self::Method => line(405, "unknown", "Method Not Allowed"),
            Self::RateLimit => line(429, "over_request_rate_limit", "Request rate limit reached"),
            Self::Busy => line(503, "over_request_rate_limit", "Too many sign-ins at once, please retry after a moment."),

            Self::Hook(status, code, message) => told(*status, code, message.clone()),
            Self::FactorRejected(message) => told(403, "mfa_verification_rejected", message.clone()),
            Self::PasswordRejected(message) => told(400, "invalid_credentials", message.clone()),
            Self::Captcha(why) => told(400, "captcha_failed", format!("captcha protection: request disallowed ({why})")),
            Self::CaptchaDown(_) => line(500, "unexpected_failure", "captcha verification process failed"),

            Self::NoAuthorization => line(401, "no_authorization", "This endpoint requires a valid Bearer token"),
            Self::BadJwt(message) => (403, "bad_jwt", message.clone()),
            Self::SubjectShape => line(400, "bad_jwt", "invalid claim: sub claim must be a UUID"),
            Self::SubjectGone => line(403, "user_not_found", "User from sub claim in JWT does not exist"),
            Self::Banned => line(403, "user_banned", "User is banned"),
            Self::SessionGone => line(403, "session_not_found", "Session from session_id claim in JWT does not exist"),
            Self::NotAdmin => line(403, "not_admin", "User not allowed"),
            Self::AdminSession => line(403, "session_expired", "Session is no longer valid"),
            Self::AppMetadata => line(403, "not_admin", "Updating app_metadata requires admin privileges"),
            Self::InsufficientAal => line(401, "insufficient_aal", "AAL2 session is required to update email or password when MFA is enabled."),

            Self::SignupDisabled => line(422, "signup_disabled", "Signups not allowed for this instance"),
            Self::AnonymousDisabled => line(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled"),
            Self::EmailDisabled(status, what) => told(*status, "email_provider_disabled", format!("Email {what} are disabled")),
            Self::PhoneDisabled(status, what) => told(*status, "phone_provider_disabled", format!("Phone {what} are disabled")),
            Self::UserExists => line(422, "user_already_exists", "User already registered"),
            Self::UnsupportedGrant => line(400, "invalid_credentials", "unsupported_grant_type"),
            Self::Credentials => line(400, "invalid_credentials", "Invalid login credentials"),
            Self::UserBanned => line(400, "user_banned", "User is banned"),
            Self::EmailNotConfirmed => line(400, "email_not_confirmed", "Email not confirmed"),
            Self::PhoneNotConfirmed => line(400, "phone_not_confirmed", "Phone not confirmed"),
            Self::WeakPassword(message, _) => told(422, "weak_password", message.clone()),

            Self::RefreshShape => line(400, "validation_failed", "Refresh token is not valid"),
            Self::RefreshUnknown => line(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found"),
            Self::RefreshBanned => line(400, "user_banned", "Invalid Refresh Token: User Banned"),
            Self::RefreshNoSession => line(400, "session_not_found", "Invalid Refresh Token: No Valid Session Found"),
            Self::RefreshExpired(how) => told(400, "session_expired", format!("Invalid Refresh Token: Session Expired{how}")),
            Self::RefreshUsed => line(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used"),
            Self::RefreshBusy => line(409, "conflict", "Too many concurrent token refresh requests on the same session or refresh token"),

            Self::EmailExists => line(422, "email_exists", "A user with this email address has already been registered"),
            Self::PhoneExists => line(422, "phone_exists", "A user with this phone number has already been registered"),
            Self::PhoneTaken => line(422, "phone_exists", "Phone number already registered by another user"),
            Self::SamePassword => line(422, "same_password", "New password should be different from the old password."),
            Self::CurrentPasswordRequired => line(400, "current_password_required", "Current password required when setting new password."),
            Self::CurrentPasswordInvalid => line(400, "current_password_invalid", "Current password required when setting new password."),
            Self::AnonymousPassword => line(422, "validation_failed", "Updating password of an anonymous user without an email or phone is not allowed"),
            Self::SsoManaged => line(422, "user_sso_managed", "Updating email, phone, password of a SSO account only possible via SSO"),
            Self::UserIdShape => line(404, "validation_failed", "user_id must be an UUID"),
            Self::UserNotFound => line(404, "user_not_found", "User not found"),

            Self::OAuth(name, message) => told(400, name, message.clone()),
            Self::FromProvider(_, message) => told(400, "bad_oauth_callback", message.clone()),
            Self::StateMissing => line(400, "bad_oauth_callback", "OAuth state parameter missing"),
            Self::StateShape => line(400, "bad_oauth_state", "OAuth state parameter is invalid"),
            Self::StateUnknown => line(400, "bad_oauth_state", "OAuth state not found or expired"),
            Self::StateExpired => line(400, "bad_oauth_state", "OAuth state has expired"),
            Self::StateUsed => line(400, "flow_state_already_used", "State has already been used"),
            Self::CodeMissing => line(400, "bad_oauth_callback", "OAuth callback with missing authorization code missing"),
            Self::Exchange(begin, _) => told(500, "unexpected_failure", format!("Unable to exchange external code: {begin}")),
            Self::ProfileFailed(_) => line(500, "unexpected_failure", "Error getting user profile from external provider"),
            Self::ProviderDown(_) => line(500, "unexpected_failure", "Unable to reach the external provider"),
            Self::EmailMissing => line(500, "unexpected_failure", "Error getting user email from external provider"),
            Self::IssuerDisabled(issuer) => told(400, "provider_disabled", format!("Provider (issuer \"{issuer}\") is not enabled")),
            Self::ManyAccounts(domain) => told(500, "unexpected_failure", format!("Multiple accounts with the same email address in the same linking domain detected: {domain}")),
            Self::UnverifiedSent(provider) => told(422, "provider_email_needs_verification", format!("Unverified email with {provider}. A confirmation email has been sent to your {provider} email")),
            Self::Unverified(provider) => told(422, "provider_email_needs_verification", format!("Unverified email with {provider}. Verify the email with {provider} in order to sign in")),
            Self::InviteTokenUnknown => line(404, "user_not_found", "User identified by token not found"),
            Self::InviteUnknown => line(404, "invite_not_found", "Invite not found"),
            Self::InviteMismatch => line(400, "validation_failed", "Invited email does not match emails from external provider"),
            Self::LinkingDisabled => line(404, "manual_linking_disabled", "Manual linking is disabled"),
            Self::IdentityOwn => line(422, "identity_already_exists", "Identity is already linked"),
            Self::IdentityTaken => line(422, "identity_already_exists", "Identity is already linked to another user"),
            Self::EmailTaken => line(400, "email_exists", "A user with this email address has already been registered"),
            Self::ConfirmLinked => line(422, "email_not_confirmed", "Please confirm the email address that was linked"),
            Self::IdentityIdShape => line(404, "validation_failed", "identity_id must be an UUID"),
            Self::IdentityLast => line(422, "single_identity_not_deletable", "User must have at least 1 identity after unlinking"),
            Self::IdentityUnknown => line(422, "identity_not_found", "Identity doesn't exist"),
            Self::IdentityConflict => line(422, "email_conflict_identity_not_deletable", "Unable to unlink identity due to email conflict"),

            Self::Feature(message) => line(404, "feature_disabled", message),
            Self::ClientUnknown => line(404, "oauth_client_not_found", "OAuth client not found"),
            Self::ClientInvalid(message) => line(400, "oauth_client_not_found", message),
            Self::ClientCredentials => line(400, "invalid_credentials", "Invalid client credentials"),
            Self::RegistrationDisabled => line(403, "oauth_dynamic_client_registration_disabled", "Dynamic client registration is not enabled"),
            Self::AuthorizationUnknown => line(404, "oauth_authorization_not_found", "authorization not found"),
            Self::ConsentUnknown => line(404, "oauth_consent_not_found", "No active grant found for this client"),
            Self::CustomUnknown => line(404, "custom_provider_not_found", "Custom OAuth provider not found"),
            Self::CustomExists => line(400, "conflict", "A custom OAuth provider with this identifier already exists"),
            Self::CustomQuota(most) => told(400, "over_custom_provider_quota", format!("Maximum number of custom OAuth providers ({most}) reached")),

            Self::Web3Disabled("") => line(422, "web3_provider_disabled", "Web3 provider is disabled"),
            Self::Web3Disabled(chain) => told(422, "web3_provider_disabled", format!("{chain} Web3 provider is disabled")),
            Self::Web3Chain => line(400, "web3_unsupported_chain", "Unsupported chain"),

            Self::EmailNotAuthorized(address) => told(400, "email_address_not_authorized", format!("Email address \"{address}\" cannot be used as it is not authorized")),
            Self::EmailQuota => line(429, "over_email_send_rate_limit", "email rate limit exceeded"),
            Self::SmsQuota => line(429, "over_sms_send_rate_limit", "SMS rate limit exceeded"),
            Self::EmailSoon(seconds) => told(429, "over_email_send_rate_limit", soon(*seconds)),
            Self::SmsSoon(seconds) => told(429, "over_sms_send_rate_limit", soon(*seconds)),
            Self::SmsFailed(what) => told(422, "sms_send_failed", what.clone()),
            Self::NoSmsProvider => line(500, "unexpected_failure", "Unable to get SMS provider"),
            Self::PhoneUnsupported => line(400, "phone_provider_disabled", "Unsupported phone provider"),
            Self::OtpDisabled => line(422, "otp_disabled", "Signups not allowed for otp"),
            Self::MagicLinkDisabled => line(422, "email_provider_disabled", "Login with magic link is disabled"),
            Self::MagicLinkAddress => line(422, "validation_failed", "Password recovery requires an email"),
            Self::NoUserOfEmail => line(404, "user_not_found", "User with this email not found"),
            Self::OtpExpired => line(403, "otp_expired", "Token has expired or is invalid"),
            Self::LinkExpired => line(403, "otp_expired", "Email link is invalid or has expired"),
            Self::EmailShape => line(422, "validation_failed", "Invalid email format"),
            Self::ConfirmEmailFirst => line(422, "email_not_confirmed", "Please verify your email first."),
            Self::ConfirmPhoneFirst => line(422, "phone_not_confirmed", "Please verify your phone first."),
            Self::ReauthenticationNeeded => line(400, "reauthentication_needed", "Password update requires reauthentication"),
            Self::ReauthenticationInvalid => line(422, "reauthentication_not_valid", "Nonce has expired or is invalid"),

            Self::NotForGuests => line(403, "no_authorization", "Anonymous user not allowed to perform these actions"),
            Self::FactorIdShape => line(404, "validation_failed", "factor_id must be an UUID"),
            Self::FactorUnknown => line(404, "mfa_factor_not_found", "Factor not found"),
            Self::EnrollDisabled(code, title) => told(422, code, format!("MFA enroll is disabled for {title}")),
            Self::VerifyDisabled(code, title) => told(422, code, format!("MFA verification is disabled for {title}")),
            Self::FactorExists => line(422, "mfa_verified_factor_exists", "A verified phone factor already exists, unenroll the existing factor to continue"),
            Self::FactorName(name) => told(422, "mfa_factor_name_conflict", format!("A factor with the friendly name \"{name}\" for this user already exists")),
            Self::TooManyFactors => line(422, "too_many_enrolled_mfa_factors", "Maximum number of verified factors reached, unenroll to continue"),
            Self::EnrollAal => line(403, "insufficient_aal", "AAL2 required to enroll a new factor"),
            Self::UnenrollAal => line(422, "insufficient_aal", "AAL2 required to unenroll verified factor"),
            Self::ChallengeUnknown => line(422, "mfa_factor_not_found", "MFA factor with the provided challenge ID not found"),
            Self::ChallengeIp => line(422, "mfa_ip_address_mismatch", "Challenge and verify IP addresses mismatch."),
            Self::ChallengeExpired(id) => told(422, "mfa_challenge_expired", format!("MFA challenge {id} has expired, verify against another challenge or create a new challenge.")),
            Self::FactorCode(message) => line(422, "mfa_verification_failed", message),

            Self::FlowUnknown => line(404, "flow_state_not_found", "invalid flow state, no valid flow state found"),
            Self::FlowMissing => line(400, "flow_state_not_found", "No associated flow state found. Please start the flow again"),
            Self::FlowExpired => line(422, "flow_state_expired", "invalid flow state, flow state has expired"),
            Self::CodeVerifier => line(400, "bad_code_verifier", "code challenge does not match previously saved code verifier"),

            Self::Database(_, cause) if matches!(&**cause, pg::Error::PoolTimeout(_)) => Self::Timeout.line(),
            Self::Database(_, cause) if cause.kind() == Some(pg::Kind::Data) => told(400, "validation_failed", format!("A value cannot be stored: {}", cause.server().map_or("", |error| &error.message))),
            Self::MailFailed(what, _) | Self::Database(what, _) => line(500, "unexpected_failure", what),
            Self::Internal(_) => line(500, "unexpected_failure", UNEXPECTED),
        }
    }

    /// Status, code and sentence, for where they do not go into a body.
    pub(crate) fn parts(&self) -> (u16, &'static str, String) {
        let (status, code, message) = self.line();
        (status, code, message.into_owned())
    }

    /// The response in the shape that the client expects.
    pub(crate) fn render(&self, format: Format, request_id: Option<&str>) -> Response {
        if let (Self::Database(_, cause), Format::Old) = (self, format)
            && let Some(response) = raised(cause)
        {
            return response;
        }
        let (status, code, message) = self.line();
        if let Self::OAuth(name, message) = self {
            // AUTH-ERR-05
            let body = json!({ "error": name, "error_description": message });
            return web::json_response_as(JSON, status_of(status), &body);
        }
        let mut body = Map::new();
        match format {
            Format::Old => {
                body.insert("code".into(), json!(status));
                body.insert("error_code".into(), json!(code));
                body.insert("msg".into(), json!(message));
                if status >= 500 {
                    body.insert("error_id".into(), json!(request_id.unwrap_or_default()));
                }
            }
            Format::New => {
                body.insert("code".into(), json!(code));
                body.insert("message".into(), json!(message));
            }
        }
        if let Self::WeakPassword(_, reasons) = self {
            body.insert("weak_password".into(), json!({ "reasons": reasons }));
        }
        let mut response = web::json_response_as(JSON, status_of(status), &Value::Object(body));
        let headers = response.headers_mut();
        if format == Format::New {
            headers.insert(API_VERSION, HeaderValue::from_static(FIRST_NEW));
        }
        // Of weak passwords only the old shape says so in a header.
        if format == Format::Old || !matches!(self, Self::WeakPassword(..)) {
            headers.insert(ERROR_CODE, HeaderValue::from_static(code));
        }
        response
    }
}

/// AUTH-HTTP-03: without a character set.
pub(crate) const JSON: &str = "application/json";

fn soon(seconds: i64) -> String {
    format!("For security purposes, you can only request this after {seconds} seconds.")
}

const UNEXPECTED: &str = "Unexpected failure, please check server logs for more information";

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// What a trigger or a constraint of the application said is told in its own words, in the old shape.
fn raised(cause: &pg::Error) -> Option<Response> {
    const TOLD: [&str; 8] = [
        "P0001", "23000", "23001", "23502", "23503", "23505", "23514", "23P01",
    ];
    let error = cause.server()?;
    let status = match error.code.strip_prefix("PT") {
        Some(number) => number.parse().ok().filter(|status| *status >= 200)?,
        None if TOLD.contains(&error.code.as_str()) => 500,
        None => return None,
    };
    let mut body = json!({ "code": error.code, "message": error.message });
    for (name, text) in [("hint", &error.hint), ("detail", &error.detail)] {
        if let Some(text) = text {
            body[name] = json!(text);
        }
    }
    Some(web::json_response_as(JSON, status_of(status), &body))
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.line().2)
    }
}

impl std::error::Error for Error {}

impl web::Failure for Error {
    fn status(&self) -> StatusCode {
        status_of(self.line().0)
    }

    fn into_response(self) -> Response {
        self.render(Format::Old, None)
    }

    fn cause(&self) -> Option<String> {
        match self {
            Self::Internal(cause)
            | Self::MailFailed(_, cause)
            | Self::Exchange(_, cause)
            | Self::ProfileFailed(cause)
            | Self::ProviderDown(cause)
            | Self::CaptchaDown(cause) => Some(cause.clone()),
            Self::Database(_, cause) => Some(cause.to_string()),
            _ => None,
        }
    }
}

impl From<pg::Error> for Error {
    fn from(error: pg::Error) -> Self {
        Self::Database(UNEXPECTED, Box::new(error))
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        pg::Error::from(error).into()
    }
}

#[cfg(test)]
mod tests;
