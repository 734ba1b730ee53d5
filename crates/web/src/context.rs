//! What the gateway tells a service about a request, as request extensions.

use std::net::IpAddr;

use jwt::ApiKeyClass;

/// The id of a request: in the log, in `sb-request-id`, in 5xx bodies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub String);

/// Where a request came from and under which address the client knows this server. Only from trusted
/// proxies are `X-Forwarded-*` believed, so links in mails cannot be poisoned by a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The client's address: the last untrusted hop.
    pub ip: IpAddr,
    /// `http` or `https`.
    pub scheme: String,
    /// Host and, unless it is the scheme's default, port, as the client sees them.
    pub host: String,
    /// The prefix under which the service is mounted (`/auth/v1`), empty on a classic port.
    pub prefix: &'static str,
}

impl Peer {
    /// `scheme://host/prefix`, without a trailing slash.
    pub fn base_url(&self) -> String {
        format!("{}://{}{}", self.scheme, self.host, self.prefix)
    }
}

/// The API key that opened the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiKey {
    /// What it allows.
    pub class: ApiKeyClass,
    /// Whether `Authorization` was made from it, because the client sent none of its own.
    pub synthesized: bool,
}
