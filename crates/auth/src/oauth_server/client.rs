//! Applications, and how they show which one they are.

use base::constant_time_eq;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use deadpool_postgres::GenericClient;
use serde_json::{Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

use super::hashed;
use crate::ask::Ask;
use crate::{Error, db, time};

/// A registered application.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: Uuid,
    secret_hash: Option<String>,
    pub(crate) kind: String,
    pub(crate) method: String,
    registration: String,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) grants: Vec<String>,
    name: Option<String>,
    uri: Option<String>,
    logo: Option<String>,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
}

impl Client {
    /// The client of an id that is in a path.
    pub(crate) async fn of_path(client: &impl GenericClient, id: &str) -> Result<Self, Error> {
        let id = Uuid::try_parse(id).map_err(|_| Error::validation("invalid client_id format"))?;
        Self::find(client, id).await?.ok_or(Error::ClientUnknown)
    }

    /// The client of an id, unless it was deleted.
    pub(crate) async fn find(client: &impl GenericClient, id: Uuid) -> Result<Option<Self>, Error> {
        let row = db::first(client, include_str!("../sql/oauth_client.sql"), &[&id]).await?;
        row.as_ref().map(Self::read).transpose()
    }

    /// Reads a row of `oauth_client.sql` or `oauth_clients.sql`.
    pub(crate) fn read(row: &Row) -> Result<Self, Error> {
        let list = |text: String| text.split(',').map(str::to_owned).collect();
        Ok(Self {
            id: row.try_get("id")?,
            secret_hash: row.try_get("client_secret_hash")?,
            kind: row.try_get("client_type")?,
            method: row.try_get("token_endpoint_auth_method")?,
            registration: row.try_get("registration_type")?,
            redirect_uris: list(row.try_get("redirect_uris")?),
            grants: list(row.try_get("grant_types")?),
            name: row.try_get("client_name")?,
            uri: row.try_get("client_uri")?,
            logo: row.try_get("logo_uri")?,
            created: row.try_get("created_at")?,
            updated: row.try_get("updated_at")?,
        })
    }

    /// As its owner sees it; the secret only where it was made just now.
    pub(crate) fn json(&self, secret: Option<&str>) -> Value {
        let mut shown = json!({ "client_id": self.id });
        if let Some(secret) = secret {
            shown["client_secret"] = json!(secret);
        }
        shown["client_type"] = json!(self.kind);
        shown["redirect_uris"] = json!(self.redirect_uris);
        shown["token_endpoint_auth_method"] = json!(self.method);
        shown["grant_types"] = json!(self.grants);
        shown["response_types"] = json!(["code"]);
        for (name, value) in [
            ("client_name", &self.name),
            ("client_uri", &self.uri),
            ("logo_uri", &self.logo),
        ] {
            if let Some(value) = filled(value.as_ref()) {
                shown[name] = json!(value);
            }
        }
        shown["registration_type"] = json!(self.registration);
        shown["created_at"] = json!(time::rfc3339(self.created));
        shown["updated_at"] = json!(time::rfc3339(self.updated));
        shown
    }

    /// As the people see it whom it wants to sign in.
    pub(crate) fn public_json(&self) -> Value {
        let mut shown = json!({ "id": self.id });
        for (name, value) in [
            ("name", &self.name),
            ("uri", &self.uri),
            ("logo_uri", &self.logo),
        ] {
            if let Some(value) = filled(value.as_ref()) {
                shown[name] = json!(value);
            }
        }
        shown
    }

    fn knows(&self, secret: &str) -> bool {
        let stored = self.secret_hash.as_deref().unwrap_or_default();
        !stored.is_empty() && constant_time_eq(hashed(secret).as_bytes(), stored.as_bytes())
    }
}

fn filled(text: Option<&String>) -> Option<&String> {
    text.filter(|text| !text.is_empty())
}

/// What a request says about who it comes from.
struct Shown {
    id: String,
    secret: Option<String>,
    method: &'static str,
}

/// The application that a request to the token endpoint comes from, which must show it in the way that it registered,
/// and in no other.
pub(crate) async fn authenticate(
    client: &impl GenericClient,
    ask: &Ask,
    posted_id: Option<&str>,
    posted_secret: Option<&str>,
) -> Result<Client, Error> {
    let shown = shown(ask, posted_id, posted_secret).ok_or(Error::ClientCredentials)?;
    let id = Uuid::try_parse(&shown.id).map_err(|_| Error::ClientCredentials)?;
    let found = Client::find(client, id)
        .await?
        .ok_or(Error::ClientCredentials)?;
    let good = found.method == shown.method
        && match &shown.secret {
            Some(secret) => found.knows(secret),
            None => found.kind == "public",
        };
    if good {
        Ok(found)
    } else {
        Err(Error::ClientCredentials)
    }
}

fn shown(ask: &Ask, posted_id: Option<&str>, posted_secret: Option<&str>) -> Option<Shown> {
    let header = ask.header("authorization").and_then(|value| {
        let (scheme, rest) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("basic").then_some(rest.trim())
    });
    if let Some(encoded) = header {
        let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (id, secret) = decoded.split_once(':')?;
        let plain = |text: &str| {
            let text = text.replace('+', " ");
            percent_encoding::percent_decode_str(&text)
                .decode_utf8()
                .ok()
                .map(String::from)
        };
        let id = plain(id)?;
        // Two ways at once are one too many, and they must not speak of two applications.
        if posted_secret.is_some() || posted_id.is_some_and(|posted| posted != id) {
            return None;
        }
        return Some(Shown {
            id,
            secret: Some(plain(secret)?),
            method: "client_secret_basic",
        });
    }
    Some(Shown {
        id: posted_id?.to_owned(),
        secret: posted_secret.map(str::to_owned),
        method: if posted_secret.is_some() {
            "client_secret_post"
        } else {
            "none"
        },
    })
}
