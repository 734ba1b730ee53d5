//! API keys and `Authorization`: what a request shows, and what services see in its place.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use base::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use jwt::{ApiKeyClass, ApiKeys};
use percent_encoding::percent_decode_str;
use web::ApiKey;

use crate::{AuthorizationRule, Error};

const APIKEY: HeaderName = HeaderName::from_static("apikey");

/// A key that was shown and recognised.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) class: ApiKeyClass,
    /// What services see in its place.
    internal: Secret,
    /// Whether it must be replaced in header and query.
    opaque: bool,
}

/// The key of a request: header `apikey`, then query `apikey`, then an opaque key sent as bearer token.
/// A header that is there decides alone.
pub(crate) fn find(
    keys: &ApiKeys,
    headers: &HeaderMap,
    query: Option<&str>,
) -> Result<Option<Shown>, Error> {
    let mut given = headers.get_all(&APIKEY).iter();
    let candidate = match (given.next(), given.next()) {
        (Some(_), Some(_)) => return Err(Error::DuplicateKey),
        (Some(value), None) => Some(value.to_str().map_err(|_| Error::WrongKey)?.to_owned()),
        (None, _) => from_query(query).or_else(|| opaque_bearer(headers).map(str::to_owned)),
    };
    let Some(candidate) = candidate.filter(|candidate| !candidate.is_empty()) else {
        return Ok(None);
    };
    let (class, internal) = keys.recognize(&candidate).ok_or(Error::WrongKey)?;
    let opaque = internal.expose() != candidate;
    Ok(Some(Shown {
        class,
        internal,
        opaque,
    }))
}

fn from_query(query: Option<&str>) -> Option<String> {
    let value = query?
        .split('&')
        .find_map(|pair| pair.strip_prefix("apikey="))?;
    percent_decode_str(value)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

fn opaque_bearer(headers: &HeaderMap) -> Option<&str> {
    match web::authorization(headers) {
        web::Authorization::Bearer(token) if token.starts_with("sb_") => Some(token),
        _ => None,
    }
}

/// Applies a rule to `Authorization` and hides opaque keys from services. Returns what to tell the service
/// about the key, and the query with the key replaced if it held an opaque one.
pub(crate) fn rewrite(
    shown: Option<&Shown>,
    rule: AuthorizationRule,
    headers: &mut HeaderMap,
    query: Option<&str>,
) -> (Option<ApiKey>, Option<String>) {
    let opaque_before = opaque_bearer(headers).is_some();
    let mut synthesized = false;
    match rule {
        AuthorizationRule::Keep => {}
        AuthorizationRule::Remove => {
            headers.remove(AUTHORIZATION);
        }
        AuthorizationRule::Synthesize => {
            let keeps = match web::authorization(headers) {
                web::Authorization::Bearer(token) => !token.is_empty() && !token.starts_with("sb_"),
                web::Authorization::Other(text) => {
                    shown.is_none() || text.starts_with("AWS4-HMAC-SHA256")
                }
                web::Authorization::Missing => false,
            };
            if !keeps && let Some(shown) = shown {
                let mut value =
                    HeaderValue::from_str(&format!("Bearer {}", shown.internal.expose()))
                        .expect("a JWT is a header value");
                value.set_sensitive(true);
                headers.insert(AUTHORIZATION, value);
                synthesized = true;
            } else if opaque_before {
                headers.remove(AUTHORIZATION);
            }
        }
    }
    let Some(shown) = shown else {
        return (None, None);
    };
    let mut replaced = None;
    if shown.opaque {
        if headers.contains_key(&APIKEY) {
            let value =
                HeaderValue::from_str(shown.internal.expose()).expect("a JWT is a header value");
            headers.insert(APIKEY, value);
        }
        replaced = query
            .filter(|query| query.contains("apikey="))
            .map(|query| {
                let pairs = query
                    .split('&')
                    .map(|pair| match pair.strip_prefix("apikey=") {
                        Some(_) => format!("apikey={}", shown.internal.expose()),
                        None => pair.to_owned(),
                    });
                pairs.collect::<Vec<_>>().join("&")
            });
    }
    (
        Some(ApiKey {
            class: shown.class,
            synthesized,
        }),
        replaced,
    )
}

/// Dashboard credentials, with failed attempts counted by address.
#[derive(Debug)]
pub(crate) struct Dashboard {
    user: String,
    password: Secret,
    failures: Mutex<HashMap<IpAddr, (u32, Instant)>>,
}

impl Dashboard {
    const WINDOW: Duration = Duration::from_secs(60);
    const MOST_FAILURES: u32 = 10;
    /// Addresses remembered; past that the oldest window is forgotten with all that have ended.
    const MOST_ADDRESSES: usize = 10_000;

    pub(crate) fn new(user: &str, password: &Secret) -> Self {
        Self {
            user: user.to_owned(),
            password: password.clone(),
            failures: Mutex::default(),
        }
    }

    pub(crate) fn check(&self, headers: &HeaderMap, address: IpAddr) -> Result<(), Error> {
        let Some(given) = basic(headers) else {
            return Err(Error::NoCredentials);
        };
        if let Some(wait) = self.blocked(address) {
            return Err(Error::TooManyAttempts(wait));
        }
        let (user, password) = given.split_once(':').unwrap_or((&given, ""));
        let user_fits = base::constant_time_eq(user.as_bytes(), self.user.as_bytes());
        if self.password.matches(password) && user_fits {
            return Ok(());
        }
        self.note_failure(address);
        Err(Error::WrongCredentials)
    }

    fn blocked(&self, address: IpAddr) -> Option<u64> {
        let failures = self.failures.lock().expect("never held across a panic");
        let (count, since) = failures.get(&address)?;
        let left = Self::WINDOW.checked_sub(since.elapsed())?;
        (*count >= Self::MOST_FAILURES).then(|| left.as_secs().max(1))
    }

    fn note_failure(&self, address: IpAddr) {
        let mut failures = self.failures.lock().expect("never held across a panic");
        if failures.len() >= Self::MOST_ADDRESSES {
            failures.retain(|_, (_, since)| since.elapsed() < Self::WINDOW);
        }
        if failures.len() >= Self::MOST_ADDRESSES {
            return;
        }
        let entry = failures
            .entry(address)
            .or_insert_with(|| (0, Instant::now()));
        if entry.1.elapsed() >= Self::WINDOW {
            *entry = (0, Instant::now());
        }
        entry.0 += 1;
    }
}

fn basic(headers: &HeaderMap) -> Option<String> {
    let web::Authorization::Other(value) = web::authorization(headers) else {
        return None;
    };
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()
}
