//! A session for scripts that somebody else wrote.

use std::time::Duration;

use crate::wire::{CancelKey, Completed, Connection, Target};
use crate::{Endpoint, Error};

/// A session of its own for scripts that somebody else wrote: any number of statements, in their own transactions or
/// none, told by the command tag of the last one. Closed when dropped, which rolls back what is open.
#[derive(Debug)]
pub struct Session {
    connection: Connection,
}

/// Asks the server to drop what a [`Session`] is doing.
#[derive(Debug, Clone)]
pub struct Canceller(CancelKey);

impl Session {
    /// Logs in, within `patience`.
    pub async fn open(
        endpoint: &Endpoint,
        application_name: &str,
        patience: Duration,
    ) -> Result<Self, Error> {
        let target = Target::new(&endpoint.with_application_name(application_name), "", 1);
        let connection = target.connect(patience).await?;
        Ok(Self { connection })
    }

    /// The process id of its backend.
    pub fn process_id(&self) -> i32 {
        self.connection.process_id()
    }

    /// For use while a script runs.
    pub fn canceller(&self) -> Canceller {
        Canceller(self.connection.cancel_key())
    }

    /// Runs a script to its end or to its first error. Its rows are counted and forgotten, COPY is refused.
    pub async fn run(&mut self, script: &str) -> Result<Completed, Error> {
        self.connection.script(script).await
    }
}

impl Canceller {
    /// Returns once the server has passed the request on.
    pub async fn cancel(&self) -> Result<(), Error> {
        self.0
            .send()
            .await
            .map_err(|error| Error::Connect(error.to_string()))
    }
}
