//! What a check found, and how it is shown.

use serde_json::json;

use crate::exit::{ExitCode, Failure};
use crate::messages::{Message, Text};
use crate::output::Output;

/// How sure a diagnosis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Confidence {
    /// It was seen.
    Certain,
    /// It explains what was seen; something else might too.
    Likely,
}

/// What mends a finding without a risk.
pub(crate) type Fix = Box<dyn FnOnce() -> Result<(), Failure>>;

/// Something that is not as it must be.
pub(crate) struct Finding {
    /// Stable: programs match on it.
    pub(crate) code: &'static str,
    /// The cause, in one sentence.
    pub(crate) sentence: Text,
    /// What it was concluded from.
    pub(crate) evidence: Vec<Text>,
    /// The command that mends it.
    pub(crate) remedy: Text,
    pub(crate) confidence: Confidence,
    /// What `--fix` does.
    pub(crate) fix: Option<Fix>,
}

impl Finding {
    /// A finding that is certain.
    pub(crate) fn new(
        code: &'static str,
        sentence: impl Into<Text>,
        remedy: impl Into<Text>,
    ) -> Self {
        Self {
            code,
            sentence: sentence.into(),
            evidence: Vec::new(),
            remedy: remedy.into(),
            confidence: Confidence::Certain,
            fix: None,
        }
    }

    /// The same, less sure.
    pub(crate) fn likely(mut self) -> Self {
        self.confidence = Confidence::Likely;
        self
    }

    /// The same with what it was concluded from.
    pub(crate) fn because(mut self, evidence: impl Into<Text>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    /// The same with what `--fix` does.
    pub(crate) fn fixed_by(mut self, fix: impl FnOnce() -> Result<(), Failure> + 'static) -> Self {
        self.fix = Some(Box::new(fix));
        self
    }
}

impl From<Failure> for Finding {
    fn from(failure: Failure) -> Self {
        Self::new(failure.name, failure.sentence, failure.remedy)
    }
}

/// Shows one: the sentence and its evidence as results, the way out for people.
pub(crate) fn show(out: Output, finding: &Finding) {
    let sentence = finding.sentence.text(out.language);
    let evidence: Vec<_> = finding
        .evidence
        .iter()
        .map(|text| text.text(out.language))
        .collect();
    out.result(&format!("{}: {sentence}", finding.code));
    for line in &evidence {
        out.result(&format!("    {line}"));
    }
    out.remedy(&finding.remedy);
    let confidence = match finding.confidence {
        Confidence::Certain => "certain",
        Confidence::Likely => "likely",
    };
    out.object(&json!({
        "type": "check", "status": "failed", "code": finding.code, "message": sentence, "evidence": evidence,
        "remedy": finding.remedy.text(out.language), "confidence": confidence, "fixable": finding.fix.is_some(),
    }));
}

/// Shows all, and says how it ends: 0 when there is none, else 8.
pub(crate) fn conclude(out: Output, findings: &[Finding], well: &Message) -> ExitCode {
    for finding in findings {
        show(out, finding);
    }
    let code = if findings.is_empty() {
        ExitCode::Success
    } else {
        ExitCode::Findings
    };
    if findings.is_empty() {
        out.say(well);
    }
    let next = findings
        .first()
        .map(|finding| finding.remedy.text(out.language))
        .unwrap_or_default();
    out.object(&json!({
        "type": "result", "exit_code": code as u8, "findings": findings.len(), "next": next,
    }));
    code
}
