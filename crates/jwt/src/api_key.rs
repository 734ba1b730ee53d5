//! API keys: what opens the gateway.

use base::{Random, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{Keys, TimeRules, Verifier};

/// What a key allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApiKeyClass {
    /// The public key.
    Anon,
    /// The server's key.
    Service,
}

impl ApiKeyClass {
    /// The database role it stands for.
    pub fn role(self) -> &'static str {
        match self {
            Self::Anon => "anon",
            Self::Service => "service_role",
        }
    }
}

struct ConfiguredKey {
    secret: Secret,
    class: ApiKeyClass,
    /// What services see in its place.
    internal: Secret,
}

/// The configured API keys and the rule for keys minted elsewhere with the project's secret.
pub struct ApiKeys {
    configured: Vec<ConfiguredKey>,
    verifier: Verifier,
}

impl std::fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ApiKeys({} configured)", self.configured.len())
    }
}

impl ApiKeys {
    /// Lifetime of a legacy API key, seconds (five years).
    pub const LIFETIME: i64 = 157_680_000;

    /// From the settings. An opaque key without its JWT gets one, signed now.
    pub fn from_settings(settings: &settings::Keys, verifier: &Verifier, now: i64) -> Self {
        use ApiKeyClass::{Anon, Service};
        let mut configured = Vec::new();
        let jwts = [
            (&settings.anon_key, Anon),
            (&settings.service_role_key, Service),
            (&settings.anon_key_asymmetric, Anon),
            (&settings.service_role_key_asymmetric, Service),
        ];
        for (secret, class) in jwts {
            if !secret.is_empty() {
                configured.push(ConfiguredKey {
                    secret: secret.clone(),
                    class,
                    internal: secret.clone(),
                });
            }
        }
        let opaque = [
            (
                &settings.publishable_key,
                &settings.anon_key_asymmetric,
                Anon,
            ),
            (
                &settings.secret_key,
                &settings.service_role_key_asymmetric,
                Service,
            ),
        ];
        for (secret, internal, class) in opaque {
            if !secret.is_empty() {
                let internal = if internal.is_empty() {
                    Secret::new(verifier.keys().sign(&Self::payload(class, now)))
                } else {
                    internal.clone()
                };
                configured.push(ConfiguredKey {
                    secret: secret.clone(),
                    class,
                    internal,
                });
            }
        }
        Self {
            configured,
            verifier: verifier.clone(),
        }
    }

    /// The class of `candidate` and the JWT that services see for it; `None` if it opens nothing. Every
    /// configured key is compared, in constant time.
    pub fn recognize(&self, candidate: &str) -> Option<(ApiKeyClass, Secret)> {
        let mut found = None;
        for key in &self.configured {
            if key.secret.matches(candidate) {
                found = Some(key);
            }
        }
        if let Some(key) = found {
            // A configured JWT key that has expired opens nothing.
            let alive = self
                .verifier
                .verify(key.internal.expose(), TimeRules::STRICT)
                .is_ok();
            return alive.then(|| (key.class, key.internal.clone()));
        }
        let claims = self.verifier.verify(candidate, TimeRules::STRICT).ok()?;
        let class = match claims.role()? {
            "anon" => ApiKeyClass::Anon,
            "service_role" => ApiKeyClass::Service,
            _ => return None,
        };
        Some((class, Secret::new(candidate)))
    }

    /// Signs a legacy API key: HS256, header `{"alg":"HS256","typ":"JWT"}`. `None` without a secret.
    pub fn mint(keys: &Keys, class: ApiKeyClass, now: i64, lifetime: i64) -> Option<Secret> {
        let mut payload = Self::payload(class, now);
        payload["exp"] = json!(now + lifetime);
        keys.sign_hs256(&json!({ "alg": "HS256", "typ": "JWT" }), &payload)
            .map(Secret::new)
    }

    /// A new opaque key, `sb_publishable_…` or `sb_secret_…`, with its checksum.
    pub fn mint_opaque(class: ApiKeyClass, random: &dyn Random) -> Secret {
        let prefix = match class {
            ApiKeyClass::Anon => "sb_publishable_",
            ApiKeyClass::Service => "sb_secret_",
        };
        let body = format!("{prefix}{}", &random.token(17)[..22]);
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(format!("supabase-self-hosted|{body}")));
        Secret::new(format!("{body}_{}", &digest[..8]))
    }

    fn payload(class: ApiKeyClass, now: i64) -> serde_json::Value {
        json!({ "role": class.role(), "iss": "supabase", "iat": now, "exp": now + Self::LIFETIME })
    }
}
