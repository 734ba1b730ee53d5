//! The pool that serves callers.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::transact::{Ending, Failure, Retry};
use crate::waiting::Shared;
use crate::wire::Target;
use crate::{Access, Endpoint, Error, OpenTx, RequestTx, ResultSet};

/// How the request pool behaves.
#[derive(Debug, Clone)]
pub struct RequestOptions {
    /// Most connections.
    pub size: usize,
    /// How long a request waits for one.
    pub acquire_timeout: Duration,
    /// No named prepared statements (a transaction pooler stands in between).
    pub pooler_mode: bool,
    /// A larger answer is [`Error::TooLarge`].
    pub max_result_bytes: usize,
    /// Prepared statements kept by each connection.
    pub statements: usize,
    /// Shown in `pg_stat_activity`.
    pub application_name: String,
}

impl Default for RequestOptions {
    fn default() -> Self {
        Self {
            size: 16,
            acquire_timeout: Duration::from_secs(10),
            pooler_mode: false,
            max_result_bytes: 256 * 1024 * 1024,
            statements: 500,
            application_name: "passerelle".into(),
        }
    }
}

/// What a pool is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Most connections.
    pub size: usize,
    /// Connections open now.
    pub open: usize,
    /// Of these, waiting to be used.
    pub idle: usize,
    /// Requests that wait for a connection.
    pub waiting: usize,
    /// Requests served since the start.
    pub requests: u64,
    /// Connections opened since the start.
    pub opened: u64,
    /// Connections found dead and dropped since the start.
    pub replaced: u64,
    /// Requests given up by their caller, and cancelled, since the start.
    pub cancelled: u64,
}

/// The connections that serve callers, logged in as the powerless `authenticator`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Requests {
    shared: Arc<Shared>,
}

impl Requests {
    /// Makes the pool; connects on first use.
    pub fn new(endpoint: &Endpoint, options: &RequestOptions) -> Self {
        let target = Target::new(endpoint, &options.application_name, options.statements);
        Self {
            shared: Arc::new(Shared::new(target, options.clone())),
        }
    }

    /// Runs the whole transaction in one round trip: one result set a statement. If the future is dropped
    /// the statement is cancelled and the connection is cleaned before anyone else gets it.
    ///
    /// Success means that it is committed, deferred constraints included. After [`Error::Server`] nothing of
    /// it happened; after [`Error::Lost`] that is not known.
    pub async fn run(&self, tx: RequestTx) -> Result<Vec<ResultSet>, Error> {
        let ending = Ending::of(&tx);
        self.begin(&tx, ending).await.map(|(results, _)| results)
    }

    /// Runs the statements and keeps the transaction open (`tx.end` does not count), for the few that must
    /// look at the answer before they commit. Dropping it rolls back.
    pub async fn open(&self, tx: RequestTx) -> Result<OpenTx, Error> {
        let (results, lease) = self.begin(&tx, Ending::Open).await?;
        Ok(OpenTx::new(results, lease, tx.role))
    }

    async fn begin(
        &self,
        tx: &RequestTx,
        ending: Ending,
    ) -> Result<(Vec<ResultSet>, crate::waiting::Lease), Error> {
        self.shared.requests.fetch_add(1, Ordering::Relaxed);
        // Every stale connection may cost one attempt, a stale plan one more; a fresh connection with a
        // fresh plan has the last word.
        let mut stale = 0;
        let mut replanned = false;
        loop {
            let mut lease = self.shared.lend().await?;
            match lease.transact(tx, ending).await {
                Ok(results) => return Ok((results, lease)),
                Err(Failure {
                    retry: Retry::Connection,
                    ..
                }) if lease.reused && stale <= self.shared.options.size => {
                    stale += 1;
                    self.shared.replaced.fetch_add(1, Ordering::Relaxed);
                }
                Err(Failure {
                    retry: Retry::Plan, ..
                }) if !replanned => replanned = true,
                Err(failure) => return Err(failure.error),
            }
        }
    }

    /// Whether the database answers now: one empty round trip.
    pub async fn health(&self) -> Result<(), Error> {
        let nothing = RequestTx {
            access: Access::ReadOnly,
            ..RequestTx::default()
        };
        self.begin(&nothing, Ending::Ping).await.map(drop)
    }

    /// What the pool is doing.
    pub fn stats(&self) -> Stats {
        let shared = &self.shared;
        Stats {
            size: shared.options.size,
            open: shared.open_now(),
            idle: shared.idle_now(),
            waiting: shared.waiting_now(),
            requests: shared.requests.load(Ordering::Relaxed),
            opened: shared.opened.load(Ordering::Relaxed),
            replaced: shared.replaced.load(Ordering::Relaxed),
            cancelled: shared.cancelled.load(Ordering::Relaxed),
        }
    }

    /// Closes idle connections and refuses new requests; those under way come to their end.
    pub fn close(&self) {
        self.shared.close();
    }
}
