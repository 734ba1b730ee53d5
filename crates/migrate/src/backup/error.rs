//! What can go wrong with a backup.

use std::path::{Path, PathBuf};

/// Why a backup was not made, not proved or not restored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server did not answer, or refused.
    #[error(transparent)]
    Database(#[from] crate::Error),
    /// One of PostgreSQL's client programs is not there.
    #[error("{program} is needed to {purpose} and was not found")]
    Missing {
        /// Its name.
        program: &'static str,
        /// What for.
        purpose: &'static str,
    },
    /// The client programs are older than the server (MIG-BAK-02).
    #[error(
        "{program} is of version {found}, the server of version {server}: it cannot dump a newer server"
    )]
    TooOld {
        /// Its path.
        program: String,
        /// Its major version.
        found: u32,
        /// The server's.
        server: u32,
    },
    /// A program ended with an error.
    #[error("{program} failed ({status}): {said}")]
    Program {
        /// Its name.
        program: &'static str,
        /// How it ended.
        status: String,
        /// The end of what it said.
        said: String,
    },
    /// A file of the backup cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// There is no manifest beside the dump, or it is none.
    #[error("{} is no backup of ours: {reason}", path.display())]
    NoBackup {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file is not what it was when it was written.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// In what way.
        reason: String,
    },
    /// What came back is not what the manifest says.
    #[error("the restored database is not what was dumped: {}", differences(.0))]
    Differs(Vec<Difference>),
    /// The dump's format cannot be restored in this way.
    #[error("a dump in plain SQL can only be restored into a new database, and as a whole")]
    PlainOnly,
    /// The old database could not be set aside.
    #[error("database {database} could not be swapped: {error}; it is as it was")]
    Swap {
        /// Its name.
        database: String,
        /// What the server said.
        error: pg::Error,
    },
}

/// A table that came back otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// What the manifest says and what was found.
    pub what: String,
}

fn differences(all: &[Difference]) -> String {
    const SHOWN: usize = 5;
    let mut lines: Vec<String> = all
        .iter()
        .take(SHOWN)
        .map(|it| format!("{}: {}", it.table, it.what))
        .collect();
    if all.len() > SHOWN {
        lines.push(format!("and {} more", all.len() - SHOWN));
    }
    lines.join("; ")
}

impl Error {
    pub(super) fn file(path: &Path, error: std::io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            error,
        }
    }

    /// Stable code for scripts.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Database(_) => "MIG-B-DATABASE",
            Self::Missing { .. } => "MIG-B-PROGRAM",
            Self::TooOld { .. } => "MIG-B-VERSION",
            Self::Program { .. } => "MIG-B-FAILED",
            Self::File { .. } => "MIG-B-FILE",
            Self::NoBackup { .. } => "MIG-B-NONE",
            Self::Damaged { .. } => "MIG-B-DAMAGED",
            Self::Differs(_) => "MIG-B-DIFFERS",
            Self::PlainOnly => "MIG-B-PLAIN",
            Self::Swap { .. } => "MIG-B-SWAP",
        }
    }

    /// The exit code of a command that ends with it (MIG-OUT-02).
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Database(crate::Error::Connection { .. }) => 15,
            Self::Missing { .. } => 3,
            Self::TooOld { .. } | Self::PlainOnly => 14,
            Self::NoBackup { .. } | Self::Damaged { .. } | Self::Differs(_) => 8,
            Self::Database(_) | Self::Program { .. } | Self::File { .. } | Self::Swap { .. } => 10,
        }
    }
}

impl From<pg::Error> for Error {
    fn from(error: pg::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error.into())
    }
}
