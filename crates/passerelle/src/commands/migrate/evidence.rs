//! What was seen, kept beside the run so that the checklist is ticked by evidence and goes stale with the plan.

use migrate::Plan;
use serde::{Deserialize, Serialize};
use settings::{Layers, Settings};
use uuid::Uuid;

use super::reach;
use crate::commands::Context;
use crate::exit::Failure;

/// Something that was looked at, for one state of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Evidence {
    /// The plan's digest then.
    pub(super) plan_digest: String,
    /// The secret's fingerprint then, where tokens were part of it.
    #[serde(default)]
    pub(super) key: Option<String>,
    /// When.
    pub(super) at: String,
    /// It held.
    pub(super) pass: bool,
    /// In a few words.
    pub(super) detail: String,
}

/// How a box of the checklist stands. `to-redo` also where the keys were rotated since (MIG-CHK-02).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Standing {
    /// Seen to hold.
    Done,
    /// Not yet.
    ToDo,
    /// Seen not to hold.
    Failed,
    /// Held for an earlier plan.
    ToRedo,
}

/// Keeps what was seen.
pub(super) fn keep(
    context: &Context,
    plan: &Plan,
    name: &str,
    pass: bool,
    detail: impl Into<String>,
) -> Result<(), Failure> {
    use base::Clock as _;
    let path = reach::run_dir(context, plan.run)?.join(format!("{name}.json"));
    let evidence = Evidence {
        plan_digest: plan.digest(),
        key: secret(context),
        at: base::SystemClock.now().to_rfc3339(),
        pass,
        detail: detail.into(),
    };
    let text = serde_json::to_string_pretty(&evidence).map_err(Failure::internal)?;
    let new = path.with_extension("new");
    std::fs::write(&new, text)
        .and_then(|()| std::fs::rename(&new, &path))
        .map_err(|error| Failure::file(&path, &error))
}

/// What was seen last.
pub(super) fn read(context: &Context, run: Uuid, name: &str) -> Option<Evidence> {
    let path = reach::run_dir(context, run)
        .ok()?
        .join(format!("{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

/// How it stands for this plan.
pub(super) fn standing(context: &Context, plan: &Plan, name: &str) -> (Standing, String) {
    match read(context, plan.run, name) {
        None => (Standing::ToDo, String::new()),
        Some(evidence) if evidence.plan_digest != plan.digest() => (Standing::ToRedo, evidence.at),
        Some(evidence) if evidence.key.is_some() && evidence.key != secret(context) => {
            (Standing::ToRedo, evidence.at)
        }
        Some(evidence) if evidence.pass => (
            Standing::Done,
            format!("{}, {}", evidence.detail, evidence.at),
        ),
        Some(evidence) => (
            Standing::Failed,
            format!("{}, {}", evidence.detail, evidence.at),
        ),
    }
}

/// The fingerprint of the secret in use; none while there is none.
fn secret(context: &Context) -> Option<String> {
    let mut layers = Layers::default();
    layers.add_env_file(&context.keys_file().ok()?).ok()?;
    let settings = Settings::load(&layers.under(&context.layers)).ok()?;
    let secret = settings.keys.jwt_secret;
    (!secret.is_empty()).then(|| secret.fingerprint())
}
