//! Why a project's SQL could not be applied.

use std::path::{Path, PathBuf};

use crate::{Error, SplitError};

/// Why a project's SQL could not be applied; each with a remedy.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The database cannot be reached, or its ledgers cannot be read.
    #[error(transparent)]
    Database(#[from] Error),
    /// A file or folder cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// `config.toml` cannot be understood.
    #[error("{}: {message}", path.display())]
    Config {
        /// Which.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// Two migrations of one version.
    #[error("version {version} has two files, {first} and {second}")]
    SameVersion {
        /// The version.
        version: String,
        /// One file's name.
        first: String,
        /// The other's.
        second: String,
    },
    /// Not a script that a server can run.
    #[error("{}, {source}", path.display())]
    Split {
        /// The file.
        path: PathBuf,
        /// Why.
        source: SplitError,
    },
    /// Extensions that the server lacks and that have no substitute; nothing was run.
    #[error("the server lacks {}", list(extensions))]
    MissingExtensions {
        /// Which, and where each is asked for first.
        extensions: Vec<MissingExtension>,
    },
    /// A statement that would change a role of Supabase's own.
    #[error("{}, statement {number}, line {line}: role {role} is reserved", path.display())]
    ReservedRole {
        /// The file.
        path: PathBuf,
        /// Which statement, from 1.
        number: usize,
        /// Its line.
        line: usize,
        /// The role.
        role: String,
    },
    /// PostgreSQL refused a statement.
    #[error("{}, statement {number}, line {line}: {source}", path.display())]
    Statement {
        /// The file.
        path: PathBuf,
        /// Which statement, from 1.
        number: usize,
        /// The line that the error is about.
        line: usize,
        /// What PostgreSQL said.
        source: pg::Error,
        /// What a Supabase project would have done, where that is known.
        upstream: Option<&'static str>,
        /// Whether the statements before it were kept, because the file cannot run in a transaction.
        kept: bool,
    },
}

/// An extension that the server lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingExtension {
    /// Its name.
    pub name: String,
    /// The file that asks for it first.
    pub path: PathBuf,
    /// The line.
    pub line: usize,
    /// What to install on the server.
    pub package: String,
}

fn list(extensions: &[MissingExtension]) -> String {
    let names: Vec<String> = extensions
        .iter()
        .map(|missing| {
            format!(
                "extension {} ({}, line {})",
                missing.name,
                missing.path.display(),
                missing.line
            )
        })
        .collect();
    names.join(", ")
}

impl PushError {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Database(error) => error.remedy(),
            Self::Read { .. } => "check the folder's name and who may read it".into(),
            Self::Config { .. } => "mend the file".into(),
            Self::SameVersion { .. } => "give one of them another version".into(),
            Self::Split { .. } => "mend the file; commands of psql cannot be run here".into(),
            Self::MissingExtensions { extensions } => {
                let mut packages: Vec<&str> = extensions
                    .iter()
                    .map(|missing| missing.package.as_str())
                    .collect();
                packages.dedup();
                format!(
                    "install on the database server: {}; or set database.missing_extensions = \"warn\"",
                    packages.join("; ")
                )
            }
            Self::ReservedRole { .. } => {
                "take the statement out; only settings (alter role … set …) of this role can be changed"
                    .into()
            }
            Self::Statement { source, kept, .. } => {
                let hint = match source {
                    pg::Error::Server(error) => error.hint.clone(),
                    _ => None,
                };
                let state = if *kept {
                    "the statements before it were kept, for this file cannot run in a transaction; mend it and push again"
                } else {
                    "nothing of this file was kept; mend it and push again"
                };
                hint.map_or_else(|| state.to_owned(), |hint| format!("{hint}; {state}"))
            }
        }
    }

    pub(crate) fn read(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_owned();
        Self::Read { path, source }
    }

    /// The SQLSTATE of a refused statement.
    pub(super) fn code(&self) -> Option<&str> {
        match self {
            Self::Statement {
                source: pg::Error::Server(error),
                ..
            } => Some(&error.code),
            _ => None,
        }
    }
}
