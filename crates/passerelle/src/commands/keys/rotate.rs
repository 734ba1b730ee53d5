//! `keys rotate`: a new secret and new keys, while what was signed before is accepted for a while (MIG-KEY-10).

use std::path::{Path, PathBuf};

use base::{Clock as _, OsRandom, Random as _, Secret, SystemClock};
use chrono::DateTime;
use jwt::{ApiKeyClass, ApiKeys, Keys};
use serde_json::json;
use settings::{DotEnv, Settings, Value as _};

use super::super::{Context, lifetime};
use crate::exit::{ExitCode, Failure};
use crate::keyring;
use crate::messages::Message;

/// What goes, what comes in its place.
struct Change {
    before: Secret,
    after: Secret,
}

pub(super) fn run(
    context: &Context,
    grace: &str,
    expires: &str,
    api_keys_only: bool,
) -> Result<ExitCode, Failure> {
    let path = context.keys_file()?;
    keyring::check_permissions(&path, false)?;
    let mut file = keyring::open(&path)?;
    let settings = in_use(context, &path, &file)?;
    let (now, span) = (SystemClock.unix(), lifetime(expires)?);
    let mut changes = Vec::new();
    let mut signing = settings.keys.clone();
    let mut until = None;
    if !api_keys_only {
        let grace = duration(grace)?;
        let secret = Secret::new(OsRandom.alphanumeric(64));
        until = keep_previous(&mut file, &settings, now, grace)?;
        keep_role_passwords(&mut file, &settings);
        file.set("JWT_SECRET", secret.expose());
        changes.push(Change {
            before: settings.keys.jwt_secret.clone(),
            after: secret.clone(),
        });
        signing.jwt_secret = secret;
    }
    let keys = Keys::from_settings(&signing)?;
    for (name, before, class) in [
        ("ANON_KEY", &settings.keys.anon_key, ApiKeyClass::Anon),
        (
            "SERVICE_ROLE_KEY",
            &settings.keys.service_role_key,
            ApiKeyClass::Service,
        ),
    ] {
        let after = another(&keys, class, before, now, span)?;
        file.set(name, after.expose());
        changes.push(Change {
            before: before.clone(),
            after,
        });
    }
    let mut files = vec![(path.clone(), file)];
    files.extend(managed(context, &path, &changes)?);
    keyring::write_all(&files)?;
    tell(context, &files, until, api_keys_only);
    Ok(ExitCode::Success)
}

/// The settings that a start would have now; the secret must be the file's own, or rotating it would change nothing.
fn in_use(context: &Context, path: &Path, file: &DotEnv) -> Result<Settings, Failure> {
    let shown = path.display().to_string();
    let Some(secret) = file.get("JWT_SECRET").filter(|secret| !secret.is_empty()) else {
        let sentence = Message::NothingToRotate { path: shown };
        return Err(
            Failure::tell(ExitCode::Preflight, sentence, "passerelle keys generate")
                .named("no_keys"),
        );
    };
    let (settings, _) = context.settings_with_keys()?;
    let keys = &settings.keys;
    if keys.jwt_secret.expose() != secret {
        let field = Settings::fields()
            .into_iter()
            .find(|field| field.key == "keys.jwt_secret");
        let origin = field
            .map(|field| context.layers.explain(&field).1.to_string())
            .unwrap_or_default();
        let sentence = Message::SecretElsewhere { origin };
        return Err(
            Failure::tell(ExitCode::Preflight, sentence, Message::RotateThere)
                .named("secret_elsewhere"),
        );
    }
    if !keys.jwt_keys.is_empty() || !keys.jwt_jwks.is_empty() {
        let failure = Failure::tell(
            ExitCode::Unsupported,
            Message::AsymmetricKeys,
            Message::RotateAsymmetric,
        );
        return Err(failure.named("asymmetric_keys"));
    }
    Ok(settings)
}

/// Notes the secrets that go on verifying, and until when.
fn keep_previous(
    file: &mut DotEnv,
    settings: &Settings,
    now: i64,
    grace: i64,
) -> Result<Option<i64>, Failure> {
    let keys = &settings.keys;
    let mut previous: Vec<&str> = Vec::new();
    if grace > 0 {
        previous.push(keys.jwt_secret.expose());
        if keys
            .previous_jwt_secrets_until
            .is_none_or(|until| until > now)
        {
            previous.extend(keys.previous_jwt_secrets.iter().map(Secret::expose));
        }
    }
    if previous.iter().any(|secret| secret.contains(',')) {
        let failure = Failure::tell(
            ExitCode::Preflight,
            Message::CommaInSecret,
            Message::NoGrace,
        );
        return Err(failure.named("comma_in_secret"));
    }
    let until = (grace > 0).then_some(now + grace);
    let shown = until.map(|until| until.to_string()).unwrap_or_default();
    let was_there = |file: &DotEnv, name| file.get(name).is_some();
    if until.is_some() || was_there(file, "JWT_PREVIOUS_SECRETS") {
        file.set("JWT_PREVIOUS_SECRETS", &previous.join(","));
        file.set("JWT_PREVIOUS_SECRETS_UNTIL", &shown);
    }
    Ok(until)
}

/// Without a secret of their own the database roles' passwords come from the JWT secret: they must stay.
fn keep_role_passwords(file: &mut DotEnv, settings: &Settings) {
    if settings.database.role_secret.is_empty() {
        file.set("SECRET_KEY_BASE", settings.keys.jwt_secret.expose());
    }
}

/// A key that is not the one before, though it be made in the same second.
fn another(
    keys: &Keys,
    class: ApiKeyClass,
    before: &Secret,
    now: i64,
    span: i64,
) -> Result<Secret, Failure> {
    let mint = |span| {
        ApiKeys::mint(keys, class, now, span).ok_or_else(|| {
            Failure::tell(
                ExitCode::Secrets,
                Message::NotSignable,
                Message::RotateAsymmetric,
            )
        })
    };
    let key = mint(span)?;
    if key == *before {
        mint(span + 1)
    } else {
        Ok(key)
    }
}

/// The other files of the project that hold what changes, changed.
fn managed(
    context: &Context,
    keys_file: &Path,
    changes: &[Change],
) -> Result<Vec<(PathBuf, DotEnv)>, Failure> {
    let same =
        |path: &Path| std::fs::canonicalize(path).ok() == std::fs::canonicalize(keys_file).ok();
    let own = context.data_dir()?.join("keys.env");
    let candidates = [
        context.dir.join("supabase/.env"),
        context.dir.join(".env"),
        context.dir.join(".env.local"),
        own,
    ];
    let mut files = Vec::new();
    for path in candidates
        .into_iter()
        .filter(|path| path.exists() && !same(path))
    {
        let mut file = keyring::open(&path)?;
        let stale: Vec<_> = file
            .variables()
            .into_iter()
            .filter_map(|(name, value)| {
                let change = changes
                    .iter()
                    .find(|change| change.before.matches(&value))?;
                // The role passwords' secret is not the JWT secret, though it was made from it.
                (name != "SECRET_KEY_BASE").then_some((name, change.after.clone()))
            })
            .collect();
        if stale.is_empty() {
            continue;
        }
        keyring::check_permissions(&path, false)?;
        for (name, value) in stale {
            file.set(&name, value.expose());
        }
        files.push((path, file));
    }
    Ok(files)
}

fn tell(context: &Context, files: &[(PathBuf, DotEnv)], until: Option<i64>, api_keys_only: bool) {
    let out = context.out;
    for (index, (path, _)) in files.iter().enumerate() {
        let path = path.display().to_string();
        out.object(&json!({ "type": "step", "step": "file", "path": path }));
        out.say(&match (index, api_keys_only) {
            (0, false) => Message::Rotated { path },
            (0, true) => Message::RotatedKeys { path },
            _ => Message::UpdatedFile { path },
        });
    }
    let time = until
        .and_then(|until| DateTime::from_timestamp(until, 0))
        .map(|time| time.to_rfc3339());
    if let Some(time) = time.clone() {
        out.say(&Message::GraceUntil { time });
    }
    out.say(&Message::RestartToUse);
    out.object(&json!({
        "type": "result", "exit_code": 0, "status": "rotated", "next": "passerelle down && passerelle up",
        "summary": { "files": files.len(), "previous_accepted_until": time },
    }));
}

/// `24h`, or 0.
fn duration(text: &str) -> Result<i64, Failure> {
    match std::time::Duration::parse(text) {
        Ok(duration) if duration.is_zero() => Ok(0),
        _ => lifetime(text),
    }
}
