//! A lock that the whole cluster sees.

use crate::{Endpoint, Error};

/// A session advisory lock, held by a connection of its own and released when dropped (or when this
/// process, its machine or the network dies).
///
/// For work that one node does at a time: migrations, single-runner jobs. It needs a direct connection: a
/// pooler in transaction mode loses it.
#[derive(Debug)]
pub struct Lock {
    client: tokio_postgres::Client,
}

impl Lock {
    /// Waits for the lock called `name`.
    pub async fn acquire(endpoint: &Endpoint, name: &str) -> Result<Self, Error> {
        let client = connect(endpoint).await?;
        client
            .query_one("select pg_advisory_lock(hashtextextended($1, 0))", &[&name])
            .await?;
        Ok(Self { client })
    }

    /// Takes the lock called `name` if it is free.
    pub async fn try_acquire(endpoint: &Endpoint, name: &str) -> Result<Option<Self>, Error> {
        let client = connect(endpoint).await?;
        let row = client
            .query_one(
                "select pg_try_advisory_lock(hashtextextended($1, 0))",
                &[&name],
            )
            .await?;
        Ok(row.get::<_, bool>(0).then_some(Self { client }))
    }

    /// Whether the lock is still held, as far as this side knows: its connection has not ended.
    pub fn is_held(&self) -> bool {
        !self.client.is_closed()
    }

    /// Asks the server whether the lock is still held.
    pub async fn check(&self) -> Result<(), Error> {
        self.client.batch_execute("").await.map_err(Error::from)
    }

    /// Gives the lock back and waits until the server has it; a drop does not wait.
    pub async fn release(self) -> Result<(), Error> {
        self.client
            .batch_execute("select pg_advisory_unlock_all()")
            .await
            .map_err(Error::from)
    }
}

async fn connect(endpoint: &Endpoint) -> Result<tokio_postgres::Client, Error> {
    let client = endpoint.connect().await?;
    // The wait may be long, and idle connections that hold a lock are the point of it.
    client
        .batch_execute(
            "set statement_timeout = 0; set idle_session_timeout = 0; set lock_timeout = 0",
        )
        .await?;
    Ok(client)
}
