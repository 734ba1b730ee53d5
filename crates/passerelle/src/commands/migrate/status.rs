//! `migrate status`: the fourteen boxes, ticked by evidence, and the next command (MIG-CHK).

use migrate::journal::{Journal, StepRecord};
use migrate::{Plan, Target};
use serde_json::json;
use settings::{DotEnv, Settings};

use super::evidence::{Standing, standing};
use super::flags::Reach;
use super::reach;
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;
use crate::state::State;

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
    let steps = match reach::target(context, reach.to.as_deref()) {
        Ok(endpoint) => steps(&Target::unlocked(&endpoint), plan.as_ref())
            .await
            .unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let boxes = boxes(context, plan.as_ref(), &steps).await;
    let done = boxes
        .iter()
        .filter(|it| it.standing == Standing::Done)
        .count();
    for it in &boxes {
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
    let next = boxes
        .iter()
        .find(|it| it.standing != Standing::Done)
        .map_or("", |it| it.command);
    let state = steps.last().map_or("planned", |step| step.step.as_str());
    context.out.object(&json!({
        "type": "result", "exit_code": 0, "status": "ok", "done": done, "of": boxes.len(), "last_step": state,
        "next": next,
    }));
    if !next.is_empty() {
        context.out.say(&Message::Next {
            command: next.to_owned(),
        });
    }
    Ok(ExitCode::Success)
}

async fn steps(target: &Target, plan: Option<&Plan>) -> Result<Vec<StepRecord>, migrate::Error> {
    let client = target.session().await?;
    match plan {
        Some(plan) if Journal::exists(&client).await? => Journal::of(plan.run).steps(&client).await,
        _ => Ok(Vec::new()),
    }
}

async fn boxes(context: &Context, plan: Option<&Plan>, steps: &[StepRecord]) -> Vec<Box> {
    let finished = |step: &str| {
        steps
            .iter()
            .any(|it| it.step == step && it.status == "done")
    };
    let yes = |done: bool| if done { Standing::Done } else { Standing::ToDo };
    let seen = |name: &str| match plan {
        Some(plan) => standing(context, plan, name),
        None => (Standing::ToDo, String::new()),
    };
    let (verified, verified_when) = seen("verification");
    // What was proved, and done at all.
    let proved = |step: &str| match verified {
        _ if !finished(step) => Standing::ToDo,
        other => other,
    };
    let settings = Settings::load(&context.layers).ok();
    let keys = settings
        .as_ref()
        .is_some_and(|it| !it.keys.jwt_secret.is_empty() && !it.keys.service_role_key.is_empty());
    let env = DotEnv::open(&context.dir.join(".env")).ok().flatten();
    let configured = env.is_some_and(|env| {
        [
            "SUPABASE_URL",
            "SUPABASE_ANON_KEY",
            "NEXT_PUBLIC_SUPABASE_URL",
        ]
        .iter()
        .all(|name| env.get(name).is_some())
    });
    let state = context.data_dir().ok().and_then(|dir| State::read(&dir));
    let healthy = match &state {
        Some(state) => is_healthy(&state.api_url).await,
        None => false,
    };
    let (dry, dry_when) = seen("dry-run");
    let (backup, backup_when) = seen("backup");
    let (signed, signed_when) = seen("test-sign-in");
    let (live, live_when) = seen("test-realtime");
    let (docs, docs_when) = seen("documentation");
    let line = |number, title, standing, seen: String, command| Box {
        number,
        title,
        standing,
        seen,
        command,
    };
    vec![
        line(
            1,
            Message::BoxKeys,
            yes(keys),
            String::new(),
            "passerelle keys generate",
        ),
        line(
            2,
            Message::BoxEnv,
            yes(configured),
            String::new(),
            "passerelle env sync",
        ),
        line(
            3,
            Message::BoxBackup,
            backup,
            backup_when,
            "passerelle migrate backup",
        ),
        line(
            4,
            Message::BoxStarted,
            yes(state.is_some()),
            state.map_or_else(String::new, |it| it.api_url),
            "passerelle up --detach",
        ),
        line(
            5,
            Message::BoxHealthy,
            yes(healthy),
            String::new(),
            "passerelle status",
        ),
        line(
            6,
            Message::BoxDryRun,
            dry,
            dry_when,
            "passerelle migrate run --dry-run",
        ),
        line(
            7,
            Message::BoxUsers,
            yes(finished("S03")),
            String::new(),
            "passerelle migrate run",
        ),
        line(
            8,
            Message::BoxMapping,
            proved("S02"),
            verified_when.clone(),
            "passerelle migrate verify",
        ),
        line(
            9,
            Message::BoxData,
            proved("S08"),
            verified_when.clone(),
            "passerelle migrate verify",
        ),
        line(
            10,
            Message::BoxRls,
            proved("S10"),
            verified_when,
            "passerelle migrate verify",
        ),
        line(
            11,
            Message::BoxRealtime,
            yes(finished("S11")),
            String::new(),
            "passerelle migrate run",
        ),
        line(
            12,
            Message::BoxSignIn,
            signed,
            signed_when,
            "passerelle migrate test",
        ),
        line(
            13,
            Message::BoxLive,
            live,
            live_when,
            "passerelle migrate test",
        ),
        line(
            14,
            Message::BoxDocs,
            docs,
            docs_when,
            "passerelle migrate check done docs",
        ),
    ]
}

async fn is_healthy(url: &str) -> bool {
    let asked = web::outgoing()
        .build()
        .unwrap_or_default()
        .get(format!("{url}/health"))
        .timeout(std::time::Duration::from_secs(5))
        .send()
        .await;
    asked.is_ok_and(|answer| answer.status().is_success())
}
