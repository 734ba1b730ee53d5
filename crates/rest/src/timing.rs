//! How long each stage took, where that is to be told (REST-OPS-04).

use std::fmt::Write as _;
use std::time::Instant;

/// A stopwatch; one that was not started costs nothing.
#[derive(Debug)]
pub(crate) struct Timing {
    since: Option<Instant>,
    told: String,
}

impl Timing {
    pub(crate) fn start(wanted: bool) -> Self {
        Self {
            since: wanted.then(Instant::now),
            told: String::new(),
        }
    }

    /// The stage that ended now.
    pub(crate) fn lap(&mut self, stage: &str) {
        let Some(since) = self.since else { return };
        let now = Instant::now();
        let comma = if self.told.is_empty() { "" } else { ", " };
        let millis = now.duration_since(since).as_secs_f64() * 1000.0;
        let _ = write!(self.told, "{comma}{stage};dur={millis:.1}");
        self.since = Some(now);
    }

    /// `Server-Timing`, if it was wanted.
    pub(crate) fn told(self) -> Option<String> {
        self.since.map(|_| self.told)
    }
}
