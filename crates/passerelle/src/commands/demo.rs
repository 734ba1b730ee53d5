//! `demo`: everything started, and a signed-in round trip through the front door.

use std::time::Duration;

use base::{OsRandom, Random as _};
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message as Frame;

use super::{Context, runtime, up};
use crate::cli::Up;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;
use crate::stack::Stack;

pub(crate) fn run(context: &Context, flags: &Up) -> Result<ExitCode, Failure> {
    let (mut settings, keys) = up::prepare_settings(context, flags)?;
    // Nobody reads mail in a demonstration.
    settings.auth.email_autoconfirm = true;
    runtime()?.block_on(async {
        fetch_postgres_if_missing(context, &settings).await?;
        let mut signals = up::Signals::listen()?;
        let stack = up::start(context, settings, keys.as_deref(), &mut signals).await?;
        let shown = tokio::time::timeout(Duration::from_secs(60), show(context, &stack)).await;
        let shown = shown.unwrap_or_else(|_| Err(failed("60 s", "timeout")));
        if let Err(failure) = shown {
            stack.stop().await?;
            return Err(failure);
        }
        context.out.say(&Message::DemoStays);
        up::serve(context, stack, &mut signals).await
    })
}

/// A first run must not end at a missing package: what is not installed is fetched, without root.
async fn fetch_postgres_if_missing(
    context: &Context,
    settings: &settings::Settings,
) -> Result<(), Failure> {
    let database = &settings.database;
    let own = database.url.is_none() && database.bin_dir.is_none();
    if !own || cluster::find(None, &database.data_dir).is_ok() {
        return Ok(());
    }
    context.out.say(&Message::FetchingPostgres);
    cluster::install(&database.data_dir, None).await?;
    Ok(())
}

/// One person at the front door.
struct Person<'a> {
    url: &'a str,
    key: &'a str,
    client: Client,
    token: String,
    id: String,
}

async fn show(context: &Context, stack: &Stack) -> Result<(), Failure> {
    let step = |title: &Message, result: String| {
        let title = title.text(context.out.language);
        context
            .out
            .object(&json!({ "type": "step", "title": title, "result": result }));
        context.out.say(&Message::DemoStep { title, result });
    };
    let url = stack.api_url();
    let key = stack.settings().keys.anon_key.expose().to_owned();
    let admin = stack
        .admin()
        .connect()
        .await
        .map_err(|error| failed("the database", error))?;
    let sql = format!(
        "set role postgres; {} reset role;",
        include_str!("../sql/demo.sql")
    );
    admin
        .batch_execute(&sql)
        .await
        .map_err(|error| failed("the demonstration's table", error))?;
    step(
        &Message::DemoTable,
        "public.passerelle_demo_notes".to_owned(),
    );

    let ada = Person::sign_in(&url, &key, "ada").await?;
    let bob = Person::sign_in(&url, &key, "bob").await?;
    step(&Message::DemoPeople, format!("{} {}", ada.id, bob.id));

    let mut live = ada.listen().await?;
    let table = "/rest/v1/passerelle_demo_notes";
    ada.call(Method::POST, table, &json!({ "body": "hello" }))
        .await?;
    let hers = ada
        .call(Method::GET, &format!("{table}?select=body"), &Value::Null)
        .await?;
    let his = bob
        .call(Method::GET, &format!("{table}?select=body"), &Value::Null)
        .await?;
    if his != "[]" {
        return Err(failed("row security", "one person read the other's row"));
    }
    step(&Message::DemoWrote, hers);
    step(&Message::DemoHidden, his);

    let change = wait_for_change(&mut live).await?;
    step(&Message::DemoSocket, change);

    let path = format!("/storage/v1/object/passerelle-demo/{}/note.txt", ada.id);
    ada.call(Method::POST, &path, &json!("a file")).await?;
    let file = ada.call(Method::GET, &path, &Value::Null).await?;
    step(&Message::DemoFile, file);
    Ok(())
}

type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

impl<'a> Person<'a> {
    async fn sign_in(url: &'a str, key: &'a str, name: &str) -> Result<Self, Failure> {
        let client = Client::new();
        let mut person = Self {
            url,
            key,
            client,
            token: String::new(),
            id: String::new(),
        };
        let credentials = json!({
            "email": format!("{name}-{}@example.com", OsRandom.hex(4)),
            "password": OsRandom.alphanumeric(20),
        });
        person
            .call(Method::POST, "/auth/v1/signup", &credentials)
            .await?;
        let answer = person
            .call(
                Method::POST,
                "/auth/v1/token?grant_type=password",
                &credentials,
            )
            .await?;
        let session: Value =
            serde_json::from_str(&answer).map_err(|error| failed("sign-in", error))?;
        session["access_token"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut person.token);
        session["user"]["id"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut person.id);
        if person.token.is_empty() || person.id.is_empty() {
            return Err(failed("sign-in", "the answer holds no session"));
        }
        Ok(person)
    }

    /// Calls the API; the body of a good answer, or a failure that names the call.
    async fn call(&self, method: Method, path: &str, body: &Value) -> Result<String, Failure> {
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", self.url))
            .header("apikey", self.key);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        // Right after DDL the REST service may still be reading the catalog.
        for attempt in 0.. {
            let copy = request.try_clone().expect("the body is in memory");
            let answer = copy.send().await.map_err(|error| failed(path, error))?;
            let status = answer.status();
            let text = answer.text().await.map_err(|error| failed(path, error))?;
            if status.is_success() {
                return Ok(text);
            }
            if attempt >= 20 || !matches!(status.as_u16(), 404 | 503) {
                return Err(failed(
                    &format!("{method} {path}"),
                    format_args!("{status} {text}"),
                ));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        unreachable!("the loop returns")
    }

    /// A socket that is subscribed to inserts into the demonstration's table.
    async fn listen(&self) -> Result<Socket, Failure> {
        let address = format!(
            "{}/realtime/v1/websocket?apikey={}&vsn=1.0.0",
            self.url.replacen("http", "ws", 1),
            self.key
        );
        let (mut socket, _) = tokio_tungstenite::connect_async(address)
            .await
            .map_err(|error| failed("the socket", error))?;
        let join = json!({
            "topic": "realtime:demo", "event": "phx_join", "ref": "1", "join_ref": "1",
            "payload": {
                "access_token": self.token,
                "config": { "postgres_changes": [
                    { "event": "INSERT", "schema": "public", "table": "passerelle_demo_notes" },
                ] },
            },
        });
        socket
            .send(Frame::text(join.to_string()))
            .await
            .map_err(|error| failed("joining", error))?;
        loop {
            let message = next(&mut socket).await?;
            if message["event"] == "phx_reply" && message["payload"]["status"] != "ok" {
                return Err(failed("joining", &message["payload"]));
            }
            if message["event"] == "system" {
                return match message["payload"]["status"].as_str() {
                    Some("ok") => Ok(socket),
                    _ => Err(failed("subscribing", &message["payload"]["message"])),
                };
            }
        }
    }
}

async fn wait_for_change(socket: &mut Socket) -> Result<String, Failure> {
    loop {
        let message = next(socket).await?;
        if message["event"] == "postgres_changes" {
            return Ok(message["payload"]["data"]["record"].to_string());
        }
    }
}

async fn next(socket: &mut Socket) -> Result<Value, Failure> {
    loop {
        match socket.next().await {
            Some(Ok(Frame::Text(text))) => {
                return serde_json::from_str(&text).map_err(|error| failed("a message", error));
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(failed("the socket", error)),
            None => return Err(failed("the socket", "it was closed")),
        }
    }
}

fn failed(step: &str, why: impl std::fmt::Display) -> Failure {
    let (step, error) = (step.to_owned(), why.to_string());
    let sentence = Message::DemoFailed { step, error };
    Failure::tell(ExitCode::Findings, sentence, "passerelle logs").named("demo_failed")
}
