//! `keys generate | check | show | mint | rotate`.

pub(crate) mod check;
mod mint;
mod rotate;
mod scan;

pub(crate) use check::PUBLIC;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use base::{Clock as _, OsRandom, Secret, SystemClock};
use serde_json::json;
use settings::Settings;

use super::{Context, absolute, lifetime};
use crate::cli::{Keys, Shown};
use crate::exit::{ExitCode, Failure};
use crate::keyring::{self, Change, Entry, NAMES, Tracking};
use crate::messages::Message;

pub(crate) fn run(context: &Context, command: &Keys) -> Result<ExitCode, Failure> {
    match command {
        Keys::Generate {
            expires,
            fix_permissions,
            print_env,
            show,
        } => {
            allow(show)?;
            let entries = generate(context, expires, *fix_permissions)?;
            if *print_env {
                print_block(context, &entries);
            } else {
                list(context, &entries, show);
            }
            Ok(ExitCode::Success)
        }
        Keys::Check { scan } => check::run(context, scan.as_deref()),
        Keys::Show { show } => {
            allow(show)?;
            list(context, &stored(&context.keys_file()?)?, show);
            Ok(ExitCode::Success)
        }
        Keys::Mint { role, sub, exp } => mint::run(context, role, sub.as_deref(), exp),
        Keys::Rotate {
            grace,
            expires,
            api_keys_only,
        } => rotate::run(context, grace, expires, *api_keys_only),
    }
}

/// What a file holds of the set.
fn stored(path: &Path) -> Result<Vec<Entry>, Failure> {
    let file = keyring::open(path)?;
    let entries: Vec<Entry> = NAMES
        .into_iter()
        .filter_map(|name| {
            let value = Secret::new(file.get(name)?);
            let change = Change::Kept;
            Some(Entry {
                name,
                value,
                change,
            })
        })
        .collect();
    if entries.is_empty() {
        let sentence = Message::NoKeys {
            path: path.display().to_string(),
        };
        return Err(
            Failure::tell(ExitCode::Preflight, sentence, "passerelle keys generate")
                .named("no_keys"),
        );
    }
    Ok(entries)
}

/// Where `generate` puts what it makes.
fn home(context: &Context) -> Result<PathBuf, Failure> {
    match &context.env_file {
        Some(file) => Ok(file.clone()),
        None => Ok(keyring::home(&context.dir, &context.data_dir()?)),
    }
}

/// MIG-KEY-04: what is there stays; a second run changes nothing and says so.
fn generate(
    context: &Context,
    expires: &str,
    fix_permissions: bool,
) -> Result<Vec<Entry>, Failure> {
    let path = home(context)?;
    let path = absolute(&path)?;
    let shown = path.display().to_string();
    keyring::check_permissions(&path, fix_permissions)?;
    let tracking = keyring::tracking(&path)?;
    let mut file = keyring::open(&path)?;
    let settings = Settings::load(&context.layers)?;
    let (now, span) = (SystemClock.unix(), lifetime(expires)?);
    let entries = keyring::complete(
        &mut file,
        keyring::has_database(&settings),
        &OsRandom,
        now,
        span,
    )?;
    fits(&path, &file)?;
    let made = entries
        .iter()
        .filter(|entry| entry.change == Change::Made)
        .count();
    if made == 0 {
        context.out.say(&Message::KeysComplete {
            path: shown.clone(),
        });
    } else {
        keyring::write(&path, &file)?;
        let count = made.to_string();
        let path = shown.clone();
        context.out.say(&Message::KeysMade { count, path });
    }
    match (tracking, context.yes) {
        (Tracking::Safe, _) => {}
        (Tracking::Exposed, true) => keyring::ignore(&path)?,
        (Tracking::Exposed, false) => {
            let message = Message::Exposed { path: shown };
            context.out.warn("not_ignored", message, Message::IgnoreIt);
        }
    }
    Ok(entries)
}

/// MIG-KEY-04: a set is complete only when it fits together.
fn fits(path: &Path, file: &settings::DotEnv) -> Result<(), Failure> {
    let mut layers = settings::Layers::default();
    layers.add_variables(file.variables(), settings::Origin::EnvFile(path.to_owned()));
    let settings = Settings::load(&layers)?;
    keyring::check(&settings.keys, SystemClock.unix()).map_err(|mut failure| {
        failure.remedy = Message::RemoveKeys.into();
        failure
    })
}

/// MIG-KEY-06: a secret is named by length and fingerprint; its value goes to a terminal only, as a line of `.env`.
fn list(context: &Context, entries: &[Entry], show: &Shown) {
    let values = show.show || show.force_show;
    if values {
        context.out.say(&Message::SecretsFollow);
    }
    for entry in entries {
        let (length, print) = (entry.value.expose().len(), entry.value.fingerprint());
        if values {
            context
                .out
                .result(&settings::DotEnv::line(entry.name, entry.value.expose()));
        } else {
            let (name, length, print) = (entry.name.to_owned(), length.to_string(), print.clone());
            let line = Message::KeyLine {
                name,
                length,
                print,
            };
            context.out.result(&line.text(context.out.language));
        }
        let mut object = json!({
            "type": "step", "step": "key", "name": entry.name, "length": length, "fingerprint": print,
            "made": entry.change == Change::Made,
        });
        if values {
            object["value"] = json!(entry.value.expose());
        }
        context.out.object(&object);
    }
    let made = entries
        .iter()
        .filter(|entry| entry.change == Change::Made)
        .count();
    context.out.end(
        ExitCode::Success,
        "ok",
        &json!({ "keys": entries.len(), "made": made }),
    );
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
        context
            .out
            .object(&json!({ "type": "step", "step": "line", "line": line }));
    }
    context.out.end(ExitCode::Success, "ok", &json!({}));
}

fn allow(show: &Shown) -> Result<(), Failure> {
    if show.show && !show.force_show && !std::io::stdout().is_terminal() {
        let failure = Failure::tell(ExitCode::Secrets, Message::ShowRefused, "--force-show");
        return Err(failure.named("show_refused"));
    }
    Ok(())
}
