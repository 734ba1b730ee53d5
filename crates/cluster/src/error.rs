//! Everything that can go wrong, each with a sentence and the way out.

use std::path::{Path, PathBuf};

/// How the C library and PostgreSQL word ENOSPC and a write cut short.
const DISK_FULL: [&str; 2] = ["No space left on device", "Check free disk space"];

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
    /// No room left on the device.
    #[error("the disk of {} is full", .0.display())]
    DiskFull(PathBuf),
    /// The loopback port the settings ask for is taken.
    #[error("port {0} is taken by another program")]
    PortTaken(u16),
    /// Fetching PostgreSQL's programs failed.
    #[error("PostgreSQL was not installed: {0}")]
    Install(String),
    /// The program was told to stop meanwhile.
    #[error("PostgreSQL was still starting when the program was told to stop")]
    Interrupted,
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
            Self::NotFound | Self::NotUsable(_) => {
                "Run `passerelle pg install`, or set PASSERELLE_PG_BIN to \
                the folder that holds `postgres` and `initdb`."
                    .to_owned()
            }
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
            Self::DiskFull(path) => format!(
                "Free some space (see `df -h {}`), then start again.",
                path.display()
            ),
            Self::PortTaken(port) => format!(
                "See who has it with `ss -ltnp 'sport = :{port}'`, or set another POSTGRES_PORT."
            ),
            Self::Install(_) => "Install PostgreSQL with the system's own packages, such as \
                `apt-get install postgresql`."
                .to_owned(),
            Self::Interrupted => "Start again; nothing is lost.".to_owned(),
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

    /// A short name that scripts can match on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "postgres_not_found",
            Self::NotUsable(_) => "postgres_not_usable",
            Self::OtherMajor { .. } => "other_major",
            Self::NotACluster(_) => "not_a_cluster",
            Self::InUse(_) => "in_use",
            Self::NoAccount => "no_account",
            Self::Initdb(_) => "initdb_failed",
            Self::DidNotStart(_) => "did_not_start",
            Self::DiskFull(_) => "disk_full",
            Self::PortTaken(_) => "port_taken",
            Self::Install(_) => "install_failed",
            Self::Interrupted => "interrupted",
            Self::PathTooLong(_) => "path_too_long",
            Self::File { .. } => "file",
        }
    }

    pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::StorageFull {
            return Self::DiskFull(path.to_owned());
        }
        Self::File {
            path: path.to_owned(),
            source,
        }
    }

    /// What `initdb` said, told apart by the system's own words under `LC_ALL=C`.
    pub(crate) fn initdb(data: &Path, words: &str) -> Self {
        if DISK_FULL.iter().any(|mark| words.contains(mark)) {
            return Self::DiskFull(data.to_owned());
        }
        Self::Initdb(words.to_owned())
    }

    /// Why the server ended, from the end of its log.
    pub(crate) fn did_not_start(data: &Path, words: &str) -> Self {
        if DISK_FULL.iter().any(|mark| words.contains(mark)) {
            return Self::DiskFull(data.to_owned());
        }
        Self::DidNotStart(words.to_owned())
    }
}
