//! Services that are asked, with a signature (Standard Webhooks).

use std::time::Duration;

use base::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use url::{Host, Url};

use crate::Error;
use crate::service::Inner;

const PATIENCE: Duration = Duration::from_secs(5);
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);
const MOST_BYTES: usize = 200 * 1_024;

/// A service.
#[derive(Debug)]
pub(super) struct Web {
    url: Url,
    keys: Vec<Key>,
    http: reqwest::Client,
}

struct Key(Vec<u8>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Web {
    pub(super) fn new(uri: &str, secrets: &Secret) -> Result<Self, String> {
        let url = Url::parse(uri).map_err(|_| "is no address of a hook".to_owned())?;
        let near = match url.host() {
            Some(Host::Domain(name)) => ["localhost", "host.docker.internal"].contains(&name),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        match url.scheme() {
            "https" => {}
            "http" if near => {}
            _ => {
                return Err(
                    "must be https, or http on this machine, or pg-functions://postgres/…".into(),
                );
            }
        }
        let keys = secrets
            .expose()
            .split('|')
            .map(|secret| {
                secret
                    .trim()
                    .strip_prefix("v1,whsec_")
                    .and_then(|key| STANDARD.decode(key).ok())
                    .map(Key)
            })
            .collect::<Option<Vec<_>>>()
            .ok_or("its secrets must be v1,whsec_<base64>, separated by |")?;
        let http = web::outgoing()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { url, keys, http })
    }

    /// Asks; a connection that fails is tried again.
    pub(super) async fn ask(&self, service: &Inner, payload: &Value) -> Result<Value, Error> {
        let asked = tokio::time::timeout(PATIENCE, self.try_often(service, payload));
        asked.await.unwrap_or_else(|_| {
            let message = "Failed to reach hook within maximum time of 5.000000 seconds";
            Err(Error::Hook(422, "hook_timeout", message.into()))
        })
    }

    async fn try_often(&self, service: &Inner, payload: &Value) -> Result<Value, Error> {
        let body = payload.to_string();
        for attempt in 1..=TRIES {
            if let Some(answer) = self.try_once(service, &body).await? {
                return Ok(answer);
            }
            if attempt < TRIES {
                tokio::time::sleep(PAUSE).await;
            }
        }
        let message = "Failed to reach hook after maximum retries";
        Err(Error::Hook(422, "hook_timeout_after_retry", message.into()))
    }

    /// `None`: again.
    async fn try_once(&self, service: &Inner, body: &str) -> Result<Option<Value>, Error> {
        let (id, time) = (service.random.uuid().to_string(), service.clock.unix());
        let request = self
            .http
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", time)
            .header(
                "webhook-signature",
                self.sign(&format!("{id}.{time}.{body}")),
            )
            .body(body.to_owned());
        let Ok(mut response) = request.send().await else {
            return Ok(None);
        };
        let failed = |status: u16, code: &'static str, message: String| {
            Err(Error::Hook(status, code, message))
        };
        let unexpected = |message: &str| failed(500, "unexpected_failure", message.to_owned());
        let status = response.status().as_u16();
        match status {
            204 => return Ok(Some(Value::Null)),
            200 | 202 => {}
            429 | 503 if response.headers().contains_key("retry-after") => return Ok(None),
            429 | 503 => return unexpected("Service currently unavailable due to hook"),
            400 => return unexpected("Invalid payload sent to hook"),
            401 => return unexpected("Hook requires authorization token"),
            other => {
                return unexpected(&format!(
                    "Unexpected status code returned from hook: {other}"
                ));
            }
        }
        let media = response
            .headers()
            .get("content-type")
            .and_then(|media| media.to_str().ok())
            .unwrap_or_default();
        if media
            .split(';')
            .next()
            .is_none_or(|media| !media.trim().eq_ignore_ascii_case("application/json"))
        {
            let message = "Invalid JSON response. Received content-type: ".to_owned() + media;
            return failed(400, "hook_payload_invalid_content_type", message);
        }
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(_) => return Ok(None),
            }
            if bytes.len() > MOST_BYTES {
                let message = format!("Payload size exceeded size limit of {MOST_BYTES} bytes");
                return failed(422, "hook_payload_over_size_limit", message);
            }
        }
        match serde_json::from_slice(&bytes) {
            Ok(answer) => Ok(Some(answer)),
            Err(_) => unexpected("Error unmarshaling JSON output."),
        }
    }

    fn sign(&self, content: &str) -> String {
        let signatures = self.keys.iter().map(|Key(key)| {
            let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key)
                .expect("a key of any length is good");
            mac.update(content.as_bytes());
            format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
        });
        signatures.collect::<Vec<_>>().join(", ")
    }
}
