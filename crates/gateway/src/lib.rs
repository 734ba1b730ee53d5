//! The front door.
//!
//! In charge of listeners, TLS, mounts by prefix, API keys, CORS, request ids, limits and the access log.
//! It takes a list of [`Mount`]s and knows no service by name: a request is matched, checked, rewritten and
//! handed to the service's router in the same process, with no hop and no second parse. What it decides it
//! says in one table of errors ([`Error`]).

mod admin;
mod cors;
mod credentials;
mod door;
mod error;
mod listener;
mod log;
mod path;
mod peer;
mod progress;
mod route;

pub use admin::{HealthCheck, HealthReport, ServiceHealth};
pub use door::Door;
pub use error::Error;
pub use listener::{BindError, Bound, Gateway, Listeners};
pub use route::{Access, AuthorizationRule, Backend, CorsRule, Mount, Pattern, Rule, Target};
