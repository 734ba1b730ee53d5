//! Why a request got no answer, in the words of `pg_net`, which are libcurl's: people match on them.

use std::error::Error as StdError;
use std::time::Duration;

use web::public::Unreachable;

/// Why a request got no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    #[error("Timeout of {limit} ms reached. Total time: {took:.6} ms", took = .took.as_secs_f64() * 1_000.0)]
    TimedOut { limit: i32, took: Duration },
    #[error("timeout_milliseconds must be between 1 and {most}, got {got}")]
    TimeLimit { most: u128, got: i32 },
    #[error("header \"{0}\" is not a header that can be sent")]
    Header(String),
    #[error("URL using bad/illegal format or missing URL")]
    Url,
    #[error("Unsupported protocol")]
    Protocol,
    #[error("Unsupported request method")]
    Method,
    #[error("The address is not public, and extensions.net_block_private_addresses is on")]
    Private,
    #[error("Couldn't resolve host name")]
    Unresolved,
    #[error("Couldn't connect to server")]
    Connect,
    #[error("SSL connect error")]
    Tls,
    #[error("SSL peer certificate or SSH remote key was not OK")]
    Certificate,
    #[error("Number of redirects hit maximum amount")]
    Redirects,
    #[error("Server returned nothing (no headers, no data)")]
    Nothing,
    #[error("Transferred a partial file")]
    Partial,
    #[error("Failure when receiving data from the peer")]
    Receive,
    #[error("Maximum file size exceeded")]
    TooLarge,
}

/// A redirect to an address that is not public, as it travels through the HTTP client.
#[derive(Debug, thiserror::Error)]
#[error("redirected to an address that is not public")]
pub(super) struct RedirectedToPrivate;

/// A redirect to something that is not HTTP.
#[derive(Debug, thiserror::Error)]
#[error("redirected to another protocol")]
pub(super) struct RedirectedElsewhere;

/// More redirects than anybody needs.
#[derive(Debug, thiserror::Error)]
#[error("redirected too often")]
pub(super) struct RedirectedTooOften;

impl From<&reqwest::Error> for Failure {
    fn from(error: &reqwest::Error) -> Self {
        let chain = || std::iter::successors(error.source(), deeper);
        for inner in chain() {
            if let Some(failure) = named(inner) {
                return failure;
            }
        }
        if error.is_builder() {
            Self::Url
        } else if error.is_redirect() {
            Self::Redirects
        } else if error.is_connect() {
            Self::Connect
        } else if error.is_body() || error.is_decode() {
            Self::Partial
        } else {
            Self::Receive
        }
    }
}

fn deeper<'a>(inner: &&'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    (*inner).source()
}

fn named(inner: &(dyn StdError + 'static)) -> Option<Failure> {
    if let Some(unreachable) = inner.downcast_ref::<Unreachable>() {
        return Some(match unreachable {
            Unreachable::Private => Failure::Private,
            Unreachable::Unresolved => Failure::Unresolved,
        });
    }
    if inner.is::<RedirectedToPrivate>() {
        return Some(Failure::Private);
    }
    if inner.is::<RedirectedElsewhere>() {
        return Some(Failure::Protocol);
    }
    if inner.is::<RedirectedTooOften>() {
        return Some(Failure::Redirects);
    }
    if let Some(http) = inner.downcast_ref::<hyper::Error>() {
        return http.is_incomplete_message().then_some(Failure::Nothing);
    }
    match tls(inner.downcast_ref::<std::io::Error>()?)? {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            Some(Failure::Certificate)
        }
        _ => Some(Failure::Tls),
    }
}

/// TLS speaks through errors of the stream, which hide what they hold from the chain.
fn tls(io: &std::io::Error) -> Option<&rustls::Error> {
    let held = io.get_ref()?;
    held.downcast_ref()
        .or_else(|| tls(held.downcast_ref::<std::io::Error>()?))
}
