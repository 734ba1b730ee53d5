//! The project's secrets: found, checked, or made on the first start.

use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base::{Random, Secret};
use jwt::{ApiKeyClass, ApiKeys, Keys, Verifier};
use settings::{DotEnv, DotEnvError, Layers, Settings};

use crate::exit::{ExitCode, Failure};

/// Lifetime of API keys that are made here: ten years, in seconds.
pub const KEY_LIFETIME: i64 = 10 * 365 * 86_400;

/// What a run of [`complete`] did to one variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was there.
    Kept,
    /// It was made.
    Made,
}

/// A variable of the keys' file.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: Secret,
    /// Whether it was made now.
    pub change: Change,
}

/// Where the keys of a start lie: `supabase/.env` if it exists already, else `keys.env` in the data folder.
pub fn file(dir: &Path, data_dir: &Path) -> PathBuf {
    let shared = dir.join("supabase/.env");
    if shared.exists() {
        shared
    } else {
        data_dir.join("keys.env")
    }
}

/// Refuses a file that group or others can read (MIG-KEY-05).
pub fn check_permissions(path: &Path, fix: bool) -> Result<(), Failure> {
    let Ok(metadata) = std::fs::metadata(path) else {
        return Ok(());
    };
    if metadata.permissions().mode().trailing_zeros() >= 6 {
        return Ok(());
    }
    if fix {
        return std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
            .map_err(Failure::internal);
    }
    Err(Failure::new(
        ExitCode::Secrets,
        format_args!(
            "{} can be read by other users of this machine",
            path.display()
        ),
        format!("chmod 600 {}", path.display()),
    ))
}

/// Completes a set of secrets: what is there stays, what is missing is made. An existing `JWT_SECRET` without keys
/// signs them; nothing is ever replaced.
pub fn complete(
    file: &mut DotEnv,
    random: &dyn Random,
    now: i64,
    lifetime: i64,
) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    let mut keep_or = |file: &mut DotEnv, name: &'static str, make: &dyn Fn() -> String| {
        let found = file.get(name).filter(|value| !value.is_empty());
        let change = if found.is_some() {
            Change::Kept
        } else {
            Change::Made
        };
        let value = found.unwrap_or_else(|| {
            let value = make();
            file.set(name, &value);
            value
        });
        entries.push(Entry {
            name,
            value: Secret::new(value.clone()),
            change,
        });
        value
    };
    let secret = keep_or(file, "JWT_SECRET", &|| random.alphanumeric(64));
    let keys = Keys::from_secret(&secret).map_err(|error| secret_failure(&error))?;
    for (name, class) in [
        ("ANON_KEY", ApiKeyClass::Anon),
        ("SERVICE_ROLE_KEY", ApiKeyClass::Service),
    ] {
        keep_or(file, name, &|| {
            let key = ApiKeys::mint(&keys, class, now, lifetime).expect("there is a secret");
            key.expose().to_owned()
        });
    }
    keep_or(file, "POSTGRES_PASSWORD", &|| random.alphanumeric(32));
    keep_or(file, "DASHBOARD_PASSWORD", &|| random.hex(16));
    keep_or(file, "SECRET_KEY_BASE", &|| random.alphanumeric(64));
    keep_or(file, "VAULT_ENC_KEY", &|| random.hex(16));
    Ok(entries)
}

/// Writes a secrets' file: a temporary one, mode 0600, synced, renamed; its folder 0700 when it is made here.
pub fn write(path: &Path, file: &DotEnv) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(
            ExitCode::Preflight,
            format_args!("{} cannot be written: {error}", path.display()),
            "check the folder's owner and permissions, or choose another with --data-dir",
        )
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if !folder.exists() {
        std::fs::create_dir_all(folder).map_err(failed)?;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    let temporary = path.with_extension(format!("new-{}", std::process::id()));
    let mut target = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(failed)?;
    target
        .write_all(file.to_string().as_bytes())
        .map_err(failed)?;
    target.sync_all().map_err(failed)?;
    std::fs::rename(&temporary, path).map_err(failed)
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
    if settings.keys.jwt_secret.is_empty() && settings.keys.jwt_keys.is_empty() {
        check_permissions(&path, false)?;
        let mut file = open(&path)?;
        if file.is_empty() {
            file.push_line(
                "# Secrets of this project, made on the first start. Keep this file private.",
            );
        }
        let entries = complete(&mut file, random, now, KEY_LIFETIME)?;
        if entries.iter().any(|entry| entry.change == Change::Made) {
            write(&path, &file)?;
        }
    }
    // Weakest layer first: what people configured elsewhere still wins over the file.
    let mut with_file = Layers::default();
    if path.exists() {
        check_permissions(&path, false)?;
        with_file.add_env_file(&path)?;
    }
    let merged = with_file.under(layers);
    let mut settings = Settings::load(&merged)?;
    sign_missing_keys(&mut settings, now);
    check(&settings.keys, now)?;
    Ok((settings, path.exists().then_some(path)))
}

/// Reads a secrets' file, empty if there is none.
pub fn open(path: &Path) -> Result<DotEnv, Failure> {
    let failed = |error| {
        let (code, remedy) = match &error {
            DotEnvError::Unreadable(_) => {
                (ExitCode::Preflight, "check the path and its permissions")
            }
            DotEnvError::Malformed { .. } | DotEnvError::Unterminated { .. } => {
                (ExitCode::Usage, "mend that line")
            }
        };
        Failure::new(code, format_args!("{}: {error}", path.display()), remedy)
    };
    DotEnv::open(path)
        .map_err(failed)
        .map(Option::unwrap_or_default)
}

/// An existing `.env` may hold a secret without API keys.
fn sign_missing_keys(settings: &mut Settings, now: i64) {
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

/// GW-ENV-21: refuses a set that does not fit together, all mistakes in one message.
pub fn check(settings: &settings::Keys, now: i64) -> Result<(), Failure> {
    let mut mistakes = Vec::new();
    match Keys::from_settings(settings) {
        Err(error) => mistakes.push(error.to_string()),
        Ok(keys) => {
            let clock: base::SharedClock = std::sync::Arc::new(base::SystemClock);
            let verifier = Verifier::new(keys, clock);
            let wanted = [
                ("ANON_KEY", &settings.anon_key, "anon"),
                (
                    "SERVICE_ROLE_KEY",
                    &settings.service_role_key,
                    "service_role",
                ),
            ];
            for (name, key, role) in wanted {
                mistakes.extend(mistake_of(&verifier, name, key, role, now));
            }
        }
    }
    let vault = settings.vault_enc_key.expose();
    if !vault.is_empty() && vault.len() != 32 {
        mistakes.push(format!(
            "VAULT_ENC_KEY has {} characters; 32 are needed",
            vault.len()
        ));
    }
    if mistakes.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        ExitCode::Secrets,
        mistakes.join("; "),
        "passerelle keys check",
    ))
}

fn mistake_of(
    verifier: &Verifier,
    name: &str,
    key: &Secret,
    role: &str,
    now: i64,
) -> Option<String> {
    match verifier.verify_signature(key.expose()) {
        Err(_) => Some(format!("{name} was not signed with JWT_SECRET")),
        Ok(claims) if claims.role() != Some(role) => {
            Some(format!("{name} does not have role {role}"))
        }
        Ok(claims) if claims.seconds("exp").is_some_and(|exp| exp <= now) => {
            Some(format!("{name} has expired"))
        }
        Ok(_) => None,
    }
}

fn secret_failure(error: &jwt::KeyError) -> Failure {
    Failure::new(
        ExitCode::Secrets,
        error,
        "remove JWT_SECRET from the file to have a new one made",
    )
}
