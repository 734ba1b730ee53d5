//! Providers that admins keep in the database.

use base::Secret;
use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use serde_json::{Map, Value, json};
use tokio_postgres::Row;
use url::Url;

use super::{Providers, Tokens, json as answer, profile};
use crate::body::Object;
use crate::oauth::Profile;
use crate::service::Inner;
use crate::{Error, db, time};

/// Parameters of an authorization request that nobody else may set.
pub(crate) const RESERVED: [&str; 8] = [
    "client_id",
    "client_secret",
    "redirect_uri",
    "response_type",
    "state",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
];

/// A row of `auth.custom_oauth_providers`.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for a column")]
pub(crate) struct Custom {
    id: uuid::Uuid,
    pub(crate) kind: String,
    pub(crate) identifier: String,
    name: String,
    client_id: String,
    secret: Secret,
    acceptable: Vec<String>,
    scopes: Vec<String>,
    pub(crate) pkce: bool,
    mapping: Value,
    allowlist: Vec<String>,
    parameters: Value,
    pub(crate) enabled: bool,
    pub(crate) email_optional: bool,
    pub(crate) issuer: Option<String>,
    pub(crate) discovery_url: Option<String>,
    pub(crate) skip_nonce: bool,
    discovery: Option<Value>,
    pub(crate) authorization_url: Option<String>,
    pub(crate) token_url: Option<String>,
    pub(crate) userinfo_url: Option<String>,
    pub(crate) jwks_uri: Option<String>,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
}

impl Custom {
    /// The provider of an identifier.
    pub(crate) async fn find(
        client: &impl GenericClient,
        identifier: &str,
    ) -> Result<Option<Self>, Error> {
        let sql = include_str!("../sql/custom_provider.sql");
        let row = db::first(client, sql, &[&identifier]).await?;
        row.as_ref().map(Self::read).transpose()
    }

    /// Reads a row of `custom_provider.sql` or `custom_providers.sql`.
    pub(crate) fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.try_get("id")?,
            kind: row.try_get("provider_type")?,
            identifier: row.try_get("identifier")?,
            name: row.try_get("name")?,
            client_id: row.try_get("client_id")?,
            secret: Secret::new(row.try_get::<_, String>("client_secret")?),
            acceptable: row.try_get("acceptable_client_ids")?,
            scopes: row.try_get("scopes")?,
            pkce: row.try_get("pkce_enabled")?,
            mapping: row.try_get("attribute_mapping")?,
            allowlist: row.try_get("custom_claims_allowlist")?,
            parameters: row.try_get("authorization_params")?,
            enabled: row.try_get("enabled")?,
            email_optional: row.try_get("email_optional")?,
            issuer: row.try_get("issuer")?,
            discovery_url: row.try_get("discovery_url")?,
            skip_nonce: row.try_get("skip_nonce_check")?,
            discovery: row.try_get("cached_discovery")?,
            authorization_url: row.try_get("authorization_url")?,
            token_url: row.try_get("token_url")?,
            userinfo_url: row.try_get("userinfo_url")?,
            jwks_uri: row.try_get("jwks_uri")?,
            created: row.try_get("created_at")?,
            updated: row.try_get("updated_at")?,
        })
    }

    /// As admins see it: all but the secret.
    pub(crate) fn json(&self) -> Value {
        let mut shown = json!({
            "id": self.id,
            "provider_type": self.kind,
            "identifier": self.identifier,
            "name": self.name,
            "client_id": self.client_id,
            "acceptable_client_ids": self.acceptable,
            "scopes": self.scopes,
            "pkce_enabled": self.pkce,
            "attribute_mapping": self.mapping,
            "custom_claims_allowlist": self.allowlist,
            "authorization_params": self.parameters,
            "enabled": self.enabled,
            "email_optional": self.email_optional,
        });
        for (name, value) in [
            ("issuer", &self.issuer),
            ("discovery_url", &self.discovery_url),
            ("authorization_url", &self.authorization_url),
            ("token_url", &self.token_url),
            ("userinfo_url", &self.userinfo_url),
            ("jwks_uri", &self.jwks_uri),
        ] {
            if let Some(value) = value {
                shown[name] = json!(value);
            }
        }
        if self.is_oidc() {
            shown["skip_nonce_check"] = json!(self.skip_nonce);
            if let Some(discovery) = &self.discovery {
                shown["discovery_document"] = discovery.clone();
            }
        }
        shown["created_at"] = json!(time::rfc3339(self.created));
        shown["updated_at"] = json!(time::rfc3339(self.updated));
        shown
    }

    pub(crate) fn is_oidc(&self) -> bool {
        self.kind == "oidc"
    }

    /// For whom its ID tokens may be.
    pub(crate) fn audiences(&self) -> Vec<String> {
        let mut all = vec![self.client_id.clone()];
        all.extend(self.acceptable.iter().cloned());
        all
    }

    /// An endpoint: that of the issuer's document, or the one that was written down.
    fn endpoint(&self, published: &str, written: Option<&String>) -> Result<String, Error> {
        let found = written
            .map(String::as_str)
            .or_else(|| self.discovery.as_ref()?[published].as_str());
        let found = found.filter(|address| !address.is_empty());
        found
            .map(str::to_owned)
            .ok_or_else(|| Error::ProviderDown(format!("{} has no {published}", self.identifier)))
    }

    /// Where to send somebody; the parameters that they brought come last and replace nothing.
    pub(crate) fn authorize_url(
        &self,
        service: &Inner,
        state: &str,
        scopes: &str,
        challenge: Option<&str>,
        passed: &[(String, String)],
    ) -> Result<String, Error> {
        let endpoint = self.endpoint("authorization_endpoint", self.authorization_url.as_ref())?;
        let mut url = Url::parse(&endpoint).map_err(|error| Error::Internal(error.to_string()))?;
        let asked: Vec<&str> = scopes.split_whitespace().collect();
        let mut all: Vec<&str> = if asked.is_empty() {
            self.scopes.iter().map(String::as_str).collect()
        } else {
            asked
        };
        if self.is_oidc() && !all.contains(&"openid") {
            all.insert(0, "openid");
        }
        let written = self.parameters.as_object();
        let mut pairs = url.query_pairs_mut();
        pairs.append_pair("client_id", &self.client_id);
        pairs.append_pair("redirect_uri", &callback(service));
        pairs.append_pair("response_type", "code");
        if !all.is_empty() {
            pairs.append_pair("scope", &all.join(" "));
        }
        pairs.append_pair("state", state);
        if let Some(challenge) = challenge {
            pairs.append_pair("code_challenge", challenge);
            pairs.append_pair("code_challenge_method", "S256");
        }
        for (name, value) in written.into_iter().flatten() {
            if !is_reserved(name) {
                let plain = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                pairs.append_pair(name, &plain);
            }
        }
        for (name, value) in passed {
            if written.is_none_or(|written| !written.contains_key(name)) {
                pairs.append_pair(name, value);
            }
        }
        drop(pairs);
        Ok(url.into())
    }

    /// Exchanges the code that it sent.
    pub(crate) async fn exchange(
        &self,
        service: &Inner,
        code: &str,
        verifier: Option<&str>,
    ) -> Result<Tokens, Error> {
        let failed = |why: String| Error::Exchange(code.chars().take(4).collect(), why);
        let endpoint = self.endpoint("token_endpoint", self.token_url.as_ref())?;
        let back = callback(service);
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", back.as_str()),
            ("client_id", self.client_id.as_str()),
        ];
        form.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        let basic = self.wants_basic();
        if !basic {
            form.push(("client_secret", self.secret.expose()));
        }
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&form)
            .finish();
        let http = service.providers.outside(&endpoint).map_err(failed)?;
        let mut request = http
            .post(endpoint)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(body);
        if basic {
            request = request.basic_auth(&self.client_id, Some(self.secret.expose()));
        }
        let whole = answer(request).await.map_err(failed)?;
        Tokens::of(whole).ok_or_else(|| failed("no access token".into()))
    }

    /// Whether its document says that a client shows itself in no other way.
    fn wants_basic(&self) -> bool {
        let published = self.discovery.as_ref();
        let methods = published
            .and_then(|document| document["token_endpoint_auth_methods_supported"].as_array());
        methods.is_some_and(|methods| {
            let has = |name: &str| methods.iter().any(|method| method == name);
            has("client_secret_basic") && !has("client_secret_post")
        })
    }

    /// Who the tokens belong to.
    pub(crate) async fn profile(&self, service: &Inner, tokens: &Tokens) -> Result<Profile, Error> {
        let failed = Error::ProfileFailed;
        let mut claims = Value::Object(Map::new());
        if let Some(issuer) = self.issuer.as_deref().filter(|_| self.is_oidc()) {
            let token = tokens.id_token.as_deref();
            let token = token.ok_or_else(|| failed("no ID token".into()))?;
            let verified = self.verify(service, issuer, token).await.map_err(failed)?;
            if !verified
                .audiences
                .iter()
                .any(|aud| self.audiences().contains(aud))
            {
                return Err(failed("the ID token is for somebody else".into()));
            }
            claims = verified.claims;
        }
        if let Ok(address) = self.endpoint("userinfo_endpoint", self.userinfo_url.as_ref()) {
            let http = service.providers.outside(&address).map_err(failed)?;
            let request = http
                .get(address)
                .header("accept", "application/json")
                .bearer_auth(&tokens.access);
            let told = answer(request).await.map_err(failed)?;
            // OpenID Connect, 5.3.2: it must speak of the same person.
            if self.is_oidc() && told["sub"] != claims["sub"] {
                return Err(failed("the user's information is of somebody else".into()));
            }
            for (name, value) in told.as_object().into_iter().flatten() {
                if claims[name].is_null() {
                    claims[name] = value.clone();
                }
            }
        }
        self.read_claims(&claims)
            .ok_or_else(|| failed("the answer lacks claims".into()))
    }

    /// Checks an ID token of its issuer.
    pub(crate) async fn verify(
        &self,
        service: &Inner,
        issuer: &str,
        token: &str,
    ) -> Result<super::IdToken, String> {
        service.providers.outside(issuer)?;
        let at = self.discovery_url.as_deref();
        service.providers.custom.verify_at(issuer, at, token).await
    }

    /// What claims say, by the names that an admin gave them.
    pub(crate) fn read_claims(&self, claims: &Value) -> Option<Profile> {
        let mut mapped = claims.clone();
        for (target, source) in self.mapping.as_object().into_iter().flatten() {
            let found = match source.as_str() {
                Some(path) => path
                    .split('.')
                    .fold(claims, |value, name| &value[name])
                    .clone(),
                None => source.clone(),
            };
            if !found.is_null() && !is_protected(target) {
                mapped[target] = found;
            }
        }
        if mapped["sub"].is_null() {
            mapped["sub"] = claims["id"].clone();
        }
        let kept: Object = self
            .allowlist
            .iter()
            .filter(|name| !claims[name.as_str()].is_null())
            .map(|name| (name.clone(), claims[name.as_str()].clone()))
            .collect();
        profile::mapped(&mapped, kept)
    }
}

/// Where custom providers send people back to.
pub(crate) fn callback(service: &Inner) -> String {
    match &service.settings.custom_oauth_external_url {
        Some(base) => format!("{}/callback", base.trim_end_matches('/')),
        None => service.own_url("/callback"),
    }
}

pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED
        .iter()
        .any(|reserved| name.eq_ignore_ascii_case(reserved))
}

/// What no provider says of a user.
pub(crate) fn is_protected(name: &str) -> bool {
    const FIELDS: [&str; 14] = [
        "id",
        "aud",
        "role",
        "app_metadata",
        "created_at",
        "updated_at",
        "deleted_at",
        "invited_at",
        "last_sign_in_at",
        "confirmed_at",
        "banned_until",
        "is_super_admin",
        "is_anonymous",
        "is_sso_user",
    ];
    FIELDS.contains(&name)
        || name.ends_with("_verified")
        || name.ends_with("_confirmed_at")
        || name.ends_with("_sent_at")
}

impl Providers {
    /// The client for addresses that admins wrote down, if this one may be asked.
    pub(crate) fn outside(&self, address: &str) -> Result<&reqwest::Client, String> {
        let url = Url::parse(address).map_err(|error| error.to_string())?;
        if self.allow_private {
            return Ok(&self.guarded);
        }
        if url.scheme() != "https" {
            return Err("the address is not a HTTPS URL".into());
        }
        if web::public::names_private(&url) {
            return Err("the address is not public".into());
        }
        Ok(&self.guarded)
    }

    /// The document of an issuer, checked: it names the issuer itself, and every endpoint that is needed.
    pub(crate) async fn discover(&self, issuer: &str, at: Option<&str>) -> Result<Value, String> {
        let base = issuer.trim_end_matches('/');
        let address = at.map_or_else(
            || format!("{base}/.well-known/openid-configuration"),
            str::to_owned,
        );
        let document = answer(self.outside(&address)?.get(address)).await?;
        if document["issuer"]
            .as_str()
            .unwrap_or_default()
            .trim_end_matches('/')
            != base
        {
            return Err("the issuer names itself differently".into());
        }
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            let endpoint = document[name].as_str().unwrap_or_default();
            self.outside(endpoint)
                .map_err(|why| format!("{name}: {why}"))?;
        }
        Ok(document)
    }
}
