//! Where the two databases, the plan and the run's own files are.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base::{OsRandom, Secret};
use migrate::ids::Seed;
use migrate::{Inventory, Plan, Snapshot, Source, Target};
use pg::Endpoint;
use settings::Settings;
use uuid::Uuid;

use super::flags::Reach;
use crate::commands::Context;
use crate::commands::doctor;
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;
use crate::state::State;

/// The old database, from the flag or the environment.
pub(super) fn source(context: &Context, reach: &Reach) -> Result<Source, Failure> {
    let settings = Settings::load(&context.layers)?;
    let url = match &reach.from {
        Some(url) => Some(Secret::new(url)),
        None => settings.migrate.source_url,
    };
    let url = url.ok_or_else(|| {
        Failure::tell(ExitCode::Usage, Message::NoSource, Message::SuchAsSource).named("no_source")
    })?;
    Ok(Source::new(&endpoint(&url)?))
}

/// The target's address: named, or the running stack's own.
pub(super) fn target(context: &Context, named: Option<&str>) -> Result<Endpoint, Failure> {
    let settings = Settings::load(&context.layers)?;
    let url = named
        .map(Secret::new)
        .or_else(|| settings.migrate.target_url.clone());
    if let Some(url) = url {
        return endpoint(&url);
    }
    let (settings, _) = context.settings_with_keys()?;
    let state = State::read(&context.data_dir()?);
    doctor::endpoint(&settings, state.as_ref())?.ok_or_else(|| {
        Failure::tell(
            ExitCode::Preflight,
            Message::NoTarget,
            "passerelle up --detach",
        )
        .named("no_target")
    })
}

/// Where the API is: named, the running stack's, or as configured.
pub(super) fn api(
    context: &Context,
    settings: &Settings,
    named: Option<&str>,
) -> Result<String, Failure> {
    if let Some(url) = named {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    if let Some(state) = State::read(&context.data_dir()?) {
        return Ok(state.api_url);
    }
    let url = settings.gateway.public_url.as_deref();
    Ok(url
        .unwrap_or("http://localhost:8000")
        .trim_end_matches('/')
        .to_owned())
}

fn endpoint(url: &Secret) -> Result<Endpoint, Failure> {
    Endpoint::parse(url.expose()).map_err(|error| {
        Failure::tell(ExitCode::Usage, error.to_string(), Message::SuchAsSource)
            .named("database_url")
    })
}

/// The plan, read and checked.
pub(super) fn plan(path: &Path) -> Result<Plan, Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let path = path.display().to_string();
            return Err(Failure::tell(
                ExitCode::Undecided,
                Message::NoPlan { path },
                "passerelle migrate plan",
            )
            .named("no_plan"));
        }
        Err(error) => return Err(Failure::file(path, &error)),
    };
    Plan::parse(&text).map_err(|error| migrate::Error::from(error).into())
}

/// The source at one moment, and what it holds.
pub(super) async fn look(source: &Source) -> Result<(Snapshot, Inventory), Failure> {
    let snapshot = source.snapshot().await?;
    let inventory = Inventory::read(snapshot.keeper()).await?;
    Ok((snapshot, inventory))
}

/// The target, locked for this engine.
pub(super) async fn locked(endpoint: &Endpoint) -> Result<Target, Failure> {
    Ok(Target::lock(endpoint).await?)
}

/// A folder of the run's own, for nobody else to read.
pub(super) fn run_dir(context: &Context, run: Uuid) -> Result<PathBuf, Failure> {
    let dir = context.data_dir()?.join("runs").join(run.to_string());
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&dir)
        .map_err(|error| Failure::file(&dir, &error))?;
    Ok(dir)
}

/// The run's secret: kept beside the plan's run from the first dry run on, so that the ids shown are those of the
/// real run.
pub(super) fn seed(context: &Context, run: Uuid) -> Result<Seed, Failure> {
    let path = run_dir(context, run)?.join("seed");
    if let Ok(bytes) = std::fs::read(&path) {
        return Seed::from_bytes(&bytes).ok_or_else(|| {
            let path = path.display().to_string();
            Failure::tell(ExitCode::Internal, Message::DamagedSeed { path }, "")
                .named("damaged_seed")
        });
    }
    let seed = Seed::new(&OsRandom);
    let new = path.with_extension("new");
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut file| {
            file.write_all(seed.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&new, &path));
    written.map_err(|error| Failure::file(&path, &error))?;
    Ok(seed)
}
