//! Tokens as this service reads them: signature by `jwt`, then the claims that a channel needs.

use jwt::{Caller, Claims, Verifier};
use serde_json::{Map, Value};

/// Why a token is not good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// Not readable.
    #[error("The token provided is not a valid JWT")]
    Malformed,
    /// The signature does not verify.
    #[error("Failed to validate JWT signature")]
    Signature,
    /// No key for its algorithm or of its id.
    #[error(
        "Failed to generate JWT signer{}, check your JWT secret or JWKS configuration",
        .0.as_ref().map(|kid| format!(" for key ID (kid) \"{kid}\"")).unwrap_or_default()
    )]
    NoKey(Option<String>),
    /// `role` or `exp` is missing.
    #[error("Fields `role` and `exp` are required in JWT")]
    MissingClaims,
    /// Expired so many seconds ago.
    #[error("{}", if *.0 == 0 { "Token expiration time is invalid".to_owned() } else { expired(*.0) })]
    Expired(i64),
}

fn expired(seconds: i64) -> String {
    format!("Token has expired {seconds} seconds ago")
}

impl Error {
    /// As a refused upgrade says it.
    pub(crate) fn at_connect(&self) -> String {
        match self {
            Self::Expired(_) => "Token has expired".into(),
            other => other.to_string(),
        }
    }

    /// As a refresh or the expiry itself says it.
    pub(crate) fn at_refresh(&self) -> String {
        match self {
            Self::Expired(seconds) => expired(*seconds),
            other => other.to_string(),
        }
    }

    /// The operational code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "MalformedJWT",
            Self::Signature => "JwtSignatureError",
            Self::NoKey(_) => "JwtSignerError",
            Self::MissingClaims | Self::Expired(_) => "InvalidJWTToken",
        }
    }
}

/// Who a channel acts for, and until when.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bearer {
    /// Role and claims.
    pub(crate) caller: Caller,
    /// Seconds since 1970.
    pub(crate) expires: i64,
}

/// Reads tokens.
#[derive(Debug)]
pub(crate) struct Tokens {
    verifier: Verifier,
    /// Claims that must have exactly these values.
    required: Map<String, Value>,
}

impl Tokens {
    /// `required` is the setting `claim_validators`; the error says what is wrong with it.
    pub(crate) fn new(verifier: Verifier, required: &str) -> Result<Self, String> {
        let required = if required.trim().is_empty() {
            "{}"
        } else {
            required
        };
        match serde_json::from_str(required) {
            Ok(Value::Object(required)) => Ok(Self { verifier, required }),
            _ => Err("realtime.claim_validators is not a JSON object".into()),
        }
    }

    /// Whether every token is read alike.
    pub(crate) fn reads_the_same(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.verifier.keys(), other.verifier.keys());
        let secret = |keys: &jwt::Keys| keys.secret().map(|secret| secret.expose().to_owned());
        self.required == other.required
            && secret(ours) == secret(theirs)
            && ours.published() == theirs.published()
    }

    /// The role, if any, of a token that is signed by the project and has not expired; tokens of operators need
    /// neither role nor expiry.
    pub(crate) fn speaker(&self, token: &str, now: i64) -> Result<Option<String>, Error> {
        let claims = self
            .verifier
            .verify_signature(token)
            .map_err(|error| self.name(&error, token))?;
        if claims.get("exp").is_some() {
            let expires = expiry(&claims).ok_or(Error::MissingClaims)?;
            if expires <= now {
                return Err(Error::Expired(now - expires));
            }
        }
        Ok(claims.role().map(str::to_owned))
    }

    /// Signature, claims, time.
    pub(crate) fn read(&self, token: &str, now: i64) -> Result<Bearer, Error> {
        let claims = self
            .verifier
            .verify_signature(token)
            .map_err(|error| self.name(&error, token))?;
        let role = claims
            .role()
            .filter(|role| !role.is_empty())
            .ok_or(Error::MissingClaims)?;
        let expires = expiry(&claims).ok_or(Error::MissingClaims)?;
        if expires <= now {
            return Err(Error::Expired(now - expires));
        }
        if self
            .required
            .iter()
            .any(|(name, wanted)| claims.get(name) != Some(wanted))
        {
            return Err(Error::Malformed);
        }
        Ok(Bearer {
            caller: Caller {
                role: role.to_owned(),
                claims: Some(claims),
            },
            expires,
        })
    }

    fn name(&self, error: &jwt::Error, token: &str) -> Error {
        let header = Header::of(token);
        match error {
            jwt::Error::Algorithm(algorithm) if is_known(algorithm) => Error::NoKey(header.kid),
            jwt::Error::Signature => match header.kid {
                // An HMAC token of an unknown key falls back to the shared secret, so its signature is at fault.
                Some(kid) if !header.algorithm.starts_with("HS") && !self.publishes(&kid) => {
                    Error::NoKey(Some(kid))
                }
                _ => Error::Signature,
            },
            _ => Error::Malformed,
        }
    }

    fn publishes(&self, kid: &str) -> bool {
        self.verifier
            .keys()
            .published()
            .iter()
            .any(|key| key.get("kid").and_then(Value::as_str) == Some(kid))
    }
}

/// Algorithms that a key could have been configured for.
fn is_known(algorithm: &str) -> bool {
    matches!(
        algorithm,
        "HS256"
            | "HS384"
            | "HS512"
            | "RS256"
            | "RS384"
            | "RS512"
            | "ES256"
            | "ES384"
            | "ES512"
            | "EdDSA"
    )
}

/// `exp`, decimals rounded.
#[expect(
    clippy::cast_possible_truncation,
    reason = "out-of-range floats saturate, which is what is wanted"
)]
fn expiry(claims: &Claims) -> Option<i64> {
    let value = claims.get("exp")?;
    value
        .as_i64()
        .or_else(|| value.as_f64().map(|seconds| seconds.round() as i64))
}

struct Header {
    algorithm: String,
    kid: Option<String>,
}

impl Header {
    fn of(token: &str) -> Self {
        use base64::Engine as _;
        let part = token.split('.').next().unwrap_or_default();
        let members: Map<String, Value> = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(part)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            algorithm: text("alg").unwrap_or_default(),
            kid: text("kid").filter(|kid| !kid.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base::{Clock as _, ManualClock};
    use jwt::Keys;
    use serde_json::json;

    use super::*;

    const SECRET: &str = "a-secret-of-at-least-thirty-two-bytes";

    fn tokens(required: &str) -> (Tokens, Keys, i64) {
        let clock = Arc::new(ManualClock::starting_now());
        let keys = Keys::from_secret(SECRET).unwrap();
        let now = clock.unix();
        (
            Tokens::new(Verifier::new(keys.clone(), clock), required).unwrap(),
            keys,
            now,
        )
    }

    #[test]
    fn role_and_exp_are_required_and_exp_lies_ahead() {
        // RT-TOK-02, RT-TOK-03.
        let (tokens, keys, now) = tokens("{}");
        let read = |claims: Value| tokens.read(&keys.sign(&claims), now);
        let bearer = read(json!({ "role": "editor", "exp": now + 10 })).unwrap();
        assert_eq!(
            (bearer.caller.role.as_str(), bearer.expires),
            ("editor", now + 10)
        );
        assert_eq!(read(json!({ "role": "anon" })), Err(Error::MissingClaims));
        assert_eq!(read(json!({ "exp": now + 10 })), Err(Error::MissingClaims));
        assert_eq!(
            read(json!({ "role": "anon", "exp": now - 5 })),
            Err(Error::Expired(5))
        );
        assert_eq!(
            read(json!({ "role": "anon", "exp": now })),
            Err(Error::Expired(0))
        );
        // CVE-2026-54238: a text is not a time.
        assert_eq!(
            read(json!({ "role": "anon", "exp": "9999999999" })),
            Err(Error::Malformed)
        );
        let text = format!("{}.6", now + 10);
        let fraction: serde_json::Number = text.parse().unwrap();
        let rounded = read(json!({ "role": "anon", "exp": fraction })).unwrap();
        assert_eq!(rounded.expires, now + 11);
    }

    #[test]
    fn configured_claims_must_be_equal() {
        let (tokens, keys, now) = tokens(r#"{"iss":"me"}"#);
        let read = |iss: &str| {
            tokens.read(
                &keys.sign(&json!({ "role": "anon", "exp": now + 1, "iss": iss })),
                now,
            )
        };
        assert!(read("me").is_ok());
        assert_eq!(read("you"), Err(Error::Malformed));
        assert!(
            Tokens::new(
                Verifier::new(keys, Arc::new(ManualClock::starting_now())),
                "[]"
            )
            .is_err()
        );
    }

    #[test]
    fn bad_signatures_and_missing_keys_have_their_own_words() {
        // RT-TOK-01: `none` is refused; a key that is not there is named.
        use base64::Engine as _;
        let (tokens, keys, now) = tokens("{}");
        let good = keys.sign(&json!({ "role": "anon", "exp": now + 10 }));
        let (head, _) = good.rsplit_once('.').unwrap();
        assert_eq!(
            tokens.read(&format!("{head}.AAAA"), now),
            Err(Error::Signature)
        );
        assert_eq!(tokens.read("a.b", now), Err(Error::Malformed));
        assert_eq!(tokens.read("sb_secret_x", now), Err(Error::Malformed));
        let forged = |header: Value| {
            let encode =
                |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
            format!(
                "{}.{}.AAAA",
                encode(header.to_string()),
                encode(json!({ "role": "anon" }).to_string())
            )
        };
        assert_eq!(
            tokens.read(&forged(json!({ "alg": "none" })), now),
            Err(Error::Malformed)
        );
        assert_eq!(
            tokens.read(&forged(json!({ "alg": "ES256" })), now),
            Err(Error::NoKey(None))
        );
        let named = forged(json!({ "alg": "ES256", "kid": "k" }));
        assert_eq!(
            tokens.read(&named, now),
            Err(Error::NoKey(Some("k".into())))
        );
        assert_eq!(
            tokens.read(&forged(json!({ "alg": "HS256", "kid": "k" })), now),
            Err(Error::Signature)
        );
    }
}
