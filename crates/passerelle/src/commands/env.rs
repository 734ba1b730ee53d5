//! `env sync`, `env check`: the application's `.env`, filled from the project's keys.

use std::path::{Path, PathBuf};

use serde_json::json;
use settings::{DotEnv, Settings};

use super::Context;
use super::keys::PUBLIC;
use crate::cli::{Env, EnvFiles};
use crate::exit::{ExitCode, Failure};
use crate::findings::{self, Finding};
use crate::keyring;
use crate::messages::Message;

pub(crate) fn run(context: &Context, command: &Env) -> Result<ExitCode, Failure> {
    match command {
        Env::Sync { files, dry_run } => sync(context, files, *dry_run),
        Env::Check { files } => check(context, files),
    }
}

/// A file and what it should hold.
struct Block {
    path: PathBuf,
    file: DotEnv,
    wanted: Vec<(&'static str, String)>,
}

/// MIG-CFG-02: the seven variables, and a front end's two.
fn blocks(context: &Context, files: &EnvFiles) -> Result<(Settings, Vec<Block>), Failure> {
    let (settings, _) = context.settings_with_keys()?;
    let url = settings
        .gateway
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://localhost:{}", settings.gateway.port));
    let keys = &settings.keys;
    let anon = keys.anon_key.expose().to_owned();
    let public = [
        ("NEXT_PUBLIC_SUPABASE_URL", url.clone()),
        ("NEXT_PUBLIC_SUPABASE_ANON_KEY", anon.clone()),
    ];
    let private = [
        ("SUPABASE_URL", url),
        ("SUPABASE_ANON_KEY", anon),
        (
            "SUPABASE_SERVICE_KEY",
            keys.service_role_key.expose().to_owned(),
        ),
        ("SUPABASE_JWT_SECRET", keys.jwt_secret.expose().to_owned()),
        (
            "SUPABASE_POSTGRES_PASSWORD",
            settings.database.password.expose().to_owned(),
        ),
    ];
    let block = |path: PathBuf, wanted: Vec<_>| {
        let file = keyring::open(&path)?;
        Ok::<_, Failure>(Block { path, file, wanted })
    };
    let mut blocks = vec![block(
        files.into.clone(),
        private.into_iter().chain(public.clone()).collect(),
    )?];
    if let Some(folder) = &files.frontend {
        blocks.push(block(folder.join(".env.local"), public.into())?);
    }
    Ok((settings, blocks))
}

fn sync(context: &Context, files: &EnvFiles, dry_run: bool) -> Result<ExitCode, Failure> {
    fill_all(context, files, dry_run)?;
    let status = if dry_run { "dry run" } else { "synced" };
    context.out.end(ExitCode::Success, status, &json!({}));
    Ok(ExitCode::Success)
}

fn fill_all(context: &Context, files: &EnvFiles, dry_run: bool) -> Result<(), Failure> {
    let (settings, mut blocks) = blocks(context, files)?;
    for block in &mut blocks {
        refuse_public_secrets(&block.file, &settings)?;
        keyring::check_permissions(&block.path, false)?;
        for (name, value) in &block.wanted {
            let change = match block.file.get(name) {
                Some(found) if found == *value => "unchanged",
                Some(_) => "updated",
                None => "added",
            };
            if change != "unchanged" {
                block.file.set(name, value);
            }
            tell(context, &block.path, name, change);
        }
    }
    if !dry_run {
        let files: Vec<_> = blocks
            .into_iter()
            .map(|block| (block.path, block.file))
            .collect();
        keyring::write_all(&files)?;
    }
    Ok(())
}

fn tell(context: &Context, path: &Path, name: &str, change: &'static str) {
    let owned = name.to_owned();
    context.out.say(&match change {
        "added" => Message::EnvAdded { name: owned },
        "updated" => Message::EnvUpdated { name: owned },
        _ => Message::EnvUnchanged { name: owned },
    });
    context.out.object(&json!({
        "type": "step", "step": "variable", "file": path, "variable": name, "change": change,
    }));
}

/// Fills one file as `env sync` does.
pub(crate) fn fill(context: &Context, into: &Path) -> Result<(), Failure> {
    let files = EnvFiles {
        into: into.to_owned(),
        frontend: None,
    };
    fill_all(context, &files, false)
}

/// The variables that a file lacks or holds otherwise, for the checklist.
pub(crate) fn differing(context: &Context, into: &Path) -> Result<Vec<&'static str>, Failure> {
    let files = EnvFiles {
        into: into.to_owned(),
        frontend: None,
    };
    let (_, blocks) = blocks(context, &files)?;
    let differ = blocks.iter().flat_map(|block| {
        let fits = |name: &str, value: &String| block.file.get(name).as_ref() == Some(value);
        let wanted = block.wanted.iter();
        wanted
            .filter(move |(name, value)| !fits(name, value))
            .map(|(name, _)| *name)
    });
    Ok(differ.collect())
}

/// What a file lacks or holds otherwise; changes nothing.
fn check(context: &Context, files: &EnvFiles) -> Result<ExitCode, Failure> {
    let (settings, blocks) = blocks(context, files)?;
    let mut found = Vec::new();
    for block in &blocks {
        if let Err(failure) = refuse_public_secrets(&block.file, &settings) {
            found.push(Finding::from(failure));
        }
        if let Err(failure) = keyring::check_permissions(&block.path, false) {
            found.push(Finding::from(failure));
        }
        for (name, value) in &block.wanted {
            if block.file.get(name).as_ref() != Some(value) {
                let path = block.path.display().to_string();
                let remedy = Message::SyncInto { path: path.clone() };
                let name = (*name).to_owned();
                found.push(Finding::new(
                    "env_differs",
                    Message::EnvDiffers { path, name },
                    remedy,
                ));
            }
        }
    }
    let path = files.into.display().to_string();
    Ok(findings::conclude(
        context.out,
        &found,
        &Message::EnvFits { path },
    ))
}

/// MIG-CFG-02: a secret in a variable that browsers see is refused.
fn refuse_public_secrets(file: &DotEnv, settings: &Settings) -> Result<(), Failure> {
    let secrets = [
        &settings.keys.service_role_key,
        &settings.keys.jwt_secret,
        &settings.database.password,
    ];
    let leaked = file.variables().into_iter().find(|(name, value)| {
        PUBLIC.iter().any(|prefix| name.starts_with(prefix))
            && secrets.iter().any(|secret| secret.matches(value))
    });
    match leaked {
        None => Ok(()),
        Some((name, _)) => {
            let sentence = Message::PublicSecret { name: name.clone() };
            let failure =
                Failure::tell(ExitCode::Secrets, sentence, Message::RemovePublic { name });
            Err(failure.named("public_secret"))
        }
    }
}
