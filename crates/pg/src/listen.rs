//! `LISTEN`, kept up across lost connections.

use std::fmt::Write as _;
use std::future::poll_fn;
use std::time::Duration;

use base::{OsRandom, Random as _, Tasks};
use sql::Ident;
use tokio::sync::broadcast;
use tokio::time::sleep;
use tokio_postgres::AsyncMessage;

use crate::{Endpoint, Error};

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

/// Waits before a new attempt: doubled up to the longest, a random part of it taken off so that the nodes
/// of a cluster do not come back together.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// A connection that went silent (its server's machine is gone, say) is found out within this time.
const PULSE: Duration = Duration::from_secs(60);

impl Listener {
    /// Starts listening; reconnects with back-off for as long as `tasks` lives.
    pub fn start(endpoint: &Endpoint, channels: &[&str], tasks: &Tasks) -> Self {
        // A receiver that is further behind than this is told that it lagged, and reloads.
        let (sender, _) = broadcast::channel(256);
        let mut listening = Listening {
            endpoint: endpoint.with_application_name("passerelle listen"),
            listen: statements(channels),
            sender: sender.clone(),
        };
        let stop = tasks.soft();
        tasks.spawn("listen", async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = listening.keep_up() => {}
            }
        });
        Self { sender }
    }

    /// A receiver of everything heard from now on. A receiver that lags must assume it missed something.
    pub fn subscribe(&self) -> broadcast::Receiver<Notification> {
        self.sender.subscribe()
    }
}

struct Listening {
    endpoint: Endpoint,
    listen: String,
    sender: broadcast::Sender<Notification>,
}

impl Listening {
    async fn keep_up(&mut self) {
        let mut wait = SHORTEST_WAIT;
        loop {
            let mut connected = false;
            let Err(error) = self.listen(&mut connected).await;
            if connected {
                wait = SHORTEST_WAIT;
            }
            tracing::warn!(%error, retry_ms = wait.as_millis(), "not listening to the database");
            sleep(jittered(wait)).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Listens until the connection ends. Nobody being subscribed is no reason to stop.
    async fn listen(&mut self, connected: &mut bool) -> Result<std::convert::Infallible, Error> {
        let tls = self
            .endpoint
            .tls()
            .map_err(|error| Error::Connect(error.to_string()))?;
        let (client, mut connection) = self
            .endpoint
            .config()
            .connect(tls)
            .await
            .map_err(Error::connecting)?;
        let mut pulse = tokio::time::interval(PULSE);
        pulse.reset();
        let sender = &self.sender;
        let hear = async {
            loop {
                match poll_fn(|context| connection.poll_message(context)).await {
                    Some(Ok(AsyncMessage::Notification(heard))) => {
                        let _ = sender.send(Notification::Notify {
                            channel: heard.channel().to_owned(),
                            payload: heard.payload().to_owned(),
                        });
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(Error::from(error)),
                    None => return Err(Error::Lost("the server closed it".into())),
                }
            }
        };
        let keep = async {
            client.batch_execute("set idle_session_timeout = 0").await?;
            client.batch_execute(&self.listen).await?;
            *connected = true;
            let _ = sender.send(Notification::Connected);
            loop {
                pulse.tick().await;
                match tokio::time::timeout(PULSE, client.batch_execute("")).await {
                    Ok(alive) => alive?,
                    Err(_) => return Err(Error::Lost("the server does not answer".into())),
                }
            }
        };
        tokio::select! {
            ended = hear => ended,
            ended = keep => ended,
        }
    }
}

fn statements(channels: &[&str]) -> String {
    channels.iter().fold(String::new(), |mut sql, channel| {
        let _ = write!(sql, "listen {};", Ident::new(channel));
        sql
    })
}

/// Between half of `wait` and all of it.
fn jittered(wait: Duration) -> Duration {
    let mut byte = [0];
    OsRandom.fill(&mut byte);
    wait / 2 + (wait / 2) * u32::from(byte[0]) / 255
}
