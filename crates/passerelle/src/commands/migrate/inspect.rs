//! `migrate inspect`

use std::time::Duration;

use migrate::inspect::{Inspection, Options, Severity, Summary, inspect};
use migrate::{Inventory, Name};
use serde_json::json;

use super::{flags, reach};
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

pub(super) async fn run(context: &Context, flags: &flags::Inspect) -> Result<ExitCode, Failure> {
    let (inventory, found) = look(context, flags).await?;
    let summary = Summary::of(&found, &inventory);
    for finding in &found.findings {
        context.out.object(&json!({
            "type": "check", "code": finding.code, "severity": finding.severity, "object": finding.object,
            "count": finding.count, "sentence": finding.sentence, "legacy_ids": finding.ids,
        }));
    }
    context.out.result(summary.text().trim_end());
    let open = found
        .findings
        .iter()
        .filter(|finding| matches!(finding.severity, Severity::Ask | Severity::Block))
        .count();
    context.out.object(&json!({
        "type": "result", "exit_code": 0, "status": "ok", "summary": summary.json(), "decisions": open,
        "next": "passerelle migrate plan",
    }));
    Ok(ExitCode::Success)
}

/// The source, read and judged.
pub(super) async fn look(
    context: &Context,
    flags: &flags::Inspect,
) -> Result<(Inventory, Inspection), Failure> {
    let source = reach::source(context, &flags.reach)?;
    let (snapshot, inventory) = reach::look(&source).await?;
    let users = match &flags.users {
        Some(text) => Some(
            Name::parse(text)
                .filter(|name| inventory.table(name).is_some())
                .ok_or_else(|| {
                    Failure::tell(
                        ExitCode::Usage,
                        Message::NoSuchTable {
                            table: text.clone(),
                        },
                        "passerelle migrate inspect",
                    )
                    .named("no_such_table")
                })?,
        ),
        None => None,
    };
    let options = Options {
        users,
        sample: flags.sample,
        probe_timeout: Duration::from_secs(5),
    };
    let found = inspect(snapshot.keeper(), &inventory, &options).await?;
    Ok((inventory, found))
}
