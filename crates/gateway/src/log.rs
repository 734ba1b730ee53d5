//! The access log: one line a request, no secret in it.

use std::borrow::Cow;

/// Query parameters whose values are never written.
const MASKED: [&str; 8] = [
    "apikey",
    "token",
    "token_hash",
    "access_token",
    "refresh_token",
    "code",
    "X-Amz-Signature",
    "X-Amz-Credential",
];

/// A query as the log shows it.
pub(crate) fn masked(query: &str) -> Cow<'_, str> {
    let is_masked = |pair: &str| {
        let name = pair.split('=').next().unwrap_or("");
        MASKED
            .iter()
            .any(|masked| masked.eq_ignore_ascii_case(name))
    };
    if !query.split('&').any(is_masked) {
        return Cow::Borrowed(query);
    }
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_masked(pair) => Cow::Owned(format!("{name}=***")),
        _ => Cow::Borrowed(pair),
    });
    Cow::Owned(pairs.collect::<Vec<_>>().join("&"))
}

/// One finished request.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) method: &'a http::Method,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) status: u16,
    pub(crate) service: &'static str,
    pub(crate) ip: std::net::IpAddr,
    pub(crate) elapsed: std::time::Duration,
}

impl Entry<'_> {
    pub(crate) fn write(&self) {
        tracing::info!(
            target: "access",
            request_id = self.request_id,
            service = self.service,
            method = %self.method,
            path = self.path,
            query = self.query.map(masked).as_deref().unwrap_or(""),
            status = self.status,
            ip = %self.ip,
            ms = self.elapsed.as_secs_f64() * 1_000.0,
            "request",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // GW-LIM-03.
    #[test]
    fn secrets_in_queries_are_masked() {
        let check = |query: &str, expected: &str| assert_eq!(masked(query), expected);
        check("select=id&apikey=eyJ.a.b", "select=id&apikey=***");
        check(
            "token=x&type=signup&code=y&Refresh_Token=z",
            "token=***&type=signup&code=***&Refresh_Token=***",
        );
        check("select=token&order=id", "select=token&order=id");
        check("X-Amz-Signature=abc", "X-Amz-Signature=***");
        check("apikey", "apikey");
    }
}
