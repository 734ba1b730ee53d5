//! `migrate test`: the seed's tests and more, through the front door (section 27 of the contract). What is made for
//! it is taken away again, also after a failure.

mod api;
mod credentials;
mod history;
mod isolation;
mod mapping;
mod realtime;
mod report;
mod services;
mod sign_in;

use migrate::plan::{Pattern, TablePlan};
use migrate::{Plan, Source, Target};
use reqwest::Method;
use serde_json::Value;

use super::probe::is_owned;
use super::{flags, reach};
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::person::{Person, Refusal};

/// One test.
struct Outcome {
    section: u8,
    name: String,
    pass: bool,
    detail: String,
}

/// What the tests share.
struct Bench {
    url: String,
    anon: String,
    service: String,
    keys: jwt::Keys,
    plan: Plan,
    source: Source,
    target: Target,
    client: tokio_postgres::Client,
    outcomes: Vec<Outcome>,
}

/// A migrated user with a token of the project's own.
struct Migrated {
    person: Person,
    legacy: String,
}

pub(super) async fn run(context: &Context, flags: &flags::Test) -> Result<ExitCode, Failure> {
    let plan = reach::plan(&flags.reach.plan)?;
    let source = reach::source(context, &flags.reach)?;
    let endpoint = reach::target(context, flags.reach.to.as_deref())?;
    let (settings, _) = context.settings_with_keys()?;
    let keys = jwt::Keys::from_settings(&settings.keys).map_err(Failure::internal)?;
    let target = Target::unlocked(&endpoint);
    let client = target.session().await?;
    let credentials = credentials::read(flags, &settings)?;
    let mut bench = Bench {
        url: reach::api(context, &settings, flags.api.as_deref())?,
        anon: settings.keys.anon_key.expose().to_owned(),
        service: settings.keys.service_role_key.expose().to_owned(),
        keys,
        plan,
        source,
        target,
        client,
        outcomes: Vec::new(),
    };
    bench.services().await;
    bench.api().await;
    bench.sign_in(&credentials).await;
    bench.mapping().await?;
    let people = bench.people().await?;
    bench.history(&people).await?;
    bench.isolation(&people).await;
    bench.realtime().await?;
    report::finish(context, &bench, flags.junit.as_deref())
}

impl Bench {
    fn add(
        &mut self,
        section: u8,
        name: impl Into<String>,
        outcome: Result<String, impl std::fmt::Display>,
    ) {
        let (pass, detail) = match outcome {
            Ok(detail) => (true, detail),
            Err(error) => (false, error.to_string()),
        };
        self.outcomes.push(Outcome {
            section,
            name: name.into(),
            pass,
            detail,
        });
    }

    /// A status that must be one of these.
    async fn expect(
        &mut self,
        section: u8,
        name: &str,
        who: &Person,
        method: Method,
        path: &str,
        wanted: &[u16],
    ) {
        let outcome =
            who.ask(method, path, &Value::Null, &[])
                .await
                .and_then(|(status, _, text)| {
                    if wanted.contains(&status.as_u16()) {
                        Ok(status.to_string())
                    } else {
                        Err(Refusal::new(path, format_args!("{status} {text}")))
                    }
                });
        self.add(section, name, outcome);
    }

    fn owned(&self) -> Vec<&TablePlan> {
        let mut tables: Vec<&TablePlan> = self
            .plan
            .tables
            .iter()
            .filter(|table| is_owned(table))
            .collect();
        // The tables that people write to first, the fullest first.
        tables.sort_by_key(|table| {
            (
                table.access == Pattern::AppendOnly,
                std::cmp::Reverse(table.estimated_rows),
            )
        });
        tables
    }
}

fn rest_path(table: &TablePlan, query: &str) -> String {
    let name: String = url::form_urlencoded::byte_serialize(table.name.name.as_bytes()).collect();
    format!("/rest/v1/{}?{query}", name.replace('+', "%20"))
}
