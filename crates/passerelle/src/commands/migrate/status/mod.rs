//! `migrate status`: the fourteen boxes, ticked by evidence, the way back, and the next command (MIG-CHK).

mod machine;
mod target;

use migrate::Plan;
use serde_json::json;

use super::evidence::{Standing, standing};
use super::flags::Reach;
use super::reach;
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;
use target::Seen;

/// A box: its number, what it is about, how it stands, what was seen, the command for it.
struct Box {
    number: u8,
    title: Message,
    standing: Standing,
    seen: String,
    command: &'static str,
}

pub(super) async fn run(context: &Context, reach: &Reach) -> Result<ExitCode, Failure> {
    let plan = reach
        .plan
        .exists()
        .then(|| reach::plan(&reach.plan))
        .transpose()?;
    let seen = match (&plan, reach::target(context, reach.to.as_deref())) {
        (Some(plan), Ok(endpoint)) => target::look(&endpoint, plan).await.unwrap_or_default(),
        _ => Seen::default(),
    };
    let boxes = boxes(context, plan.as_ref(), &seen).await;
    let done = boxes
        .iter()
        .filter(|it| it.standing == Standing::Done)
        .count();
    for it in &boxes {
        show(context, it);
    }
    let next = boxes
        .iter()
        .find(|it| it.standing != Standing::Done)
        .map_or("", |it| it.command);
    let state = seen.state.as_deref().unwrap_or("planned");
    context.out.say(&Message::StateIs {
        state: state.to_owned(),
    });
    if seen.objects > 0 {
        context.out.say(&Message::WayBack {
            objects: seen.objects.to_string(),
            users: seen.created.to_string(),
        });
    }
    context.out.object(&json!({
        "type": "result", "exit_code": 0, "status": "ok", "done": done, "of": boxes.len(), "state": state,
        "rollback": { "objects": seen.objects, "users": seen.created }, "next": next,
    }));
    if !next.is_empty() {
        context.out.say(&Message::Next {
            command: next.to_owned(),
        });
    }
    Ok(ExitCode::Success)
}

fn show(context: &Context, it: &Box) {
    let mark = match it.standing {
        Standing::Done => "[x]",
        Standing::ToDo => "[ ]",
        Standing::Failed => "[!]",
        Standing::ToRedo => "[~]",
    };
    let title = it.title.text(context.out.language);
    context.out.object(&json!({
        "type": "check", "box": it.number, "title": title, "standing": it.standing, "evidence": it.seen,
        "next": it.command,
    }));
    context
        .out
        .result(format!("{mark} {:>2} {title:<46} {}", it.number, it.seen).trim_end());
}

async fn boxes(context: &Context, plan: Option<&Plan>, seen: &Seen) -> Vec<Box> {
    let kept = |name: &str| match plan {
        Some(plan) => standing(context, plan, name),
        None => (Standing::ToDo, String::new()),
    };
    let verified = kept("verification");
    // What was proved, and done at all; what is seen to be wrong now is wrong whatever was proved.
    let proved = |step: &str, now: &Result<String, String>| match (now, &verified) {
        _ if !seen.finished(step) => (Standing::ToDo, String::new()),
        (Err(wrong), _) => (Standing::Failed, wrong.clone()),
        (Ok(now), (standing, when)) => {
            let both = [now.as_str(), when.as_str()];
            let said: Vec<&str> = both.into_iter().filter(|it| !it.is_empty()).collect();
            (*standing, said.join("; "))
        }
    };
    let live = |step: &str, now: &Result<String, String>| match now {
        _ if !seen.finished(step) => (Standing::ToDo, String::new()),
        Ok(now) => (Standing::Done, now.clone()),
        Err(wrong) => (Standing::Failed, wrong.clone()),
    };
    let keys = machine::keys(context);
    let env = match keys.0 {
        Standing::Done => machine::environment(context),
        _ => (Standing::ToDo, String::new()),
    };
    let started = machine::started(context);
    let healthy = machine::healthy(context).await;
    let none = Ok(String::new());
    let list = [
        (Message::BoxKeys, keys, "passerelle keys generate"),
        (Message::BoxEnv, env, "passerelle env sync"),
        (
            Message::BoxBackup,
            machine::backup(context, plan),
            "passerelle migrate backup",
        ),
        (Message::BoxStarted, started, "passerelle up --detach"),
        (Message::BoxHealthy, healthy, "passerelle status"),
        (
            Message::BoxDryRun,
            kept("dry-run"),
            match plan {
                Some(_) => "passerelle migrate run --dry-run",
                None => "passerelle migrate plan",
            },
        ),
        (
            Message::BoxUsers,
            live("S03", &seen.users),
            "passerelle migrate run",
        ),
        (
            Message::BoxMapping,
            proved("S02", &seen.mapping),
            "passerelle migrate verify",
        ),
        (
            Message::BoxData,
            proved("S08", &seen.rows),
            "passerelle migrate verify",
        ),
        (
            Message::BoxRls,
            proved("S10", &none),
            "passerelle migrate verify",
        ),
        (
            Message::BoxRealtime,
            live("S11", &seen.published),
            "passerelle doctor --fix",
        ),
        (
            Message::BoxSignIn,
            kept("test-sign-in"),
            "passerelle migrate test",
        ),
        (
            Message::BoxLive,
            kept("test-realtime"),
            "passerelle migrate test",
        ),
        (
            Message::BoxDocs,
            kept("documentation"),
            "passerelle migrate check done docs",
        ),
    ];
    let numbered = (1..).zip(list);
    let boxes = numbered.map(|(number, (title, (standing, seen), command))| Box {
        number,
        title,
        standing,
        seen,
        // A run finishes what it has not begun; what it finished and somebody unmade has a remedy of its own.
        command: match standing {
            Standing::ToDo if number == 11 => "passerelle migrate run",
            _ => command,
        },
    });
    boxes.collect()
}
