//! Issuers of ID tokens: their published endpoints and keys, and whether a token is theirs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base::{Random as _, Secret, SharedClock};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// An ID token that was verified.
#[derive(Debug)]
pub(crate) struct IdToken {
    pub(crate) claims: Value,
    pub(crate) audiences: Vec<String>,
}

/// What an issuer publishes.
#[derive(Debug)]
struct Issuer {
    authorize: String,
    token: String,
    verifier: jwt::Verifier,
    fetched: DateTime<Utc>,
}

/// Issuers that were asked.
#[derive(Debug)]
pub(crate) struct Issuers {
    http: reqwest::Client,
    clock: SharedClock,
    keep: TimeDelta,
    public_only: bool,
    known: Mutex<HashMap<String, Arc<Issuer>>>,
}

/// More issuers are not remembered.
const MOST: usize = 100;
/// After an unknown key an issuer is asked again at most this often.
const AGAIN: TimeDelta = TimeDelta::minutes(1);

/// `iss` of a token, before anything is known of it.
pub(crate) fn unverified_issuer(token: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    claims["iss"].as_str().map(str::to_owned)
}

/// Whether an issuer is one of Microsoft's tenants.
pub(crate) fn is_azure(issuer: &str) -> bool {
    let tenant = issuer
        .strip_prefix("https://login.microsoftonline.com/")
        .and_then(|rest| rest.strip_suffix("/v2.0"));
    tenant.is_some_and(|tenant| uuid::Uuid::try_parse(tenant).is_ok())
}

impl Issuers {
    /// With `public_only`, addresses that are not public are refused, and those without TLS.
    pub(super) fn new(
        http: reqwest::Client,
        clock: SharedClock,
        keep: Duration,
        public_only: bool,
    ) -> Self {
        let keep = TimeDelta::from_std(keep).unwrap_or(TimeDelta::MAX);
        Self {
            http,
            clock,
            keep,
            public_only,
            known: Mutex::default(),
        }
    }

    /// Authorization and token endpoints.
    pub(super) async fn endpoints(&self, issuer: &str) -> Result<(String, String), String> {
        let found = self.get(issuer, None, false).await?;
        Ok((found.authorize.clone(), found.token.clone()))
    }

    /// Checks signature, times and issuer of a token.
    pub(crate) async fn verify(&self, issuer: &str, token: &str) -> Result<IdToken, String> {
        self.verify_at(issuer, None, token).await
    }

    /// The same, of an issuer whose document is at another address than usual.
    pub(crate) async fn verify_at(
        &self,
        issuer: &str,
        at: Option<&str>,
        token: &str,
    ) -> Result<IdToken, String> {
        let found = self.get(issuer, at, false).await?;
        let checked = match found.verifier.verify(token, jwt::TimeRules::REST) {
            // Perhaps it is signed with a key that was not there yet.
            Err(error) if error != jwt::Error::Expired => {
                let found = self.get(issuer, at, true).await?;
                found.verifier.verify(token, jwt::TimeRules::REST)
            }
            checked => checked,
        };
        let claims = checked.map_err(|error| error.to_string())?;
        if claims
            .text("iss")
            .is_none_or(|named| named.trim_end_matches('/') != issuer.trim_end_matches('/'))
        {
            return Err("the ID token is of another issuer".into());
        }
        if claims.seconds("exp").is_none() {
            return Err("the ID token never expires".into());
        }
        let audiences = match claims.get("aud") {
            Some(Value::String(aud)) => vec![aud.clone()],
            Some(Value::Array(list)) => list
                .iter()
                .filter_map(|aud| aud.as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        };
        Ok(IdToken {
            claims: Value::Object(claims.members().clone()),
            audiences,
        })
    }

    async fn get(&self, issuer: &str, at: Option<&str>, anew: bool) -> Result<Arc<Issuer>, String> {
        let usual = || {
            format!(
                "{}/.well-known/openid-configuration",
                issuer.trim_end_matches('/')
            )
        };
        let address = at.map_or_else(usual, str::to_owned);
        let key = format!("{issuer} {address}");
        let now = self.clock.now();
        let keep = if anew { AGAIN } else { self.keep };
        let mut known = self.known.lock().await;
        if let Some(found) = known.get(&key)
            && now - found.fetched < keep
        {
            return Ok(Arc::clone(found));
        }
        // Who comes meanwhile waits for the same answer.
        let fetched = Arc::new(self.fetch(issuer, &address, now).await?);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, Arc::clone(&fetched));
        Ok(fetched)
    }

    /// An answer of JSON from an address that may be asked.
    async fn ask(&self, address: &str) -> Result<Value, String> {
        let url = url::Url::parse(address).map_err(|error| error.to_string())?;
        if self.public_only && (url.scheme() != "https" || web::public::names_private(&url)) {
            return Err("the address is not public".into());
        }
        super::json(self.http.get(url)).await
    }

    async fn fetch(
        &self,
        issuer: &str,
        address: &str,
        now: DateTime<Utc>,
    ) -> Result<Issuer, String> {
        let base = issuer.trim_end_matches('/');
        let document = self.ask(address).await?;
        let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
        if text("issuer").trim_end_matches('/') != base {
            return Err("the issuer names itself differently".into());
        }
        let keys = self.ask(&text("jwks_uri")).await?;
        Ok(Issuer {
            authorize: text("authorization_endpoint"),
            token: text("token_endpoint"),
            verifier: self.verifier(&keys)?,
            fetched: now,
        })
    }

    /// A verifier for the keys that can be used; others are passed over.
    fn verifier(&self, set: &Value) -> Result<jwt::Verifier, String> {
        let usable: Vec<Value> = set["keys"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|key| key["use"].is_null() || key["use"] == "sig")
            .filter(|key| key["kty"] != "oct")
            .map(|key| {
                let mut key = key.clone();
                if key["alg"].is_null() {
                    key["alg"] = match (key["kty"].as_str(), key["crv"].as_str()) {
                        (Some("EC"), Some("P-384")) => json!("ES384"),
                        (Some("EC"), _) => json!("ES256"),
                        (Some("OKP"), _) => json!("EdDSA"),
                        _ => json!("RS256"),
                    };
                }
                key
            })
            .filter(|key| keys(std::slice::from_ref(key)).is_ok())
            .collect();
        if usable.is_empty() {
            return Err("the issuer publishes no usable key".into());
        }
        let keys = keys(&usable)?;
        Ok(jwt::Verifier::new(keys, Arc::clone(&self.clock)))
    }
}

fn keys(list: &[Value]) -> Result<jwt::Keys, String> {
    let mut settings = settings::Keys::default();
    // Nobody knows it, so nothing can be signed with it.
    settings.jwt_secret = Secret::new(base::OsRandom.token(48));
    settings.jwt_jwks = Secret::new(json!({ "keys": list }).to_string());
    jwt::Keys::from_settings(&settings).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tenants_are_azures() {
        // AUTH-TOKEN-13
        assert!(is_azure(
            "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"
        ));
        for wrong in [
            "https://login.microsoftonline.com/evil/v2.0",
            "https://login.microsoftonline.com.evil.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
            "",
        ] {
            assert!(!is_azure(wrong), "{wrong}");
        }
    }
}
