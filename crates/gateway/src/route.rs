//! Which request goes where, and what it must show first: data, given by the program.

use axum::Router;

use crate::Error;

/// What a request must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Open,
    /// Nothing here, but a key that is shown is translated; the service decides (storage).
    Service,
    /// Any API key.
    Key,
    /// A service key.
    ServiceKey,
    /// Any API key, unless `gateway.openapi_any_key` is off: then a service key.
    Document,
    /// Dashboard credentials.
    Basic,
    /// Nothing helps.
    Closed,
}

/// What happens to `Authorization`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizationRule {
    /// Made from the API key when the client sent none of its own.
    Synthesize,
    /// Passed on untouched.
    Keep,
    /// Removed.
    Remove,
}

/// How a rule recognises a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// The path begins with it, literally.
    Prefix(&'static str),
    /// The path is it.
    Exact(&'static str),
}

/// What path the service sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The path without this prefix (which has no trailing slash).
    Strip(&'static str),
    /// The path without the first, led by the second.
    Replace(&'static str, &'static str),
    /// Always this path.
    Fixed(&'static str),
    /// Unchanged.
    Keep,
}

/// Who may call from a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorsRule {
    /// Any origin (or those of `gateway.cors_origins`).
    Any,
    /// The public URL and this machine only.
    Local,
}

/// One line of a mount's table.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Which paths.
    pub pattern: Pattern,
    /// What they must show.
    pub access: Access,
    /// What the service sees.
    pub target: Target,
    /// What happens to `Authorization`.
    pub authorization: AuthorizationRule,
    /// Headers set on the way in.
    pub headers: &'static [(&'static str, &'static str)],
}

impl Rule {
    /// The usual rule: a prefix that is stripped, `Authorization` made from the key.
    pub fn prefix(prefix: &'static str, access: Access, strip: &'static str) -> Self {
        Self {
            pattern: Pattern::Prefix(prefix),
            access,
            target: Target::Strip(strip),
            authorization: AuthorizationRule::Synthesize,
            headers: &[],
        }
    }

    fn specificity(&self, path: &str) -> Option<(usize, bool)> {
        match self.pattern {
            Pattern::Prefix(prefix) => path.starts_with(prefix).then_some((prefix.len(), false)),
            Pattern::Exact(exact) => (path == exact).then_some((exact.len(), true)),
        }
    }
}

/// A service at its place.
#[derive(Debug, Clone)]
pub struct Mount {
    /// The service's name, for health, logs and metrics.
    pub service: &'static str,
    /// What `web::Peer::prefix` says: `/auth/v1`.
    pub prefix: &'static str,
    /// Its table.
    pub rules: Vec<Rule>,
    /// Who may call from a browser.
    pub cors: CorsRule,
    /// Paths below this prefix are object keys: not normalised, encoded slashes allowed.
    pub opaque_below: Option<&'static str>,
    /// Who answers.
    pub backend: Backend,
}

/// Who answers behind a mount.
#[derive(Debug, Clone, Default)]
pub enum Backend {
    /// Nobody yet: the service is starting.
    #[default]
    Starting,
    /// Nobody on this node: the service runs on another one.
    Elsewhere,
    /// The service's own routes.
    Here(Router),
}

impl Backend {
    /// The routes, or why there are none.
    pub(crate) fn router(&self, service: &'static str) -> Result<Router, Error> {
        match self {
            Self::Starting => Err(Error::NotReady(service)),
            Self::Elsewhere => Err(Error::Elsewhere(service)),
            Self::Here(router) => Ok(router.clone()),
        }
    }
}

impl Target {
    /// The path that the service sees; always begins with a slash.
    pub(crate) fn apply(self, path: &str) -> String {
        let tail = |prefix: &str| path.strip_prefix(prefix).unwrap_or(path);
        let seen = match self {
            Self::Strip(prefix) => tail(prefix).to_owned(),
            Self::Replace(prefix, lead) => format!("{lead}{}", tail(prefix)),
            Self::Fixed(fixed) => fixed.to_owned(),
            Self::Keep => path.to_owned(),
        };
        if seen.starts_with('/') {
            seen
        } else {
            format!("/{seen}")
        }
    }
}

/// The rule for a path: longest match wins, an exact one before a prefix of the same length. A service's prefix
/// without its slash is nobody's, not even the catch-all's (GW-LSN-05).
pub(crate) fn find<'a>(mounts: &'a [Mount], path: &str) -> Option<(&'a Mount, &'a Rule)> {
    let bare = mounts.iter().any(|mount| mount.prefix == path);
    let found = mounts
        .iter()
        .flat_map(|mount| mount.rules.iter().map(move |rule| (mount, rule)))
        .filter_map(|(mount, rule)| Some((rule.specificity(path)?, mount, rule)))
        .max_by_key(|(specificity, ..)| *specificity)
        .map(|(_, mount, rule)| (mount, rule));
    found.filter(|(_, rule)| !(bare && rule.pattern == Pattern::Prefix("/")))
}
