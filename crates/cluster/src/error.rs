//! Everything that can go wrong, each with a sentence and the way out.

use std::path::PathBuf;

/// Why the managed PostgreSQL is not available.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No PostgreSQL programs in any of the usual places.
    #[error("no PostgreSQL programs found")]
    NotFound,
    /// The folder named by the settings has no usable `postgres` and `initdb`.
    #[error("{} holds no usable PostgreSQL programs", .0.display())]
    NotUsable(PathBuf),
    /// The data directory was made by another major version.
    #[error("{} was made by PostgreSQL {found}, but the programs are PostgreSQL {programs}", path.display())]
    OtherMajor {
        /// The data directory.
        path: PathBuf,
        /// What its `PG_VERSION` says.
        found: String,
        /// Major version of the programs.
        programs: u32,
    },
    /// The data directory exists, and is not a PostgreSQL data directory.
    #[error("{} exists, but is no PostgreSQL data directory", .0.display())]
    NotACluster(PathBuf),
    /// Another program holds the data directory.
    #[error("{} is in use by another program", .0.display())]
    InUse(PathBuf),
    /// PostgreSQL refuses to run as root, and there is no account to run it under.
    #[error("PostgreSQL does not run as root, and there is no account `postgres` or `nobody`")]
    NoAccount,
    /// `initdb` failed; its last words are in the text.
    #[error("initdb failed: {0}")]
    Initdb(String),
    /// The server ended, or was not ready in time; the end of its log is in the text.
    #[error("PostgreSQL did not start: {0}")]
    DidNotStart(String),
    /// A Unix socket's path has at most 107 bytes.
    #[error("the path {} is too long for a Unix socket", .0.display())]
    PathTooLong(PathBuf),
    /// The file system said no.
    #[error("{}: {source}", path.display())]
    File {
        /// What was being read or written.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    /// What to do about it, as one sentence.
    pub fn remedy(&self) -> String {
        match self {
            Self::NotFound | Self::NotUsable(_) => "Install PostgreSQL, or set PASSERELLE_PG_BIN \
                to the folder that holds `postgres` and `initdb`."
                .to_owned(),
            Self::OtherMajor { found, .. } => format!(
                "Set PASSERELLE_PG_BIN to the programs of PostgreSQL {found}, or move the data \
                 with `pg_upgrade` or `pg_dumpall`."
            ),
            Self::NotACluster(_) => {
                "Set PASSERELLE_DATA_DIR to another folder, or move this one away.".to_owned()
            }
            Self::InUse(_) => {
                "Stop the other program first, or set PASSERELLE_DATA_DIR to another folder."
                    .to_owned()
            }
            Self::NoAccount => {
                "Create one with `useradd --system postgres`, or start as another user.".to_owned()
            }
            Self::Initdb(_) => "Check the free space and the rights of the data folder.".to_owned(),
            Self::DidNotStart(_) => {
                "Read logs/postgres.log in the data folder; another port may be all it takes."
                    .to_owned()
            }
            Self::PathTooLong(_) => {
                "Set PASSERELLE_DATA_DIR to a folder with a shorter path.".to_owned()
            }
            Self::File { path, .. } => {
                format!(
                    "Check the owner and the rights with `ls -ld {}`.",
                    path.display()
                )
            }
        }
    }

    pub(crate) fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            source,
        }
    }
}
