//! Bringing a connection back to order after its user went away.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use super::stream::{Address, Patience, Secure, Stream};
use super::{Connection, Naming, State};

/// How long the server may take to drop a statement before we drop the connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where and how to ask the server to drop what a session is doing.
#[derive(Debug, Clone)]
pub(crate) struct CancelKey {
    pub(super) address: Address,
    pub(super) secure: Option<Secure>,
    pub(super) patience: Patience,
    pub(super) process: i32,
    pub(super) secret: i32,
}

impl CancelKey {
    /// Sends the request and waits until the server has passed it on: it closes the stream after that, so
    /// that the signal can no longer hit a statement sent later.
    pub(crate) async fn send(&self) -> io::Result<()> {
        let mut stream = Stream::open(&self.address, self.secure.as_ref(), self.patience).await?;
        let mut request = BytesMut::new();
        frontend::cancel_request(self.process, self.secret, &mut request);
        stream.write_all(&request).await?;
        stream.flush().await?;
        let mut rest = [0; 1];
        match stream.read(&mut rest).await {
            Ok(0) => Ok(()),
            // A TLS peer that hangs up without saying so is as good.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
            Ok(_) => Err(io::Error::other("an answer to a cancel request")),
            Err(error) => Err(error),
        }
    }
}

impl Connection {
    /// Cancels what is under way, reads the rest of the answer and rolls back. `None` if the connection
    /// could not be brought back to a clean state; it is closed then, which rolls back as well.
    pub(crate) async fn clean(mut self) -> Option<Self> {
        if timeout(PATIENCE, self.settle()).await == Ok(true) {
            return Some(self);
        }
        tracing::debug!("a connection was closed because its state is not known");
        None
    }

    async fn settle(&mut self) -> bool {
        if self.state == State::Busy {
            let key = self.cancel.clone();
            if !self.output.is_empty() {
                // Not all of the batch was sent. Its `Sync` was not: closing undoes what has begun, and the
                // cancel request ends it now rather than when the server next writes.
                let _ = key.send().await;
                return false;
            }
            // Together: a server that is stuck writing to us does not notice the request.
            let (cancelled, drained) = tokio::join!(key.send(), self.drain());
            if cancelled.is_err() || drained.is_err() {
                return false;
            }
        }
        if matches!(self.state, State::InTransaction | State::Failed) {
            self.start_batch();
            let rollback = Arc::from("rollback");
            if self
                .push("", &rollback, std::iter::empty(), Naming::Unnamed, false)
                .is_err()
            {
                return false;
            }
            self.end_batch();
            if self.drain().await.is_err() {
                return false;
            }
        }
        self.state == State::Idle
    }
}
