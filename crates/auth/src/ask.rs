//! A request, read.

use std::net::IpAddr;

use bytes::Bytes;
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Error;

/// Headers, query and body of one request.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
}

impl Ask {
    /// The body, which must be a JSON object of the right types; absent fields are their defaults.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let value: Value = if self.body.is_empty() {
            return Err(Error::BadJson("EOF".into()));
        } else {
            serde_json::from_slice(&self.body).map_err(|error| Error::BadJson(error.to_string()))?
        };
        match value {
            Value::Null => from_value(Value::Object(serde_json::Map::new())),
            Value::Object(_) => from_value(value),
            _ => Err(Error::BadJson("not an object".into())),
        }
    }

    /// The first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let query = self.parts.uri.query().unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// A header that is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// The client's address, as the gateway established it.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        Some(self.parts.extensions.get::<web::Peer>()?.ip)
    }

    /// Whether the client knows this server by its own name, or by one of this machine.
    pub(crate) fn is_at_home(&self, public_url: &str) -> bool {
        let Some(peer) = self.parts.extensions.get::<web::Peer>() else {
            return true;
        };
        let name = |host: &str| {
            host.rsplit_once(':')
                .map_or(host, |(name, _)| name)
                .to_ascii_lowercase()
        };
        let host = name(&peer.host);
        let own = url::Url::parse(public_url).ok();
        let own = own.as_ref().and_then(url::Url::host_str);
        ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str()) || own == Some(host.as_str())
    }

    /// The client's program.
    pub(crate) fn user_agent(&self) -> Option<String> {
        self.header("user-agent").map(str::to_owned)
    }

    /// Whether `Authorization` was made by the gateway from the API key.
    pub(crate) fn synthesized(&self) -> bool {
        self.parts
            .extensions
            .get::<web::ApiKey>()
            .is_some_and(|key| key.synthesized)
    }

    /// The request's id.
    pub(crate) fn id(&self) -> Option<&str> {
        self.parts
            .extensions
            .get::<web::RequestId>()
            .map(|id| id.0.as_str())
    }
}

fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|error| Error::BadJson(error.to_string()))
}
