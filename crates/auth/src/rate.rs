//! How often one address may ask: token buckets in memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use chrono::{DateTime, Utc};

use crate::Error;

/// What is counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Limit {
    /// `/token`
    Token,
    /// `/signup`
    Signup,
    /// `PUT /user`
    UpdateUser,
    /// Anonymous `/signup`
    Anonymous,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: DateTime<Utc>,
}

/// All buckets.
#[derive(Debug)]
pub(crate) struct Limits {
    enabled: bool,
    token: f64,
    otp: f64,
    anonymous: f64,
    buckets: Mutex<HashMap<(Limit, IpAddr), Bucket>>,
}

/// So many buckets are kept before those that are full again are thrown away.
const CROWD: usize = 10_000;
const FIVE_MINUTES: f64 = 300.0;
const HOUR: f64 = 3_600.0;

impl Limits {
    pub(crate) fn new(settings: &settings::Auth) -> Self {
        Self {
            enabled: settings.rate_limits,
            token: settings.rate_limit_token,
            otp: settings.rate_limit_otp,
            anonymous: settings.rate_limit_anonymous,
            buckets: Mutex::default(),
        }
    }

    /// Tokens a second, and how many a bucket holds.
    fn shape(&self, limit: Limit) -> (f64, f64) {
        match limit {
            Limit::Token => (self.token / FIVE_MINUTES, 30.0),
            Limit::Signup | Limit::UpdateUser => (self.otp / FIVE_MINUTES, 30.0),
            Limit::Anonymous => (self.anonymous / HOUR, self.anonymous),
        }
    }

    /// Takes a token, or refuses. A request of unknown origin is let through.
    pub(crate) fn take(
        &self,
        limit: Limit,
        ip: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let Some(ip) = ip.filter(|_| self.enabled) else {
            return Ok(());
        };
        let filled = |limit: Limit, bucket: &Bucket| {
            let (rate, burst) = self.shape(limit);
            let seconds = (now - bucket.at).as_seconds_f64().max(0.0);
            (bucket.tokens + seconds * rate).min(burst)
        };
        let mut buckets = self.buckets.lock().expect("nothing panics under this lock");
        if buckets.len() >= CROWD {
            buckets.retain(|(limit, _), bucket| filled(*limit, bucket) < self.shape(*limit).1);
        }
        let bucket = buckets.entry((limit, ip)).or_insert(Bucket {
            tokens: self.shape(limit).1,
            at: now,
        });
        let tokens = filled(limit, bucket);
        let (left, result) = if tokens >= 1.0 {
            (tokens - 1.0, Ok(()))
        } else {
            (tokens, Err(Error::RateLimit))
        };
        *bucket = Bucket {
            tokens: left,
            at: now,
        };
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeDelta, TimeZone as _};

    #[test]
    fn a_bucket_empties_and_fills_again() {
        // AUTH-RATE-02
        let limits = Limits::new(&settings::Auth::default());
        let ip = Some(IpAddr::from([10, 0, 0, 1]));
        let now = Utc.with_ymd_and_hms(2026, 8, 1, 0, 0, 0).unwrap();
        for _ in 0..30 {
            assert!(limits.take(Limit::Token, ip, now).is_ok());
        }
        assert!(limits.take(Limit::Token, ip, now).is_err());
        assert!(limits.take(Limit::Signup, ip, now).is_ok());
        let other = Some(IpAddr::from([10, 0, 0, 2]));
        assert!(limits.take(Limit::Token, other, now).is_ok());
        // AUTH-RATE-01: without an address there is no limit.
        assert!(limits.take(Limit::Token, None, now).is_ok());
        let later = now + TimeDelta::seconds(2);
        assert!(limits.take(Limit::Token, ip, later).is_ok());
        assert!(limits.take(Limit::Token, ip, later).is_err());
    }
}
