//! `migrate preflight`

use migrate::Target;
use migrate::inspect::{Options, inspect};
use migrate::preflight::{Finding, Grade, preflight};
use serde_json::json;

use super::flags::Reach;
use super::reach;
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

pub(super) async fn run(context: &Context, reach: &Reach) -> Result<ExitCode, Failure> {
    let source = reach::source(context, reach)?;
    let endpoint = reach::target(context, reach.to.as_deref())?;
    let (snapshot, inventory) = reach::look(&source).await?;
    let found = inspect(snapshot.keeper(), &inventory, &Options::default()).await?;
    let target = Target::unlocked(&endpoint);
    let plan = reach
        .plan
        .exists()
        .then(|| reach::plan(&reach.plan))
        .transpose()?;
    let findings = preflight(&source, &target, &inventory, Some(&found), plan.as_ref()).await?;
    show(context, &findings);
    let failed = count(&findings, Grade::Fail);
    let code = if failed == 0 {
        ExitCode::Success
    } else {
        ExitCode::Preflight
    };
    context.out.end(
        code,
        code.name(),
        &json!({ "checks": findings.len(), "failed": failed, "warnings": count(&findings, Grade::Warn) }),
    );
    Ok(code)
}

pub(super) fn count(findings: &[Finding], grade: Grade) -> usize {
    findings
        .iter()
        .filter(|finding| finding.grade == grade)
        .count()
}

pub(super) fn show(context: &Context, findings: &[Finding]) {
    for finding in findings {
        let mark = match finding.grade {
            Grade::Pass => "✓",
            Grade::Warn => "!",
            Grade::Fail => "✗",
            Grade::Skip => "–",
        };
        context.out.object(&json!({
            "type": "check", "code": finding.id, "grade": finding.grade, "evidence": finding.evidence,
            "remedy": finding.remedy,
        }));
        context
            .out
            .result(&format!("{mark} {:<12} {}", finding.id, finding.evidence));
        if !finding.remedy.is_empty() {
            context.out.say(&Message::Remedy {
                command: finding.remedy.clone(),
            });
        }
    }
}
