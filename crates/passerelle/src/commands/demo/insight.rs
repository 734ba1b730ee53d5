//! `demo insight`: a throw-away legacy application, migrated before your eyes.

use base::{Clock as _, OsRandom, Random as _, SystemClock};
use insight::{Account, Size, Variant};
use migrate::ids::Seed;
use migrate::inspect::{Options, inspect};
use migrate::journal::Journal;
use migrate::plan::{IdPolicy, Wishes};
use migrate::run::{rollback, run};
use migrate::{Inventory, Plan, Source, Target};
use reqwest::Method;
use serde_json::{Value, json};

use super::failed;
use crate::commands::Context;
use crate::commands::migrate::progress::Progress;
use crate::exit::Failure;
use crate::messages::Message;
use crate::person::Person;
use crate::stack::Stack;

/// The legacy database, beside the stack's own on the same server. Made anew each time.
const DATABASE: &str = "insight_legacy";

pub(super) async fn show(context: &Context, stack: &Stack, size: Size) -> Result<(), Failure> {
    let step = |title: Message, result: String| {
        let title = title.text(context.out.language);
        context
            .out
            .object(&json!({ "type": "step", "title": title, "result": result }));
        context.out.say(&Message::DemoStep { title, result });
    };
    let accounts = legacy(stack, size).await?;
    step(Message::DemoLegacy, format!("{DATABASE}, size {size}"));

    let source = Source::new(&stack.admin().with_database(DATABASE));
    let plan = plan(&source).await?;
    step(
        Message::DemoPlanned,
        format!(
            "{} references, {} tables",
            plan.references.len(),
            plan.tables.len()
        ),
    );
    let target = Target::lock(stack.admin()).await?;
    take_back(&target, &plan).await?;
    let options = migrate::run::Options {
        jobs: 2,
        split_bytes: 1 << 30,
        now: SystemClock.now(),
        until: None,
        max_rejects: None,
        max_user_failures: None,
        rejects: None,
    };
    let report = run(
        &source,
        &target,
        &plan,
        &Seed::new(&OsRandom),
        &options,
        &Progress::new(context.out),
    )
    .await?;
    let rows: u64 = report.tables.iter().map(|table| table.loaded).sum();
    step(Message::DemoMigrated, format!("{rows} rows"));
    let verdict = migrate::verify::verify(&source, &target, &plan).await?;
    if let Some(failure) = verdict.failures().next() {
        return Err(failed(
            "verification",
            format_args!("{} {}", failure.object, failure.detail),
        ));
    }
    step(
        Message::DemoProved,
        format!("{} checks", verdict.checks.len()),
    );
    round(stack, &accounts, &step).await?;
    for account in &accounts {
        context.out.say(&Message::DemoAccount {
            email: account.email.clone(),
            password: account.password.clone(),
            note: account.note.to_owned(),
        });
    }
    Ok(())
}

/// The legacy application's database, full.
async fn legacy(stack: &Stack, size: Size) -> Result<Vec<Account>, Failure> {
    let admin = stack
        .admin()
        .connect()
        .await
        .map_err(|error| failed("the database", error))?;
    for statement in [
        format!("drop database if exists {DATABASE} with (force)"),
        format!("create database {DATABASE}"),
    ] {
        admin
            .batch_execute(&statement)
            .await
            .map_err(|error| failed("the legacy database", error))?;
    }
    let mut client = stack
        .admin()
        .with_database(DATABASE)
        .connect()
        .await
        .map_err(|error| failed("the legacy database", error))?;
    let made = insight::generate(&mut client, Variant::A, size, 1, &mut |_, _| ())
        .await
        .map_err(|error| failed("the legacy data", error))?;
    Ok(made.accounts)
}

/// An earlier demonstration on this server is taken back: the stage is empty each time.
async fn take_back(target: &Target, plan: &Plan) -> Result<(), Failure> {
    let server = |fingerprint: &str| fingerprint.split(':').next().map(str::to_owned);
    let client = target.session().await?;
    for earlier in Journal::runs(&client).await? {
        if server(&earlier.source) == server(&plan.source.fingerprint) {
            rollback(target, earlier.id, "S01").await?;
        }
    }
    Ok(())
}

async fn plan(source: &Source) -> Result<Plan, Failure> {
    let snapshot = source.snapshot().await?;
    let inventory = Inventory::read(snapshot.keeper()).await?;
    let found = inspect(snapshot.keeper(), &inventory, &Options::default()).await?;
    let wishes = Wishes {
        run: OsRandom.uuid(),
        ids: IdPolicy::Uuid,
    };
    Ok(Plan::make(&inventory, &found, &wishes)?)
}

/// Through the front door: an old password, the history, somebody else, a change.
async fn round(
    stack: &Stack,
    accounts: &[Account],
    step: &impl Fn(Message, String),
) -> Result<(), Failure> {
    let url = stack.api_url();
    let key = stack.settings().keys.anon_key.expose().to_owned();
    // The administrator sees everybody's rows by right; two ordinary people show the walls.
    let ordinary: Vec<&Account> = accounts
        .iter()
        .filter(|account| account.signs_in && account.note != "admin")
        .collect();
    let [one, other, ..] = ordinary.as_slice() else {
        return Err(failed("the accounts", "fewer than two can sign in"));
    };
    let her = Person::sign_in(&url, &key, &one.email, &one.password).await?;
    let him = Person::sign_in(&url, &key, &other.email, &other.password).await?;
    step(
        Message::DemoOldPassword,
        format!("{} is {}", one.email, her.id),
    );
    let path = format!("/rest/v1/user_conversations?user_id=eq.{}", her.id);
    let history = her.count(&path).await?;
    if history == 0 {
        return Err(failed("the history", "it is empty"));
    }
    step(Message::DemoHistory, format!("{history} conversations"));
    let seen = him.count(&path).await?;
    if seen != 0 {
        return Err(failed(
            "row security",
            format_args!("{seen} rows of another's"),
        ));
    }
    step(Message::DemoOtherHidden, "0".to_owned());
    let mut live = her.listen("public", "user_conversations", "INSERT").await?;
    let row = json!({ "user_id": her.id, "query": "hello", "response": "bonjour" });
    her.call(Method::POST, "/rest/v1/user_conversations", &row)
        .await?;
    let change: Value = live.change().await?;
    step(Message::DemoHeard, change["record"]["query"].to_string());
    Ok(())
}
