//! Proof Key for Code Exchange: the challenge that a flow begins with.

use base::constant_time_eq;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::Error;

/// How a verifier becomes a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    S256,
    Plain,
}

impl Method {
    /// As the database names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::S256 => "s256",
            Self::Plain => "plain",
        }
    }
}

/// A challenge that passed the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) method: Method,
    pub(crate) text: String,
}

/// Reads the parameters wherever they are accepted; both or neither.
pub(crate) fn read(method: &str, challenge: &str) -> Result<Option<Challenge>, Error> {
    if method.is_empty() != challenge.is_empty() {
        return Err(Error::validation(
            "PKCE flow requires code_challenge_method and code_challenge",
        ));
    }
    if challenge.is_empty() {
        return Ok(None);
    }
    if !(43..=128).contains(&challenge.len()) {
        return Err(Error::validation(
            "code challenge has to be between 43 and 128 characters",
        ));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    if !challenge.chars().all(allowed) {
        return Err(Error::validation(
            "code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes",
        ));
    }
    let method = match method.to_ascii_lowercase().as_str() {
        "s256" => Method::S256,
        "plain" => Method::Plain,
        _ => return Err(Error::validation("Invalid code_challenge_method")),
    };
    let text = challenge.to_owned();
    Ok(Some(Challenge { method, text }))
}

/// Whether a verifier belongs to a challenge; `None` as method is that of old rows without one.
pub(crate) fn fits(method: Option<&str>, challenge: &str, verifier: &str) -> bool {
    let made = match method {
        Some("plain") => verifier.to_owned(),
        _ => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)),
    };
    !challenge.is_empty() && constant_time_eq(made.as_bytes(), challenge.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_fits_only_its_own_challenge() {
        // AUTH-TOKEN-07; the pair is the example of RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(fits(Some("s256"), challenge, verifier));
        assert!(!fits(Some("s256"), challenge, challenge));
        assert!(!fits(Some("plain"), challenge, verifier));
        assert!(fits(Some("plain"), challenge, challenge));
        assert!(!fits(Some("plain"), "", ""));
    }

    #[test]
    fn challenges_follow_the_rules() {
        // AUTH-TOKEN-08
        let good = "a".repeat(43);
        assert_eq!(read("", "").unwrap(), None);
        assert_eq!(read("S256", &good).unwrap().unwrap().method, Method::S256);
        assert_eq!(read("Plain", &good).unwrap().unwrap().method, Method::Plain);
        for (method, challenge) in [
            ("s256", ""),
            ("", "a"),
            ("s256", "a"),
            ("s256", &"a".repeat(129)),
            ("s256", &"+".repeat(43)),
            ("md5", &good),
        ] {
            assert!(read(method, challenge).is_err(), "{method} {challenge}");
        }
    }
}
