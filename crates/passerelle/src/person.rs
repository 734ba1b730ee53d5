//! Somebody at the front door: signs in, calls the API, listens on a socket, as any client does.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Why a step did not work: where, and what was answered.
#[derive(Debug, thiserror::Error)]
#[error("{step}: {why}")]
pub(crate) struct Refusal {
    pub(crate) step: String,
    pub(crate) why: String,
}

impl Refusal {
    pub(crate) fn new(step: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self {
            step: step.into(),
            why: why.to_string(),
        }
    }
}

/// One caller: signed in, or with nothing but an API key.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    url: String,
    key: String,
    client: Client,
    pub(crate) token: Option<String>,
    pub(crate) refresh_token: Option<String>,
    pub(crate) id: String,
}

impl Person {
    /// Nobody yet: only an API key.
    pub(crate) fn with_key(url: &str, key: &str) -> Self {
        Self {
            url: url.to_owned(),
            key: key.to_owned(),
            client: web::outgoing().build().unwrap_or_default(),
            token: None,
            refresh_token: None,
            id: String::new(),
        }
    }

    /// Somebody who has a token already.
    pub(crate) fn with_token(url: &str, key: &str, id: &str, token: String) -> Self {
        Self {
            token: Some(token),
            id: id.to_owned(),
            ..Self::with_key(url, key)
        }
    }

    /// Somebody who signs in with a password.
    pub(crate) async fn sign_in(
        url: &str,
        key: &str,
        email: &str,
        password: &str,
    ) -> Result<Self, Refusal> {
        let mut person = Self::with_key(url, key);
        let credentials = json!({ "email": email, "password": password });
        let answer = person
            .call(
                Method::POST,
                "/auth/v1/token?grant_type=password",
                &credentials,
            )
            .await?;
        let session: Value =
            serde_json::from_str(&answer).map_err(|error| Refusal::new("sign-in", error))?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        person.token = text(&session["access_token"]);
        person.refresh_token = text(&session["refresh_token"]);
        person.id = text(&session["user"]["id"]).unwrap_or_default();
        if person.token.is_none() || person.id.is_empty() {
            return Err(Refusal::new("sign-in", "the answer holds no session"));
        }
        Ok(person)
    }

    /// One request, whatever the answer.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Result<(StatusCode, reqwest::header::HeaderMap, String), Refusal> {
        let step = || format!("{method} {path}");
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", self.url))
            .timeout(Duration::from_secs(30));
        if !self.key.is_empty() {
            request = request.header("apikey", &self.key);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| Refusal::new(step(), error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer
            .text()
            .await
            .map_err(|error| Refusal::new(step(), error))?;
        Ok((status, headers, text))
    }

    /// Calls the API; the body of a good answer, or a failure that names the call.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<String, Refusal> {
        // Right after DDL the REST service may still be reading the catalog.
        for attempt in 0.. {
            let (status, _, text) = self.ask(method.clone(), path, body, &[]).await?;
            if status.is_success() {
                return Ok(text);
            }
            if attempt >= 100 || !matches!(status.as_u16(), 404 | 503) {
                return Err(Refusal::new(
                    format!("{method} {path}"),
                    format_args!("{status} {text}"),
                ));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        unreachable!("the loop returns")
    }

    /// How many rows of a table this caller sees.
    pub(crate) async fn count(&self, path: &str) -> Result<u64, Refusal> {
        let (status, headers, text) = self
            .ask(
                Method::HEAD,
                path,
                &Value::Null,
                &[("prefer", "count=exact")],
            )
            .await?;
        if !status.is_success() {
            return Err(Refusal::new(
                format!("HEAD {path}"),
                format_args!("{status} {text}"),
            ));
        }
        headers
            .get("content-range")
            .and_then(|range| range.to_str().ok()?.rsplit_once('/')?.1.parse().ok())
            .ok_or_else(|| Refusal::new(format!("HEAD {path}"), "no Content-Range"))
    }

    /// A socket that hears of changes of a table.
    pub(crate) async fn listen(
        &self,
        schema: &str,
        table: &str,
        event: &str,
    ) -> Result<Live, Refusal> {
        let address = format!(
            "{}/realtime/v1/websocket?apikey={}&vsn=1.0.0",
            self.url.replacen("http", "ws", 1),
            self.key
        );
        let (socket, _) = tokio_tungstenite::connect_async(address)
            .await
            .map_err(|error| Refusal::new("the socket", error))?;
        let mut live = Live(socket);
        let join = json!({
            "topic": format!("realtime:{schema}-{table}"), "event": "phx_join", "ref": "1", "join_ref": "1",
            "payload": {
                "access_token": self.token,
                "config": { "postgres_changes": [{ "event": event, "schema": schema, "table": table }] },
            },
        });
        live.0
            .send(Frame::text(join.to_string()))
            .await
            .map_err(|error| Refusal::new("joining", error))?;
        loop {
            let message = live.next().await?;
            if message["event"] == "phx_reply" && message["payload"]["status"] != "ok" {
                return Err(Refusal::new("joining", &message["payload"]));
            }
            if message["event"] == "system" {
                return match message["payload"]["status"].as_str() {
                    Some("ok") => Ok(live),
                    _ => Err(Refusal::new("subscribing", &message["payload"]["message"])),
                };
            }
        }
    }
}

/// A socket that is subscribed.
pub(crate) struct Live(WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>);

impl Live {
    /// The record of the next change.
    pub(crate) async fn change(&mut self) -> Result<Value, Refusal> {
        loop {
            let message = self.next().await?;
            if message["event"] == "postgres_changes" {
                return Ok(message["payload"]["data"].clone());
            }
        }
    }

    async fn next(&mut self) -> Result<Value, Refusal> {
        loop {
            match self.0.next().await {
                Some(Ok(Frame::Text(text))) => {
                    return serde_json::from_str(&text)
                        .map_err(|error| Refusal::new("a message", error));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(Refusal::new("the socket", error)),
                None => return Err(Refusal::new("the socket", "it was closed")),
            }
        }
    }
}
