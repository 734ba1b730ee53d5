//! `migrate plan`

use base::{OsRandom, Random as _};
use migrate::Plan;
use migrate::plan::{IdPolicy, Wishes};
use serde_json::json;

use super::flags::{self, Ids};
use super::{inspect, reach};
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

pub(super) async fn run(context: &Context, flags: &flags::Plan) -> Result<ExitCode, Failure> {
    let path = &flags.inspect.reach.plan;
    let shown = path.display().to_string();
    let (inventory, found) = inspect::look(context, &flags.inspect).await?;
    if path.exists() && !flags.replace {
        let plan = reach::plan(path)?;
        migrate::run::check_source(&plan, &inventory)?;
        context.out.say(&Message::PlanStands { path: shown });
        return Ok(finish(context, &plan));
    }
    let wishes = Wishes {
        run: OsRandom.uuid(),
        ids: match flags.ids {
            Ids::Uuid => IdPolicy::Uuid,
            Ids::Both => IdPolicy::Both,
        },
    };
    let mut plan = Plan::make(&inventory, &found, &wishes)?;
    if flags.accept_defaults {
        for question in plan.accept_defaults() {
            context.out.object(&json!({
                "type": "warning", "code": "default_taken", "line": question.line, "object": question.object,
            }));
            context.out.say(&Message::DefaultTaken {
                line: question.line.to_owned(),
                object: question.object,
            });
        }
    }
    let new = path.with_extension("new");
    std::fs::write(&new, plan.render())
        .and_then(|()| std::fs::rename(&new, path))
        .map_err(|error| Failure::file(path, &error))?;
    context.out.say(&Message::PlanWritten { path: shown });
    Ok(finish(context, &plan))
}

/// Says what is still open.
fn finish(context: &Context, plan: &Plan) -> ExitCode {
    let questions = plan.questions();
    for question in &questions {
        context.out.object(&json!({
            "type": "check", "code": "undecided", "line": question.line, "object": question.object,
            "answers": question.answers,
        }));
        context.out.result(&format!(
            "? {} {}: {}",
            question.line, question.object, question.answers
        ));
    }
    let next = if questions.is_empty() {
        "passerelle migrate run --dry-run"
    } else {
        "passerelle migrate plan"
    };
    context.out.object(&json!({
        "type": "result", "exit_code": 0, "status": "ok", "questions": questions.len(), "digest": plan.digest(),
        "run_id": plan.run, "next": next,
    }));
    if questions.is_empty() {
        context.out.say(&Message::Next {
            command: next.to_owned(),
        });
    } else {
        let count = questions.len().to_string();
        context.out.say(&Message::Undecided { count });
    }
    ExitCode::Success
}
