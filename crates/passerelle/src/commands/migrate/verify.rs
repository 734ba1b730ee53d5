//! `migrate verify`

use migrate::verify::{Check, Verdict, verify};
use migrate::{Plan, Source, Target};
use serde_json::json;

use super::flags::Reach;
use super::probe::Probe;
use super::run::interrupted;
use super::{evidence, reach};
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;
use crate::state::State;

pub(super) async fn run(context: &Context, reach: &Reach) -> Result<ExitCode, Failure> {
    let plan = reach::plan(&reach.plan)?;
    let source = reach::source(context, reach)?;
    let endpoint = reach::target(context, reach.to.as_deref())?;
    let target = Target::unlocked(&endpoint);
    let (code, verdict) = prove(context, &source, &target, &plan, true).await?;
    context.out.end(code, code.name(), &summary(&verdict));
    Ok(code)
}

/// Looks at everything and shows it; what holds only when `all` is asked for.
pub(super) async fn prove(
    context: &Context,
    source: &Source,
    target: &Target,
    plan: &Plan,
    all: bool,
) -> Result<(ExitCode, Verdict), Failure> {
    let mut verdict = verify(source, target, plan).await?;
    live(context, target, plan, &mut verdict).await?;
    for check in &verdict.checks {
        context.out.object(&json!({
            "type": "check", "code": check.id, "object": check.object, "pass": check.pass, "detail": check.detail,
        }));
        if all || !check.pass {
            let mark = if check.pass { "✓" } else { "✗" };
            context.out.result(&format!(
                "{mark} {:<11} {}: {}",
                check.id, check.object, check.detail
            ));
        }
    }
    let failed = verdict.failures().count();
    context.out.say(&Message::Verified {
        checks: verdict.checks.len().to_string(),
        failed: failed.to_string(),
    });
    let detail = format!("{} checks, {failed} failed", verdict.checks.len());
    evidence::keep(context, plan, "verification", failed == 0, detail)?;
    let code = if failed == 0 {
        ExitCode::Success
    } else {
        ExitCode::Findings
    };
    Ok((code, verdict))
}

/// MIG-RT-05, MIG-VER-08: the realtime probe, where a stack runs here to be asked.
async fn live(
    context: &Context,
    target: &Target,
    plan: &Plan,
    verdict: &mut Verdict,
) -> Result<(), Failure> {
    let mut add = |object: String, outcome: Result<String, String>| {
        let pass = outcome.is_ok();
        verdict.checks.push(Check {
            id: "MIG-RT-05",
            object,
            pass,
            detail: outcome.unwrap_or_else(|why| why),
        });
    };
    let Some(state) = State::read(&context.data_dir()?) else {
        let why = "not probed: no stack runs here (passerelle up --detach)";
        add("realtime".to_owned(), Ok(why.to_owned()));
        return Ok(());
    };
    let (settings, _) = context.settings_with_keys()?;
    let keys = jwt::Keys::from_settings(&settings.keys).map_err(Failure::internal)?;
    let anon = settings.keys.anon_key.expose();
    let probe = Probe::new(&state.api_url, anon, &keys, plan, target).await?;
    let probed = tokio::select! {
        probed = probe.tables() => probed,
        () = interrupted() => {
            probe.clean_up().await;
            let sentence = Message::TestInterrupted;
            let again = "passerelle migrate verify";
            return Err(Failure::tell(ExitCode::Interrupted, sentence, again).named("interrupted"));
        }
    };
    for it in probed {
        add(it.table, it.outcome);
    }
    Ok(())
}

pub(super) fn summary(verdict: &Verdict) -> serde_json::Value {
    json!({ "checks": verdict.checks.len(), "failed": verdict.failures().count() })
}
