//! Backups that are proved: `pg_dump` at one exported snapshot, a manifest of what every table held at that very
//! moment, a restore beside the original that is compared with the manifest, and a way back that swaps names.
//!
//! In charge of the files in one folder and of scratch databases. What is in the dump is `pg_dump`'s business.

mod contents;
mod create;
mod error;
mod files;
mod load;
mod manifest;
mod programs;
mod restore;
mod script;
mod verify;

pub use create::{Options, create};
pub use error::{Difference, Error};
pub use manifest::{Contents, FileEntry, Format, Level, Manifest, TableEntry, Verification};
pub use programs::Programs;
pub use restore::{Restored, Way, restore};
pub use verify::verify;

use std::path::{Path, PathBuf};

/// A complete backup: its files are there and as they were written.
#[derive(Debug, Clone)]
pub struct Backup {
    /// The dump: a file, or a folder for [`Format::Directory`].
    pub file: PathBuf,
    /// What it holds.
    pub manifest: Manifest,
}

impl Backup {
    /// Opens a backup by its dump and proves that no byte of it has changed since it was written.
    pub fn open(file: &Path) -> Result<Self, Error> {
        let manifest = Manifest::read(&Manifest::path_of(file))?;
        let backup = Self {
            file: file.to_owned(),
            manifest,
        };
        files::check(&backup)?;
        Ok(backup)
    }

    /// Roles and their memberships, for a server that has none of them.
    pub fn globals(&self) -> PathBuf {
        files::beside(&self.file, "globals.sql")
    }

    /// Bytes of all its files.
    pub fn bytes(&self) -> u64 {
        self.manifest.files.iter().map(|file| file.bytes).sum()
    }
}

/// The backups in a folder, newest first. What has no readable manifest is no backup; whether files were damaged
/// since, [`Backup::open`] says.
pub fn list(dir: &Path) -> Result<Vec<Backup>, Error> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::file(dir, error)),
    };
    let mut backups = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| Error::file(dir, error))?.path();
        let Some(file) = Manifest::dump_of(&path) else {
            continue;
        };
        match Manifest::read(&path) {
            Ok(manifest) => backups.push(Backup { file, manifest }),
            Err(error) => tracing::warn!(%error, "a backup's manifest is passed over"),
        }
    }
    backups.sort_by_key(|backup| std::cmp::Reverse(backup.manifest.taken_at));
    Ok(backups)
}
