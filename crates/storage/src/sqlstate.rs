//! What PostgreSQL says, in the service's words.

use pg::{Kind, ServerError};

use crate::Error;

const ROW_SECURITY: &str = "new row violates row-level security policy";

impl From<pg::Error> for Error {
    fn from(error: pg::Error) -> Self {
        match error {
            pg::Error::Server(error) => (*error).into(),
            pg::Error::Connect(_) | pg::Error::Lost(_) | pg::Error::PoolTimeout(_) => {
                Self::DatabaseTimeout(error.to_string())
            }
            // A NUL byte in a value, which PostgreSQL cannot hold.
            pg::Error::Unsendable(text) => Self::Value(text),
            pg::Error::Protocol(_) | pg::Error::TooLarge(_) => Self::internal(error),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        pg::Error::from(error).into()
    }
}

impl From<ServerError> for Error {
    fn from(error: ServerError) -> Self {
        match (error.code.as_str(), error.kind()) {
            ("42703" | "42P01", _) => Self::SchemaMismatch(error.message),
            ("42P17", _) => Self::Definition,
            ("P0001", _) => Self::Raised(error.message),
            ("22P02" | "22021", _) => Self::Value(error.message),
            // `set role` to a role that is not there.
            ("22023", _) if error.message.starts_with("role ") => Self::Privilege(error.message),
            ("53300", _) => Self::TooManyConnections(error.message),
            (_, Kind::Privilege) if error.message.starts_with(ROW_SECURITY) => {
                Self::RowSecurity(without_table(&error))
            }
            (_, Kind::Privilege) => Self::Privilege(error.message),
            (_, Kind::UniqueViolation) if error.table.as_deref() == Some("buckets") => {
                Self::BucketExists
            }
            (_, Kind::UniqueViolation) => Self::KeyExists,
            (_, Kind::ForeignKeyViolation) => Self::Related,
            (_, Kind::LockNotAvailable) => Self::Locked,
            (_, Kind::Cancelled | Kind::Connection) => Self::DatabaseTimeout(error.message),
            (_, Kind::ReadOnly) => Self::ReadOnly,
            _ => Self::Database {
                code: error.code,
                message: error.message,
            },
        }
    }
}

/// `… for table "objects"` is cut off, the rest of PostgreSQL's sentence stays.
fn without_table(error: &ServerError) -> String {
    let text = &error.message;
    text.find(" for table ")
        .map_or(text.as_str(), |at| &text[..at])
        .to_owned()
}

/// For statements that delete: a foreign key is in the way.
pub(crate) fn deleting(error: pg::Error) -> Error {
    match &error {
        pg::Error::Server(server) if server.kind() == Kind::ForeignKeyViolation => {
            let name = server.constraint.as_deref().unwrap_or("unknown");
            let table = server.table.as_deref().unwrap_or("unknown");
            Error::Referenced(format!(
                "The resource is still referenced by table \"{table}\" (constraint \"{name}\")"
            ))
        }
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, message: &str, table: Option<&str>, expected: &str) {
        let error = Error::from(ServerError {
            code: code.into(),
            message: message.into(),
            table: table.map(str::to_owned),
            ..ServerError::default()
        });
        assert_eq!(format!("{error:?}"), expected);
    }

    #[test]
    fn sqlstates_have_their_place() {
        // STO-ERR-15, STO-ERR-16
        check(
            "42501",
            "new row violates row-level security policy for table \"objects\"",
            None,
            "RowSecurity(\"new row violates row-level security policy\")",
        );
        check(
            "42501",
            "permission denied for table objects",
            None,
            "Privilege(\"permission denied for table objects\")",
        );
        // STO-TOK-03
        check(
            "22023",
            "role \"who\" does not exist",
            None,
            "Privilege(\"role \\\"who\\\" does not exist\")",
        );
        check("23505", "", Some("buckets"), "BucketExists");
        check("23505", "", Some("objects"), "KeyExists");
        // STO-ERR-26
        check("23503", "", Some("objects"), "Related");
        // STO-ERR-32
        check("55P03", "", None, "Locked");
        check("57014", "cancelled", None, "DatabaseTimeout(\"cancelled\")");
        // STO-ERR-35
        check("25006", "", None, "ReadOnly");
        // STO-ERR-36
        check("42703", "column x", None, "SchemaMismatch(\"column x\")");
        check(
            "42P01",
            "relation x",
            None,
            "SchemaMismatch(\"relation x\")",
        );
        // STO-ERR-37
        check("42P17", "", None, "Definition");
        check("P0001", "no cats", None, "Raised(\"no cats\")");
        check("22P02", "bad uuid", None, "Value(\"bad uuid\")");
        check(
            "XX000",
            "boom",
            None,
            "Database { code: \"XX000\", message: \"boom\" }",
        );
    }
}
