//! How often one address may ask, and how often somebody may be wrong about one account: token buckets in memory.
//!
//! There are at most two generations of buckets. When the young one is full it becomes the old one, and what was in
//! the old one is forgotten: memory is bounded, and no request ever pays for tidying up.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

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
    /// `/otp`
    Otp,
    /// `/magiclink`
    MagicLink,
    /// `/recover`
    Recover,
    /// `/resend`
    Resend,
    /// `/verify`
    Verify,
    /// Factors' challenges.
    Challenge,
    /// Factors' verifications.
    Factor,
    /// `/authorize`, which writes a row for whoever asks.
    Authorize,
    /// Sign-ins by wallet.
    Web3,
    /// Applications that register themselves.
    Register,
    /// Wrong passwords for one account.
    WrongPassword,
    /// Wrong codes for one account.
    WrongCode,
}

/// Who is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Ip(IpAddr),
    /// A digest of an address, a number or an id.
    Account([u8; 16]),
}

impl Key {
    /// Of IPv6 a customer has at least a /64: all of it is one.
    fn of_ip(ip: IpAddr) -> Self {
        Self::Ip(match ip.to_canonical() {
            IpAddr::V6(ip) => {
                let network = u128::from(ip) & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from(network))
            }
            ip @ IpAddr::V4(_) => ip,
        })
    }

    fn of_account(account: &str) -> Self {
        let mut key = [0; 16];
        key.copy_from_slice(&Sha256::digest(account)[..16]);
        Self::Account(key)
    }
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: DateTime<Utc>,
}

type Generation = HashMap<(Limit, Key), Bucket>;

#[derive(Debug, Default)]
struct Buckets {
    young: Generation,
    old: Generation,
}

/// All buckets.
#[derive(Debug)]
pub(crate) struct Limits {
    enabled: bool,
    token: f64,
    otp: f64,
    anonymous: f64,
    verify: f64,
    factor: f64,
    authorize: f64,
    web3: f64,
    register: f64,
    identifier: f64,
    buckets: Mutex<Buckets>,
}

/// Most buckets of a generation.
const CROWD: usize = 32_768;
const MINUTE: f64 = 60.0;
const FIVE_MINUTES: f64 = 300.0;
const HOUR: f64 = 3_600.0;

impl Limits {
    pub(crate) fn new(settings: &settings::Auth) -> Self {
        Self {
            enabled: settings.rate_limits,
            token: settings.rate_limit_token,
            otp: settings.rate_limit_otp,
            anonymous: settings.rate_limit_anonymous,
            verify: settings.rate_limit_verify,
            factor: settings.mfa_rate_limit,
            authorize: settings.rate_limit_authorize,
            web3: settings.rate_limit_web3,
            register: settings.rate_limit_oauth_register,
            identifier: settings.rate_limit_identifier,
            buckets: Mutex::default(),
        }
    }

    /// Tokens a second, and how many a bucket holds.
    fn shape(&self, limit: Limit) -> (f64, f64) {
        match limit {
            Limit::Token => (self.token / FIVE_MINUTES, 30.0),
            Limit::Signup
            | Limit::UpdateUser
            | Limit::Otp
            | Limit::MagicLink
            | Limit::Recover
            | Limit::Resend => (self.otp / FIVE_MINUTES, 30.0),
            Limit::Verify => (self.verify / FIVE_MINUTES, 30.0),
            Limit::Anonymous => (self.anonymous / HOUR, self.anonymous),
            Limit::Challenge | Limit::Factor => (self.factor / MINUTE, 30.0),
            Limit::Authorize => (self.authorize / FIVE_MINUTES, self.authorize),
            Limit::Web3 => (self.web3 / FIVE_MINUTES, 30.0),
            Limit::Register => (self.register / FIVE_MINUTES, 30.0),
            Limit::WrongPassword => (self.identifier / FIVE_MINUTES, self.identifier),
            Limit::WrongCode => (self.identifier / HOUR, self.identifier),
        }
    }

    /// Takes a token, or refuses. A request of unknown origin is let through.
    pub(crate) fn take(
        &self,
        limit: Limit,
        ip: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        if limit == Limit::Authorize && self.authorize <= 0.0 {
            return Ok(());
        }
        match ip {
            Some(ip) if self.enabled => self.take_key(limit, Key::of_ip(ip), now),
            _ => Ok(()),
        }
    }

    /// Takes an attempt at an account before it is made; [`Limits::forgive`] gives it back when it was right. So
    /// many attempts at once cannot slip through.
    pub(crate) fn attempt(
        &self,
        limit: Limit,
        account: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        if !self.enabled || self.identifier <= 0.0 {
            return Ok(());
        }
        self.take_key(limit, Key::of_account(account), now)
    }

    /// Gives an attempt back.
    pub(crate) fn forgive(&self, limit: Limit, account: &str) {
        let most = self.shape(limit).1;
        let mut buckets = self.buckets.lock().expect("nothing panics under this lock");
        if let Some(bucket) = buckets.young.get_mut(&(limit, Key::of_account(account))) {
            bucket.tokens = (bucket.tokens + 1.0).min(most);
        }
    }

    fn take_key(&self, limit: Limit, key: Key, now: DateTime<Utc>) -> Result<(), Error> {
        let (rate, most) = self.shape(limit);
        let mut buckets = self.buckets.lock().expect("nothing panics under this lock");
        let known = buckets
            .young
            .get(&(limit, key))
            .or_else(|| buckets.old.get(&(limit, key)));
        let left = known.map_or(most, |bucket| {
            let seconds = (now - bucket.at).as_seconds_f64().max(0.0);
            (bucket.tokens + seconds * rate).min(most)
        });
        let enough = left >= 1.0;
        let tokens = if enough { left - 1.0 } else { left };
        if buckets.young.len() >= CROWD {
            buckets.old = std::mem::take(&mut buckets.young);
        }
        buckets
            .young
            .insert((limit, key), Bucket { tokens, at: now });
        if enough {
            Ok(())
        } else {
            Err(Error::RateLimit)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{TimeDelta, TimeZone as _};

    fn start() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 8, 1, 0, 0, 0).unwrap()
    }

    #[test]
    fn a_bucket_empties_and_fills_again() {
        // AUTH-RATE-02, AUTH-RATE-04
        let limits = Limits::new(&settings::Auth::default());
        let ip = Some(IpAddr::from([10, 0, 0, 1]));
        let now = start();
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

    #[test]
    fn neighbors_in_one_ipv6_network_share_a_bucket() {
        let limits = Limits::new(&settings::Auth::default());
        for host in 0..30 {
            let ip = format!("2001:db8::{host:x}").parse().ok();
            assert!(limits.take(Limit::Otp, ip, start()).is_ok());
        }
        assert!(
            limits
                .take(Limit::Otp, "2001:db8::ffff:1".parse().ok(), start())
                .is_err()
        );
        assert!(
            limits
                .take(Limit::Otp, "2001:db8:0:1::1".parse().ok(), start())
                .is_ok()
        );
        // An IPv4 address in IPv6 clothes is that address.
        assert_eq!(
            Key::of_ip("::ffff:10.0.0.1".parse().unwrap()),
            Key::of_ip("10.0.0.1".parse().unwrap())
        );
    }

    #[test]
    fn right_attempts_are_given_back_and_wrong_ones_are_not() {
        let limits = Limits::new(&settings::Auth::default());
        for _ in 0..100 {
            assert!(limits.attempt(Limit::WrongCode, "ada", start()).is_ok());
            limits.forgive(Limit::WrongCode, "ada");
        }
        let tries = (0..100)
            .filter(|_| limits.attempt(Limit::WrongCode, "ada", start()).is_ok())
            .count();
        assert_eq!(tries, 30);
        assert!(limits.attempt(Limit::WrongCode, "bob", start()).is_ok());
    }

    #[test]
    fn a_crowd_does_not_fill_the_memory_nor_free_the_one_who_is_limited() {
        let limits = Limits::new(&settings::Auth::default());
        for _ in 0..40 {
            let _ = limits.attempt(Limit::WrongCode, "ada", start());
        }
        for n in 0..CROWD + 10 {
            let _ = limits.attempt(Limit::WrongPassword, &n.to_string(), start());
        }
        assert!(limits.attempt(Limit::WrongCode, "ada", start()).is_err());
        let buckets = limits.buckets.lock().unwrap();
        assert!(buckets.young.len() + buckets.old.len() <= 2 * CROWD);
    }
}
