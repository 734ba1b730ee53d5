//! PostgREST's language over HTTP.
//!
//! A request walks through named stages, each a module, none knowing the next: `request` says what was asked
//! and has never heard of a table; `plan` says what that means against one catalog; `query` writes it as SQL
//! with the values apart; `result` runs it as the caller in one transaction; `reply` shapes status, headers and
//! bytes. The JSON is PostgreSQL's own and is passed on unparsed. Authorization is the database's; every
//! failure is a line of the table in `error`.

mod caller;
mod config;
mod cors;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod metrics;
mod openapi;
mod plan;
mod query;
mod reply;
mod request;
mod result;
mod role_key;
mod service;
mod timing;

use std::sync::Arc;

use base::Tasks;

pub use service::Rest;

/// What the service needs.
#[derive(Debug, Clone)]
pub struct Deps {
    /// The connections that serve callers.
    pub requests: pg::Requests,
    /// Connections of the same login role (`authenticator`) that read the catalog and the in-database
    /// configuration.
    pub catalog: pg::Pool,
    /// Where to listen for reloads: a direct connection, never through a transaction pooler.
    pub listener: pg::Endpoint,
    /// Checks tokens.
    pub verifier: jwt::Verifier,
    /// Largest body that is read, in bytes.
    pub max_body_bytes: usize,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting makes no sense.
    #[error("the REST service cannot start: {0}")]
    Settings(String),
}

/// Starts the service. It answers at once; until the first catalog is loaded with 503 PGRST002.
#[expect(clippy::unused_async, reason = "every service's door has this shape")]
pub async fn start(
    settings: &settings::Rest,
    deps: Deps,
    tasks: &Tasks,
) -> Result<Rest, StartError> {
    let base = Arc::new(settings.clone());
    let early = config::Config::effective(&base, &std::collections::BTreeMap::new())
        .map_err(StartError::Settings)?;
    let watch = catalog::Watch {
        endpoint: deps.listener,
        channel: settings.channel.clone(),
        poll: settings.catalog_poll,
        pre_config: settings
            .pre_config
            .as_deref()
            .filter(|_| settings.db_config)
            .map(|function| catalog::PreConfig {
                function: config::function_name(function),
                settings: &config::STORED,
            }),
    };
    tasks.spawn(
        "rest metrics",
        metrics::keep_current(deps.requests.clone(), tasks.soft()),
    );
    let live = catalog::Live::start(
        deps.catalog,
        &watch,
        config::Config::scope_of(Arc::clone(&base)),
        tasks,
    );
    Ok(Rest::new(
        base,
        early,
        deps.requests,
        live,
        deps.verifier,
        deps.max_body_bytes,
    ))
}
