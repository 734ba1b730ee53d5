//! `db`: the database itself: made, filled, looked at, dumped, restored.

mod init;
mod program;
mod push;
mod reach;
mod restore;

use database::doctor;
use serde_json::json;
use settings::{Layers, MissingExtensions, Settings};

use super::{Context, runtime};
use crate::cli::{Db, DbCommand};
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;
use reach::{Need, Reach};

pub(crate) fn run(context: &Context, flags: &Db) -> Result<ExitCode, Failure> {
    let mut layers = context.layers.clone();
    if let Some(url) = &flags.database_url {
        layers.set("database.url", url);
    }
    match &flags.command {
        DbCommand::Init { dry_run: true, .. } => init::plan(context, &layers),
        DbCommand::Init {
            configure_server, ..
        } => init::run(context, &layers, *configure_server),
        DbCommand::Push(flags) => push::run(context, &layers, flags),
        DbCommand::Doctor => examine(context, &layers),
        DbCommand::Psql { admin, arguments } => program::psql(context, &layers, *admin, arguments),
        DbCommand::Dump(flags) => program::dump(context, &layers, flags),
        DbCommand::Restore {
            files,
            missing_extensions,
        } => restore::run(context, &layers, files, missing_extensions.as_deref()),
    }
}

/// DB-GEN-03: what differs, each with the statement that mends it.
fn examine(context: &Context, layers: &Layers) -> Result<ExitCode, Failure> {
    let out = context.out;
    let findings = runtime()?.block_on(async {
        let reach = Reach::open(context, layers, Need::Existing).await?;
        let findings = doctor(&reach.admin).await;
        reach.close().await?;
        Ok::<_, Failure>(findings?)
    })?;
    let severe = findings.iter().filter(|finding| finding.severe).count();
    for finding in &findings {
        let place = format!("{} {}", finding.code, finding.object);
        out.result(&format!("{place}: {}", finding.sentence));
        if let Some(repair) = &finding.repair {
            let command = format!("{repair};");
            out.say(&Message::Remedy { command });
        }
        out.object(&json!({
            "type": "check", "code": finding.code, "status": "failed", "message": finding.sentence,
            "evidence": [finding.object], "remedy": finding.repair.as_deref().unwrap_or_default(),
            "confidence": "certain", "fixable": false, "severe": finding.severe,
        }));
    }
    if findings.is_empty() {
        out.say(&Message::AllWell);
    }
    let code = if severe > 0 {
        ExitCode::Findings
    } else {
        ExitCode::Success
    };
    let summary = json!({ "findings": findings.len(), "severe": severe });
    out.end(code, code.name(), &summary);
    Ok(code)
}

/// A flag's policy, or the configured one.
fn policy(layers: &Layers, flag: Option<&str>) -> Result<MissingExtensions, Failure> {
    match flag {
        None => Ok(Settings::load(layers)?.database.missing_extensions),
        Some("error") => Ok(MissingExtensions::Error),
        Some("warn") => Ok(MissingExtensions::Warn),
        Some(other) => {
            let (argument, text) = ("--missing-extensions".to_owned(), other.to_owned());
            let sentence = Message::InvalidArgument { argument, text };
            Err(Failure::tell(ExitCode::Usage, sentence, "error, warn"))
        }
    }
}
