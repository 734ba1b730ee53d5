//! How the tests ended: for people, for programs, as JUnit's XML, and as evidence for the checklist.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::super::evidence;
use super::{Bench, Outcome};
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

pub(super) fn finish(
    context: &Context,
    bench: &Bench,
    junit: Option<&Path>,
) -> Result<ExitCode, Failure> {
    for it in &bench.outcomes {
        let mark = if it.pass { "✓" } else { "✗" };
        context.out.object(&json!({
            "type": "check", "section": it.section, "name": it.name, "pass": it.pass, "detail": it.detail,
        }));
        context.out.result(&format!(
            "{mark} {} {:<52} {}",
            it.section, it.name, it.detail
        ));
    }
    let failed = |section: Option<u8>| {
        let all = bench.outcomes.iter();
        all.filter(|it| !it.pass && section.is_none_or(|section| it.section == section))
            .count()
    };
    let ran = |section: u8| {
        bench
            .outcomes
            .iter()
            .filter(|it| it.section == section)
            .count()
    };
    for (name, section) in [("test-sign-in", 3), ("test-realtime", 7)] {
        let detail = format!("{} tests, {} failed", ran(section), failed(Some(section)));
        let pass = failed(Some(section)) == 0 && ran(section) > 0;
        evidence::keep(context, &bench.plan, name, pass, detail)?;
    }
    if let Some(path) = junit {
        std::fs::write(path, report(&bench.outcomes))
            .map_err(|error| Failure::file(path, &error))?;
    }
    let total = failed(None);
    context.out.say(&Message::Verified {
        checks: bench.outcomes.len().to_string(),
        failed: total.to_string(),
    });
    let code = if total == 0 {
        ExitCode::Success
    } else {
        ExitCode::Findings
    };
    context.out.end(
        code,
        code.name(),
        &json!({ "tests": bench.outcomes.len(), "failed": total }),
    );
    Ok(code)
}

/// The outcomes as JUnit's XML.
fn report(outcomes: &[Outcome]) -> String {
    let escape = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
    };
    let failed = outcomes.iter().filter(|it| !it.pass).count();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"migration\" tests=\"{}\" failures=\"{failed}\">\n",
        outcomes.len()
    );
    for it in outcomes {
        let (name, detail) = (escape(&it.name), escape(&it.detail));
        let inner = if it.pass {
            "/>".to_owned()
        } else {
            format!("><failure message=\"{detail}\"/></testcase>")
        };
        let _ = writeln!(
            out,
            "  <testcase classname=\"section{}\" name=\"{name}\"{inner}",
            it.section
        );
    }
    out.push_str("</testsuite>\n");
    out
}
