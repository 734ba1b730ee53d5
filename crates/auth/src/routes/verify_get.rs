//! `GET /verify`: the links of mails. All but a broken link ends in a redirect.

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

use crate::ask::Ask;
use crate::letters::method_of;
use crate::otp::{PKCE, Slot};
use crate::rate::Limit;
use crate::service::Inner;
use crate::verification::{self, Subject, Verified};
use crate::{Error, flow, session};

/// What the first of two sides is told.
pub(super) const HALF: &str =
    "Confirmation link accepted. Please proceed to confirm link sent to the other email";

pub(super) async fn get(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    service
        .limits
        .take(Limit::Verify, ask.ip(), service.now())?;
    let (kind, token) = (
        ask.query("type").unwrap_or_default(),
        ask.query("token").unwrap_or_default(),
    );
    if kind.is_empty() {
        return Err(Error::validation("Verify requires a verification type"));
    }
    if token.is_empty() {
        return Err(Error::validation("Verify requires a token or a token hash"));
    }
    let target = service.redirects.target(ask, None);
    let in_query = token.starts_with(PKCE);
    Ok(match verify(service, ask, &kind, &token).await {
        Ok(Arrival::Code(code)) => see_other(&with_query(&target, &[("code", &code)])),
        Ok(Arrival::Session(tokens)) => {
            see_other(&with_fragment(&target, &session_pairs(&tokens, &kind)))
        }
        Ok(Arrival::Half) => {
            let pairs = [("message", HALF), ("sb", "")].map(own);
            let target = if in_query {
                with_query(&target, &[("message", HALF)])
            } else {
                target
            };
            see_other(&with_fragment(&target, &pairs))
        }
        Err(error) => {
            if let Some(cause) = web::Failure::cause(&error) {
                tracing::error!(request = ask.id(), cause, "{error}");
            }
            failure(&target, &error, in_query)
        }
    })
}

enum Arrival {
    Code(String),
    Session(Value),
    Half,
}

async fn verify(service: &Inner, ask: &Ask, kind: &str, token: &str) -> Result<Arrival, Error> {
    let subject = Subject::of(kind).ok_or(Error::validation("Invalid email verification type"))?;
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let arrival = match verification::by_hash(service, &tx, subject, token).await? {
        Verified::Half => Arrival::Half,
        Verified::User(user, slot) if token.starts_with(PKCE) => {
            let method = match (subject, slot) {
                (Subject::Email, Slot::Confirmation) => "email/signup",
                (Subject::Email, _) => "magiclink",
                _ => method_of(kind),
            };
            Arrival::Code(flow::issue(service, &tx, user.id, method).await?)
        }
        Verified::User(mut user, _) => {
            Arrival::Session(session::begin(service, &tx, ask, &mut user, "otp").await?)
        }
    };
    tx.commit().await?;
    Ok(arrival)
}

pub(super) type Pair = (String, String);

fn own((name, value): (&str, &str)) -> Pair {
    (name.to_owned(), value.to_owned())
}

/// What a browser's client reads from the fragment, in alphabetical order.
fn session_pairs(tokens: &Value, kind: &str) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = [
        "access_token",
        "expires_at",
        "expires_in",
        "refresh_token",
        "token_type",
    ]
    .iter()
    .map(|name| match &tokens[*name] {
        Value::String(text) => own((name, text)),
        other => ((*name).to_owned(), other.to_string()),
    })
    .collect();
    pairs.push(own(("sb", "")));
    pairs.push(own(("type", kind)));
    pairs.sort();
    pairs
}

/// What an application is told of an error.
pub(super) fn error_pairs(error: &Error) -> Vec<Pair> {
    if let Error::FromProvider(name, described) = error {
        return vec![own(("error", name)), own(("error_description", described))];
    }
    let (status, code, message) = error.parts();
    let word = match (status, code) {
        (_, "signup_disabled" | "user_banned" | "provider_email_needs_verification") | (403, _) => {
            Some("access_denied")
        }
        (400, _) => Some("invalid_request"),
        (401, _) => Some("unauthorized_client"),
        (500, _) => Some("server_error"),
        (503, _) => Some("temporarily_unavailable"),
        _ => None,
    };
    let mut pairs: Vec<Pair> = word.map(|word| own(("error", word))).into_iter().collect();
    pairs.push(own(("error_code", code)));
    pairs.push(own(("error_description", &message)));
    pairs
}

/// An error on its way to the application.
fn failure(target: &str, error: &Error, in_query: bool) -> Response {
    let mut pairs = error_pairs(error);
    let target = if in_query {
        let borrowed: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        with_query(target, &borrowed)
    } else {
        target.to_owned()
    };
    pairs.push(own(("sb", "")));
    see_other(&with_fragment(&target, &pairs))
}

fn encoded<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

pub(super) fn with_fragment(target: &str, pairs: &[Pair]) -> String {
    let fragment = encoded(
        pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    );
    format!("{target}#{fragment}")
}

/// The query grows; what was there stays.
pub(super) fn with_query(target: &str, pairs: &[(&str, &str)]) -> String {
    let (rest, fragment) = match target.split_once('#') {
        Some((rest, fragment)) => (rest, format!("#{fragment}")),
        None => (target, String::new()),
    };
    let sign = match rest.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{rest}{sign}{}{fragment}", encoded(pairs.iter().copied()))
}

fn see_other(target: &str) -> Response {
    redirect(StatusCode::SEE_OTHER, target)
}

/// Sends a browser on; not to be kept by anybody, for there are tokens in it.
pub(super) fn redirect(status: StatusCode, target: &str) -> Response {
    let mut location = String::with_capacity(target.len());
    for c in target.chars() {
        if c.is_ascii_graphic() {
            location.push(c);
        } else {
            location.extend(url::form_urlencoded::byte_serialize(
                c.to_string().as_bytes(),
            ));
        }
    }
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Ok(location) = HeaderValue::from_str(&location) {
        headers.insert(header::LOCATION, location);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_grow_and_fragments_stay() {
        // AUTH-VERIFY-04
        assert_eq!(
            with_query("https://a.b", &[("code", "x y")]),
            "https://a.b?code=x+y"
        );
        assert_eq!(
            with_query("https://a.b/?c=d#e", &[("code", "x")]),
            "https://a.b/?c=d&code=x#e"
        );
        assert_eq!(
            with_query("com.app://cb?", &[("code", "x")]),
            "com.app://cb?code=x"
        );
    }
}
