//! `doctor`: finds what is wrong and says how to mend it. Each diagnosis has a code, a cause, what it was concluded
//! from, the command that mends it, and how sure it is (MIG-DOC).

mod database;
mod log;
mod machine;
mod migration;
mod realtime;
mod tables;
mod token;
mod user;

use pg::Endpoint;
use settings::{Layers, Settings};
use tokio_postgres::Client;

use super::keys::check;
use super::{Context, runtime};
use crate::cli::Doctor;
use crate::exit::{ExitCode, Failure};
use crate::findings::{self, Finding};
use crate::keyring;
use crate::messages::Message;
use crate::state::State;

pub(crate) fn run(context: &Context, flags: &Doctor) -> Result<ExitCode, Failure> {
    let mut found = find(context, flags)?;
    if flags.fix {
        found = mend(context, found);
    }
    Ok(findings::conclude(context.out, &found, &Message::AllWell))
}

/// Everything that is found: about this machine, then the database, then what was asked about.
fn find(context: &Context, flags: &Doctor) -> Result<Vec<Finding>, Failure> {
    if let Err(error) = Settings::load(&context.layers) {
        return Ok(vec![Finding::from(Failure::from(error))]);
    }
    let data_dir = context.data_dir()?;
    let path = context.keys_file()?;
    let mut layers = Layers::default();
    let mut found = machine::permissions(&path, &data_dir);
    if let Err(error) = layers.add_env_file(&path) {
        found.push(Finding::from(Failure::from(error)));
        return Ok(found);
    }
    let layers = layers.under(&context.layers);
    let settings = Settings::load(&layers)?;
    let running = State::read(&data_dir);
    found.extend(secrets(context, &layers, &settings));
    found.extend(machine::disk(&data_dir));
    if running.is_none() {
        found.extend(machine::left_behind(&data_dir));
        found.extend(machine::ports(&settings));
    }
    if settings.database.url.is_none()
        && let Err(error) = cluster::find(settings.database.bin_dir.as_deref(), &data_dir)
    {
        found.push(Finding::from(Failure::from(error)));
    }
    if let Some(token) = &flags.token {
        found.extend(token::judge(&layers, &settings, token));
    }
    found.extend(log::errors(&data_dir, &flags.since)?);
    found.extend(runtime()?.block_on(in_database(context, &settings, running.as_ref(), flags)));
    Ok(found)
}

fn secrets(context: &Context, layers: &Layers, settings: &Settings) -> Vec<Finding> {
    let keys = &settings.keys;
    // Without any key the first start makes them: nothing is wrong.
    if keys.jwt_secret.is_empty() && keys.jwt_keys.is_empty() {
        return Vec::new();
    }
    let mut complete = settings.clone();
    let now = base::Clock::unix(&base::SystemClock);
    keyring::sign_missing_keys(&mut complete, now);
    let mut found = check::misfits(context, layers, &complete, now);
    found.extend(check::copies(layers, &complete));
    found.extend(check::server(context, &complete).unwrap_or_else(|failure| vec![failure.into()]));
    found
}

async fn in_database(
    context: &Context,
    settings: &Settings,
    running: Option<&State>,
    flags: &Doctor,
) -> Vec<Finding> {
    let endpoint = match endpoint(settings, running) {
        Ok(Some(endpoint)) => endpoint,
        Ok(None) if flags.email.is_some() || flags.table.is_some() => {
            return vec![Finding::new(
                "not_running",
                Message::DoctorNeedsDatabase,
                "passerelle up --detach",
            )];
        }
        Ok(None) => return Vec::new(),
        Err(failure) => return vec![failure.into()],
    };
    let client: Client = match endpoint.connect().await {
        Ok(client) => client,
        Err(error) => {
            let user = endpoint.user().to_owned();
            let message = Message::DatabaseUnreachable {
                user,
                error: error.to_string(),
            };
            return vec![Finding::new(
                "database_unreachable",
                message,
                Message::CheckUrl,
            )];
        }
    };
    let asked = async {
        let mut found = database::cluster(&client, endpoint.user()).await?;
        if running.is_some() {
            found.extend(realtime::stream(&client, &endpoint).await?);
        }
        if let Some(who) = &flags.email {
            found.extend(user::find(&client, settings, who).await?);
        }
        found.extend(migration::unpublished(&client, &endpoint, &context.dir, flags).await?);
        if let Some(table) = &flags.table {
            found.extend(tables::judge(&client, &endpoint, table, flags).await?);
        }
        Ok::<_, tokio_postgres::Error>(found)
    };
    asked.await.unwrap_or_else(|error| {
        let words = error
            .as_db_error()
            .map_or_else(|| error.to_string(), |said| said.message().to_owned());
        let message = Message::DatabaseRefuses { error: words };
        vec![Finding::new(
            "database_refuses",
            message,
            "passerelle logs postgres",
        )]
    })
}

/// The administrator's way in: the cluster that was given, or our own while it runs.
pub(crate) fn endpoint(
    settings: &Settings,
    running: Option<&State>,
) -> Result<Option<Endpoint>, Failure> {
    let url = match (&settings.database.url, running) {
        (Some(url), _) => url.clone(),
        (
            None,
            Some(State {
                socket_dir: Some(dir),
                socket_port: Some(port),
                ..
            }),
        ) => {
            let password =
                ::database::role_password(crate::stack::role_secret(settings), "supabase_admin");
            let (dir, name) = (quoted(dir), quoted(&settings.database.name));
            let password = quoted(password.expose());
            base::Secret::new(format!(
                "host={dir} port={port} user=supabase_admin password={password} dbname={name}"
            ))
        }
        (None, _) => return Ok(None),
    };
    match Endpoint::parse(url.expose()) {
        Ok(endpoint) => Ok(Some(endpoint)),
        Err(error) => Err(Failure::tell(
            ExitCode::Usage,
            error.to_string(),
            Message::DatabaseUrlSyntax,
        )
        .named("database_url")),
    }
}

/// A value of a connection string.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Does what can be done without a risk, and gives back what is left.
fn mend(context: &Context, found: Vec<Finding>) -> Vec<Finding> {
    let mut left = Vec::new();
    for mut finding in found {
        let Some(fix) = finding.fix.take() else {
            left.push(finding);
            continue;
        };
        match fix() {
            Ok(()) => {
                let sentence = finding.sentence.text(context.out.language);
                context.out.object(&serde_json::json!({
                    "type": "check", "status": "fixed", "code": finding.code, "message": sentence,
                }));
                context.out.say(&Message::Fixed { sentence });
            }
            Err(failure) => left.push(finding.because(failure.sentence)),
        }
    }
    left
}
