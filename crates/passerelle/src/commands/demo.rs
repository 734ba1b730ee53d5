//! `demo`: everything started, and a signed-in round trip through the front door.

mod insight;

use std::time::Duration;

use base::{OsRandom, Random as _};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Context, runtime, up};

use crate::cli::{Demo, What};
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;
use crate::person::{Person, Refusal};
use crate::stack::Stack;

pub(crate) fn run(context: &Context, flags: &Demo) -> Result<ExitCode, Failure> {
    let (mut settings, keys) = up::prepare_settings(context, &flags.up)?;
    // Nobody reads mail in a demonstration.
    settings.auth.email_autoconfirm = true;
    runtime()?.block_on(async {
        fetch_postgres_if_missing(context, &settings).await?;
        let mut signals = up::Signals::listen()?;
        let stack = up::start(context, settings, keys.as_deref(), &mut signals).await?;
        let show = async {
            match flags.what {
                Some(What::Insight) => insight::show(context, &stack, flags.size).await,
                None => show(context, &stack).await,
            }
        };
        // Size M moves two million rows.
        let limit = if flags.what.is_some() {
            Duration::from_secs(3_600)
        } else {
            Duration::from_secs(60)
        };
        let shown = tokio::select! {
            shown = tokio::time::timeout(limit, show) => {
                shown.unwrap_or_else(|_| Err(failed("timeout", format_args!("{limit:?}"))))
            }
            () = signals.next() => {
                let sentence = Message::InterruptedDemo;
                Err(Failure::tell(ExitCode::Interrupted, sentence, "passerelle demo"))
            }
        };
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

    let ada = newcomer(&url, &key, "ada").await?;
    let bob = newcomer(&url, &key, "bob").await?;
    step(&Message::DemoPeople, format!("{} {}", ada.id, bob.id));

    let mut live = ada
        .listen("public", "passerelle_demo_notes", "INSERT")
        .await?;
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

    let change = live.change().await?["record"].to_string();
    step(&Message::DemoSocket, change);

    let path = format!("/storage/v1/object/passerelle-demo/{}/note.txt", ada.id);
    ada.call(Method::POST, &path, &json!("a file")).await?;
    let file = ada.call(Method::GET, &path, &Value::Null).await?;
    step(&Message::DemoFile, file);
    Ok(())
}

/// Somebody new: signs up, then in.
async fn newcomer(url: &str, key: &str, name: &str) -> Result<Person, Refusal> {
    let email = format!("{name}-{}@example.com", OsRandom.hex(4));
    let password = OsRandom.alphanumeric(20);
    let credentials = json!({ "email": email, "password": password });
    Person::with_key(url, key)
        .call(Method::POST, "/auth/v1/signup", &credentials)
        .await?;
    Person::sign_in(url, key, &email, &password).await
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        failed(&refusal.step, refusal.why)
    }
}

pub(super) fn failed(step: &str, why: impl std::fmt::Display) -> Failure {
    let (step, error) = (step.to_owned(), why.to_string());
    let sentence = Message::DemoFailed { step, error };
    Failure::tell(ExitCode::Findings, sentence, "passerelle logs").named("demo_failed")
}
