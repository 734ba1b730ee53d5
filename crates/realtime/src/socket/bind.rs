//! What becomes of a channel's bindings after the reply.

use std::sync::Arc;
use std::time::Duration;

use super::Socket;
use super::work::Outcome;
use crate::bindings::{self, Bound, Rebound};
use crate::changes::SubscribeError;

const EXTENSION: &str = "postgres_changes";
/// How long `replication_ready` waits for the stream.
const STREAM_PATIENCE: Duration = Duration::from_secs(60);

impl Socket {
    pub(super) fn bound(&mut self, topic: &Arc<str>, bound: Bound) {
        let Some(channel) = self.channels.get_mut(topic) else {
            return;
        };
        channel.binding = None;
        let id = channel.id;
        match bound {
            Bound::Live(live) => {
                channel.subscription = Some(live);
                self.tell(topic, EXTENSION, Ok("Subscribed to PostgreSQL"));
            }
            Bound::Late(attempt) => {
                let handle = self.start(topic, id, async move {
                    Outcome::Bound(bindings::finish(attempt).await)
                });
                if let Some(channel) = self.channels.get_mut(topic) {
                    channel.binding = Some(handle);
                }
            }
            Bound::Failed(error) => self.binding_failed(topic, &error),
        }
    }

    pub(super) fn rebound(&mut self, topic: &Arc<str>, rebound: Rebound) {
        if let Some(channel) = self.channels.get_mut(topic) {
            channel.binding = None;
        }
        match rebound.0 {
            Ok(()) => self.tell(topic, EXTENSION, Ok("Subscribed to PostgreSQL")),
            Err(error) => {
                if let Some(channel) = self.channels.get_mut(topic) {
                    channel.subscription = None;
                }
                self.binding_failed(topic, &error);
            }
        }
    }

    /// Says why, and tries again unless the parameters are at fault (RT-SYS-12).
    fn binding_failed(&mut self, topic: &Arc<str>, error: &SubscribeError) {
        if !error.is_silent() {
            self.tell(topic, EXTENSION, Err(&error.to_string()));
        }
        if !error.is_transient() {
            return;
        }
        let Some(channel) = self.channels.get(topic) else {
            return;
        };
        // 1 to 3 s in silence, 5 to 10 s with a word; spread, so that channels do not come all at once.
        let (least, span) = if error.is_silent() {
            (1_000, 2_000)
        } else {
            (5_000, 5_000)
        };
        self.bind_again(
            topic,
            Duration::from_millis(least + channel.id * 257 % span),
        );
    }

    /// Tries again after a while, with the claims that the channel has now.
    pub(super) fn bind_again(&mut self, topic: &Arc<str>, delay: Duration) {
        let Some(channel) = self.channels.get(topic) else {
            return;
        };
        let Some(sink) = channel.sink.clone() else {
            return;
        };
        let (service, caller) = (Arc::clone(&self.service), channel.bearer.caller.clone());
        let (requested, id) = (channel.config.bindings.clone(), channel.id);
        let handle = self.start(topic, id, async move {
            tokio::time::sleep(delay).await;
            Outcome::Bound(bindings::bind_again(&service.engine, caller, &requested, sink).await)
        });
        if let Some(channel) = self.channels.get_mut(topic) {
            channel.binding = Some(handle);
        }
    }

    /// `replication_ready`: tells when the stream behind broadcast from the database runs (RT-DB-12).
    pub(super) fn await_stream(&self, topic: &Arc<str>) {
        let Some(channel) = self
            .channels
            .get(topic)
            .filter(|channel| channel.config.replication_ready)
        else {
            return;
        };
        let service = Arc::clone(&self.service);
        self.start(topic, channel.id, async move {
            let ready = service.engine.0.ready();
            Outcome::StreamReady(tokio::time::timeout(STREAM_PATIENCE, ready).await.is_ok())
        });
    }
}
