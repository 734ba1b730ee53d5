//! How a service presents itself to the program.

use std::future::Future;
use std::pin::Pin;

/// Whether a service can work just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It can.
    Ready,
    /// It cannot; why, in one sentence without secrets.
    Down(String),
}

/// A running service. Each service crate has `start(settings, deps, tasks)` that returns one.
pub trait Service: Send + Sync {
    /// `auth`, `rest`, `realtime`, `storage`.
    fn name(&self) -> &'static str;

    /// Its routes, without the prefix under which the gateway mounts it.
    fn router(&self) -> axum::Router;

    /// A true check, made now.
    fn health(&self) -> Pin<Box<dyn Future<Output = Health> + Send + '_>>;
}
