//! How much is sent in all (AUTH-RATE-06).

use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, Utc};
use settings::Value as _;

/// A bucket for all messages of a kind.
#[derive(Debug)]
pub(crate) struct Quota {
    most: f64,
    /// Refilled a second.
    rate: f64,
    state: Mutex<Option<(f64, DateTime<Utc>)>>,
}

impl Quota {
    /// `30` is 30 in an hour, `10/5m` ten at once, filled again within five minutes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (number, span) = match text.split_once('/') {
            None => (text, Duration::from_secs(3_600)),
            Some((number, span)) => (number, Duration::parse(span).ok()?),
        };
        let most: f64 = number.trim().parse().ok()?;
        let good = most.is_finite() && most >= 0.0 && !span.is_zero();
        good.then(|| Self {
            most,
            rate: most / span.as_secs_f64(),
            state: Mutex::new(None),
        })
    }

    /// Takes one, if there is one.
    pub(crate) fn take(&self, now: DateTime<Utc>) -> bool {
        let mut state = self.state.lock().expect("nothing panics under this lock");
        let (left, at) = state.unwrap_or((self.most, now));
        let seconds = (now - at).as_seconds_f64().max(0.0);
        let left = (left + seconds * self.rate).min(self.most);
        let enough = left >= 1.0;
        *state = Some((if enough { left - 1.0 } else { left }, now));
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeDelta, TimeZone as _};

    #[test]
    fn a_quota_is_used_up_and_filled_again() {
        // AUTH-RATE-06
        let now = Utc.with_ymd_and_hms(2026, 8, 1, 0, 0, 0).unwrap();
        let quota = Quota::parse("2/10m").unwrap();
        assert!(quota.take(now) && quota.take(now) && !quota.take(now));
        assert!(quota.take(now + TimeDelta::minutes(5)));
        assert!(!quota.take(now + TimeDelta::minutes(5)));
        assert!(!Quota::parse("0").unwrap().take(now));
        let hourly = Quota::parse("30").unwrap();
        assert_eq!((0..40).filter(|_| hourly.take(now)).count(), 30);
        for wrong in ["", "x", "-1", "1/", "1/x", "1/0s", "NaN"] {
            assert!(Quota::parse(wrong).is_none(), "{wrong}");
        }
    }
}
