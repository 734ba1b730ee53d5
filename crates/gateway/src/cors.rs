//! What browsers are told.

use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, COOKIE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::CorsRule;

const METHODS: HeaderValue =
    HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT");
const ANY: HeaderValue = HeaderValue::from_static("*");
/// Named one by one beside `*`, which neither Safari nor a request with credentials honours.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "*, Content-Range, Range-Unit, Location, Preference-Applied, Content-Profile, Upload-Offset, Upload-Length, \
     Upload-Expires, Upload-Metadata, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, ETag, \
     x-sb-error-code, X-Total-Count, Link, X-Supabase-Api-Version, sb-request-id",
);
const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// Which origins may call.
#[derive(Debug, Clone)]
pub(crate) struct Origins {
    any: bool,
    listed: Vec<String>,
    public_url: Option<String>,
}

impl Origins {
    pub(crate) fn new(listed: &[String], public_url: Option<&str>) -> Self {
        Self {
            any: listed.iter().any(|origin| origin == "*"),
            listed: listed
                .iter()
                .map(|origin| origin.trim_end_matches('/').to_owned())
                .collect(),
            public_url: public_url.and_then(origin_of),
        }
    }

    /// What `Access-Control-Allow-Origin` says to this request, and whether credentials may be used.
    fn allowed(&self, rule: CorsRule, request: &HeaderMap) -> Option<(HeaderValue, bool)> {
        let origin = request.get(ORIGIN);
        let text = origin.and_then(|origin| origin.to_str().ok());
        if rule == CorsRule::Local {
            let origin = origin.filter(|_| text.is_some_and(|text| self.is_local(text)))?;
            return Some((origin.clone(), true));
        }
        if self.any {
            // Only a request that brings cookies needs its own origin named.
            return match origin {
                Some(origin) if request.contains_key(COOKIE) => Some((origin.clone(), true)),
                _ => Some((ANY, false)),
            };
        }
        let origin = origin
            .filter(|_| text.is_some_and(|text| self.listed.iter().any(|listed| listed == text)))?;
        Some((origin.clone(), true))
    }

    fn is_local(&self, origin: &str) -> bool {
        if self.public_url.as_deref() == Some(origin) {
            return true;
        }
        let Some(host) = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"))
        else {
            return false;
        };
        let (name, port) = host.split_once(':').unwrap_or((host, "0"));
        matches!(name, "localhost" | "127.0.0.1") && port.bytes().all(|byte| byte.is_ascii_digit())
    }
}

fn origin_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    Some(format!("{scheme}://{}", rest.split('/').next()?))
}

/// Whether a request is a preflight: answered before any key is asked for.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight; empty, 200.
pub(crate) fn preflight(origins: &Origins, rule: CorsRule, request: &HeaderMap) -> Response {
    let mut response = Response::new(axum::body::Body::empty());
    decorate(origins, rule, request, response.headers_mut());
    let headers = response.headers_mut();
    headers.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
    if headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        let wanted = request
            .get(ACCESS_CONTROL_REQUEST_HEADERS)
            .cloned()
            .unwrap_or(ANY);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted);
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
        if request
            .get(REQUEST_PRIVATE_NETWORK)
            .is_some_and(|value| value == "true")
        {
            headers.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
        }
    }
    response
}

/// Replaces whatever CORS headers a service set by the gateway's.
pub(crate) fn decorate(
    origins: &Origins,
    rule: CorsRule,
    request: &HeaderMap,
    response: &mut HeaderMap,
) {
    for name in [
        ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_ALLOW_CREDENTIALS,
        ACCESS_CONTROL_EXPOSE_HEADERS,
        ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_HEADERS,
    ] {
        response.remove(name);
    }
    let Some((origin, credentials)) = origins.allowed(rule, request) else {
        return;
    };
    if origin != ANY {
        response.append(VARY, HeaderValue::from_static("Origin"));
    }
    if credentials {
        response.insert(
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
    response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
}

/// [`decorate`], except that a preflight's answer is already whole.
pub(crate) fn decorate_unless_preflight(
    origins: &Origins,
    rule: CorsRule,
    request: &HeaderMap,
    response: &mut Response,
) {
    if !response.headers().contains_key(ACCESS_CONTROL_MAX_AGE) {
        decorate(origins, rule, request, response.headers_mut());
    }
}
