//! The project's secrets: found, checked, or made on the first start.

mod check;
mod file;
mod git;
mod set;

use std::path::{Path, PathBuf};

use base::Random;
use jwt::{ApiKeyClass, ApiKeys, Keys};
use settings::{DotEnv, Layers, Settings};

pub use check::check;
pub(crate) use check::{cautions, ending, mistakes};
pub(crate) use file::{check_permissions, open, write, write_all};
pub(crate) use git::{Tracking, ignore, tracking};
pub(crate) use set::{Change, Entry, NAMES, complete};

use crate::exit::Failure;

/// Lifetime of API keys that are made here: ten years, in seconds.
pub const KEY_LIFETIME: i64 = 10 * 365 * 86_400;

/// Where the keys of a start lie: in `supabase/.env` or in `keys.env` in the data folder, whichever holds them;
/// before there are any, in `supabase/.env` if that file exists.
pub fn file(dir: &Path, data_dir: &Path) -> PathBuf {
    let (shared, own) = (dir.join("supabase/.env"), data_dir.join("keys.env"));
    let holds_keys = |path: &Path| matches!(DotEnv::open(path), Ok(Some(file)) if file.get("JWT_SECRET").is_some());
    if holds_keys(&shared) || (shared.exists() && !holds_keys(&own)) {
        shared
    } else {
        own
    }
}

/// Where keys are made by who asks for them: where they lie, else in `supabase/.env` (MIG-KEY-01).
pub(crate) fn home(dir: &Path, data_dir: &Path) -> PathBuf {
    let found = file(dir, data_dir);
    if found.exists() {
        found
    } else {
        dir.join("supabase/.env")
    }
}

/// Settings with a complete set of keys: when no secret is configured anywhere, a file is made first.
pub fn settings_with_keys(
    layers: &Layers,
    dir: &Path,
    random: &dyn Random,
    now: i64,
) -> Result<(Settings, Option<PathBuf>), Failure> {
    let settings = Settings::load(layers)?;
    let path = file(dir, &settings.database.data_dir);
    settings_with_keys_in(&path, layers, random, now)
}

/// The same with the keys in a file of one's choice.
pub(crate) fn settings_with_keys_in(
    path: &Path,
    layers: &Layers,
    random: &dyn Random,
    now: i64,
) -> Result<(Settings, Option<PathBuf>), Failure> {
    let settings = Settings::load(layers)?;
    if settings.keys.jwt_secret.is_empty() && settings.keys.jwt_keys.is_empty() {
        check_permissions(path, false)?;
        let mut file = open(path)?;
        if file.is_empty() {
            file.push_line(
                "# Secrets of this project, made on the first start. Keep this file private.",
            );
        }
        let entries = complete(
            &mut file,
            has_database(&settings),
            random,
            now,
            KEY_LIFETIME,
        )?;
        if entries.iter().any(|entry| entry.change == Change::Made) {
            write(path, &file)?;
        }
    }
    // Weakest layer first: what people configured elsewhere still wins over the file.
    let mut with_file = Layers::default();
    if path.exists() {
        check_permissions(path, false)?;
        with_file.add_env_file(path)?;
    }
    let merged = with_file.under(layers);
    let mut settings = Settings::load(&merged)?;
    sign_missing_keys(&mut settings, now);
    check(&settings.keys, now)?;
    Ok((settings, path.exists().then(|| path.to_owned())))
}

/// Whether a database was made already: its roles' passwords hang on the secrets of that time.
pub(crate) fn has_database(settings: &Settings) -> bool {
    settings.database.data_dir.join("db").exists()
}

/// An existing `.env` may hold a secret without API keys.
pub(crate) fn sign_missing_keys(settings: &mut Settings, now: i64) {
    let Ok(keys) = Keys::from_settings(&settings.keys) else {
        return;
    };
    let slots = [
        (&mut settings.keys.anon_key, ApiKeyClass::Anon),
        (&mut settings.keys.service_role_key, ApiKeyClass::Service),
    ];
    for (slot, class) in slots {
        if slot.is_empty() {
            *slot = ApiKeys::mint(&keys, class, now, KEY_LIFETIME).unwrap_or_default();
        }
    }
}
