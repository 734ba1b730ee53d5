//! What PostgreSQL and the way to it can say, named once.

use std::time::Duration;

/// An error as PostgreSQL sent it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerError {
    /// The five-character SQLSTATE.
    pub code: String,
    /// Primary message.
    pub message: String,
    /// Detail, if any.
    pub detail: Option<String>,
    /// Hint, if any.
    pub hint: Option<String>,
    /// Name of the constraint, if the error is about one.
    pub constraint: Option<String>,
    /// Schema, table and column, where named.
    pub schema: Option<String>,
    /// The table.
    pub table: Option<String>,
    /// The column.
    pub column: Option<String>,
}

/// The class of a server error: what one does about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 08, 57P01–03: the connection or the server went away.
    Connection,
    /// 22: a value does not fit its type.
    Data,
    /// 23505.
    UniqueViolation,
    /// 23503.
    ForeignKeyViolation,
    /// 23502.
    NotNullViolation,
    /// 23514.
    CheckViolation,
    /// Other 23.
    IntegrityViolation,
    /// 25: read-only or aborted transaction.
    TransactionState,
    /// 28: login refused.
    Login,
    /// 40001, 40P01: try again.
    Serialization,
    /// 42501: no right, or a row-security policy said no.
    Privilege,
    /// 42P01, 42883, 42703, 3F000 …: there is no such thing.
    Undefined,
    /// Other 42.
    Syntax,
    /// 53: out of connections, memory or disk.
    Resources,
    /// 55P03.
    LockNotAvailable,
    /// 57014: cancelled or timed out.
    Cancelled,
    /// P0001: raised by a function.
    Raised,
    /// Anything else.
    Other,
}

/// Why a database call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// PostgreSQL refused; the transaction was rolled back.
    #[error("{} ({})", .0.message, .0.code)]
    Server(Box<ServerError>),
    /// No connection could be made.
    #[error("the database cannot be reached: {0}")]
    Connect(String),
    /// The connection broke under way; whether the transaction committed is unknown.
    #[error("the connection to the database was lost: {0}")]
    Lost(String),
    /// No connection became free in time.
    #[error("no database connection became free within {} ms", .0.as_millis())]
    PoolTimeout(Duration),
    /// An answer that the protocol does not allow, or a value of an unexpected type.
    #[error("unexpected answer from the database: {0}")]
    Protocol(String),
}

impl ServerError {
    /// Its class.
    pub fn kind(&self) -> Kind {
        match self.code.as_str() {
            "23505" => Kind::UniqueViolation,
            "23503" => Kind::ForeignKeyViolation,
            "23502" => Kind::NotNullViolation,
            "23514" => Kind::CheckViolation,
            "40001" | "40P01" => Kind::Serialization,
            "42501" => Kind::Privilege,
            "42P01" | "42883" | "42703" | "42704" | "3F000" | "3D000" => Kind::Undefined,
            "55P03" => Kind::LockNotAvailable,
            "57014" => Kind::Cancelled,
            "57P01" | "57P02" | "57P03" => Kind::Connection,
            "P0001" => Kind::Raised,
            code => match code.get(..2).unwrap_or("") {
                "08" => Kind::Connection,
                "22" => Kind::Data,
                "23" => Kind::IntegrityViolation,
                "25" => Kind::TransactionState,
                "28" => Kind::Login,
                "42" => Kind::Syntax,
                "53" => Kind::Resources,
                _ => Kind::Other,
            },
        }
    }
}

impl Error {
    /// The server's error, if it is one.
    pub fn server(&self) -> Option<&ServerError> {
        match self {
            Self::Server(error) => Some(error),
            _ => None,
        }
    }

    /// The class of a server error; `None` when the server did not speak.
    pub fn kind(&self) -> Option<Kind> {
        self.server().map(ServerError::kind)
    }

    /// The SQLSTATE, if the server sent one.
    pub fn code(&self) -> Option<&str> {
        self.server().map(|error| error.code.as_str())
    }

    /// Whether a constraint of this name was violated.
    pub fn violates(&self, constraint: &str) -> bool {
        self.server().is_some_and(|error| error.constraint.as_deref() == Some(constraint))
    }
}

impl From<&tokio_postgres::error::DbError> for ServerError {
    fn from(error: &tokio_postgres::error::DbError) -> Self {
        let text = |value: Option<&str>| value.map(str::to_owned);
        Self {
            code: error.code().code().to_owned(),
            message: error.message().to_owned(),
            detail: text(error.detail()),
            hint: text(error.hint()),
            constraint: text(error.constraint()),
            schema: text(error.schema()),
            table: text(error.table()),
            column: text(error.column()),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(server) = error.as_db_error() {
            return Self::Server(Box::new(server.into()));
        }
        if error.is_closed() {
            return Self::Lost(error.to_string());
        }
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            text = format!("{text}: {inner}");
            source = inner.source();
        }
        Self::Protocol(text)
    }
}
