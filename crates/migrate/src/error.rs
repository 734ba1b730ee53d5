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
    /// The target refuses more rows than the run may lose.
    #[error("table {table}: the target refuses {} rows, {allowed} are allowed", rows(*more, refused.len()))]
    Rejects {
        /// The table.
        table: String,
        /// How many may be lost.
        allowed: u64,
        /// The first of them.
        refused: Vec<crate::run::Refusal>,
        /// There are more than these.
        more: bool,
        /// Where they are listed.
        file: Option<std::path::PathBuf>,
    },
    /// The source went away, or could not be read.
    #[error("the source could not be read to the end: {0}")]
    Reading(pg::Error),
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
    /// The plan names something that the source does not have.
    #[error("the source has no {0}")]
    Missing(String),
    /// A user has no UUID in the column that the plan takes ids from.
    #[error("user {legacy} has no UUID in column {column}")]
    NoUuid {
        /// The column.
        column: String,
        /// The old id.
        legacy: String,
    },
    /// Points of the plan are not decided.
    #[error("{} points of the plan are not decided", .0.len())]
    Undecided(Vec<crate::plan::Question>),
    /// The source's definitions are not those that the plan was made for.
    #[error("the source has changed since the plan was made")]
    Drift,
    /// More users could not be made than the plan allows.
    #[error("{failed} users could not be made; the plan allows {allowed}")]
    UserFailures {
        /// How many failed.
        failed: u64,
        /// How many may.
        allowed: u64,
    },
    /// An object could not be made on the target.
    #[error("{kind} {name}: {error}")]
    Object {
        /// What kind.
        kind: String,
        /// Its name.
        name: String,
        /// What the target said.
        error: pg::Error,
    },
    /// A table without a key cannot be published.
    #[error(
        "table {0} has no primary key: once published, every update and delete of it would fail"
    )]
    Keyless(String),
    /// Nothing tells which table holds the users.
    #[error("it is not clear which table holds the users{}", candidates(.0))]
    NoUsers(Vec<String>),
    /// The plan cannot be used.
    #[error(transparent)]
    Plan(#[from] crate::plan::PlanError),
    /// The target's API did not do what was asked.
    #[error("{step}: {why}")]
    Api {
        /// Which call.
        step: String,
        /// What it answered.
        why: String,
    },
    /// A file of the run cannot be read or written.
    #[error("a file of the run: {0}")]
    File(std::io::Error),
    /// The system catalog is not as expected.
    #[error("unexpected answer from the system catalog: {0}")]
    Catalog(String),
}

fn candidates(tables: &[String]) -> String {
    if tables.is_empty() {
        return String::new();
    }
    format!(": it may be {}", tables.join(", "))
}

fn rows(more: bool, count: usize) -> String {
    format!("{}{count}", if more { "at least " } else { "" })
}

impl Error {
    /// What the source said instead of rows.
    pub(crate) fn reading(error: tokio_postgres::Error) -> Self {
        Self::Reading(pg::Error::from(error))
    }

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
