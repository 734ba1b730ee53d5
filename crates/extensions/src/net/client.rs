//! Sending one request.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Method, Response};
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout};
use url::Url;
use web::public::{Resolver, names_private};

use super::NoClient;
use super::failure::{Failure, RedirectedElsewhere, RedirectedToPrivate, RedirectedTooOften};
use super::queue::Request;

/// What a receiver sees unless the request names itself.
const USER_AGENT: &str = concat!("pg_net (passerelle/", env!("CARGO_PKG_VERSION"), ")");
/// As libcurl.
const MAX_REDIRECTS: usize = 30;

/// What is written in `net._http_response`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Answer {
    pub(super) status: Option<i32>,
    pub(super) content_type: Option<String>,
    pub(super) headers: Option<Value>,
    pub(super) content: Option<String>,
    pub(super) timed_out: bool,
    pub(super) error: Option<String>,
}

impl Answer {
    /// For the metrics.
    pub(super) fn result(&self) -> &'static str {
        match (self.status, self.timed_out) {
            (Some(_), _) => "answered",
            (None, true) => "timed_out",
            (None, false) => "failed",
        }
    }
}

/// Sends requests; connections are kept for the next one to the same server.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    public_only: bool,
    max_timeout: Duration,
    max_body: usize,
}

impl Client {
    pub(super) fn new(settings: &settings::Extensions) -> Result<Self, NoClient> {
        let public_only = settings.net_block_private_addresses;
        let http = web::outgoing()
            // A proxy out of the environment would be a way around the judgement of addresses.
            .no_proxy()
            .user_agent(USER_AGENT)
            .redirect(Policy::custom(move |attempt| {
                redirect(attempt, public_only)
            }))
            .dns_resolver(Resolver { public_only })
            .pool_idle_timeout(Duration::from_secs(30))
            .build()
            .map_err(|error| NoClient(Arc::from(error.to_string())))?;
        Ok(Self {
            http,
            public_only,
            max_timeout: settings.net_max_timeout,
            max_body: usize::try_from(settings.net_max_response.0).unwrap_or(usize::MAX),
        })
    }

    /// Sends it and reads the answer; whatever goes wrong is an answer too.
    pub(super) async fn send(&self, request: &Request) -> Answer {
        self.exchange(request)
            .await
            .unwrap_or_else(|failure| Answer {
                timed_out: matches!(failure, Failure::TimedOut { .. }),
                error: Some(failure.to_string()),
                ..Answer::default()
            })
    }

    async fn exchange(&self, request: &Request) -> Result<Answer, Failure> {
        let limit = self.time_limit(request.timeout_milliseconds)?;
        let prepared = self.prepare(request)?;
        let begun = Instant::now();
        let exchange = async {
            let response = self.http.execute(prepared).await;
            self.read(response.map_err(|error| Failure::from(&error))?)
                .await
        };
        timeout(limit, exchange).await.unwrap_or_else(|_| {
            Err(Failure::TimedOut {
                limit: request.timeout_milliseconds,
                took: begun.elapsed(),
            })
        })
    }

    /// No limit (0) would hold a place for ever.
    fn time_limit(&self, milliseconds: i32) -> Result<Duration, Failure> {
        let limit = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0));
        if limit.is_zero() || limit > self.max_timeout {
            return Err(Failure::TimeLimit {
                most: self.max_timeout.as_millis(),
                got: milliseconds,
            });
        }
        Ok(limit)
    }

    fn prepare(&self, request: &Request) -> Result<reqwest::Request, Failure> {
        let url = Url::parse(&request.url).map_err(|_| Failure::Url)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Failure::Protocol);
        }
        if self.public_only && names_private(&url) {
            return Err(Failure::Private);
        }
        let method = match request.method.to_ascii_uppercase().as_str() {
            "GET" => Method::GET,
            "POST" => Method::POST,
            "DELETE" => Method::DELETE,
            _ => return Err(Failure::Method),
        };
        let mut prepared = reqwest::Request::new(method, url);
        *prepared.headers_mut() = headers(request.headers.as_ref())?;
        *prepared.body_mut() = request.body.clone().map(Into::into);
        Ok(prepared)
    }

    async fn read(&self, mut response: Response) -> Result<Answer, Failure> {
        let mut answer = Answer {
            status: Some(i32::from(response.status().as_u16())),
            content_type: response.headers().get(CONTENT_TYPE).map(text),
            headers: Some(as_object(response.headers())),
            ..Answer::default()
        };
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| Failure::from(&error))?
        {
            if body.len() + chunk.len() > self.max_body {
                return Err(Failure::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        answer.content = content(&body);
        Ok(answer)
    }
}

/// PostgreSQL's text holds no NUL: as in `pg_net` the text ends there. An empty body is null.
fn content(body: &[u8]) -> Option<String> {
    let text = body.split(|byte| *byte == 0).next().unwrap_or_default();
    (!text.is_empty()).then(|| String::from_utf8_lossy(text).into_owned())
}

/// The headers of a request. Only the name of a header is ever repeated: its value may be a secret.
fn headers(object: Option<&Value>) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for (name, value) in object.and_then(Value::as_object).into_iter().flatten() {
        let value = match value {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let refused = || Failure::Header(name.escape_default().to_string());
        headers.append(
            HeaderName::from_str(name).map_err(|_| refused())?,
            HeaderValue::from_str(value.trim()).map_err(|_| refused())?,
        );
    }
    Ok(headers)
}

/// Of a header that came more than once the last one stays, as in `pg_net`.
fn as_object(headers: &HeaderMap) -> Value {
    let object: Map<String, Value> = headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), Value::String(text(value))))
        .collect();
    Value::Object(object)
}

/// JSON and text hold no NUL; a header cannot.
fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

fn redirect(attempt: Attempt<'_>, public_only: bool) -> reqwest::redirect::Action {
    if attempt.previous().len() > MAX_REDIRECTS {
        attempt.error(RedirectedTooOften)
    } else if !matches!(attempt.url().scheme(), "http" | "https") {
        attempt.error(RedirectedElsewhere)
    } else if public_only && names_private(attempt.url()) {
        attempt.error(RedirectedToPrivate)
    } else {
        attempt.follow()
    }
}
