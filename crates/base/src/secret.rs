//! Values that must not appear in a log, an error or a debugger's print-out.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::random::short_hex;

/// A secret text. `{:?}` shows only that there is one; [`Secret::expose`] is the one way to read it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself. Never pass the result to a log, an error message or a command line.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether nothing was configured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// First eight hex digits of the SHA-256: what a terminal may show in place of the secret.
    pub fn fingerprint(&self) -> String {
        short_hex(&Sha256::digest(self.0.as_bytes()))
    }

    /// Whether `candidate` is this secret, in time that depends only on the lengths. An empty secret
    /// equals nothing.
    pub fn matches(&self, candidate: &str) -> bool {
        !self.0.is_empty() && constant_time_eq(self.0.as_bytes(), candidate.as_bytes())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() {
            "Secret(unset)"
        } else {
            "Secret(…)"
        })
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

/// Compares two byte strings in time that depends only on their lengths.
pub fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_shows_itself() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.fingerprint(), "f52fbd32");
    }

    #[test]
    fn an_empty_secret_matches_nothing() {
        assert!(!Secret::default().matches(""));
        assert!(Secret::new("a").matches("a"));
        assert!(!Secret::new("a").matches("b"));
    }
}
