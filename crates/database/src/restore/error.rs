//! Why a dump could not be restored.

use std::path::PathBuf;

use crate::{Error, PushError};

/// Why a dump could not be restored; nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// As when a project's SQL is applied.
    #[error(transparent)]
    Sql(#[from] PushError),
    /// One of `pg_dump`'s own formats.
    #[error("{} is an archive of pg_dump, not a script", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
    },
    /// A script in another encoding.
    #[error("{}, line {line}: the script is not in UTF-8", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// The line that says so.
        line: usize,
    },
    /// Rows of the services' tables come in no order that their foreign keys would take.
    #[error(
        "role {user} may not set session_replication_role, without which rows cannot be loaded"
    )]
    NeedsSuperuser {
        /// The login.
        user: String,
    },
}

impl From<Error> for RestoreError {
    fn from(error: Error) -> Self {
        Self::Sql(error.into())
    }
}

impl RestoreError {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Sql(PushError::Statement { source, .. }) => match source.server() {
                Some(error) if error.code == "42704" && error.message.starts_with("role ") => {
                    "dump the roles too (pg_dumpall --roles-only) and name that file first; nothing was kept".into()
                }
                Some(error) if error.code == "42P07" || error.code == "42710" => {
                    "restore into a database without the project's objects; nothing was kept".into()
                }
                _ => "nothing was kept; mend it and restore again".into(),
            },
            Self::Sql(error) => error.remedy(),
            Self::Archive { path } => format!(
                "make a script of it: pg_restore --file=dump.sql {}",
                path.display()
            ),
            Self::Encoding { .. } => "dump again with pg_dump --encoding=UTF8".into(),
            Self::NeedsSuperuser { .. } => "restore as a superuser".into(),
        }
    }
}
