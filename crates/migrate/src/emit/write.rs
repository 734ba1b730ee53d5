//! Files written without losing any: one that is there and says something else stays, unless the caller insists; then
//! it is kept aside.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::Artefact;
use crate::Error;

/// Where originals go, below the application's folder.
const KEPT: &str = ".passerelle/backup";

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    Written,
    /// It was there and says the same.
    Unchanged,
    /// It was there, says something else and was left alone.
    Differs {
        /// From what is there to what would be.
        diff: String,
    },
    /// It was there, said something else and was replaced.
    Replaced {
        /// From what was there to what is.
        diff: String,
        /// Where the original is now.
        kept: PathBuf,
    },
}

/// A file and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Below the application's folder.
    pub path: PathBuf,
    /// What became of it.
    pub outcome: Outcome,
}

/// Writes the files below `dir`; those that differ only with `force`, and then the originals are kept under
/// `.passerelle/backup/<moment>/` (MIG-ART).
pub fn write(
    artefacts: &[Artefact],
    dir: &Path,
    force: bool,
    now: DateTime<Utc>,
) -> Result<Vec<Written>, Error> {
    let moment = now.format("%Y%m%d_%H%M%S").to_string();
    artefacts
        .iter()
        .map(|artefact| {
            let outcome = one(artefact, dir, force, &moment).map_err(Error::File)?;
            Ok(Written {
                path: artefact.path.clone(),
                outcome,
            })
        })
        .collect()
}

fn one(artefact: &Artefact, dir: &Path, force: bool, moment: &str) -> std::io::Result<Outcome> {
    let path = dir.join(&artefact.path);
    let there = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            replace(&path, artefact)?;
            return Ok(Outcome::Written);
        }
        Err(error) => return Err(error),
    };
    if there == artefact.text.as_bytes() {
        return Ok(Outcome::Unchanged);
    }
    let diff = diff(
        &String::from_utf8_lossy(&there),
        &artefact.text,
        &artefact.path,
    );
    if !force {
        return Ok(Outcome::Differs { diff });
    }
    let kept = free(&dir.join(KEPT).join(moment), &artefact.path);
    fs::create_dir_all(kept.parent().unwrap_or(dir))?;
    fs::copy(&path, &kept)?;
    fs::File::open(&kept)?.sync_all()?;
    replace(&path, artefact)?;
    Ok(Outcome::Replaced { diff, kept })
}

/// A name that no other original has.
fn free(folder: &Path, path: &Path) -> PathBuf {
    let mut kept = folder.join(path);
    let mut count = 1;
    while kept.exists() {
        count += 1;
        kept = folder.with_extension(count.to_string()).join(path);
    }
    kept
}

/// The whole file or none.
fn replace(path: &Path, artefact: &Artefact) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(dir)?;
    let mut file = tempfile::Builder::new()
        .prefix(".passerelle-")
        .tempfile_in(dir)?;
    file.write_all(artefact.text.as_bytes())?;
    let mode = if artefact.executable { 0o755 } else { 0o644 };
    file.as_file()
        .set_permissions(fs::Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The lines that go and the lines that come, between the first and the last that differ.
fn diff(from: &str, to: &str, path: &Path) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (from.lines().collect(), to.lines().collect());
    let alike =
        |it: &mut dyn Iterator<Item = (&&str, &&str)>| it.take_while(|(a, b)| a == b).count();
    let head = alike(&mut old.iter().zip(&new));
    let rest = old.len().min(new.len()) - head;
    let tail = alike(&mut old.iter().rev().zip(new.iter().rev()).take(rest));
    let mut text = format!("--- {0} (there)\n+++ {0} (planned)\n", path.display());
    let (gone, come) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let _ = writeln!(
        text,
        "@@ -{},{} +{},{} @@",
        head + 1,
        gone.len(),
        head + 1,
        come.len()
    );
    for (mark, lines) in [('-', gone), ('+', come)] {
        for line in lines {
            text.push(mark);
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}
