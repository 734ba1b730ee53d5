//! Registering an application, and changing what is registered.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use deadpool_postgres::GenericClient;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::Client;
use crate::service::Inner;
use crate::{Error, db};

/// What is registered, as it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Change {
    redirect_uris: Option<Vec<String>>,
    client_type: Option<String>,
    token_endpoint_auth_method: Option<String>,
    grant_types: Option<Vec<String>>,
    client_name: Option<String>,
    client_uri: Option<String>,
    logo_uri: Option<String>,
}

/// What is registered, checked.
#[derive(Debug)]
pub(crate) struct Registration {
    kind: &'static str,
    method: String,
    redirect_uris: String,
    grants: String,
    name: Option<String>,
    uri: Option<String>,
    logo: Option<String>,
}

const METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];
const GRANTS: [&str; 2] = ["authorization_code", "refresh_token"];
const MOST_URIS: usize = 10;
const LONGEST_NAME: usize = 1024;
const LONGEST_URI: usize = 2048;

/// What is stored of a secret.
pub(crate) fn hashed(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret))
}

impl Registration {
    /// Checks what is sent, and fills in what is not.
    pub(crate) fn of(change: &Change) -> Result<Self, Error> {
        let uris = change.redirect_uris.as_deref().unwrap_or_default();
        let kind = kind(change)?;
        let usual = if kind == "public" { "none" } else { METHODS[0] };
        let method = change.token_endpoint_auth_method.as_deref();
        Ok(Self {
            kind,
            method: method
                .filter(|method| !method.is_empty())
                .unwrap_or(usual)
                .to_owned(),
            redirect_uris: redirect_uris(uris)?,
            grants: grants(change.grant_types.as_deref().unwrap_or_default())?,
            name: name(change.client_name.as_deref())?,
            uri: page("client_uri", change.client_uri.as_deref())?,
            logo: page("logo_uri", change.logo_uri.as_deref())?,
        })
    }

    /// Writes a client; it and the secret, if it has one.
    pub(crate) async fn insert(
        &self,
        service: &Inner,
        client: &impl GenericClient,
        registration: &str,
    ) -> Result<(Client, Option<String>), Error> {
        let secret = (self.kind != "public").then(|| service.random.token(32));
        let hash = secret.as_deref().map(hashed);
        let (id, now) = (service.random.uuid(), service.now());
        let sql = include_str!("../sql/insert_oauth_client.sql");
        db::run(
            client,
            sql,
            &[
                &id,
                &hash,
                &registration,
                &self.redirect_uris,
                &self.grants,
                &self.name,
                &self.uri,
                &self.logo,
                &self.kind,
                &self.method,
                &now,
            ],
        )
        .await?;
        let made = Client::find(client, id).await?;
        Ok((
            made.ok_or_else(|| Error::Internal("the new client is gone".into()))?,
            secret,
        ))
    }
}

impl Change {
    /// Changes what is given and leaves the rest.
    pub(crate) async fn apply(
        &self,
        service: &Inner,
        client: &impl GenericClient,
        old: &Client,
    ) -> Result<Client, Error> {
        let uris = self
            .redirect_uris
            .as_deref()
            .map(redirect_uris)
            .transpose()?;
        let grants = self.grant_types.as_deref().map(grants).transpose()?;
        let method = self.token_endpoint_auth_method.as_deref();
        if let Some(method) = method {
            let public = method == "none";
            if !METHODS.contains(&method) || public != (old.kind == "public") {
                return Err(Error::validation(format!(
                    "token_endpoint_auth_method '{method}' does not fit a {} client",
                    old.kind
                )));
            }
        }
        let name = name(self.client_name.as_deref())?;
        let uri = page("client_uri", self.client_uri.as_deref())?;
        let logo = page("logo_uri", self.logo_uri.as_deref())?;
        let texts = [&name, &uri, &logo];
        if uris.is_none()
            && grants.is_none()
            && method.is_none()
            && texts.iter().all(|text| text.is_none())
        {
            return Err(Error::validation("No fields provided for update"));
        }
        let sql = include_str!("../sql/update_oauth_client.sql");
        let now = service.now();
        db::run(
            client,
            sql,
            &[&old.id, &uris, &grants, &method, &name, &uri, &logo, &now],
        )
        .await?;
        Client::find(client, old.id)
            .await?
            .ok_or(Error::ClientUnknown)
    }
}

fn kind(change: &Change) -> Result<&'static str, Error> {
    let method = change
        .token_endpoint_auth_method
        .as_deref()
        .unwrap_or_default();
    if !method.is_empty() && !METHODS.contains(&method) {
        return Err(Error::validation(
            "token_endpoint_auth_method must be one of: client_secret_basic, client_secret_post, none",
        ));
    }
    let by_method = match method {
        "" => None,
        "none" => Some("public"),
        _ => Some("confidential"),
    };
    let named = match change.client_type.as_deref() {
        None | Some("") => None,
        Some("public") => Some("public"),
        Some("confidential") => Some("confidential"),
        Some(_) => {
            return Err(Error::validation(
                "client_type must be 'public' or 'confidential'",
            ));
        }
    };
    match (named, by_method) {
        (Some(named), Some(by_method)) if named != by_method => Err(Error::validation(format!(
            "token_endpoint_auth_method '{method}' does not fit a {named} client"
        ))),
        (named, by_method) => Ok(named.or(by_method).unwrap_or("confidential")),
    }
}

fn redirect_uris(uris: &[String]) -> Result<String, Error> {
    if uris.is_empty() {
        return Err(Error::validation("redirect_uris is required"));
    }
    if uris.len() > MOST_URIS {
        return Err(Error::validation("redirect_uris must not exceed 10 items"));
    }
    for uri in uris {
        check_redirect_uri(uri)
            .map_err(|why| Error::validation(format!("invalid redirect_uri '{uri}': {why}")))?;
    }
    Ok(uris.join(","))
}

/// AUTH-ADMIN-19
fn check_redirect_uri(text: &str) -> Result<(), &'static str> {
    const REFUSED: [&str; 6] = ["javascript", "data", "file", "vbscript", "about", "blob"];
    const LOCAL: [&str; 4] = ["localhost", "127.0.0.1", "[::1]", "::1"];
    if text.len() > LONGEST_URI {
        return Err("it is too long");
    }
    // The list is kept with commas between.
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == ',' || c == '\\') {
        return Err("it holds a character that it must not hold");
    }
    let url = Url::parse(text).map_err(|_| "it is not a valid URL")?;
    if url.fragment().is_some() {
        return Err("it must not have a fragment");
    }
    if REFUSED.contains(&url.scheme()) {
        return Err("its scheme is not allowed");
    }
    let host = url
        .host_str()
        .filter(|host| !host.is_empty())
        .ok_or("it must have a host")?;
    if url.scheme() == "http" && !LOCAL.contains(&host) {
        return Err("http is for this machine's own addresses only");
    }
    Ok(())
}

fn grants(list: &[String]) -> Result<String, Error> {
    if list.is_empty() {
        return Ok(GRANTS.join(","));
    }
    match list.iter().find(|grant| !GRANTS.contains(&grant.as_str())) {
        Some(other) => Err(Error::validation(format!(
            "grant_types must only contain 'authorization_code' and 'refresh_token', not '{other}'"
        ))),
        None => Ok(list.join(",")),
    }
}

fn name(text: Option<&str>) -> Result<Option<String>, Error> {
    if text.is_some_and(|text| text.chars().count() > LONGEST_NAME) {
        return Err(Error::validation(
            "client_name must not exceed 1024 characters",
        ));
    }
    Ok(text.map(str::to_owned))
}

fn page(what: &str, text: Option<&str>) -> Result<Option<String>, Error> {
    let Some(text) = text else { return Ok(None) };
    let web = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if text.is_empty() || (web && text.chars().count() <= LONGEST_URI) {
        return Ok(Some(text.to_owned()));
    }
    Err(Error::validation(format!("{what} must be a valid URL")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn redirects_go_where_only_the_application_is() {
        // AUTH-ADMIN-19
        for good in [
            "https://app.example.com/cb",
            "https://app.example.com/cb?x=1",
            "http://localhost:3000/cb",
            "http://127.0.0.1:1/",
            "http://[::1]:3000/cb",
            "com.app://callback",
        ] {
            assert_eq!(check_redirect_uri(good), Ok(()), "{good}");
        }
        for wrong in [
            "",
            "/cb",
            "app",
            "http://app.example.com/cb",
            "https://app.example.com/cb#x",
            "javascript:alert(1)",
            "javascript://x/%0aalert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "blob:https://a.b/c",
            "https://a.b/c,https://evil.example",
            "https://a.b\\@evil.example",
            "https://",
        ] {
            assert!(check_redirect_uri(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_not_said_is_filled_in() {
        // AUTH-ADMIN-19
        let of = |body| Registration::of(&serde_json::from_value(body).unwrap());
        let uris = json!(["https://a.b/c"]);
        let made = of(json!({"redirect_uris": uris})).unwrap();
        assert_eq!(
            (made.kind, made.method.as_str()),
            ("confidential", "client_secret_basic")
        );
        assert_eq!(made.grants, "authorization_code,refresh_token");
        let made =
            of(json!({"redirect_uris": uris, "token_endpoint_auth_method": "none"})).unwrap();
        assert_eq!((made.kind, made.method.as_str()), ("public", "none"));
        let made = of(json!({"redirect_uris": uris, "client_type": "public"})).unwrap();
        assert_eq!(made.method, "none");
        for wrong in [
            json!({}),
            json!({"redirect_uris": []}),
            json!({"redirect_uris": vec!["https://a.b/c"; 11]}),
            json!({"redirect_uris": uris, "client_type": "public", "token_endpoint_auth_method": "client_secret_post"}),
            json!({"redirect_uris": uris, "client_type": "secret"}),
            json!({"redirect_uris": uris, "token_endpoint_auth_method": "private_key_jwt"}),
            json!({"redirect_uris": uris, "grant_types": ["password"]}),
            json!({"redirect_uris": uris, "client_name": "x".repeat(1025)}),
            json!({"redirect_uris": uris, "logo_uri": "javascript:alert(1)"}),
        ] {
            assert!(of(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
