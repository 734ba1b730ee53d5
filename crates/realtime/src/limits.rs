//! How much is too much.
//!
//! Counting takes no lock: the buckets are atomics, and a delivery to many members is counted at once.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed};

use base::SharedClock;

const BUCKETS: usize = 12;
const BUCKET_SECONDS: i64 = 5;
/// Seconds that all buckets span.
const WINDOW: u64 = 60;

/// Events per second as the mean of a minute: twelve buckets of five seconds.
#[derive(Debug)]
pub(crate) struct Rate {
    clock: SharedClock,
    buckets: [AtomicU64; BUCKETS],
    /// The five-second step that the newest bucket counts.
    step: AtomicI64,
    limit: AtomicU64,
}

impl Rate {
    /// `limit` 0 means none.
    pub(crate) fn new(clock: SharedClock, limit: u64) -> Self {
        let step = AtomicI64::new(clock.unix() / BUCKET_SECONDS);
        Self {
            clock,
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            step,
            limit: AtomicU64::new(limit),
        }
    }

    /// Counts.
    pub(crate) fn add(&self, events: u64) {
        self.buckets[self.turn()].fetch_add(events, Relaxed);
    }

    /// Whether the mean has reached the limit.
    pub(crate) fn is_reached(&self) -> bool {
        let limit = self.limit();
        limit > 0 && self.sum() >= limit.saturating_mul(WINDOW)
    }

    /// Whether `more` events at once would pass the limit.
    pub(crate) fn would_pass(&self, more: u64) -> bool {
        let limit = self.limit();
        limit > 0 && self.sum() + more * WINDOW > limit.saturating_mul(WINDOW)
    }

    /// The mean, cut to an integer.
    pub(crate) fn mean(&self) -> u64 {
        self.sum() / WINDOW
    }

    /// The limit; 0 means none.
    pub(crate) fn limit(&self) -> u64 {
        self.limit.load(Relaxed)
    }

    fn sum(&self) -> u64 {
        self.turn();
        self.buckets.iter().map(|bucket| bucket.load(Relaxed)).sum()
    }

    /// Empties the buckets whose time has passed and gives the place of the newest. Of several threads at a
    /// turn one empties; a count that meets it may be lost, which a mean over a minute does not feel.
    fn turn(&self) -> usize {
        let now = self.clock.unix() / BUCKET_SECONDS;
        let last = self.step.load(Relaxed);
        if now > last
            && self
                .step
                .compare_exchange(last, now, Relaxed, Relaxed)
                .is_ok()
        {
            let passed = usize::try_from(now - last).unwrap_or(BUCKETS).min(BUCKETS);
            for back in 0..passed {
                self.buckets[place(now - i64::try_from(back).unwrap_or(0))].store(0, Relaxed);
            }
        }
        place(now)
    }
}

fn place(step: i64) -> usize {
    usize::try_from(step.rem_euclid(12)).expect("below twelve")
}

/// What is going on now, with a bound.
#[derive(Debug)]
pub(crate) struct Gauge {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Gauge {
    /// `most` 0 means no bound.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(most),
        }
    }

    /// One more, unless that is too many.
    pub(crate) fn enter(&self) -> bool {
        let most = self.most.load(Relaxed);
        self.now
            .fetch_update(Relaxed, Relaxed, |now| {
                (most == 0 || now < most).then_some(now + 1)
            })
            .is_ok()
    }

    /// One less.
    pub(crate) fn leave(&self) {
        self.now.fetch_sub(1, Relaxed);
    }

    /// Whether nobody else may enter.
    pub(crate) fn is_full(&self) -> bool {
        let most = self.most.load(Relaxed);
        most > 0 && self.now() >= most
    }

    /// How many there are.
    pub(crate) fn now(&self) -> usize {
        self.now.load(Relaxed)
    }
}

/// The counters of the service.
#[derive(Debug)]
pub(crate) struct Limits {
    /// Sockets, of any kind.
    pub(crate) sockets: Gauge,
    /// Sockets with a channel.
    pub(crate) users: Gauge,
    /// Joins.
    pub(crate) joins: Rate,
    /// Messages from clients, HTTP and the database, and each delivery.
    pub(crate) messages: Rate,
    /// Presence calls and diffs.
    pub(crate) presences: Rate,
    /// Changes delivered.
    pub(crate) changes: Rate,
    /// Bytes of one payload; 0 means no bound.
    max_payload: AtomicUsize,
}

impl Limits {
    /// As configured.
    pub(crate) fn new(settings: &settings::Realtime, clock: &SharedClock) -> Self {
        let rate = |limit| Rate::new(clock.clone(), limit);
        Self {
            sockets: Gauge::new(settings.max_connections),
            users: Gauge::new(settings.max_concurrent_users),
            joins: rate(settings.max_joins_per_second),
            messages: rate(settings.max_events_per_second),
            presences: rate(settings.max_presence_events_per_second),
            changes: rate(settings.max_changes_per_second),
            max_payload: AtomicUsize::new(settings.max_payload_bytes),
        }
    }

    /// As configured now; what was counted stays counted.
    pub(crate) fn set(&self, settings: &settings::Realtime) {
        self.sockets.most.store(settings.max_connections, Relaxed);
        self.users
            .most
            .store(settings.max_concurrent_users, Relaxed);
        for (rate, limit) in [
            (&self.joins, settings.max_joins_per_second),
            (&self.messages, settings.max_events_per_second),
            (&self.presences, settings.max_presence_events_per_second),
            (&self.changes, settings.max_changes_per_second),
        ] {
            rate.limit.store(limit, Relaxed);
        }
        self.max_payload.store(settings.max_payload_bytes, Relaxed);
    }

    /// Whether a payload is over the limit.
    pub(crate) fn is_too_large(&self, bytes: usize) -> bool {
        let most = self.max_payload.load(Relaxed);
        most > 0 && bytes > most
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base::ManualClock;
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_mean_of_a_minute_allows_a_burst_and_clears_when_it_falls() {
        // RT-LIM-02: 100/s lets 6,000 messages in one second pass once.
        let clock = Arc::new(ManualClock::starting_now());
        let rate = Rate::new(clock.clone(), 100);
        rate.add(5_999);
        assert!(!rate.is_reached());
        rate.add(1);
        assert!(rate.is_reached());
        clock.advance(TimeDelta::seconds(54));
        rate.add(1);
        assert!(rate.is_reached());
        clock.advance(TimeDelta::seconds(6));
        assert!(!rate.is_reached());
        assert_eq!(rate.mean(), 0);
        clock.advance(TimeDelta::hours(3));
        assert_eq!(rate.sum(), 0);
    }

    #[test]
    fn zero_is_no_limit() {
        // RT-LIM-01.
        let rate = Rate::new(Arc::new(ManualClock::starting_now()), 0);
        rate.add(1_000_000);
        assert!(!rate.is_reached() && !rate.would_pass(1_000_000));
        let gauge = Gauge::new(0);
        assert!(gauge.enter() && gauge.enter() && !gauge.is_full());
    }

    #[test]
    fn a_batch_passes_while_mean_and_batch_stay_within_the_limit() {
        let rate = Rate::new(Arc::new(ManualClock::starting_now()), 100);
        assert!(!rate.would_pass(100));
        assert!(rate.would_pass(101));
    }
}
