//! The boxes that are ticked by what is on this machine: keys, variables, a backup, the running stack.

use base::{Clock as _, SystemClock};
use chrono::TimeDelta;
use migrate::Plan;
use settings::{Layers, Settings};

use super::super::backup;
use super::super::evidence::Standing;
use crate::commands::keys::check::misfits;
use crate::commands::{Context, env};
use crate::keyring;
use crate::state::State;

/// How old a backup may be (MIG-BAK-03).
const FRESH: TimeDelta = TimeDelta::hours(24);

/// Box 1: there is a secret, and the keys are its own, of the right roles and not expired.
pub(super) fn keys(context: &Context) -> (Standing, String) {
    let now = SystemClock.unix();
    let checked = || {
        let mut layers = Layers::default();
        layers.add_env_file(&context.keys_file().ok()?).ok()?;
        let layers = layers.under(&context.layers);
        let mut settings = Settings::load(&layers).ok()?;
        if settings.keys.jwt_secret.is_empty() && settings.keys.jwt_keys.is_empty() {
            return None;
        }
        keyring::sign_missing_keys(&mut settings, now);
        let print = settings.keys.jwt_secret.fingerprint();
        Some((misfits(context, &layers, &settings, now), print))
    };
    match checked() {
        None => (Standing::ToDo, String::new()),
        Some((wrong, print)) if wrong.is_empty() => (Standing::Done, format!("secret {print}")),
        Some((wrong, _)) => {
            let first = wrong[0].sentence.text(context.out.language);
            (Standing::Failed, first)
        }
    }
}

/// Box 2: all seven variables are in `.env`, and say the same as the keys.
pub(super) fn environment(context: &Context) -> (Standing, String) {
    let path = context.dir.join(".env");
    if !path.exists() {
        return (Standing::ToDo, String::new());
    }
    match env::differing(context, &path) {
        Ok(names) if names.is_empty() => (Standing::Done, ".env".to_owned()),
        Ok(names) => (Standing::ToDo, names.join(", ")),
        Err(failure) => (
            Standing::Failed,
            failure.sentence.text(context.out.language),
        ),
    }
}

/// Box 3: a backup of this source that was restored and compared, and is not old.
pub(super) fn backup(context: &Context, plan: Option<&Plan>) -> (Standing, String) {
    let newest = plan.and_then(|plan| backup::newest_of(context, &plan.source.fingerprint));
    let Some(newest) = newest else {
        return (Standing::ToDo, String::new());
    };
    let (file, at) = (newest.file.display(), newest.manifest.taken_at);
    let standing = if SystemClock.now() - at <= FRESH {
        Standing::Done
    } else {
        Standing::ToRedo
    };
    (standing, format!("{file}, {at}"))
}

/// Box 4: the stack runs.
pub(super) fn started(context: &Context) -> (Standing, String) {
    match state(context) {
        Some(state) => (Standing::Done, state.api_url),
        None => (Standing::ToDo, String::new()),
    }
}

/// Box 5: it answers.
pub(super) async fn healthy(context: &Context) -> (Standing, String) {
    let Some(state) = state(context) else {
        return (Standing::ToDo, String::new());
    };
    let asked = web::outgoing()
        .build()
        .unwrap_or_default()
        .get(format!("{}/health", state.api_url))
        .timeout(std::time::Duration::from_secs(5))
        .send()
        .await;
    match asked {
        Ok(answer) if answer.status().is_success() => (Standing::Done, state.services.join(", ")),
        Ok(answer) => (Standing::Failed, answer.status().to_string()),
        Err(error) => (Standing::Failed, error.to_string()),
    }
}

fn state(context: &Context) -> Option<State> {
    State::read(&context.data_dir().ok()?)
}
