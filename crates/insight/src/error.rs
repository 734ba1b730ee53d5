//! Why the application's database could not be filled.

/// Why the application's database could not be filled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Schema `public` already holds something; nothing was changed.
    #[error("schema public is not empty: it holds {found}")]
    NotEmpty {
        /// One of the relations there.
        found: String,
    },
    /// PostgreSQL refused something or went away; the database is as it was.
    #[error("the database could not be filled: {0}")]
    Database(#[from] tokio_postgres::Error),
    /// Neither `a` nor `b`.
    #[error("unknown variant {0:?}: it is a or b")]
    UnknownVariant(String),
    /// Neither `s`, `m` nor `l`.
    #[error("unknown size {0:?}: it is s, m or l")]
    UnknownSize(String),
}

/// A result of this crate.
pub(crate) type Result<T> = std::result::Result<T, Error>;
