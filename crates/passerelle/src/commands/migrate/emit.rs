//! `migrate emit`: the files that a person would otherwise write.

use base::{Clock as _, SystemClock};
use migrate::emit::{Options, Outcome, artefacts, legacy_service, write};
use serde_json::json;

use super::{flags, reach};
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

pub(super) async fn run(context: &Context, flags: &flags::Emit) -> Result<ExitCode, Failure> {
    let plan = reach::plan(&flags.reach.plan)?;
    let source = reach::source(context, &flags.reach)?;
    let (snapshot, inventory) = reach::look(&source).await?;
    migrate::run::check_source(&plan, &inventory)?;
    drop(snapshot);
    let mut options = Options::default();
    if let Some(api) = &flags.api {
        api.trim_end_matches('/').clone_into(&mut options.api_url);
    }
    let compose = ["docker-compose.yml", "compose.yml", "compose.yaml"]
        .iter()
        .find_map(|name| std::fs::read_to_string(flags.dir.join(name)).ok());
    options.legacy_service = compose.as_deref().and_then(legacy_service);
    let files = artefacts(&plan, &inventory, &options)?;
    let written = write(&files, &flags.dir, flags.force, SystemClock.now())?;
    let mut differ = 0;
    for file in &written {
        let path = file.path.display().to_string();
        let (name, message) = match &file.outcome {
            Outcome::Written => ("written", Message::FileWritten { path: path.clone() }),
            Outcome::Unchanged => ("unchanged", Message::FileUnchanged { path: path.clone() }),
            Outcome::Differs { diff } => {
                differ += 1;
                context.out.result(diff.trim_end());
                ("differs", Message::FileDiffers { path: path.clone() })
            }
            Outcome::Replaced { diff, kept } => {
                context.out.result(diff.trim_end());
                let kept = kept.display().to_string();
                let path = path.clone();
                ("replaced", Message::FileReplaced { path, kept })
            }
        };
        context
            .out
            .object(&json!({ "type": "file", "path": path, "outcome": name }));
        context.out.say(&message);
    }
    if differ > 0 {
        return Err(Failure::tell(
            ExitCode::Drift,
            Message::FilesDiffer {
                count: differ.to_string(),
            },
            "passerelle migrate emit --force",
        )
        .named("files_differ"));
    }
    context
        .out
        .end(ExitCode::Success, "ok", &json!({ "files": written.len() }));
    Ok(ExitCode::Success)
}
