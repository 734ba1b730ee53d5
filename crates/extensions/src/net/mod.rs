//! Requests to other servers, sent in the place of `pg_net`.
//!
//! A request is claimed in `net._in_flight`, sent, and its answer written in the transaction that takes it out of the
//! queue: until then it is pending. It is sent at most once. One whose node died while sending is never sent
//! again, since nobody knows whether it arrived; once its time has run out that is what its answer says.

mod client;
mod failure;
mod queue;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use base::{SharedClock, SharedRandom, Tasks};
use pg::{Error, Listener, Notification, Pool};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use client::{Answer, Client};
use queue::{Queue, Request};

/// The channel that tells of new requests.
pub const CHANNEL: &str = "passerelle_net";

/// Sends what is queued. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Net {
    queue: Queue,
    client: Client,
    in_flight: usize,
    poll: Duration,
}

/// The requests under way. Dropping them leaves their claims to run out.
type Sending = JoinSet<()>;

impl Net {
    /// Claims that ran out and answers that grew old are swept this often.
    const SWEEP: Duration = Duration::from_secs(60);
    /// How often an answer is tried to be written, and the pauses between: a database that restarts is back by then.
    const WRITES: u32 = 6;

    /// A worker that connects as the owner of schema `net`. Fails when no HTTP client can be made.
    pub fn new(
        settings: &settings::Extensions,
        pool: Pool,
        clock: SharedClock,
        random: &SharedRandom,
    ) -> Result<Self, NoClient> {
        Ok(Self {
            queue: Queue::new(pool, clock, random.uuid(), settings),
            client: Client::new(settings)?,
            in_flight: settings.net_in_flight.max(1),
            poll: settings.net_poll,
        })
    }

    /// Works until the soft stop, woken by `listener` (which must hear [`CHANNEL`]) or by time.
    pub fn start(self, listener: &Listener, tasks: &Tasks) {
        let heard = listener.subscribe();
        let soft = tasks.soft();
        tasks.spawn("net", async move { self.work(heard, &soft).await });
    }

    async fn work(&self, mut heard: Receiver<Notification>, soft: &CancellationToken) {
        let mut sending = Sending::new();
        let mut sweep = tokio::time::interval(Self::SWEEP);
        // Told of new requests, or the time has come: the database is looked at.
        let mut look = true;
        while !soft.is_cancelled() {
            if look && let Err(error) = self.look(&mut sending).await {
                tracing::warn!(%error, "requests could not be taken from net.http_request_queue");
            }
            // A place that becomes free matters only if there was none.
            let full = sending.len() >= self.in_flight;
            look = tokio::select! {
                () = soft.cancelled() => false,
                () = tokio::time::sleep(self.poll) => true,
                Some(_) = sending.join_next() => full,
                () = told(&mut heard, CHANNEL) => true,
                _ = sweep.tick() => {
                    if let Err(error) = self.sweep().await {
                        tracing::warn!(%error, "schema net could not be swept");
                    }
                    false
                }
            };
        }
        while sending.join_next().await.is_some() {}
    }

    /// Starts to send what waits, as far as there is room.
    async fn look(&self, sending: &mut Sending) -> Result<(), Error> {
        if self.queue.is_ours().await? {
            self.take_up(sending).await?;
        }
        Ok(())
    }

    /// Whether the substitute stands in this database and the real extension does not.
    pub async fn is_ours(&self) -> Result<bool, Error> {
        self.queue.is_ours().await
    }

    /// Sends everything that is queued now and returns how many requests were sent.
    pub async fn run_due(&self) -> Result<usize, Error> {
        let mut sending = Sending::new();
        let mut sent = 0;
        if !self.queue.is_ours().await? {
            return Ok(sent);
        }
        loop {
            let taken = self.take_up(&mut sending).await?;
            sent += taken;
            if taken == 0 && sending.join_next().await.is_none() {
                return Ok(sent);
            }
        }
    }

    /// Answers the requests whose node died, and forgets old answers.
    pub async fn sweep(&self) -> Result<(), Error> {
        if self.queue.is_ours().await? {
            let lost = self.queue.give_up().await?;
            if lost > 0 {
                tracing::warn!(lost, "requests were being sent by a node that ended");
                count(lost, "lost");
            }
            self.queue.forget_old().await?;
        }
        Ok(())
    }

    /// Claims as many requests as there is room for and starts to send them.
    async fn take_up(&self, sending: &mut Sending) -> Result<usize, Error> {
        while sending.try_join_next().is_some() {}
        let room = self.in_flight.saturating_sub(sending.len());
        if room == 0 {
            return Ok(0);
        }
        let requests = self.queue.claim(room).await?;
        let taken = requests.len();
        for request in requests {
            let net = self.clone();
            sending.spawn(async move { net.send(&request).await });
        }
        Ok(taken)
    }

    async fn send(&self, request: &Request) {
        let gauge = metrics::gauge!("net_requests_in_flight");
        gauge.increment(1.0);
        let answer = self.client.send(request).await;
        gauge.decrement(1.0);
        count(1, answer.result());
        self.write(request, &answer).await;
    }

    async fn write(&self, request: &Request, answer: &Answer) {
        let mut pause = Duration::from_millis(250);
        for attempt in 1.. {
            match self.queue.finish(request, answer).await {
                Ok(true) => return,
                Ok(false) => {
                    tracing::warn!(id = request.id, "an answer came too late to be written");
                    return;
                }
                Err(error) if attempt >= Self::WRITES => {
                    // Its claim will run out, and its answer will say that nothing is known.
                    tracing::error!(id = request.id, %error, "an answer could not be written");
                    return;
                }
                Err(error) => {
                    tracing::warn!(id = request.id, %error, "an answer is not written yet");
                }
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
}

/// Returns when `channel` was heard, or something may have been missed. Many notifications at once are one.
pub(crate) async fn told(heard: &mut Receiver<Notification>, channel: &str) {
    let about_us = |notification: &Notification| match notification {
        Notification::Connected => true,
        Notification::Notify { channel: on, .. } => on == channel,
    };
    loop {
        match heard.recv().await {
            Ok(notification) if about_us(&notification) => break,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => break,
            // The listener has ended, and so shall we.
            Err(RecvError::Closed) => return std::future::pending().await,
        }
    }
    while heard.try_recv().is_ok() {}
}

/// No HTTP client could be made of this machine's certificates.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no HTTP client can be made: {0}")]
pub struct NoClient(Arc<str>);

fn count(requests: u64, result: &'static str) {
    metrics::counter!("net_requests_total", "result" => result).increment(requests);
}
