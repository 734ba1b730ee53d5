//! `env sync`: the application's `.env`, filled from the project's keys.

use base::{Clock as _, OsRandom, SystemClock};
use serde_json::json;
use settings::DotEnv;

use super::Context;
use crate::cli::Env;
use crate::exit::{ExitCode, Failure};
use crate::keyring;
use crate::messages::Message;

/// Prefixes of variables that a bundler puts into what browsers get.
const PUBLIC: [&str; 5] = [
    "NEXT_PUBLIC_",
    "VITE_",
    "REACT_APP_",
    "PUBLIC_",
    "EXPO_PUBLIC_",
];

pub(crate) fn run(context: &Context, command: &Env) -> Result<ExitCode, Failure> {
    let Env::Sync { to } = command;
    let now = SystemClock.unix();
    let (settings, _) = keyring::settings_with_keys(&context.layers, &context.dir, &OsRandom, now)?;
    let url = settings
        .gateway
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://localhost:{}", settings.gateway.port));
    let keys = &settings.keys;
    let block = [
        ("SUPABASE_URL", url.as_str()),
        ("SUPABASE_ANON_KEY", keys.anon_key.expose()),
        ("SUPABASE_SERVICE_KEY", keys.service_role_key.expose()),
        ("SUPABASE_JWT_SECRET", keys.jwt_secret.expose()),
        (
            "SUPABASE_POSTGRES_PASSWORD",
            settings.database.password.expose(),
        ),
        ("NEXT_PUBLIC_SUPABASE_URL", url.as_str()),
        ("NEXT_PUBLIC_SUPABASE_ANON_KEY", keys.anon_key.expose()),
    ];
    let mut file = keyring::open(to)?;
    refuse_public_secrets(
        &file,
        &[
            keys.service_role_key.expose(),
            keys.jwt_secret.expose(),
            settings.database.password.expose(),
        ],
    )?;
    keyring::check_permissions(to, false)?;
    for (name, value) in block {
        let change = match file.get(name) {
            Some(found) if found == value => "unchanged",
            Some(_) => "updated",
            None => "added",
        };
        if change != "unchanged" {
            file.set(name, value);
        }
        context.out.say(&Message::EnvChange {
            name: name.to_owned(),
            change,
        });
        context
            .out
            .object(&json!({ "type": "step", "variable": name, "change": change }));
    }
    keyring::write(to, &file)?;
    context
        .out
        .object(&json!({ "type": "result", "exit_code": 0, "status": "synced" }));
    Ok(ExitCode::Success)
}

/// MIG-CFG-02: a secret in a variable that browsers see is refused.
fn refuse_public_secrets(file: &DotEnv, secrets: &[&str]) -> Result<(), Failure> {
    let leaked = file.variables().into_iter().find(|(name, value)| {
        PUBLIC.iter().any(|prefix| name.starts_with(prefix))
            && !value.is_empty()
            && secrets.contains(&value.as_str())
    });
    match leaked {
        None => Ok(()),
        Some((name, _)) => Err(Failure::new(
            ExitCode::Secrets,
            format_args!("{name} holds a secret, and browsers see it"),
            format!("remove {name} from the file, and make new keys if it was ever published"),
        )),
    }
}
