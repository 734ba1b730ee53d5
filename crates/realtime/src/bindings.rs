//! Bindings of a channel: asking the engine of [`crate::changes`] to make them live, and trying again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};
use jwt::Caller;
use serde_json::Value;

use crate::changes::{Binding, ChangeSink, SubscribeError};
use crate::channel::Sink;

/// Makes bindings live. Implemented by the engine of Postgres changes.
pub(crate) trait Source: Send + Sync {
    /// Validates and registers; once it resolves, every change committed from then on is delivered.
    fn subscribe(
        &self,
        caller: Caller,
        bindings: Vec<Binding>,
        sink: Arc<dyn ChangeSink>,
    ) -> BoxFuture<'static, Result<Arc<dyn Live>, SubscribeError>>;

    /// Resolves when the replication stream runs.
    fn ready(&self) -> BoxFuture<'static, ()>;

    /// Whether it runs now.
    fn is_ready(&self) -> bool;
}

/// Bindings that are live until this is dropped.
pub(crate) trait Live: Send + Sync {
    /// Delivers under these claims from now on, without a gap.
    fn replace_caller(&self, caller: Caller) -> BoxFuture<'static, Result<(), SubscribeError>>;
}

/// The engine of Postgres changes.
#[derive(Clone)]
pub(crate) struct Engine(pub(crate) Arc<dyn Source>);

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

type Attempt = BoxFuture<'static, Result<Arc<dyn Live>, SubscribeError>>;

/// How making bindings live has gone so far.
pub(crate) enum Bound {
    /// They are.
    Live(Arc<dyn Live>),
    /// They are not.
    Failed(SubscribeError),
    /// It takes longer than the reply can wait.
    Late(Attempt),
}

/// How replacing the caller went.
pub(crate) struct Rebound(pub(crate) Result<(), SubscribeError>);

/// How long the reply to a join waits for its bindings (D-01).
const PATIENCE: Duration = Duration::from_secs(2);

fn attempt(
    engine: &Engine,
    caller: Caller,
    requested: &[Value],
    sink: Arc<dyn ChangeSink>,
) -> Attempt {
    // D-14: what is no object is echoed and otherwise left out.
    let read: Result<Vec<Binding>, SubscribeError> = requested
        .iter()
        .filter(|requested| requested.is_object())
        .map(Binding::read)
        .collect();
    match read {
        Err(error) => Box::pin(async move { Err(error) }),
        Ok(bindings) => engine.0.subscribe(caller, bindings, sink),
    }
}

/// Makes bindings live before the join is answered, if that is quick.
pub(crate) async fn bind_before_reply(
    engine: &Engine,
    caller: Caller,
    requested: &[Value],
    sink: Arc<Sink>,
) -> Bound {
    let attempt = attempt(engine, caller, requested, sink);
    match select(attempt, Box::pin(tokio::time::sleep(PATIENCE))).await {
        Either::Left((Ok(live), _)) => Bound::Live(live),
        Either::Left((Err(error), _)) => Bound::Failed(error),
        Either::Right(((), attempt)) => Bound::Late(attempt),
    }
}

/// Tries once more.
pub(crate) async fn bind_again(
    engine: &Engine,
    caller: Caller,
    requested: &[Value],
    sink: Arc<Sink>,
) -> Bound {
    finish(attempt(engine, caller, requested, sink)).await
}

/// Waits for what was late.
pub(crate) async fn finish(attempt: Attempt) -> Bound {
    match attempt.await {
        Ok(live) => Bound::Live(live),
        Err(error) => Bound::Failed(error),
    }
}

/// New claims for live bindings.
pub(crate) async fn replace(live: Arc<dyn Live>, caller: Caller) -> Rebound {
    Rebound(live.replace_caller(caller).await)
}
