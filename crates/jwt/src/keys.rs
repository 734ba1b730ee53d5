//! The project's keys.

use std::sync::Arc;

use base::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::Serialize;
use serde_json::{Value, json};

use crate::jwk;

/// Why a configured key cannot be used. Never repeats key material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither a secret nor a key set.
    #[error("no JWT secret is configured")]
    Missing,
    /// Shorter than 32 bytes.
    #[error("the JWT secret has {0} bytes; at least 32 are needed")]
    TooShort(usize),
    /// Not JSON, or not of the expected shape.
    #[error("{0} is not a {1}")]
    Shape(&'static str, &'static str),
    /// A member that cannot be read as a key.
    #[error("{0}: key {1} cannot be used: {2}")]
    Key(&'static str, usize, String),
    /// No key, or more than one, may sign.
    #[error("JWT_KEYS must hold exactly one key with \"sign\" in key_ops; found {0}")]
    Signing(usize),
}

#[derive(Clone)]
pub(crate) struct VerifyingKey {
    pub(crate) kid: Option<String>,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) key: DecodingKey,
}

struct SigningKey {
    kid: Option<String>,
    algorithm: Algorithm,
    key: EncodingKey,
}

struct Inner {
    signing: SigningKey,
    secret: Option<Secret>,
    verifying: Vec<VerifyingKey>,
    /// When the last keys of the list stop verifying: those of earlier secrets.
    grace: Option<Grace>,
    published: Vec<Value>,
}

/// Earlier secrets' time to go.
#[derive(Debug, Clone, Copy)]
struct Grace {
    /// The first of them in the list.
    first: usize,
    /// Seconds since 1970.
    until: i64,
}

/// The keys that sign and verify this project's tokens. Cheap to clone.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({} verifying)", self.0.verifying.len())
    }
}

impl Keys {
    /// Reads the configured keys: the secret alone (HS256), or `JWT_KEYS` (its `sign` key signs, all of
    /// them and the secret verify), plus whatever `JWT_JWKS` adds for verifying.
    pub fn from_settings(settings: &settings::Keys) -> Result<Self, KeyError> {
        let secret = &settings.jwt_secret;
        if !secret.is_empty() && secret.expose().len() < 32 {
            return Err(KeyError::TooShort(secret.expose().len()));
        }
        let private = parse_array(settings.jwt_keys.expose())?;
        let public = parse_set(settings.jwt_jwks.expose())?;

        let mut verifying = Vec::new();
        let mut published = Vec::new();
        for (name, list) in [("JWT_KEYS", &private), ("JWT_JWKS", &public)] {
            for (index, value) in list.iter().enumerate() {
                let key = jwk::verifying(value).map_err(|why| KeyError::Key(name, index, why))?;
                verifying.push(key);
                published.extend(jwk::public_part(value).filter(|part| !published.contains(part)));
            }
        }
        let own = usize::from(!secret.is_empty());
        let grace = settings.previous_jwt_secrets_until.map(|until| Grace {
            first: verifying.len() + own,
            until,
        });
        for secret in std::iter::once(secret).chain(&settings.previous_jwt_secrets) {
            if !secret.is_empty() {
                verifying.push(VerifyingKey {
                    kid: None,
                    algorithms: vec![Algorithm::HS256, Algorithm::HS384, Algorithm::HS512],
                    key: DecodingKey::from_secret(secret.expose().as_bytes()),
                });
            }
        }

        let signers: Vec<_> = private
            .iter()
            .enumerate()
            .filter(|(_, key)| jwk::may_sign(key))
            .collect();
        let signing = match (signers.as_slice(), private.is_empty(), secret.is_empty()) {
            ([(index, value)], _, _) => {
                let (kid, algorithm, key) =
                    jwk::signing(value).map_err(|why| KeyError::Key("JWT_KEYS", *index, why))?;
                SigningKey {
                    kid,
                    algorithm,
                    key,
                }
            }
            ([], true, false) => SigningKey {
                kid: None,
                algorithm: Algorithm::HS256,
                key: EncodingKey::from_secret(secret.expose().as_bytes()),
            },
            ([], true, true) => return Err(KeyError::Missing),
            (several, _, _) => return Err(KeyError::Signing(several.len())),
        };
        let secret = (!secret.is_empty()).then(|| secret.clone());
        Ok(Self(Arc::new(Inner {
            signing,
            secret,
            verifying,
            grace,
            published,
        })))
    }

    /// HS256 with one secret; for tests and tools.
    pub fn from_secret(secret: &str) -> Result<Self, KeyError> {
        let mut settings = settings::Keys::default();
        settings.jwt_secret = Secret::new(secret);
        Self::from_settings(&settings)
    }

    /// Keys that only verify, as PostgREST's `jwt-secret` is written: a key set, a key, or a secret of at least 32
    /// bytes that verifies HS256 alone.
    pub fn from_jwt_secret(text: &str, is_base64: bool) -> Result<Self, KeyError> {
        const NAME: &str = "jwt-secret";
        let secret = if is_base64 {
            let text = text
                .trim_end_matches('=')
                .replace('+', "-")
                .replace('/', "_");
            URL_SAFE_NO_PAD
                .decode(text.replace('.', ""))
                .map_err(|_| KeyError::Shape(NAME, "base64 text"))?
        } else {
            text.as_bytes().to_vec()
        };
        let list = match serde_json::from_slice::<Value>(&secret) {
            Ok(Value::Object(mut object)) => match object.remove("keys") {
                Some(Value::Array(keys)) => Some(keys),
                Some(_) => return Err(KeyError::Shape(NAME, "JSON object {\"keys\":[…]}")),
                None if object.contains_key("kty") => Some(vec![Value::Object(object)]),
                None => None,
            },
            _ => None,
        };
        let mut verifying = Vec::new();
        for (index, value) in list.iter().flatten().enumerate() {
            verifying.push(jwk::verifying(value).map_err(|why| KeyError::Key(NAME, index, why))?);
        }
        if list.is_none() {
            if secret.len() < 32 {
                return Err(KeyError::TooShort(secret.len()));
            }
            verifying.push(VerifyingKey {
                kid: None,
                algorithms: vec![Algorithm::HS256],
                key: DecodingKey::from_secret(&secret),
            });
        }
        Ok(Self(Arc::new(Inner {
            signing: SigningKey {
                kid: None,
                algorithm: Algorithm::HS256,
                key: EncodingKey::from_secret(&secret),
            },
            secret: None,
            verifying,
            grace: None,
            published: Vec::new(),
        })))
    }

    /// Signs a payload with the project's signing key.
    pub fn sign(&self, claims: &impl Serialize) -> String {
        let key = &self.0.signing;
        let mut header = json!({ "alg": algorithm_name(key.algorithm) });
        if let Some(kid) = &key.kid {
            header["kid"] = json!(kid);
        }
        header["typ"] = json!("JWT");
        sign_with(&header, claims, key.algorithm, &key.key)
    }

    /// Signs a payload with the symmetric secret whatever the signing key is (API keys, URL signatures).
    /// `None` when there is no secret.
    pub fn sign_hs256(&self, header: &Value, claims: &impl Serialize) -> Option<String> {
        let secret = self.0.secret.as_ref()?;
        let key = EncodingKey::from_secret(secret.expose().as_bytes());
        Some(sign_with(header, claims, Algorithm::HS256, &key))
    }

    /// The public keys, as `/.well-known/jwks.json` lists them. Symmetric keys are never among them.
    pub fn published(&self) -> &[Value] {
        &self.0.published
    }

    /// The symmetric secret, if one is configured.
    pub fn secret(&self) -> Option<&Secret> {
        self.0.secret.as_ref()
    }

    /// Every key that verifies, and until when.
    pub(crate) fn verifying(&self) -> impl Iterator<Item = (&VerifyingKey, Option<i64>)> {
        let until = |index| {
            let grace = self.0.grace.filter(|grace| index >= grace.first)?;
            Some(grace.until)
        };
        let keys = self.0.verifying.iter().enumerate();
        keys.map(move |(index, key)| (key, until(index)))
    }
}

fn sign_with(
    header: &Value,
    claims: &impl Serialize,
    algorithm: Algorithm,
    key: &EncodingKey,
) -> String {
    let payload = serde_json::to_vec(claims).expect("claims are plain JSON");
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm)
        .expect("a key that was accepted at start-up signs");
    format!("{message}.{signature}")
}

fn parse_array(text: &str) -> Result<Vec<Value>, KeyError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(text).map_err(|_| KeyError::Shape("JWT_KEYS", "JSON array of keys"))
}

fn parse_set(text: &str) -> Result<Vec<Value>, KeyError> {
    let wrong = || KeyError::Shape("JWT_JWKS", "JSON object {\"keys\":[…]}");
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    match serde_json::from_str::<Value>(text).map_err(|_| wrong())? {
        Value::Object(mut set) => match set.remove("keys") {
            Some(Value::Array(keys)) => Ok(keys),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

pub(crate) fn algorithm_name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::HS256 => "HS256",
        Algorithm::HS384 => "HS384",
        Algorithm::HS512 => "HS512",
        Algorithm::ES256 => "ES256",
        Algorithm::ES384 => "ES384",
        Algorithm::RS256 => "RS256",
        Algorithm::RS384 => "RS384",
        Algorithm::RS512 => "RS512",
        Algorithm::PS256 => "PS256",
        Algorithm::PS384 => "PS384",
        Algorithm::PS512 => "PS512",
        _ => "EdDSA",
    }
}
