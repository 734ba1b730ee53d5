//! `keys check`: does everything that is configured fit together, everywhere it stands (MIG-KEY-08)?

use std::path::Path;
use std::time::Duration;

use base::{Clock as _, Secret, SystemClock};
use settings::{Layers, Origin, Settings};

use super::super::{Context, runtime};
use super::scan;
use crate::exit::{ExitCode, Failure};
use crate::findings::{self, Finding};
use crate::keyring;
use crate::messages::Message;
use crate::state::State;

/// Prefixes of variables that a bundler puts into what browsers get.
pub(crate) const PUBLIC: [&str; 5] = [
    "NEXT_PUBLIC_",
    "VITE_",
    "REACT_APP_",
    "PUBLIC_",
    "EXPO_PUBLIC_",
];
/// MIG-KEY-08: how long ahead of its end a key is warned of.
const AHEAD: i64 = 90 * 86_400;

pub(super) fn run(context: &Context, folder: Option<&Path>) -> Result<ExitCode, Failure> {
    let path = context.keys_file()?;
    keyring::check_permissions(&path, false)?;
    let mut layers = Layers::default();
    layers.add_env_file(&path)?;
    let layers = layers.under(&context.layers);
    let mut settings = Settings::load(&layers)?;
    if settings.keys.jwt_secret.is_empty() && settings.keys.jwt_keys.is_empty() {
        let failure = Failure::tell(
            ExitCode::Secrets,
            Message::NoSecret,
            "passerelle keys generate",
        );
        return Err(failure.named("no_keys"));
    }
    let now = SystemClock.unix();
    keyring::sign_missing_keys(&mut settings, now);
    let mut found = misfits(context, &layers, &settings, now);
    found.extend(copies(&layers, &settings));
    if let Some(folder) = folder {
        found.extend(scan::run(context, folder, &settings)?);
    }
    for (name, days) in keyring::ending(&settings.keys, now, AHEAD) {
        let (name, days) = (name.to_owned(), days.to_string());
        let remedy = "passerelle keys rotate --api-keys-only";
        context
            .out
            .warn("key_expires", Message::KeyExpires { name, days }, remedy);
    }
    found.extend(server(context, &settings)?);
    Ok(findings::conclude(context.out, &found, &Message::KeysFit))
}

/// What does not fit, with the place where it stands.
pub(crate) fn misfits(
    context: &Context,
    layers: &Layers,
    settings: &Settings,
    now: i64,
) -> Vec<Finding> {
    let fields = Settings::fields();
    keyring::mistakes(&settings.keys, now)
        .into_iter()
        .map(|(variable, message)| {
            let field = fields.iter().find(|field| field.env.contains(&variable));
            let place = field
                .map(|field| layers.explain(field).1.to_string())
                .unwrap_or_default();
            let what = message.text(context.out.language);
            Finding::new(
                "keys_do_not_fit",
                Message::In { place, what },
                Message::RemoveKeys,
            )
        })
        .collect()
}

/// Copies in files and in the environment that are not what is in use: F1 of the specification.
pub(crate) fn copies(layers: &Layers, settings: &Settings) -> Vec<Finding> {
    let fields = Settings::fields();
    let names = |key: &str| {
        fields
            .iter()
            .find(|field| field.key == key)
            .map_or(&[][..], |field| field.env)
    };
    let public = PUBLIC.map(|prefix| format!("{prefix}SUPABASE_ANON_KEY"));
    let anon: Vec<&str> = names("keys.anon_key")
        .iter()
        .copied()
        .chain(public.iter().map(String::as_str))
        .collect();
    let keys = &settings.keys;
    let sets: [(&[&str], &Secret); 4] = [
        (names("keys.jwt_secret"), &keys.jwt_secret),
        (&anon, &keys.anon_key),
        (names("keys.service_role_key"), &keys.service_role_key),
        (names("database.password"), &settings.database.password),
    ];
    let mut found = Vec::new();
    let mut seen = Vec::new();
    for (names, in_use) in sets {
        for (name, value, origin) in layers.occurrences(names) {
            let value = Secret::new(value);
            if value.is_empty() || in_use.is_empty() || value == *in_use {
                continue;
            }
            // One file can be a layer twice: by its place, and as the keys' own.
            if seen.contains(&(name.clone(), origin.clone())) {
                continue;
            }
            seen.push((name.clone(), origin.clone()));
            let remedy = match &origin {
                Origin::EnvFile(path) => Message::SyncInto {
                    path: path.display().to_string(),
                },
                _ => Message::ChangeThere {
                    name: name.clone(),
                    place: origin.to_string(),
                },
            };
            let (print, other, path) = (
                value.fingerprint(),
                in_use.fingerprint(),
                origin.to_string(),
            );
            found.push(Finding::new(
                "stale_copy",
                Message::Differs {
                    path,
                    name,
                    print,
                    other,
                },
                remedy,
            ));
        }
    }
    found
}

/// Whether the server that runs takes the keys as theirs.
pub(crate) fn server(context: &Context, settings: &Settings) -> Result<Vec<Finding>, Failure> {
    let state = State::read(&context.data_dir()?);
    let running = state.is_some();
    let Some(url) = state
        .map(|state| state.api_url)
        .or_else(|| settings.gateway.public_url.clone())
    else {
        return Ok(Vec::new());
    };
    let url = url.trim_end_matches('/').to_owned();
    let keys = [
        ("ANON_KEY", &settings.keys.anon_key),
        ("SERVICE_ROLE_KEY", &settings.keys.service_role_key),
    ];
    let mut found = Vec::new();
    for (name, key) in keys {
        // The document of the REST API asks for a service key: 401 for a key that is none, 403 for the public one.
        let status = match runtime()?.block_on(ask(&url, key)) {
            Ok(status) => status,
            Err(error) => {
                let error = error.without_url().to_string();
                let message = Message::ServerNotAsked { url, error };
                if running {
                    return Ok(vec![Finding::new(
                        "server_silent",
                        message,
                        "passerelle logs",
                    )]);
                }
                context.out.say(&message);
                return Ok(found);
            }
        };
        let accepted = status != 401 && (status != 403 || name == "ANON_KEY");
        if !accepted {
            let (url, name, status) = (url.clone(), name.to_owned(), status.to_string());
            let message = Message::ServerRefuses { url, name, status };
            found.push(Finding::new(
                "server_refuses",
                message,
                Message::RestartServer,
            ));
        }
    }
    if found.is_empty() {
        context.out.say(&Message::ServerAccepts { url });
    }
    Ok(found)
}

async fn ask(url: &str, key: &Secret) -> Result<u16, reqwest::Error> {
    let client = web::outgoing()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let request = client
        .get(format!("{url}/rest/v1/"))
        .header("apikey", key.expose());
    Ok(request
        .timeout(Duration::from_secs(5))
        .send()
        .await?
        .status()
        .as_u16())
}
