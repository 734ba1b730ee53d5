//! Connections of one service, logged in as that service's role.

use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, QueueMode, RecyclingMethod, Runtime,
    TimeoutType, Timeouts,
};

use crate::{Endpoint, Error};

/// How a pool behaves.
#[derive(Debug, Clone)]
pub struct PoolOptions {
    /// Shown in `pg_stat_activity`.
    pub application_name: String,
    /// Most connections.
    pub size: usize,
    /// How long [`Pool::get`] waits.
    pub acquire_timeout: Duration,
}

/// A borrowed connection: derefs to [`tokio_postgres::Client`], goes back to the pool when dropped.
pub type Client = deadpool_postgres::Object;

/// Connections that log in as one role. Cheap to clone.
#[derive(Clone)]
pub struct Pool {
    inner: deadpool_postgres::Pool,
    acquire_timeout: Duration,
    endpoint: Endpoint,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl Pool {
    /// Makes a pool; connects on first use. Fails when a certificate file cannot be read.
    pub fn new(endpoint: &Endpoint, options: &PoolOptions) -> Result<Self, Error> {
        let mut config = endpoint.config().clone();
        config.application_name(&options.application_name);
        let manager = Manager::from_config(
            config,
            endpoint
                .tls()
                .map_err(|error| Error::Connect(error.to_string()))?,
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let inner = deadpool_postgres::Pool::builder(manager)
            .max_size(options.size)
            // The last one back is the first one lent, so that the others grow old and are closed.
            .queue_mode(QueueMode::Lifo)
            .pre_recycle(Hook::async_fn(|client, metrics| {
                Box::pin(verify(client, metrics.last_used()))
            }))
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(options.acquire_timeout),
                create: Some(options.acquire_timeout),
                recycle: Some(options.acquire_timeout),
            })
            .build()
            .map_err(|error| Error::Connect(error.to_string()))?;
        let weak = inner.weak();
        crate::task::detached(async move {
            loop {
                tokio::time::sleep(IDLE / 2).await;
                let Some(pool) = weak.upgrade().filter(|pool| !pool.is_closed()) else {
                    return;
                };
                close_idle(&pool, IDLE);
            }
        });
        Ok(Self {
            inner,
            acquire_timeout: options.acquire_timeout,
            endpoint: endpoint.clone(),
        })
    }

    /// Borrows a connection. A login that the server refuses is [`Error::Server`], with its code; everything
    /// else that keeps it from being made is [`Error::Connect`].
    pub async fn get(&self) -> Result<Client, Error> {
        self.inner.get().await.map_err(|error| match error {
            deadpool_postgres::PoolError::Timeout(TimeoutType::Wait) => {
                Error::PoolTimeout(self.acquire_timeout)
            }
            deadpool_postgres::PoolError::Timeout(_) => {
                Error::Connect("it did not answer in time".into())
            }
            deadpool_postgres::PoolError::Backend(error) => Error::connecting(error),
            other => Error::Connect(other.to_string()),
        })
    }

    /// Where and as whom it logs in.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Closes the connections that nobody took for `longest`. It happens by itself, too, after a minute.
    pub fn close_idle(&self, longest: Duration) {
        close_idle(&self.inner, longest);
    }

    /// Closes idle connections and refuses new ones.
    pub fn close(&self) {
        self.inner.close();
    }
}

/// A connection that nobody took for so long is closed: idle, it costs the server some megabytes.
const IDLE: Duration = Duration::from_secs(60);

fn close_idle(pool: &deadpool_postgres::Pool, longest: Duration) {
    let closed = pool.retain(|_, metrics| metrics.last_used() < longest);
    if !closed.removed.is_empty() {
        tracing::debug!(closed = closed.removed.len(), "idle connections");
    }
}

/// A connection that was quiet for longer is asked whether it is still there before it is lent. A busy one
/// is spared the round trip: a lost connection is noticed by its driver soon enough.
const QUIET: Duration = Duration::from_millis(100);

async fn verify(client: &ClientWrapper, quiet: Duration) -> Result<(), HookError> {
    if quiet < QUIET {
        return Ok(());
    }
    client
        .simple_query("")
        .await
        .map(drop)
        .map_err(HookError::Backend)
}
