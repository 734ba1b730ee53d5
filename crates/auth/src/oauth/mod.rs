//! Accounts elsewhere: one engine for OAuth 2.0 and OpenID Connect, and the providers as data.

mod chosen;
pub(crate) mod custom;
mod oidc;
mod profile;
mod specs;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base::SharedClock;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use url::Url;

use crate::{Error, StartError};

pub(crate) use chosen::Chosen;
pub(crate) use oidc::{IdToken, Issuers};
pub(crate) use profile::Profile;
use specs::{Client, SPECS, Source, Spec};

const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes of a provider's answer.
const MOST_BYTES: usize = 1 << 20;

/// The providers, and the way to them.
#[derive(Debug)]
pub(crate) struct Providers {
    known: HashMap<&'static str, Provider>,
    http: reqwest::Client,
    pub(crate) issuers: Issuers,
    /// For addresses that admins wrote down: it goes to public ones only, unless that is allowed.
    guarded: reqwest::Client,
    allow_private: bool,
    pub(crate) custom: Issuers,
}

/// One provider, as it is configured.
#[derive(Debug)]
pub(crate) struct Provider {
    spec: &'static Spec,
    pub(crate) config: settings::Provider,
}

/// What a code was exchanged for.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    id_token: Option<String>,
    whole: Value,
}

impl Tokens {
    fn of(whole: Value) -> Option<Self> {
        let text = |name: &str| {
            whole[name]
                .as_str()
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        Some(Self {
            access: text("access_token")?,
            refresh: text("refresh_token"),
            id_token: text("id_token"),
            whole,
        })
    }
}

impl Providers {
    pub(crate) fn new(
        settings: &settings::Auth,
        providers: &settings::Providers,
        clock: SharedClock,
    ) -> Result<Self, StartError> {
        let http = web::outgoing()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::limited(3))
            .user_agent("passerelle")
            .build()
            .map_err(|error| StartError::Setting("providers", error.to_string()))?;
        let known = SPECS
            .iter()
            .filter_map(|spec| {
                let config = providers.get(spec.name)?.clone();
                Some((spec.name, Provider { spec, config }))
            })
            .collect();
        let allow_private = settings.custom_oauth_allow_private;
        let guarded = web::outgoing()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(web::public::Resolver {
                public_only: !allow_private,
            }))
            .user_agent("passerelle")
            .build()
            .map_err(|error| StartError::Setting("providers", error.to_string()))?;
        let keep = settings.oidc_cache;
        Ok(Self {
            known,
            issuers: Issuers::new(http.clone(), Arc::clone(&clock), keep, false),
            custom: Issuers::new(guarded.clone(), clock, keep, !allow_private),
            http,
            guarded,
            allow_private,
        })
    }

    /// Whether the name of an address leads to a place that may be asked.
    pub(crate) async fn resolves(&self, address: &str) -> Result<(), String> {
        let url = Url::parse(address).map_err(|error| error.to_string())?;
        let Some(url::Host::Domain(name)) = url.host() else {
            return Ok(());
        };
        let resolver = web::public::Resolver {
            public_only: !self.allow_private,
        };
        resolver.check(name).await.map_err(|why| why.to_string())
    }

    /// A provider that is on and complete.
    pub(crate) fn get(&self, name: &str) -> Result<&Provider, Error> {
        let wrong = |why: String| Error::validation(format!("Unsupported provider: {why}"));
        let lower = name.to_ascii_lowercase();
        let provider = self.known.get(lower.as_str());
        let provider =
            provider.ok_or_else(|| wrong(format!("Provider {name} could not be found")))?;
        let config = &provider.config;
        let missing = if !config.enabled {
            "provider is not enabled"
        } else if config.client_id.is_empty() {
            "missing OAuth client ID"
        } else if config.secret.is_empty() {
            "missing OAuth secret"
        } else if config.redirect_uri.is_empty() {
            "missing redirect URI"
        } else {
            return Ok(provider);
        };
        Err(wrong(missing.into()))
    }

    /// A provider by name, whether it is on or not.
    pub(crate) fn named(&self, name: &str) -> Option<&Provider> {
        self.known.get(name.to_ascii_lowercase().as_str())
    }

    /// Whether a provider is offered.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.named(name)
            .is_some_and(|provider| provider.config.enabled)
    }

    /// Where to send somebody who wants to come in by `provider`.
    pub(crate) async fn authorize_url(
        &self,
        provider: &Provider,
        state: &str,
        scopes: &str,
        challenge: Option<&str>,
        passed: &[(String, String)],
    ) -> Result<String, Error> {
        let spec = provider.spec;
        let endpoint = match spec.source {
            Source::Discovered(_) => self.discovered(provider).await?.0,
            _ => provider.address(spec.authorize),
        };
        let mut url = Url::parse(&endpoint).map_err(|error| Error::Internal(error.to_string()))?;
        let asked = scopes.split([',', ' ']).filter(|scope| !scope.is_empty());
        let mut all: Vec<&str> = spec.scopes.to_vec();
        for scope in asked {
            if !all.contains(&scope) {
                all.push(scope);
            }
        }
        let client = provider.config.client_id.first().map_or("", String::as_str);
        {
            let mut pairs = url.query_pairs_mut();
            pairs.append_pair("client_id", client);
            pairs.append_pair("redirect_uri", &provider.config.redirect_uri);
            pairs.append_pair("response_type", "code");
            if !all.is_empty() {
                pairs.append_pair("scope", &all.join(" "));
            }
            pairs.append_pair("state", state);
            for (name, value) in spec.extra {
                pairs.append_pair(name, value);
            }
            if let Some(challenge) = challenge {
                pairs.append_pair("code_challenge", challenge);
                pairs.append_pair("code_challenge_method", "S256");
            }
            for (name, value) in passed {
                let name = if name == "workos_provider" {
                    "provider"
                } else {
                    name
                };
                pairs.append_pair(name, value);
            }
        }
        Ok(url.into())
    }

    /// Authorization and token endpoints of a provider that publishes them.
    async fn discovered(&self, provider: &Provider) -> Result<(String, String), Error> {
        let issuer = provider.issuer();
        let found = self.issuers.endpoints(&issuer).await;
        found.map_err(|why| Error::ProviderDown(format!("{issuer}: {why}")))
    }

    /// Exchanges the code that a provider sent.
    pub(crate) async fn exchange(
        &self,
        provider: &Provider,
        code: &str,
        verifier: Option<&str>,
    ) -> Result<Tokens, Error> {
        let failed = |why: String| {
            let begin: String = code.chars().take(4).collect();
            Error::Exchange(begin, why)
        };
        let spec = provider.spec;
        let endpoint = match spec.source {
            Source::Discovered(_) => self.discovered(provider).await?.1,
            _ => provider.address(spec.token),
        };
        let config = &provider.config;
        let (client, secret) = (
            config.client_id.first().map_or("", String::as_str),
            config.secret.expose(),
        );
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", config.redirect_uri.as_str()),
        ];
        if spec.client == Client::Form {
            form.extend([("client_id", client), ("client_secret", secret)]);
        }
        form.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form)
            .finish();
        let mut request = self
            .http
            .post(endpoint)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(body);
        if spec.client == Client::Basic {
            let pair = STANDARD.encode(format!("{client}:{secret}"));
            request = request.header("authorization", format!("Basic {pair}"));
        }
        let whole = json(request).await.map_err(failed)?;
        Tokens::of(whole).ok_or_else(|| failed("no access token".into()))
    }

    /// Who the tokens belong to. `posted` is what Apple posts at a first sign-in.
    pub(crate) async fn profile(
        &self,
        provider: &Provider,
        tokens: &Tokens,
        posted: Option<&Value>,
    ) -> Result<Profile, Error> {
        let failed = |why: String| Error::ProfileFailed(why);
        match provider.spec.source {
            Source::Discovered(read) | Source::Token(read) => {
                let token = tokens
                    .id_token
                    .as_deref()
                    .ok_or_else(|| failed("no ID token".into()))?;
                let issuer = provider.issuer_of(token);
                let verified = self.issuers.verify(&issuer, token).await.map_err(failed)?;
                let good = |aud: &str| provider.config.client_id.iter().any(|id| id == aud);
                if !verified.audiences.iter().any(|aud| good(aud)) {
                    return Err(failed("the ID token is for somebody else".into()));
                }
                let mut claims = verified.claims;
                if let Some(posted) = posted {
                    profile::add_posted(&mut claims, posted);
                }
                read(&claims).ok_or_else(|| failed("the ID token lacks claims".into()))
            }
            Source::Answer(read) => {
                read(&tokens.whole).ok_or_else(|| failed("the answer lacks claims".into()))
            }
            Source::Asked(paths, read) => {
                let mut answers = Vec::with_capacity(paths.len());
                for path in paths {
                    answers.push(
                        self.ask(provider, &provider.address(path), tokens)
                            .await
                            .map_err(failed)?,
                    );
                }
                read(&answers).ok_or_else(|| failed("the answer lacks claims".into()))
            }
        }
    }

    async fn ask(
        &self,
        provider: &Provider,
        address: &str,
        tokens: &Tokens,
    ) -> Result<Value, String> {
        let mut url = Url::parse(address).map_err(|error| error.to_string())?;
        if provider.spec.name == "facebook" {
            // Shows that the token is used by the application itself.
            let secret = provider.config.secret.expose().as_bytes();
            let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(secret)
                .expect("a key of any length is good");
            mac.update(tokens.access.as_bytes());
            let proof = hex::encode(mac.finalize().into_bytes());
            url.query_pairs_mut().append_pair("appsecret_proof", &proof);
        }
        let mut request = self
            .http
            .get(url)
            .header("accept", "application/json")
            .header("authorization", format!("Bearer {}", tokens.access));
        for (name, value) in provider.spec.headers {
            let client = provider.config.client_id.first().map_or("", String::as_str);
            request = request.header(*name, value.replace("$client", client));
        }
        json(request).await
    }
}

impl Provider {
    pub(crate) fn name(&self) -> &'static str {
        self.spec.name
    }

    /// Whether it wants PKCE on its side, too.
    pub(crate) fn wants_pkce(&self) -> bool {
        self.spec.pkce
    }

    /// An endpoint, at the configured address if there is one.
    fn address(&self, usual: &str) -> String {
        let base = self.config.url.trim_end_matches('/');
        if base.is_empty() {
            return usual.to_owned();
        }
        let rest = usual.split_once("://").map_or(usual, |(_, rest)| rest);
        let path = rest.find('/').map_or("", |at| &rest[at..]);
        match self.spec.name {
            // An enterprise server has its API below the site.
            "github" if usual.starts_with("https://api.") => format!("{base}/api/v3{path}"),
            "azure" => format!("{base}{}", path.trim_start_matches("/common")),
            _ => format!("{base}{path}"),
        }
    }

    /// The issuer of its ID tokens.
    pub(crate) fn issuer(&self) -> String {
        match self.config.url.trim_end_matches('/') {
            "" => self.spec.issuer.to_owned(),
            url if self.spec.name == "azure" => format!("{url}/v2.0"),
            url => url.to_owned(),
        }
    }

    /// The issuer that an ID token must be of. Azure's common endpoint has one for every tenant.
    pub(crate) fn issuer_of(&self, token: &str) -> String {
        if self.spec.name == "azure" && self.config.url.is_empty() {
            let named = oidc::unverified_issuer(token).filter(|issuer| oidc::is_azure(issuer));
            return named.unwrap_or_else(|| self.spec.issuer.to_owned());
        }
        self.issuer()
    }

    /// Reads the claims of an ID token, if the provider has such.
    pub(crate) fn read_id_token(&self, claims: &Value) -> Option<Profile> {
        match self.spec.source {
            Source::Discovered(read) | Source::Token(read) => read(claims),
            _ => profile::standard(claims),
        }
    }
}

/// An answer of JSON.
async fn json(request: reqwest::RequestBuilder) -> Result<Value, String> {
    let told = |error: reqwest::Error| error.without_url().to_string();
    let mut response = request.send().await.map_err(told)?;
    let status = response.status();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(told)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_BYTES {
            return Err("the answer is too long".into());
        }
    }
    if !status.is_success() {
        return Err(format!("answered {status}"));
    }
    serde_json::from_slice(&bytes).map_err(|_| "the answer is no JSON".to_owned())
}
