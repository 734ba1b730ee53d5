//! `migrate verify`

use migrate::verify::{Verdict, verify};
use migrate::{Plan, Source, Target};
use serde_json::json;

use super::flags::Reach;
use super::{evidence, reach};
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

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
    let verdict = verify(source, target, plan).await?;
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

pub(super) fn summary(verdict: &Verdict) -> serde_json::Value {
    json!({ "checks": verdict.checks.len(), "failed": verdict.failures().count() })
}
