//! Checking a token.

use std::sync::Arc;

use base::SharedClock;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use quick_cache::sync::Cache;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::keys::algorithm_name;
use crate::{Claims, Error, Keys};

/// Which times are checked, and with what tolerance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRules {
    /// Seconds of tolerance on each side.
    pub leeway: i64,
    /// Whether `nbf` counts.
    pub not_before: bool,
    /// Whether an `iat` that lies ahead is refused.
    pub issued_at: bool,
}

impl TimeRules {
    /// As PostgREST: 30 seconds, all three claims.
    pub const REST: Self = Self {
        leeway: 30,
        not_before: true,
        issued_at: true,
    };
    /// `exp` and `nbf` to the second, as most JWT libraries do by default.
    pub const STRICT: Self = Self {
        leeway: 0,
        not_before: true,
        issued_at: false,
    };

    fn check(self, claims: &Claims, now: i64) -> Result<(), Error> {
        // Widened, so that a claim near the end of the range cannot wrap around into the past.
        let (now, leeway) = (i128::from(now), i128::from(self.leeway));
        let at = |name| claims.seconds(name).map(i128::from);
        if at("exp").is_some_and(|exp| now - leeway > exp || (leeway == 0 && now == exp)) {
            return Err(Error::Expired);
        }
        if self.not_before && at("nbf").is_some_and(|nbf| now + leeway < nbf) {
            return Err(Error::NotYetValid);
        }
        if self.issued_at && at("iat").is_some_and(|iat| now + leeway < iat) {
            return Err(Error::IssuedInFuture);
        }
        Ok(())
    }
}

/// Verifies tokens with the project's keys and remembers good signatures. Cheap to clone.
#[derive(Clone)]
pub struct Verifier {
    keys: Keys,
    clock: SharedClock,
    verified: Arc<Cache<[u8; 32], Verified>>,
}

/// Claims whose signature was good.
#[derive(Debug, Clone)]
struct Verified {
    claims: Claims,
    /// When the key that signed them stops verifying.
    until: Option<i64>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

impl Verifier {
    /// Most signatures remembered; a forgotten one is verified again.
    const REMEMBERED: usize = 10_000;

    /// A verifier that reads the time from `clock`.
    pub fn new(keys: Keys, clock: SharedClock) -> Self {
        Self {
            keys,
            clock,
            verified: Arc::new(Cache::new(Self::REMEMBERED)),
        }
    }

    /// Signature, claim types and times.
    pub fn verify(&self, token: &str, rules: TimeRules) -> Result<Claims, Error> {
        let claims = self.verify_signature(token)?;
        rules.check(&claims, self.clock.unix())?;
        Ok(claims)
    }

    /// Signature and claim types only; an expired token passes.
    pub fn verify_signature(&self, token: &str) -> Result<Claims, Error> {
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(verified) = self.verified.get(&digest)
            && !self.is_over(verified.until)
        {
            return Ok(verified.claims);
        }
        let verified = self.check_signature(token)?;
        let claims = verified.claims.clone();
        self.verified.insert(digest, verified);
        Ok(claims)
    }

    /// A verifier with other keys and the same clock; it remembers nothing yet.
    #[must_use]
    pub fn with_keys(&self, keys: Keys) -> Self {
        Self::new(keys, Arc::clone(&self.clock))
    }

    /// The keys it verifies with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Whether a key's time has passed.
    fn is_over(&self, until: Option<i64>) -> bool {
        until.is_some_and(|until| self.clock.unix() >= until)
    }

    fn check_signature(&self, token: &str) -> Result<Verified, Error> {
        if token.is_empty() {
            return Err(Error::Empty);
        }
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else {
            return Err(Error::Parts(parts.len()));
        };
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Error::Malformed);
        let Ok(Value::Object(header_members)) = serde_json::from_slice(&decode(header)?) else {
            return Err(Error::Malformed);
        };
        let algorithm = header_members
            .get("alg")
            .and_then(Value::as_str)
            .unwrap_or("none");
        let kid = header_members
            .get("kid")
            .and_then(Value::as_str)
            .filter(|kid| !kid.is_empty());

        // The key decides which algorithms it takes part in; the header only chooses among those. A public
        // key can therefore never serve as an HMAC secret.
        let fitting: Vec<_> = self
            .keys
            .verifying()
            .filter(|(_, until)| !self.is_over(*until))
            .filter_map(|(key, until)| {
                let mut algorithms = key.algorithms.iter();
                let fits = algorithms.find(|a| algorithm_name(**a) == algorithm)?;
                Some((key, *fits, until))
            })
            .collect();
        if fitting.is_empty() {
            return Err(Error::Algorithm(algorithm.to_owned()));
        }
        // With a known `kid` only that key counts; an unknown one may still be the bare secret's (legacy keys).
        let by_kid =
            |key: &crate::keys::VerifyingKey| key.kid.is_some() && key.kid.as_deref() == kid;
        let known = fitting.iter().any(|(key, ..)| by_kid(key));
        let message = &token.as_bytes()[..header.len() + 1 + payload.len()];
        let good = fitting
            .iter()
            .filter(|(key, ..)| match (kid, known) {
                (None, _) => true,
                (Some(_), true) => by_kid(key),
                (Some(_), false) => key.kid.is_none(),
            })
            .find(|(key, algorithm, _)| {
                jsonwebtoken::crypto::verify(signature, message, &key.key, *algorithm)
                    .unwrap_or(false)
            });
        let Some((_, _, until)) = good else {
            return Err(Error::Signature);
        };
        let until = *until;
        let payload = String::from_utf8(decode(payload)?).map_err(|_| Error::Malformed)?;
        let claims = Claims::parse(&payload)?;
        Ok(Verified { claims, until })
    }
}
