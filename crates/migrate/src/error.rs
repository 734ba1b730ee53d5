//! What can go wrong in a migration, and how a command ends then.

/// Why a command of the engine stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The source or the target did not answer, or refused the login.
    #[error("{side}: {error}")]
    Connection {
        /// Which of the two.
        side: Side,
        /// What the client library said.
        error: pg::Error,
    },
    /// A statement failed; SQLSTATE, message, detail and hint are kept.
    #[error(transparent)]
    Database(#[from] pg::Error),
    /// A reference points at nobody and the plan says to stop then.
    #[error("table {table}: {reason}")]
    Orphan {
        /// The table.
        table: String,
        /// The column and why.
        reason: String,
    },
    /// Rows were sent to the target and not all were stored.
    #[error("table {table}: {sent} rows were sent to the target, {stored} were stored")]
    Accounting {
        /// The table.
        table: String,
        /// Rows sent.
        sent: u64,
        /// Rows the target says it stored.
        stored: u64,
    },
    /// Another engine is at work on this target.
    #[error("another migration is running on this target: {holder}")]
    Locked {
        /// Who, and since when.
        holder: String,
    },
    /// The plan is not the one that the run was begun with.
    #[error("the plan has changed since the run began (then {then}, now {now})")]
    PlanChanged {
        /// Its digest then.
        then: String,
        /// Its digest now.
        now: String,
    },
    /// The run belongs to another source.
    #[error("this run belongs to another source database")]
    OtherSource,
    /// A finished step would do something else now.
    #[error("step {0} was finished with another input")]
    StepChanged(String),
    /// A file of the run cannot be read or written.
    #[error("a file of the run: {0}")]
    File(std::io::Error),
    /// The system catalog is not as expected.
    #[error("unexpected answer from the system catalog: {0}")]
    Catalog(String),
}

impl Error {
    pub(crate) fn file(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(pg::Error::from(error))
    }
}

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The application's old database: only read.
    Source,
    /// The database behind the API.
    Target,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Source => "the source",
            Self::Target => "the target",
        })
    }
}
