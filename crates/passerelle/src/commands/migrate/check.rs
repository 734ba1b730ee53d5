//! `migrate check`: the box that no machine can look at. It is not ticked before there is something to read.

use serde_json::json;

use super::flags::{ByHand, Check, Verdict};
use super::{evidence, reach};
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

/// What `migrate emit` writes for the people who work with the result.
const GUIDE: &str = "MIGRATION.md";

pub(super) fn run(context: &Context, flags: &Check) -> Result<ExitCode, Failure> {
    let (Verdict::Done, ByHand::Docs) = (flags.verdict, flags.of);
    let plan = reach::plan(&flags.plan)?;
    let path = context.dir.join(GUIDE);
    if !path.exists() {
        let path = path.display().to_string();
        let sentence = Message::DocsMissing { path };
        return Err(
            Failure::tell(ExitCode::Findings, sentence, "passerelle migrate emit")
                .named("no_documentation"),
        );
    }
    evidence::keep(context, &plan, "documentation", true, GUIDE)?;
    context.out.say(&Message::DocsRead);
    let ended = json!({ "next": "passerelle migrate status" });
    context.out.end(ExitCode::Success, "ok", &ended);
    Ok(ExitCode::Success)
}
