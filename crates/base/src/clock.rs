//! The one place that reads the time of day.

use std::sync::Arc;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

/// What time it is. Expiry, rate limits and `iat`/`exp` claims take it as an argument, so that a
/// test moves it instead of sleeping.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The current instant, in UTC.
    fn now(&self) -> DateTime<Utc>;

    /// Whole seconds since 1970-01-01, as JWT claims count them.
    fn unix(&self) -> i64 {
        self.now().timestamp()
    }
}

/// A clock as services hold it.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    /// A clock standing at `start`.
    pub fn at(start: DateTime<Utc>) -> Self {
        Self(Mutex::new(start))
    }

    /// A clock standing at the machine's present, for tests that also talk to PostgreSQL's clock.
    pub fn starting_now() -> Self {
        Self::at(SystemClock.now())
    }

    /// Moves the clock forward (or back, with a negative span).
    pub fn advance(&self, span: TimeDelta) {
        *self
            .0
            .lock()
            .expect("the clock is never held across a panic") += span;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self
            .0
            .lock()
            .expect("the clock is never held across a panic")
    }
}
