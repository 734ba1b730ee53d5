//! `/admin/custom-providers`: providers of sign-in that admins keep in the database.

use axum::response::Response;
use deadpool_postgres::Object as Connection;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ok;
use crate::ask::Ask;
use crate::body::Object;
use crate::oauth::custom::{Custom, is_protected, is_reserved};
use crate::service::Inner;
use crate::{Error, bearer, db};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    provider_type: Option<String>,
    identifier: Option<String>,
    name: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    acceptable_client_ids: Option<Vec<String>>,
    scopes: Option<Vec<String>>,
    pkce_enabled: Option<bool>,
    attribute_mapping: Option<Object>,
    custom_claims_allowlist: Option<Vec<String>>,
    authorization_params: Option<Object>,
    enabled: Option<bool>,
    email_optional: Option<bool>,
    issuer: Option<String>,
    discovery_url: Option<String>,
    skip_nonce_check: Option<bool>,
    authorization_url: Option<String>,
    token_url: Option<String>,
    userinfo_url: Option<String>,
    jwks_uri: Option<String>,
}

const LONGEST_URL: usize = 2048;

async fn admin(service: &Inner, ask: &Ask) -> Result<Connection, Error> {
    if !service.settings.custom_oauth_enabled {
        return Err(Error::Feature("Custom OAuth providers are disabled"));
    }
    let client = service.pool.get().await?;
    bearer::admin(service, ask, &client).await?;
    Ok(client)
}

async fn find(client: &Connection, identifier: &str) -> Result<Custom, Error> {
    let name = percent_encoding::percent_decode_str(identifier).decode_utf8_lossy();
    Custom::find(client, &name)
        .await?
        .ok_or(Error::CustomUnknown)
}

pub(super) async fn list(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let client = admin(service, ask).await?;
    let kind = ask.query("type").unwrap_or_default();
    if !kind.is_empty() {
        known_kind(&kind)?;
    }
    let rows = db::all(
        &client,
        include_str!("../sql/custom_providers.sql"),
        &[&kind],
    )
    .await?;
    let providers: Result<Vec<Value>, Error> = rows
        .iter()
        .map(|row| Ok(Custom::read(row)?.json()))
        .collect();
    Ok(ok(&json!({ "providers": providers? })))
}

pub(super) async fn get(service: &Inner, ask: &Ask, identifier: &str) -> Result<Response, Error> {
    let client = admin(service, ask).await?;
    Ok(ok(&find(&client, identifier).await?.json()))
}

pub(super) async fn delete(
    service: &Inner,
    ask: &Ask,
    identifier: &str,
) -> Result<Response, Error> {
    let client = admin(service, ask).await?;
    let old = find(&client, identifier).await?;
    db::run(
        &client,
        include_str!("../sql/delete_custom_provider.sql"),
        &[&old.identifier],
    )
    .await?;
    Ok(super::no_content())
}

pub(super) async fn create(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let client = admin(service, ask).await?;
    let body: Body = ask.json()?;
    let (kind, identifier) = whole(&body)?;
    check(service, &body).await?;
    let most = service.settings.custom_oauth_max_providers;
    let count = db::first(
        &client,
        include_str!("../sql/count_custom_providers.sql"),
        &[],
    )
    .await?;
    let count: i64 = count.map_or(Ok(0), |row| row.try_get(0))?;
    if most > 0 && count >= most {
        return Err(Error::CustomQuota(most));
    }
    if Custom::find(&client, identifier).await?.is_some() {
        return Err(Error::CustomExists);
    }
    // Others need not wait for a stranger's server to hold on to a connection.
    drop(client);
    let published = discover(
        service,
        kind,
        body.issuer.as_deref(),
        body.discovery_url.as_deref(),
    )
    .await?;
    let client = service.pool.get().await?;
    let (id, now) = (service.random.uuid(), service.now());
    let object = |value: &Option<Object>| Value::Object(value.clone().unwrap_or_default());
    let list = |value: &Option<Vec<String>>| value.clone().unwrap_or_default();
    let inserted = db::run(
        &client,
        include_str!("../sql/insert_custom_provider.sql"),
        &[
            &id,
            &kind,
            &identifier,
            &body.name,
            &body.client_id,
            &body.client_secret,
            &list(&body.acceptable_client_ids),
            &list(&body.scopes),
            &body.pkce_enabled.unwrap_or(true),
            &object(&body.attribute_mapping),
            &list(&body.custom_claims_allowlist),
            &object(&body.authorization_params),
            &body.enabled.unwrap_or(true),
            &body.email_optional.unwrap_or_default(),
            &filled(body.issuer.as_ref()),
            &filled(body.discovery_url.as_ref()),
            &body.skip_nonce_check.unwrap_or_default(),
            &filled(body.authorization_url.as_ref()),
            &filled(body.token_url.as_ref()),
            &filled(body.userinfo_url.as_ref()),
            &published,
            &now,
            &filled(body.jwks_uri.as_ref()),
        ],
    )
    .await;
    inserted.map_err(told)?;
    let made = Custom::find(&client, identifier)
        .await?
        .ok_or(Error::CustomUnknown)?;
    Ok(web::json_response_as(
        crate::error::JSON,
        StatusCode::CREATED,
        &made.json(),
    ))
}

pub(super) async fn update(
    service: &Inner,
    ask: &Ask,
    identifier: &str,
) -> Result<Response, Error> {
    let client = admin(service, ask).await?;
    let old = find(&client, identifier).await?;
    let body: Body = ask.json()?;
    check(service, &body).await?;
    drop(client);
    let published = if filled(body.issuer.as_ref())
        .or(filled(body.discovery_url.as_ref()))
        .is_some()
    {
        let issuer = body.issuer.as_ref().or(old.issuer.as_ref());
        let at = body.discovery_url.as_ref().or(old.discovery_url.as_ref());
        discover(
            service,
            &old.kind,
            issuer.map(String::as_str),
            at.map(String::as_str),
        )
        .await?
    } else {
        None
    };
    let client = service.pool.get().await?;
    let object = |value: &Option<Object>| value.clone().map(Value::Object);
    let changed = db::run(
        &client,
        include_str!("../sql/update_custom_provider.sql"),
        &[
            &old.identifier,
            &body.name,
            &body.client_id,
            &body.client_secret,
            &body.acceptable_client_ids,
            &body.scopes,
            &body.pkce_enabled,
            &object(&body.attribute_mapping),
            &body.custom_claims_allowlist,
            &object(&body.authorization_params),
            &body.enabled,
            &body.email_optional,
            &filled(body.issuer.as_ref()),
            &filled(body.discovery_url.as_ref()),
            &body.skip_nonce_check,
            &filled(body.authorization_url.as_ref()),
            &filled(body.token_url.as_ref()),
            &filled(body.userinfo_url.as_ref()),
            &published,
            &service.now(),
            &filled(body.jwks_uri.as_ref()),
        ],
    )
    .await;
    changed.map_err(told)?;
    let now = Custom::find(&client, &old.identifier)
        .await?
        .ok_or(Error::CustomUnknown)?;
    Ok(ok(&now.json()))
}

fn filled(text: Option<&String>) -> Option<&String> {
    text.filter(|text| !text.is_empty())
}

/// The table's own rules, for whoever breaks them.
fn told(error: Error) -> Error {
    if error.violates("custom_oauth_providers_identifier_key") {
        return Error::CustomExists;
    }
    for (constraint, why) in [
        (
            "custom_oauth_providers_identifier_format",
            "identifier may hold lower-case letters, digits, colons and hyphens only",
        ),
        (
            "custom_oauth_providers_name_length",
            "name must be between 1 and 100 characters",
        ),
        (
            "custom_oauth_providers_client_id_length",
            "client_id must be between 1 and 512 characters",
        ),
    ] {
        if error.violates(constraint) {
            return Error::validation(why);
        }
    }
    error
}

fn known_kind(kind: &str) -> Result<(), Error> {
    if matches!(kind, "oauth2" | "oidc") {
        return Ok(());
    }
    Err(Error::validation("type must be either 'oauth2' or 'oidc'"))
}

/// What a new provider cannot do without: its type and its identifier.
fn whole(body: &Body) -> Result<(&str, &str), Error> {
    let missing = |what: &str| Error::validation(format!("{what} is required"));
    let kind = body.provider_type.as_deref().unwrap_or_default();
    known_kind(kind)?;
    let identifier = body.identifier.as_deref().unwrap_or_default();
    if identifier.is_empty() {
        return Err(missing("identifier"));
    }
    if !identifier.starts_with("custom:") {
        return Err(Error::validation(format!(
            "identifier must start with 'custom:' prefix, e.g. 'custom:{identifier}'"
        )));
    }
    for (name, value) in [
        ("name", &body.name),
        ("client_id", &body.client_id),
        ("client_secret", &body.client_secret),
    ] {
        filled(value.as_ref()).ok_or_else(|| missing(name))?;
    }
    if kind == "oidc" {
        filled(body.issuer.as_ref()).ok_or_else(|| missing("issuer").at("for OIDC providers"))?;
        return Ok((kind, identifier));
    }
    for (name, value) in [
        ("authorization_url", &body.authorization_url),
        ("token_url", &body.token_url),
        ("userinfo_url", &body.userinfo_url),
    ] {
        filled(value.as_ref()).ok_or_else(|| missing(name).at("for OAuth2 providers"))?;
    }
    Ok((kind, identifier))
}

impl Error {
    /// The same sentence, a little longer.
    fn at(self, more: &str) -> Self {
        match self {
            Self::Validation(message) => Self::validation(format!("{message} {more}")),
            other => other,
        }
    }
}

/// What is given must be sound, whether it is new or a change.
async fn check(service: &Inner, body: &Body) -> Result<(), Error> {
    for name in body.authorization_params.iter().flat_map(Object::keys) {
        if is_reserved(name) {
            return Err(Error::validation(format!(
                "Cannot override reserved OAuth parameter: {name}"
            )));
        }
    }
    for name in body.attribute_mapping.iter().flat_map(Object::keys) {
        if is_protected(name) {
            return Err(Error::validation(format!(
                "Cannot map to protected system field: {name}"
            )));
        }
    }
    for (what, address) in [
        ("issuer", &body.issuer),
        ("discovery_url", &body.discovery_url),
        ("authorization_url", &body.authorization_url),
        ("token_url", &body.token_url),
        ("userinfo_url", &body.userinfo_url),
        ("jwks_uri", &body.jwks_uri),
    ] {
        let Some(address) = filled(address.as_ref()) else {
            continue;
        };
        let wrong = |why: String| Error::validation(format!("{what} is not acceptable: {why}"));
        if address.chars().count() > LONGEST_URL {
            return Err(wrong("the address is too long".into()));
        }
        service.providers.outside(address).map_err(wrong)?;
        service.providers.resolves(address).await.map_err(wrong)?;
    }
    Ok(())
}

/// What an issuer publishes; nothing of a provider that is not one.
async fn discover(
    service: &Inner,
    kind: &str,
    issuer: Option<&str>,
    at: Option<&str>,
) -> Result<Option<Value>, Error> {
    let Some(issuer) = issuer.filter(|issuer| kind == "oidc" && !issuer.is_empty()) else {
        return Ok(None);
    };
    let at = at.filter(|at| !at.is_empty());
    match service.providers.discover(issuer, at).await {
        Ok(document) => Ok(Some(document)),
        Err(why) => Err(Error::validation(format!("OIDC discovery failed: {why}"))),
    }
}
