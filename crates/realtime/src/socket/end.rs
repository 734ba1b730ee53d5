//! Ends of channels, and what happens when time passes.

use std::sync::Arc;

use super::{Detail, Farewell, Socket, count, narrate};
use crate::channel::Channel;
use crate::error::Error;
use crate::token;

impl Socket {
    /// A `system` message to a channel that lives on, or is about to end.
    pub(super) fn tell(&self, topic: &str, extension: &str, message: Result<&str, &str>) {
        if let Some(channel) = self.channels.get(topic) {
            let (status, message) = match message {
                Ok(message) => ("ok", message),
                Err(message) => ("error", message),
            };
            self.system(channel, topic, extension, status, message);
        }
    }

    /// Ends a channel with a reason: `system`, then `phx_close` (RT-SYS-20).
    pub(super) fn end(&mut self, topic: &str, error: &Error) {
        count(error);
        narrate!(
            self,
            Detail::Warnings,
            code = error.code(),
            topic,
            "a channel was ended"
        );
        self.tell(topic, "system", Err(&error.system()));
        self.close(topic);
    }

    /// Ends a channel: `phx_close`, and its client does not come back by itself. One that is still being
    /// joined vanishes without a word.
    pub(super) fn close(&mut self, topic: &str) {
        if let Some(channel) = self.remove(topic).filter(|channel| channel.seat.is_some()) {
            self.push_json(
                &channel.join_ref,
                &channel.join_ref,
                topic,
                "phx_close",
                &serde_json::json!({}),
            );
        }
    }

    /// Ends a channel that has a fault: its client joins anew.
    pub(super) fn crash(&mut self, topic: &str) {
        if let Some(channel) = self.remove(topic) {
            metrics::counter!("realtime_channel_error", "code" => "ChannelCrash").increment(1);
            let reason = serde_json::json!({ "reason": "channel_crash" });
            self.push_json(
                &channel.join_ref,
                &channel.join_ref,
                topic,
                "phx_error",
                &reason,
            );
        }
    }

    /// Takes a channel off the socket.
    pub(super) fn remove(&mut self, topic: &str) -> Option<Channel> {
        let channel = self.channels.remove(topic)?;
        if self.channels.is_empty() {
            self.channels.shrink_to_fit();
            self.idle_since = self.service.now();
            self.leave_users();
            self.set_alarm();
        }
        Some(channel)
    }

    /// The socket has ended, and all its channels with it, silently (RT-CH-08).
    pub(super) fn end_all(&mut self) {
        self.channels.clear();
        self.work.clear();
        self.leave_users();
        if let Some(at) = self.alarm.take() {
            self.service.alarms.clear(at, self.id);
        }
    }

    /// RT-CH-10.
    pub(super) fn announce_restart(&self) {
        for (topic, channel) in self
            .channels
            .iter()
            .filter(|(_, channel)| channel.seat.is_some())
        {
            self.system(
                channel,
                topic,
                "system",
                "ok",
                "Server requested disconnect",
            );
        }
    }

    /// Ends what has had its time: the socket's silence, a token.
    pub(super) fn look_at_the_clock(&mut self) {
        let now = self.service.now();
        self.alarm = None;
        self.must_go |= self.era != self.service.era();
        if now >= self.idle_deadline() {
            self.farewell = Some(Farewell::IDLE);
            return;
        }
        if self
            .no_channel_deadline()
            .is_some_and(|deadline| now >= deadline)
        {
            self.farewell = Some(Farewell::NO_CHANNEL);
            return;
        }
        let expired: Vec<(Arc<str>, i64)> = self
            .channels
            .iter()
            .filter(|(_, channel)| channel.bearer.expires <= now / 1000)
            .map(|(topic, channel)| (Arc::clone(topic), now / 1000 - channel.bearer.expires))
            .collect();
        for (topic, seconds) in expired {
            self.end(&topic, &token::Error::Expired(seconds).into());
        }
        self.set_alarm();
    }

    /// Asks to be woken for the next thing that time brings. An alarm that rings too early does no harm.
    pub(super) fn set_alarm(&mut self) {
        let tokens = self
            .channels
            .values()
            .map(|channel| channel.bearer.expires.saturating_mul(1000));
        let next = tokens
            .chain(self.no_channel_deadline())
            .chain([self.idle_deadline()])
            .min()
            .expect("there is always the deadline of silence");
        if self.alarm.is_none_or(|at| next < at) {
            if let Some(at) = self.alarm {
                self.service.alarms.clear(at, self.id);
            }
            self.service.alarms.set(next, self.id, &self.outbox);
            self.alarm = Some(next);
        }
    }

    fn idle_deadline(&self) -> i64 {
        self.heard + millis(self.service.settings().idle_timeout)
    }

    fn no_channel_deadline(&self) -> Option<i64> {
        let timeout = self.service.settings().no_channel_timeout;
        (self.channels.is_empty() && !timeout.is_zero()).then(|| self.idle_since + millis(timeout))
    }

    fn leave_users(&mut self) {
        if std::mem::take(&mut self.is_user) {
            self.service.limits.users.leave();
            metrics::gauge!("realtime_connections_connected").decrement(1);
        }
    }
}

pub(super) fn millis(span: std::time::Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX / 4)
}
