//! `migrate users`: only the people and their mapping. Dry unless DRY_RUN says false, as in the seed.

use std::fmt::Write as _;

use base::{Clock as _, SystemClock};
use migrate::Plan;
use migrate::rehearse;
use migrate::run::Event;
use migrate::run::Observer as _;
use migrate::users::{Api, HttpReport, Way, import_over_http};
use serde_json::json;
use settings::Settings;

use super::flags::{self, Channel};
use super::progress::Progress;
use super::{reach, run as whole};
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;
use crate::state::State;

pub(super) async fn run(context: &Context, flags: &flags::Users) -> Result<ExitCode, Failure> {
    let settings = Settings::load(&context.layers)?;
    let dry = flags.run.dry || settings.migrate.dry_run != Some(false);
    let over_http = match flags.channel {
        Channel::Http | Channel::Bulk => true,
        Channel::Sql => false,
        Channel::Auto => reach::target(context, flags.run.reach.to.as_deref()).is_err(),
    };
    if !over_http {
        return whole::go(context, &flags.run, dry, Some("S03")).await;
    }
    let plan = reach::plan(&flags.run.reach.plan)?;
    let source = reach::source(context, &flags.run.reach)?;
    let seed = reach::seed(context, plan.run)?;
    // A stack that runs here has its key; another's is named.
    let running = State::read(&context.data_dir()?).is_some();
    let settings = if running {
        context.settings_with_keys()?.0
    } else {
        settings
    };
    let api = api(flags, &settings)?;
    let questions = plan.users.questions();
    if !dry && !questions.is_empty() {
        return Err(migrate::Error::Undecided(questions).into());
    }
    let way = way(flags.channel, &api).await?;
    if dry {
        let there = api.users().await?;
        let forecast = rehearse::forecast_of(&source, &there, &plan, &seed, way.carrier()).await?;
        return Ok(whole::show(context, &forecast));
    }
    context.out.say(&Message::MigrateSummary {
        source: plan.source.database.clone(),
        target: api.address().to_owned(),
        users: plan.users.rows.to_string(),
        tables: "0".to_owned(),
        digest: plan.digest().chars().take(12).collect(),
    });
    whole::ask(context, "MIGRATE")?;
    let dir = reach::run_dir(context, plan.run)?;
    let progress = Progress::new(context.out);
    let done = |rows| {
        progress.event(Event::Progress {
            object: "users",
            rows,
            bytes: 0,
        });
    };
    let report = import_over_http(
        &source,
        &plan,
        &seed,
        &api,
        way,
        SystemClock.now(),
        &dir.join("users.ndjson"),
        &done,
    )
    .await?;
    let channel = match way {
        Way::OneByOne => "http",
        Way::Together(_) => "bulk",
    };
    finish(context, &flags.run, &plan, &report, channel, &dir)
}

/// Many at once where the target can, unless one by one was asked for (MIG-UPS-02: it is looked at, not assumed).
async fn way(channel: Channel, api: &Api) -> Result<Way, Failure> {
    if channel == Channel::Http {
        return Ok(Way::OneByOne);
    }
    match api.most_at_once().await? {
        Some(most) => Ok(Way::Together(most)),
        None if channel == Channel::Bulk => {
            let url = api.address().to_owned();
            Err(Failure::tell(
                ExitCode::Unsupported,
                Message::NoBulkRoute { url },
                "passerelle migrate users --channel http",
            )
            .named("no_bulk_route"))
        }
        None => Ok(Way::OneByOne),
    }
}

/// The target's API and key; a key never travels in the clear beyond this machine (MIG-SEC-02).
fn api(flags: &flags::Users, settings: &Settings) -> Result<Api, Failure> {
    let url = flags
        .api
        .clone()
        .or_else(|| settings.gateway.public_url.clone())
        .unwrap_or_else(|| "http://localhost:8000".to_owned());
    let parsed = url::Url::parse(&url)
        .map_err(|error| Failure::new(ExitCode::Usage, error, "SUPABASE_URL"))?;
    let local = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if parsed.scheme() == "http" && !local {
        return Err(
            Failure::tell(ExitCode::Usage, Message::PlainHttp { url }, "https://…")
                .named("plain_http"),
        );
    }
    let key = settings.keys.service_role_key.clone();
    if key.is_empty() {
        return Err(Failure::tell(
            ExitCode::Usage,
            Message::NoServiceKey,
            "export SUPABASE_SERVICE_KEY=…",
        )
        .named("no_service_key"));
    }
    Ok(Api::new(&url, key, flags.concurrency))
}

/// The accounts, and the mapping as CSV and SQL.
fn finish(
    context: &Context,
    flags: &flags::Run,
    plan: &Plan,
    report: &HttpReport,
    channel: &str,
    dir: &std::path::Path,
) -> Result<ExitCode, Failure> {
    let mut counts: Vec<_> = report.users.iter().collect();
    counts.sort();
    for (status, count) in counts {
        context.out.result(&format!("users {status:<12} {count}"));
    }
    for outcome in report
        .outcomes
        .iter()
        .filter(|outcome| outcome.status == "failed")
    {
        context.out.object(&json!({
            "type": "user", "status": outcome.status, "legacy_id": outcome.legacy_id, "reason": outcome.reason,
        }));
        context
            .out
            .result(&format!("✗ user {}: {}", outcome.legacy_id, outcome.reason));
    }
    let mut csv = String::from("old_user_id,supabase_user_id,email,status\n");
    let mut sql = migrate::run::mapping_table(plan);
    for outcome in report
        .outcomes
        .iter()
        .filter(|outcome| outcome.status != "failed")
    {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let _ = writeln!(
            csv,
            "{},{},{},{}",
            quoted(&outcome.legacy_id),
            outcome.uuid,
            quoted(&outcome.email),
            outcome.status
        );
        let _ = writeln!(
            sql,
            "insert into public.user_id_mapping (old_user_id, supabase_user_id, email, source_table, run_id, status) \
             values ({}, '{}', {}, {}, '{}', '{}') on conflict do nothing;",
            ::sql::quote_literal(&outcome.legacy_id),
            outcome.uuid,
            ::sql::quote_literal(&outcome.email),
            ::sql::quote_literal(&plan.users.table.to_string()),
            plan.run,
            outcome.status,
        );
    }
    for (name, text) in [("mapping.csv", csv), ("mapping.sql", sql)] {
        let path = dir.join(name);
        std::fs::write(&path, text).map_err(|error| Failure::file(&path, &error))?;
        context.out.say(&Message::MappingWritten {
            path: path.display().to_string(),
        });
    }
    let failed = report.users.get("failed").copied().unwrap_or(0);
    let allowed = flags.max_user_failures;
    let code = if failed > allowed.unwrap_or(plan.limits.max_user_failures) {
        ExitCode::Rejects
    } else {
        ExitCode::Success
    };
    context.out.end(
        code,
        code.name(),
        &json!({ "users": report.users, "problems": report.problems, "channel": channel }),
    );
    Ok(code)
}
