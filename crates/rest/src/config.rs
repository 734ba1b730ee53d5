//! The configuration in force: what was set at start, under what the login role's settings say.

use std::collections::BTreeMap;
use std::sync::Arc;

use settings::{ErrorVerbosity, OpenApiMode, Rest, RestVersion, TxEnd, Value};

use crate::openapi::Server;

/// What requests depend on.
#[derive(Debug, Clone)]
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
            pre_request: pre_request.map(|name| match name.split_once('.') {
                Some((schema, name)) => (Some(schema.to_owned()), name.to_owned()),
                None => (None, name),
            }),
            tx_end: stored.get("db_tx_end", base.tx_end)?,
            hoisted_tx_settings: stored
                .get("db_hoisted_tx_settings", base.hoisted_tx_settings.clone())?,
            jwt_aud: stored.get("jwt_aud", base.jwt_aud.clone())?,
            app_settings,
            error_verbosity: stored.get("client_error_verbosity", base.error_verbosity)?,
            legacy_target_names: stored
                .get("url_use_legacy_target_names", base.legacy_target_names)?,
            aggregates: stored.get("db_aggregates_enabled", base.aggregates_enabled)?,
            plans: stored.get("db_plan_enabled", base.plan_enabled)?,
            openapi: openapi(base, &stored)?,
            root_spec: stored.get("db_root_spec", base.root_spec.clone())?,
            version: base.version,
        })
    }

    /// For [`catalog::Live`].
    pub(crate) fn scope_of(base: Arc<Rest>) -> catalog::ScopeOf {
        Arc::new(move |login| {
            Self::effective(&base, login).map(|config| catalog::Scope {
                schemas: config.schemas,
                extra_search_path: config.extra_search_path,
            })
        })
    }
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
