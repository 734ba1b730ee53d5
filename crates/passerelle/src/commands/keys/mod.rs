//! `keys generate | check | show | mint`.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use base::{Clock as _, OsRandom, Secret, SystemClock};
use jwt::Keys as JwtKeys;
use serde_json::json;
use settings::{Settings, Value as _};

use super::Context;
use crate::cli::Keys;
use crate::exit::{ExitCode, Failure};
use crate::keyring::{self, Change, Entry};
use crate::messages::Message;

pub(crate) fn run(context: &Context, command: &Keys) -> Result<ExitCode, Failure> {
    match command {
        Keys::Generate {
            expires,
            fix_permissions,
            show,
            force_show,
            print_env,
        } => {
            allow_show(context, *show, *force_show)?;
            let entries = generate(context, expires, *fix_permissions)?;
            if *print_env {
                print_block(context, &entries);
            } else {
                list(context, &entries, *show || *force_show);
            }
            Ok(ExitCode::Success)
        }
        Keys::Check => check(context),
        Keys::Show { show, force_show } => {
            allow_show(context, *show, *force_show)?;
            let file = keyring::open(&path(context)?)?;
            let names = [
                "JWT_SECRET",
                "ANON_KEY",
                "SERVICE_ROLE_KEY",
                "POSTGRES_PASSWORD",
                "DASHBOARD_PASSWORD",
            ];
            let entries: Vec<Entry> = names
                .into_iter()
                .filter_map(|name| {
                    Some(Entry {
                        name,
                        value: Secret::new(file.get(name)?),
                        change: Change::Kept,
                    })
                })
                .collect();
            if entries.is_empty() {
                let sentence = format!("{} holds no keys", path(context)?.display());
                return Err(Failure::new(
                    ExitCode::Preflight,
                    sentence,
                    "passerelle keys generate",
                ));
            }
            list(context, &entries, *show || *force_show);
            Ok(ExitCode::Success)
        }
        Keys::Mint { role, sub, ttl } => mint(context, role, sub.as_deref(), ttl),
    }
}

fn path(context: &Context) -> Result<PathBuf, Failure> {
    Ok(keyring::file(&context.dir, &context.data_dir()?))
}

/// MIG-KEY-01 to 05: completes the file, replaces nothing.
fn generate(
    context: &Context,
    expires: &str,
    fix_permissions: bool,
) -> Result<Vec<Entry>, Failure> {
    let path = path(context)?;
    keyring::check_permissions(&path, fix_permissions)?;
    let mut file = keyring::open(&path)?;
    let lifetime = seconds(expires)?;
    let entries = keyring::complete(&mut file, &OsRandom, SystemClock.unix(), lifetime)?;
    fits(&path, &file)?;
    let made = entries
        .iter()
        .filter(|entry| entry.change == Change::Made)
        .count();
    let shown = path.display().to_string();
    if made == 0 {
        context.out.say(&Message::KeysComplete { path: shown });
    } else {
        keyring::write(&path, &file)?;
        context.out.say(&Message::KeysMade {
            count: made,
            path: shown,
        });
    }
    Ok(entries)
}

/// MIG-KEY-04: a set is complete only when it fits together.
fn fits(path: &Path, file: &settings::DotEnv) -> Result<(), Failure> {
    let mut layers = settings::Layers::default();
    layers.add_variables(file.variables(), settings::Origin::EnvFile(path.to_owned()));
    check_set(&Settings::load(&layers)?)
}

fn check_set(settings: &Settings) -> Result<(), Failure> {
    keyring::check(&settings.keys, SystemClock.unix()).map_err(|failure| {
        let remedy = "remove the keys that do not fit from the file, then passerelle keys generate";
        Failure::new(failure.code, failure.sentence, remedy)
    })
}

/// MIG-KEY-08: does everything that is configured fit together?
fn check(context: &Context) -> Result<ExitCode, Failure> {
    let path = path(context)?;
    keyring::check_permissions(&path, false)?;
    let mut layers = settings::Layers::default();
    layers.add_env_file(&path)?;
    let settings = Settings::load(&layers.under(&context.layers))?;
    if settings.keys.jwt_secret.is_empty() && settings.keys.jwt_keys.is_empty() {
        return Err(Failure::new(
            ExitCode::Secrets,
            "no JWT secret is configured",
            "passerelle keys generate",
        ));
    }
    check_set(&settings)?;
    context.out.say(&Message::KeysFit);
    context
        .out
        .object(&json!({ "type": "result", "exit_code": 0, "status": "ok" }));
    Ok(ExitCode::Success)
}

fn mint(context: &Context, role: &str, sub: Option<&str>, ttl: &str) -> Result<ExitCode, Failure> {
    let now = SystemClock.unix();
    let (settings, _) = keyring::settings_with_keys(&context.layers, &context.dir, &OsRandom, now)?;
    let keys = JwtKeys::from_settings(&settings.keys).map_err(Failure::internal)?;
    let mut claims =
        json!({ "role": role, "iss": "supabase", "iat": now, "exp": now + seconds(ttl)? });
    if let Some(sub) = sub {
        claims["sub"] = json!(sub);
    }
    let token = keys.sign(&claims);
    context.out.result(&token);
    context
        .out
        .object(&json!({ "type": "result", "exit_code": 0, "token": token }));
    Ok(ExitCode::Success)
}

/// MIG-KEY-06: a secret is named by length and fingerprint; its value goes to a terminal only.
fn list(context: &Context, entries: &[Entry], show: bool) {
    if show {
        context.out.say(&Message::SecretsFollow);
    }
    for entry in entries {
        let (length, print) = (entry.value.expose().len(), entry.value.fingerprint());
        let value = if show { entry.value.expose() } else { "" };
        context.out.result(
            format!(
                "{:<20} {length:>4} characters  {print}  {value}",
                entry.name
            )
            .trim_end(),
        );
        let mut object = json!({
            "type": "step", "name": entry.name, "length": length, "fingerprint": print,
            "made": entry.change == Change::Made,
        });
        if show {
            object["value"] = json!(value);
        }
        context.out.object(&object);
    }
    context
        .out
        .object(&json!({ "type": "result", "exit_code": 0 }));
}

/// MIG-KEY-07: the public key in clear, the secret ones by reference.
fn print_block(context: &Context, entries: &[Entry]) {
    let anon = entries
        .iter()
        .find(|entry| entry.name == "ANON_KEY")
        .map_or("", |entry| entry.value.expose());
    for line in [
        "# Supabase Configuration".to_owned(),
        "SUPABASE_URL=http://localhost:8000".to_owned(),
        format!("SUPABASE_ANON_KEY={anon}"),
        "SUPABASE_SERVICE_KEY=${SERVICE_ROLE_KEY}".to_owned(),
        "SUPABASE_JWT_SECRET=${JWT_SECRET}".to_owned(),
        "SUPABASE_POSTGRES_PASSWORD=${POSTGRES_PASSWORD}".to_owned(),
        "# Frontend Supabase".to_owned(),
        "NEXT_PUBLIC_SUPABASE_URL=http://localhost:8000".to_owned(),
        format!("NEXT_PUBLIC_SUPABASE_ANON_KEY={anon}"),
    ] {
        context.out.result(&line);
    }
    context
        .out
        .object(&json!({ "type": "result", "exit_code": 0 }));
}

fn allow_show(context: &Context, show: bool, force: bool) -> Result<(), Failure> {
    if show && !force && !std::io::stdout().is_terminal() {
        let sentence = Message::ShowRefused.text(context.out.language);
        return Err(Failure::new(ExitCode::Secrets, sentence, "--force-show"));
    }
    Ok(())
}

/// `5y`, `90d`, `1h`.
fn seconds(text: &str) -> Result<i64, Failure> {
    let years = text
        .strip_suffix('y')
        .and_then(|number| number.parse::<i64>().ok())
        .and_then(|years| years.checked_mul(365 * 86_400));
    let seconds = years.or_else(|| {
        let duration = std::time::Duration::parse(text).ok()?;
        i64::try_from(duration.as_secs()).ok()
    });
    seconds.filter(|seconds| *seconds > 0).ok_or_else(|| {
        Failure::new(
            ExitCode::Usage,
            format_args!("{text} is not a lifetime"),
            "such as 10y, 90d or 1h",
        )
    })
}
