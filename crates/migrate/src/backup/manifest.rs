//! What a backup holds, in a file beside it.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Error, files};

/// The format of this file.
const VERSION: u32 = 1;
/// Ends a manifest's name.
const ENDING: &str = ".manifest.json";

/// How a dump is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `pg_dump`'s own compressed archive.
    #[default]
    Custom,
    /// SQL.
    Plain,
    /// A folder, written and read by several workers.
    Directory,
}

/// How thoroughly a backup was proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Everything restored, every row compared.
    #[default]
    Full,
    /// Every definition restored, the rows of small tables compared: for when space is short.
    Schema,
}

/// A proof that the backup can be restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// When.
    pub at: DateTime<Utc>,
    /// How thoroughly.
    pub level: Level,
    /// Tables whose rows were compared.
    pub tables: usize,
    /// The server that it was restored on.
    pub server_version: String,
}

/// One table at the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableEntry {
    /// `schema.table`, each part quoted where SQL needs it.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// What they add up to, whatever their order.
    pub checksum: String,
    /// Bytes on the server.
    pub bytes: i64,
}

/// One file of the backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its path below the backup's folder.
    pub path: String,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// Everything that was in the database at the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The snapshot that both the dump and the counts were taken in.
    pub snapshot: String,
    /// The database.
    pub database: String,
    /// System identifier and database oid.
    pub fingerprint: String,
    /// The server's version.
    pub server_version: String,
    /// The server's major version.
    pub server_major: u32,
    /// The database's encoding.
    pub encoding: String,
    /// `lc_collate`
    pub collate: String,
    /// `lc_ctype`
    pub ctype: String,
    /// Large objects.
    pub large_objects: i64,
    /// Every table with rows of its own.
    pub tables: Vec<TableEntry>,
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format of this file.
    pub version: u32,
    /// The engine's version.
    pub engine: String,
    /// The major version of the programs that wrote the dump.
    pub client_major: u32,
    /// When.
    pub taken_at: DateTime<Utc>,
    /// How the dump is written.
    pub format: Format,
    /// What was in the database.
    pub contents: Contents,
    /// The backup's files, this one left out.
    pub files: Vec<FileEntry>,
    /// The latest proof; absent when there was none yet.
    #[serde(default)]
    pub verified: Option<Verification>,
}

impl Manifest {
    pub(super) fn new(
        client_major: u32,
        taken_at: DateTime<Utc>,
        format: Format,
        contents: Contents,
    ) -> Self {
        Self {
            version: VERSION,
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            client_major,
            taken_at,
            format,
            contents,
            files: Vec::new(),
            verified: None,
        }
    }

    /// The manifest of a dump.
    pub fn path_of(dump: &Path) -> PathBuf {
        files::beside(dump, ENDING.trim_start_matches('.'))
    }

    /// The dump of a manifest, when `path` is named like one and its dump is there.
    pub(super) fn dump_of(path: &Path) -> Option<PathBuf> {
        let stem = path.file_name()?.to_str()?.strip_suffix(ENDING)?;
        ["dump", "sql", "dir"]
            .into_iter()
            .map(|ending| path.with_file_name(format!("{stem}.{ending}")))
            .find(|dump| dump.exists())
    }

    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let none = |reason: String| Error::NoBackup {
            path: path.to_owned(),
            reason,
        };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(none("it has no manifest".to_owned()));
            }
            Err(error) => return Err(Error::file(path, error)),
        };
        let manifest: Self =
            serde_json::from_str(&text).map_err(|error| none(error.to_string()))?;
        if manifest.version != VERSION {
            return Err(none(format!(
                "its manifest has format {}, this engine knows format {VERSION}",
                manifest.version
            )));
        }
        Ok(manifest)
    }

    pub(super) fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a manifest serializes");
        text.push('\n');
        text
    }
}
