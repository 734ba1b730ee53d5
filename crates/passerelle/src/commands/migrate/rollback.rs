//! `migrate rollback`

use migrate::Target;
use migrate::journal::Journal;
use migrate::run::{STEPS, rollback};
use serde_json::json;

use super::{flags, reach, run::ask};
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

pub(super) async fn run(context: &Context, flags: &flags::Rollback) -> Result<ExitCode, Failure> {
    let step = STEPS
        .iter()
        .find(|(step, title)| {
            step.eq_ignore_ascii_case(&flags.to) || title.eq_ignore_ascii_case(&flags.to)
        })
        .map(|(step, _)| *step)
        .ok_or_else(|| {
            let known = STEPS
                .map(|(step, title)| format!("{step} {title}"))
                .join(", ");
            Failure::tell(
                ExitCode::Usage,
                Message::NoSuchStep {
                    step: flags.to.clone(),
                    known,
                },
                "passerelle migrate rollback --to S10",
            )
            .named("no_such_step")
        })?;
    let plan = reach::plan(&flags.plan)?;
    let endpoint = reach::target(context, flags.target.as_deref())?;
    let look = Target::unlocked(&endpoint);
    let client = look.session().await?;
    let there = Journal::runs(&client)
        .await?
        .iter()
        .any(|run| run.id == plan.run);
    if !there {
        context.out.say(&Message::NothingToTakeBack);
        context.out.end(
            ExitCode::Success,
            "ok",
            &json!({ "objects": 0, "users": 0 }),
        );
        return Ok(ExitCode::Success);
    }
    let objects = Journal::of(plan.run).objects(&client).await?;
    drop(client);
    let concerned = objects.iter().filter(|(_, of, ..)| of.as_str() >= step);
    if flags.dry_run {
        for (_, of, kind, name, inverse) in concerned {
            context.out.object(&json!({ "type": "step", "step": of, "kind": kind, "object": name, "sql": inverse }));
            context
                .out
                .result(&format!("{of} {kind} {name}: {inverse}"));
        }
        context
            .out
            .end(ExitCode::Success, "ok", &json!({ "dry_run": true }));
        return Ok(ExitCode::Success);
    }
    context.out.say(&Message::RollbackSummary {
        objects: concerned.count().to_string(),
        step: step.to_owned(),
    });
    ask(context, "ROLLBACK")?;
    let target = reach::locked(&endpoint).await?;
    let undone = rollback(&target, plan.run, step).await.map_err(|error| {
        let failure = Failure::from(error);
        Failure {
            code: ExitCode::RollbackIncomplete,
            ..failure
        }
    })?;
    context.out.result(&format!(
        "{} objects, {} users taken back, {} users left because they changed",
        undone.objects, undone.users, undone.users_kept
    ));
    context.out.end(ExitCode::Success, "ok", &json!(undone));
    Ok(ExitCode::Success)
}
