//! What PostgreSQL and the way to it can say, named once.

use std::time::Duration;

use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::ErrorFields;

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
    /// The data type.
    pub data_type: Option<String>,
    /// What was under way: the functions called, the line of a COPY.
    pub context: Option<String>,
    /// Character of the statement, from 1, that the error is about.
    pub position: Option<u32>,
    /// The function of PostgreSQL that raised it: unlike the message, never translated.
    pub routine: Option<String>,
    /// FATAL or PANIC: the session is over.
    pub fatal: bool,
}

/// The class of a server error: what one does about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 08, 57P01–05: the connection or the server went away.
    Connection,
    /// 0A: PostgreSQL cannot do that.
    Unsupported,
    /// 21: more than one row where one was meant, or the same row twice in an upsert.
    Cardinality,
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
    /// 23P01.
    ExclusionViolation,
    /// Other 23.
    IntegrityViolation,
    /// 25006: the transaction may not write.
    ReadOnly,
    /// Other 25: aborted transaction, or the wrong moment in one.
    TransactionState,
    /// 28: login refused.
    Login,
    /// 2B: other things depend on it.
    Dependent,
    /// 40: try again.
    Serialization,
    /// 42501: no right, or a row-security policy said no.
    Privilege,
    /// 42P01, 42883, 42703, 3F000 …: there is no such thing.
    Undefined,
    /// 42P07, 42710, 42701 …: there is one already.
    Duplicate,
    /// Other 42.
    Syntax,
    /// 44: a view's check option said no.
    WithCheckOption,
    /// 53: out of connections, memory or disk.
    Resources,
    /// 54: too many arguments, columns, nested calls.
    Limit,
    /// 55P03.
    LockNotAvailable,
    /// Other 55: in use, or not in the state for that.
    ObjectState,
    /// 57014: cancelled or timed out.
    Cancelled,
    /// 58, XX: PostgreSQL itself or its machine is broken.
    Internal,
    /// P0001–P0004, or a SQLSTATE of the function's own making: raised by a function.
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
    /// A statement that the protocol cannot carry; nothing was sent.
    #[error("the statement cannot be sent: {0}")]
    Unsendable(String),
    /// The answer is larger than [`crate::RequestOptions::max_result_bytes`]. The statement was cancelled, but
    /// whether that came before its commit is unknown.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

impl ServerError {
    /// Its class.
    pub fn kind(&self) -> Kind {
        match self.code.as_str() {
            "23505" => Kind::UniqueViolation,
            "23503" => Kind::ForeignKeyViolation,
            "23502" => Kind::NotNullViolation,
            "23514" => Kind::CheckViolation,
            "23P01" => Kind::ExclusionViolation,
            "25006" => Kind::ReadOnly,
            "42501" => Kind::Privilege,
            "42P01" | "42P02" | "42883" | "42703" | "42704" | "3F000" | "3D000" | "26000"
            | "34000" => Kind::Undefined,
            "42P03" | "42P04" | "42P05" | "42P06" | "42P07" | "42701" | "42710" | "42712"
            | "42723" => Kind::Duplicate,
            "55P03" => Kind::LockNotAvailable,
            "57014" => Kind::Cancelled,
            "57P01" | "57P02" | "57P03" | "57P04" | "57P05" => Kind::Connection,
            code => match code.get(..2).unwrap_or("") {
                "08" => Kind::Connection,
                "0A" => Kind::Unsupported,
                "21" => Kind::Cardinality,
                "22" => Kind::Data,
                "23" => Kind::IntegrityViolation,
                "25" => Kind::TransactionState,
                "28" => Kind::Login,
                "2B" => Kind::Dependent,
                "40" => Kind::Serialization,
                "42" => Kind::Syntax,
                "44" => Kind::WithCheckOption,
                "53" => Kind::Resources,
                "54" => Kind::Limit,
                "55" => Kind::ObjectState,
                "58" | "XX" => Kind::Internal,
                "P0" => Kind::Raised,
                _ => Kind::Other,
            },
        }
    }

    /// Reads the fields of an `ErrorResponse` or `NoticeResponse`. Bytes that are not UTF-8 (an error before
    /// the encoding was agreed on) are replaced.
    pub(crate) fn read(mut fields: ErrorFields<'_>) -> std::io::Result<Self> {
        let mut error = Self::default();
        while let Some(field) = fields.next()? {
            let value = String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                // The severity that is never translated (since PostgreSQL 9.6).
                b'V' => error.fatal = value == "FATAL" || value == "PANIC",
                b'C' => error.code = value,
                b'M' => error.message = value,
                b'D' => error.detail = Some(value),
                b'H' => error.hint = Some(value),
                b'W' => error.context = Some(value),
                b'P' => error.position = value.parse().ok(),
                b's' => error.schema = Some(value),
                b't' => error.table = Some(value),
                b'c' => error.column = Some(value),
                b'd' => error.data_type = Some(value),
                b'n' => error.constraint = Some(value),
                b'R' => error.routine = Some(value),
                _ => {}
            }
        }
        Ok(error)
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
        self.server()
            .is_some_and(|error| error.constraint.as_deref() == Some(constraint))
    }

    /// Whether the database was not there, rather than the statement wrong.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Connect(_) | Self::Lost(_) | Self::PoolTimeout(_) => true,
            Self::Server(error) => matches!(error.kind(), Kind::Connection | Kind::Resources),
            Self::Protocol(_) | Self::Unsendable(_) | Self::TooLarge(_) => false,
        }
    }

    /// What tokio-postgres says when it cannot make a connection: [`Error::Connect`], unless the server itself
    /// refused the login.
    pub(crate) fn connecting(error: tokio_postgres::Error) -> Self {
        match Self::from(error) {
            Self::Lost(text) | Self::Protocol(text) => Self::Connect(text),
            other => other,
        }
    }
}

impl From<&tokio_postgres::error::DbError> for ServerError {
    fn from(error: &tokio_postgres::error::DbError) -> Self {
        use tokio_postgres::error::{ErrorPosition, Severity};
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
            data_type: text(error.datatype()),
            context: text(error.where_()),
            position: match error.position() {
                Some(ErrorPosition::Original(at)) => Some(*at),
                _ => None,
            },
            routine: text(error.routine()),
            fatal: matches!(
                error.parsed_severity(),
                Some(Severity::Fatal | Severity::Panic)
            ),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(server) = error.as_db_error() {
            return Self::Server(Box::new(server.into()));
        }
        let lost = error.is_closed();
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        let mut broken = false;
        while let Some(inner) = source {
            text = format!("{text}: {inner}");
            broken |= inner
                .downcast_ref::<std::io::Error>()
                .is_some_and(is_broken);
            source = inner.source();
        }
        if lost || broken {
            Self::Lost(text)
        } else {
            Self::Protocol(text)
        }
    }
}

/// The stream, rather than something that cannot be encoded or decoded.
fn is_broken(error: &std::io::Error) -> bool {
    !matches!(
        error.kind(),
        std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, kind: Kind) {
        let error = ServerError {
            code: code.into(),
            ..ServerError::default()
        };
        assert_eq!(error.kind(), kind, "{code}");
    }

    #[test]
    fn every_class_of_sqlstate_has_a_kind() {
        check("08006", Kind::Connection);
        check("0A000", Kind::Unsupported);
        check("21000", Kind::Cardinality);
        check("22P02", Kind::Data);
        check("23505", Kind::UniqueViolation);
        check("23503", Kind::ForeignKeyViolation);
        check("23502", Kind::NotNullViolation);
        check("23514", Kind::CheckViolation);
        check("23P01", Kind::ExclusionViolation);
        check("23001", Kind::IntegrityViolation);
        check("25006", Kind::ReadOnly);
        check("25P02", Kind::TransactionState);
        check("28P01", Kind::Login);
        check("2BP01", Kind::Dependent);
        check("40001", Kind::Serialization);
        check("40P01", Kind::Serialization);
        check("42501", Kind::Privilege);
        check("42P01", Kind::Undefined);
        check("42P07", Kind::Duplicate);
        check("42601", Kind::Syntax);
        check("44000", Kind::WithCheckOption);
        check("53300", Kind::Resources);
        check("54001", Kind::Limit);
        check("55P03", Kind::LockNotAvailable);
        check("55006", Kind::ObjectState);
        check("57014", Kind::Cancelled);
        check("57P01", Kind::Connection);
        check("58030", Kind::Internal);
        check("XX000", Kind::Internal);
        check("P0001", Kind::Raised);
        check("PT404", Kind::Other);
        check("", Kind::Other);
    }
}
