//! Both workers, as the program starts them.

use std::pin::Pin;

use base::{Secret, SharedClock, SharedRandom, Tasks};
use pg::{Error, Listener, Pool};
use web::{Health, Service};

use crate::cron::Cron;
use crate::net::{Net, NoClient};

/// What the workers are given.
#[derive(Debug)]
pub struct Deps {
    /// Connects as the owner of schemas `net` and `cron`; at least two connections.
    pub pool: Pool,
    /// Hears [`crate::CHANNELS`].
    pub listener: Listener,
    /// From which the passwords of the jobs' logins are derived; equal on all nodes.
    pub role_secret: Secret,
    /// The time.
    pub clock: SharedClock,
    /// Randomness.
    pub random: SharedRandom,
}

/// The running workers.
#[derive(Debug, Clone)]
pub struct Extensions {
    pool: Pool,
}

/// Starts the workers that are switched on.
pub fn start(
    settings: &settings::Extensions,
    deps: Deps,
    tasks: &Tasks,
) -> Result<Extensions, NoClient> {
    let Deps {
        pool,
        listener,
        role_secret,
        clock,
        random,
    } = deps;
    if settings.net {
        Net::new(settings, pool.clone(), clock.clone(), &random)?.start(&listener, tasks);
    }
    if settings.cron {
        Cron::new(settings, pool.clone(), role_secret, clock, random).start(&listener, tasks);
    }
    Ok(Extensions { pool })
}

impl Extensions {
    async fn ask(&self) -> Result<(), Error> {
        self.pool.get().await?.batch_execute("").await?;
        Ok(())
    }
}

impl Service for Extensions {
    fn name(&self) -> &'static str {
        "extensions"
    }

    /// It has no routes: its clients are the functions of schemas `net` and `cron`.
    fn router(&self) -> axum::Router {
        axum::Router::new()
    }

    fn health(&self) -> Pin<Box<dyn Future<Output = Health> + Send + '_>> {
        Box::pin(async move {
            match self.ask().await {
                Ok(()) => Health::Ready,
                Err(error) => Health::Down(error.to_string()),
            }
        })
    }
}
