//! The configuration in force: what was set at start, under what the login role's settings say.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderName;
use settings::{ErrorVerbosity, OpenApiMode, Rest, RestVersion, TxEnd, Value};

use crate::openapi::Server;
use crate::role_key::RoleKey;

/// What requests depend on.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, each with a name"
)]
pub(crate) struct Config {
    pub(crate) schemas: Vec<String>,
    pub(crate) extra_search_path: Vec<String>,
    pub(crate) max_rows: Option<u64>,
    pub(crate) anon_role: Option<String>,
    pub(crate) safeupdate: bool,
    /// Schema (if named) and function.
    pub(crate) pre_request: Option<(Option<String>, String)>,
    pub(crate) tx_end: TxEnd,
    pub(crate) hoisted_tx_settings: Vec<String>,
    pub(crate) jwt_aud: Option<String>,
    /// `app.settings.*`.
    pub(crate) app_settings: Vec<(String, String)>,
    pub(crate) error_verbosity: ErrorVerbosity,
    pub(crate) legacy_target_names: bool,
    pub(crate) aggregates: bool,
    /// Whether `EXPLAIN` may be asked for.
    pub(crate) plans: bool,
    pub(crate) openapi: OpenApi,
    /// The function that answers at `/`.
    pub(crate) root_spec: Option<String>,
    pub(crate) version: RestVersion,
    pub(crate) role_key: RoleKey,
    pub(crate) keys: TokenKeys,
    /// Origins that browsers may call from; empty: all.
    pub(crate) origins: Vec<String>,
    pub(crate) timing: bool,
    /// The header that every answer repeats.
    pub(crate) trace_header: Option<HeaderName>,
}

/// What the database may set, less the prefix.
pub(crate) const STORED: [&str; 22] = [
    "client_error_verbosity",
    "db_aggregates_enabled",
    "db_anon_role",
    "db_extra_search_path",
    "db_hoisted_tx_settings",
    "db_max_rows",
    "db_plan_enabled",
    "db_pre_request",
    "db_root_spec",
    "db_schemas",
    "db_tx_end",
    "jwt_aud",
    "jwt_role_claim_key",
    "jwt_secret",
    "jwt_secret_is_base64",
    "openapi_mode",
    "openapi_security_active",
    "openapi_server_proxy_uri",
    "server_cors_allowed_origins",
    "server_timing_enabled",
    "server_trace_header",
    "url_use_legacy_target_names",
];

/// `[schema.]name`.
pub(crate) fn function_name(text: &str) -> (Option<String>, String) {
    match text.split_once('.') {
        Some((schema, name)) => (Some(schema.to_owned()), name.to_owned()),
        None => (None, text.to_owned()),
    }
}

/// Which keys check tokens.
#[derive(Debug, Clone)]
pub(crate) enum TokenKeys {
    /// The project's.
    Project,
    /// Those that the database names instead.
    Stored(jwt::Keys),
    /// The database says that there are none.
    None,
}

/// How the API is described.
#[derive(Debug, Clone)]
pub(crate) struct OpenApi {
    pub(crate) mode: OpenApiMode,
    pub(crate) security: bool,
    /// Where the API is said to be; `None`: where it was asked at.
    pub(crate) server: Option<Server>,
}

impl Config {
    /// REST-CFG: in-database settings win. An error names the setting that cannot be used.
    pub(crate) fn effective(base: &Rest, login: &BTreeMap<String, String>) -> Result<Self, String> {
        let empty = BTreeMap::new();
        let stored = Stored(if base.db_config { login } else { &empty });
        let mut app_settings = Vec::new();
        if !base.app_settings_jwt_secret.is_empty() {
            let secret = base.app_settings_jwt_secret.expose().to_owned();
            app_settings.push(("app.settings.jwt_secret".to_owned(), secret));
        }
        if let Some(seconds) = &base.app_settings_jwt_exp {
            app_settings.push(("app.settings.jwt_exp".to_owned(), seconds.clone()));
        }
        for (name, value) in stored.0 {
            if let Some(name) = name.strip_prefix("pgrst.app.settings.") {
                let name = format!("app.settings.{name}");
                app_settings.retain(|(known, _)| *known != name);
                app_settings.push((name, value.clone()));
            }
        }
        let schemas: Vec<String> = stored.get("db_schemas", base.schemas.clone())?;
        if let Some(name) = schemas
            .iter()
            .find(|name| matches!(name.as_str(), "pg_catalog" | "information_schema"))
        {
            return Err(format!("schema {name} cannot be exposed"));
        }
        if schemas.is_empty() {
            return Err("no schema is exposed".to_owned());
        }
        let anon_role: String = stored.get("db_anon_role", base.anon_role.clone())?;
        let pre_request: Option<String> = stored.get("db_pre_request", base.pre_request.clone())?;
        Ok(Self {
            schemas,
            extra_search_path: stored.get(
                "db_extra_search_path",
                with_extensions(&base.extra_search_path),
            )?,
            max_rows: stored.get("db_max_rows", base.max_rows)?,
            anon_role: Some(anon_role).filter(|role| !role.is_empty()),
            safeupdate: base.safeupdate,
            pre_request: pre_request.as_deref().map(function_name),
            tx_end: stored.get("db_tx_end", base.tx_end)?,
            hoisted_tx_settings: stored
                .get("db_hoisted_tx_settings", base.hoisted_tx_settings.clone())?,
            jwt_aud: stored.get("jwt_aud", base.jwt_aud.clone())?,
            app_settings,
            error_verbosity: stored.get("client_error_verbosity", base.error_verbosity)?,
            // REST-VER-02: before, they always were.
            legacy_target_names: base.version == RestVersion::Fourteen
                || stored.get("url_use_legacy_target_names", base.legacy_target_names)?,
            aggregates: stored.get("db_aggregates_enabled", base.aggregates_enabled)?,
            plans: stored.get("db_plan_enabled", base.plan_enabled)?,
            openapi: openapi(base, &stored)?,
            root_spec: stored.get("db_root_spec", base.root_spec.clone())?,
            version: base.version,
            role_key: role_key(base, &stored)?,
            keys: token_keys(&stored)?,
            origins: stored.get(
                "server_cors_allowed_origins",
                base.cors_allowed_origins.clone(),
            )?,
            timing: stored.get("server_timing_enabled", base.server_timing)?,
            trace_header: trace_header(base, &stored)?,
        })
    }

    /// For [`catalog::Live`].
    pub(crate) fn scope_of(base: Arc<Rest>) -> catalog::ScopeOf {
        Arc::new(move |login| {
            Self::effective(&base, login).map(|config| catalog::Scope {
                schemas: config.schemas,
                extra_search_path: config.extra_search_path,
                time_zones: config.version == RestVersion::Fourteen,
            })
        })
    }
}

/// REST-JWT-07.
fn role_key(base: &Rest, stored: &Stored<'_>) -> Result<RoleKey, String> {
    let text: String = stored.get("jwt_role_claim_key", base.jwt_role_claim_key.clone())?;
    RoleKey::parse(&text)
}

/// REST-JWT-02, REST-CFG-03: a secret in the database replaces the project's keys.
fn token_keys(stored: &Stored<'_>) -> Result<TokenKeys, String> {
    let is_base64: bool = stored.get("jwt_secret_is_base64", false)?;
    match stored.0.get("pgrst.jwt_secret") {
        None => Ok(TokenKeys::Project),
        Some(text) if text.is_empty() => Ok(TokenKeys::None),
        Some(text) => match jwt::Keys::from_jwt_secret(text, is_base64) {
            Ok(keys) => Ok(TokenKeys::Stored(keys)),
            Err(jwt::KeyError::TooShort(_)) => {
                Err("The JWT secret must be at least 32 characters long.".to_owned())
            }
            Err(error) => Err(format!("pgrst.jwt_secret: {error}")),
        },
    }
}

fn trace_header(base: &Rest, stored: &Stored<'_>) -> Result<Option<HeaderName>, String> {
    let name: Option<String> = stored.get("server_trace_header", base.trace_header.clone())?;
    name.map(|name| {
        HeaderName::try_from(&name)
            .map_err(|_| format!("server_trace_header is not the name of a header: {name}"))
    })
    .transpose()
}

fn openapi(base: &Rest, stored: &Stored<'_>) -> Result<OpenApi, String> {
    let uri: Option<String> = stored.get(
        "openapi_server_proxy_uri",
        base.openapi_server_proxy_uri.clone(),
    )?;
    let server = uri
        .map(|uri| {
            Server::parse(&uri)
                .ok_or_else(|| format!("openapi_server_proxy_uri is not an address: {uri}"))
        })
        .transpose()?;
    Ok(OpenApi {
        mode: stored.get("openapi_mode", base.openapi_mode)?,
        security: stored.get("openapi_security_active", base.openapi_security_active)?,
        server,
    })
}

/// GW-ENV-08: self-hosting files say `public` alone, while extensions live in a schema of their own. An empty
/// path stays empty.
fn with_extensions(path: &[String]) -> Vec<String> {
    let mut path = path.to_vec();
    if !path.is_empty() && !path.iter().any(|name| name == "extensions") {
        path.push("extensions".to_owned());
    }
    path
}

struct Stored<'a>(&'a BTreeMap<String, String>);

impl Stored<'_> {
    fn get<T: Value>(&self, name: &str, otherwise: T) -> Result<T, String> {
        match self.0.get(&format!("pgrst.{name}")) {
            Some(text) => T::parse(text).map_err(|shape| format!("pgrst.{name} is not {shape}")),
            None => Ok(otherwise),
        }
    }
}

#[cfg(test)]
mod tests;
