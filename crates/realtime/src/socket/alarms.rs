//! One clock for all sockets: who must look at the time, and when.
//!
//! A socket has a deadline (silence, a token's end) but no timer of its own; a single task rings for those
//! whose time has come. A hundred thousand sleeping sockets cost one map entry each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::outbox::{Order, Outbox};

/// The deadlines, by milliseconds since 1970 and socket.
#[derive(Debug, Default)]
pub(crate) struct Alarms(Mutex<BTreeMap<(i64, u64), Weak<Outbox>>>);

impl Alarms {
    /// Rings for `socket` at `at`.
    pub(crate) fn set(&self, at: i64, socket: u64, outbox: &Arc<Outbox>) {
        self.lock().insert((at, socket), Arc::downgrade(outbox));
    }

    /// Takes an alarm back.
    pub(crate) fn clear(&self, at: i64, socket: u64) {
        self.lock().remove(&(at, socket));
    }

    /// Gives an order to every socket: each has an alarm set, or is about to look at the clock.
    pub(crate) fn call_all(&self, order: &Order) {
        let all: Vec<_> = self.lock().values().filter_map(Weak::upgrade).collect();
        for outbox in all {
            outbox.order(order.clone());
        }
    }

    /// Rings for all whose time has come.
    pub(crate) fn ring(&self, now: i64) {
        let due = {
            let mut alarms = self.lock();
            let later = alarms.split_off(&(now + 1, 0));
            std::mem::replace(&mut *alarms, later)
        };
        for outbox in due.values().filter_map(Weak::upgrade) {
            outbox.order(Order::Wake);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(i64, u64), Weak<Outbox>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::outbox::Urgent;
    use super::*;

    #[test]
    fn an_alarm_rings_once_at_its_time() {
        let (alarms, outbox) = (Alarms::default(), Arc::new(Outbox::new(10)));
        alarms.set(1_000, 7, &outbox);
        alarms.ring(999);
        assert!(!outbox.is_urgent());
        alarms.ring(1_000);
        assert_eq!(outbox.pop_urgent(), Some(Urgent::Order(Order::Wake)));
        alarms.ring(2_000);
        assert!(!outbox.is_urgent());
        alarms.set(3_000, 7, &outbox);
        alarms.clear(3_000, 7);
        alarms.ring(3_000);
        assert!(!outbox.is_urgent());
    }
}
