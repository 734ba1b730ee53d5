//! `migrate run`: a dry run, or the real one behind a typed word.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use base::{Clock as _, SystemClock};
use migrate::preflight::{Grade, preflight};
use migrate::rehearse::{Forecast, forecast};
use migrate::run::{Options, Report, run as carry_out};
use migrate::{Plan, Source, Target};
use pg::Endpoint;
use serde_json::json;
use settings::{ByteSize, Settings, Value as _};

use super::progress::Progress;
use super::{backup, evidence, flags, preflight as checks, reach, verify};
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

/// Most tables at once unless asked for.
const MOST_JOBS: usize = 8;

pub(super) async fn run(context: &Context, flags: &flags::Run) -> Result<ExitCode, Failure> {
    let settings = Settings::load(&context.layers)?;
    let dry = flags.dry || settings.migrate.dry_run == Some(true);
    go(context, flags, dry, None).await
}

pub(super) async fn go(
    context: &Context,
    flags: &flags::Run,
    dry: bool,
    until: Option<&str>,
) -> Result<ExitCode, Failure> {
    let plan = reach::plan(&flags.reach.plan)?;
    check_digest(&plan, flags.plan_digest.as_deref())?;
    let source = reach::source(context, &flags.reach)?;
    let endpoint = reach::target(context, flags.reach.to.as_deref())?;
    let seed = reach::seed(context, plan.run)?;
    let questions = plan.questions();
    if !dry && !questions.is_empty() {
        return Err(migrate::Error::Undecided(questions).into());
    }
    let look = Target::unlocked(&endpoint);
    if dry {
        let forecast = forecast(&source, &look, &plan, &seed).await?;
        let code = show(context, &forecast);
        let detail = format!("{} blockers", forecast.blockers.len());
        evidence::keep(context, &plan, "dry-run", code == ExitCode::Success, detail)?;
        return Ok(code);
    }
    pass_preflight(context, &source, &look, &plan).await?;
    confirm(context, &plan, &endpoint)?;
    let options = Options {
        rejects: Some(reach::run_dir(context, plan.run)?.join("rejects")),
        ..options(context, flags, until)?
    };
    let progress = Progress::new(context.out);
    let work = async {
        let target = reach::locked(&endpoint).await?;
        let report = carry_out(&source, &target, &plan, &seed, &options, &progress).await?;
        Ok::<_, Failure>((report, target))
    };
    let (report, target) = tokio::select! {
        done = work => done?,
        () = interrupted() => {
            return Err(Failure::tell(
                ExitCode::Interrupted,
                Message::MigrationInterrupted,
                "passerelle migrate run",
            ).named("interrupted"));
        }
    };
    accounts(context, &report);
    let ended = lost(context, &report, options.rejects.as_deref());
    if until.is_some() || flags.no_verify {
        context
            .out
            .end(ended, ended.name(), &json!({ "report": report }));
        return Ok(ended);
    }
    context.out.say(&Message::Proving);
    let (code, verdict) = verify::prove(context, &source, &target, &plan, false).await?;
    let (code, next) = match code {
        ExitCode::Success => (ended, "passerelle migrate status"),
        failed => (failed, "passerelle migrate verify"),
    };
    context.out.object(&json!({
        "type": "result", "exit_code": code as u8, "status": code.name(), "report": report,
        "verification": verify::summary(&verdict), "next": next,
    }));
    context.out.say(&Message::Next {
        command: next.to_owned(),
    });
    Ok(code)
}

fn check_digest(plan: &Plan, wanted: Option<&str>) -> Result<(), Failure> {
    match wanted {
        Some(wanted) if !plan.digest().starts_with(&wanted.to_lowercase()) || wanted.len() < 8 => {
            Err(Failure::tell(
                ExitCode::Drift,
                Message::OtherDigest {
                    digest: plan.digest(),
                },
                "",
            )
            .named("plan_digest"))
        }
        _ => Ok(()),
    }
}

/// What must hold before anything is changed.
async fn pass_preflight(
    context: &Context,
    source: &Source,
    target: &Target,
    plan: &Plan,
) -> Result<(), Failure> {
    let (_, inventory) = reach::look(source).await?;
    migrate::run::check_source(plan, &inventory)?;
    // What an inspection would say stands in the plan.
    let findings = preflight(source, target, &inventory, None, Some(plan)).await?;
    let failed: Vec<_> = findings
        .into_iter()
        .filter(|finding| finding.grade == Grade::Fail)
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    checks::show(context, &failed);
    let count = failed.len().to_string();
    Err(Failure::tell(
        ExitCode::Preflight,
        Message::PreflightFails { count },
        "passerelle migrate preflight",
    )
    .named("preflight"))
}

/// MIG-RUN-01, MIG-RUN-02: exactly the word, or `--yes`.
fn confirm(context: &Context, plan: &Plan, endpoint: &Endpoint) -> Result<(), Failure> {
    context.out.say(&Message::MigrateSummary {
        source: plan.source.database.clone(),
        target: format!("{endpoint:?}"),
        users: plan.users.rows.to_string(),
        tables: plan.made_tables().count().to_string(),
        digest: plan.digest().chars().take(12).collect(),
    });
    context.out.say(
        &match backup::newest_of(context, &plan.source.fingerprint) {
            Some(newest) => Message::BackupUsed {
                path: newest.file.display().to_string(),
                at: newest.manifest.taken_at.to_string(),
            },
            None => Message::NoBackupYet,
        },
    );
    ask(context, "MIGRATE")
}

/// Asks for a word; anything else, or nobody to ask, is a no.
pub(super) fn ask(context: &Context, word: &str) -> Result<(), Failure> {
    if context.yes {
        return Ok(());
    }
    let refused = || {
        let word = word.to_owned();
        Failure::tell(
            ExitCode::Unconfirmed,
            Message::NotConfirmed,
            Message::TypeTheWord { word },
        )
        .named("unconfirmed")
    };
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(refused());
    }
    let mut to_person = std::io::stderr();
    let question = Message::TypeTheWord {
        word: word.to_owned(),
    };
    let _ = write!(to_person, "{} ", question.text(context.out.language));
    let _ = to_person.flush();
    let mut line = String::new();
    let read = stdin
        .lock()
        .read_line(&mut line)
        .map_err(Failure::internal)?;
    if read == 0 || line.trim() != word {
        return Err(refused());
    }
    Ok(())
}

fn options(context: &Context, flags: &flags::Run, until: Option<&str>) -> Result<Options, Failure> {
    let settings = Settings::load(&context.layers)?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let asked = flags.jobs.unwrap_or(settings.migrate.jobs);
    let split = ByteSize::parse(&flags.split_larger_than).map_err(|_| {
        let (argument, text) = (
            "--split-larger-than".to_owned(),
            flags.split_larger_than.clone(),
        );
        Failure::tell(
            ExitCode::Usage,
            Message::InvalidArgument { argument, text },
            "1GB",
        )
        .named("size")
    })?;
    Ok(Options {
        jobs: if asked == 0 {
            cores.min(MOST_JOBS)
        } else {
            asked
        },
        split_bytes: i64::try_from(split.0).unwrap_or(i64::MAX),
        now: SystemClock.now(),
        until: until.map(str::to_owned),
        max_rejects: flags.max_rejects,
        max_user_failures: flags.max_user_failures,
        rejects: None,
    })
}

/// A signal to stop.
pub(super) async fn interrupted() {
    let terminate = tokio::signal::unix::SignalKind::terminate();
    let Ok(mut terminate) = tokio::signal::unix::signal(terminate) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Every row and every user accounted for, for people to read.
fn accounts(context: &Context, report: &Report) {
    for (outcome, count) in report.users.iter().filter(|(_, count)| *count > 0) {
        context
            .out
            .result(&format!("users {:<12} {count}", outcome.status()));
    }
    for problem in &report.problems {
        context.out.result(&format!(
            "{} {} ({}): {}",
            problem.code,
            problem.count,
            problem.legacy_ids.join(", "),
            problem.consequence
        ));
    }
    for table in &report.tables {
        context.out.result(&format!(
            "{:<34} {} read = {} loaded + {} quarantined + {} rejected",
            table.table, table.read, table.loaded, table.quarantined, table.rejected
        ));
    }
}

/// MIG-COPY-06: a run that lost rows, however few it was allowed, does not end as if it had lost none.
fn lost(context: &Context, report: &Report, lists: Option<&std::path::Path>) -> ExitCode {
    let count: u64 = report.tables.iter().map(|table| table.rejected).sum();
    if count == 0 {
        return ExitCode::Success;
    }
    context.out.say(&Message::RowsRefused {
        count: count.to_string(),
        path: lists.map_or_else(String::new, |path| path.display().to_string()),
    });
    ExitCode::Rejects
}

/// MIG-DRY-02, MIG-DRY-03
pub(super) fn show(context: &Context, forecast: &Forecast) -> ExitCode {
    let out = context.out;
    for (outcome, count) in &forecast.users {
        out.result(&format!("users {:<12} {count}", outcome.status()));
    }
    for (class, treatment, count) in &forecast.passwords {
        out.result(&format!("passwords {class:<20} {count} {treatment}"));
    }
    for problem in &forecast.problems {
        out.result(&format!(
            "{} {} ({}): {}",
            problem.code,
            problem.count,
            problem.legacy_ids.join(", "),
            problem.consequence
        ));
    }
    for (legacy, uuid) in &forecast.sample {
        out.result(&format!("user {legacy} -> {uuid}"));
    }
    for table in &forecast.tables {
        let action = json!(table.action);
        let access = json!(table.access);
        out.result(&format!(
            "{:<34} {:<6} ~{} rows, access {}{}{}",
            table.table,
            action.as_str().unwrap_or_default(),
            table.estimated_rows,
            access.as_str().unwrap_or_default(),
            if table.realtime { ", realtime" } else { "" },
            if table.converted.is_empty() {
                String::new()
            } else {
                format!(", converts {}", table.converted.join(", "))
            },
        ));
    }
    for question in &forecast.questions {
        out.result(&format!(
            "? {} {}: {}",
            question.line, question.object, question.answers
        ));
    }
    for blocker in &forecast.blockers {
        out.result(&format!("✗ {blocker}"));
    }
    let code = if !forecast.questions.is_empty() {
        ExitCode::Undecided
    } else if !forecast.blockers.is_empty() {
        ExitCode::Rejects
    } else {
        ExitCode::Success
    };
    let next = if code == ExitCode::Success {
        "passerelle migrate run"
    } else {
        "passerelle migrate plan"
    };
    out.object(&json!({
        "type": "result", "exit_code": code as u8, "status": code.name(), "forecast": forecast, "next": next,
    }));
    out.say(&Message::DryRunDone);
    out.say(&Message::Next {
        command: next.to_owned(),
    });
    code
}
