//! What the gateway itself answers: one table.

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use web::json_response;

/// Why the gateway refused a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// No API key on a route that needs one.
    NoKey,
    /// A key that opens nothing.
    WrongKey,
    /// Header `apikey` given twice.
    DuplicateKey,
    /// A public key on a service route.
    WrongClass,
    /// A route that is never open from outside.
    Closed,
    /// The dashboard asked for without credentials.
    NoCredentials,
    /// The dashboard asked for with wrong ones.
    WrongCredentials,
    /// Too many wrong ones from one address; seconds to wait.
    TooManyAttempts(u64),
    /// Nothing is mounted there.
    NoRoute,
    /// A path that cannot be normalised.
    BadPath,
    /// URL over the limit.
    UrlTooLong,
    /// The service is starting or has lost its database.
    NotReady(&'static str),
    /// The service runs on another node.
    Elsewhere(&'static str),
    /// No progress for a minute.
    TimedOut,
    /// A service panicked; the panic is in the log under the request id.
    Internal,
}

impl Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoKey
            | Self::WrongKey
            | Self::DuplicateKey
            | Self::NoCredentials
            | Self::WrongCredentials => StatusCode::UNAUTHORIZED,
            Self::WrongClass | Self::Closed => StatusCode::FORBIDDEN,
            Self::TooManyAttempts(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::BadPath => StatusCode::BAD_REQUEST,
            Self::UrlTooLong => StatusCode::URI_TOO_LONG,
            Self::NotReady(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Elsewhere(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::NoKey => "No API key found in request".into(),
            Self::WrongKey | Self::WrongCredentials => "Invalid authentication credentials".into(),
            Self::DuplicateKey => "Duplicate API key found".into(),
            Self::WrongClass => "You cannot consume this service".into(),
            Self::Closed => "Access is forbidden.".into(),
            Self::NoCredentials => "Unauthorized".into(),
            Self::TooManyAttempts(_) => "API rate limit exceeded".into(),
            Self::NoRoute => "no Route matched with those values".into(),
            Self::BadPath => "The path is not valid".into(),
            Self::UrlTooLong => "The URL is too long".into(),
            Self::NotReady(service) => format!("{service} is not ready"),
            Self::Elsewhere(service) => format!("{service} does not run on this node"),
            Self::TimedOut => "The upstream server is timing out".into(),
            Self::Internal => "An unexpected error occurred".into(),
        }
    }

    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoKey => Some("No `apikey` request header or url param was found."),
            Self::WrongKey => Some("Double check your Supabase `anon` or `service_role` API key."),
            Self::Elsewhere(_) => Some("Send the request to a node that runs it."),
            _ => None,
        }
    }

    /// The whole response; `request_id` is repeated in 5xx bodies.
    pub fn response(&self, request_id: &str) -> Response {
        let mut body = json!({ "message": self.message() });
        if let Some(hint) = self.hint() {
            body["hint"] = json!(hint);
        }
        if self.status().is_server_error() {
            body["request_id"] = json!(request_id);
        }
        let mut response = json_response(self.status(), &body);
        let headers = response.headers_mut();
        match self {
            Self::NoKey => {
                headers.insert(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static("Key realm=\"passerelle\""),
                );
            }
            Self::NoCredentials | Self::WrongCredentials => {
                headers.insert(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static("Basic realm=\"passerelle\""),
                );
            }
            Self::NotReady(_) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Self::TooManyAttempts(seconds) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            }
            _ => {}
        }
        response
    }
}
