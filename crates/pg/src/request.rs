//! A caller's transaction: role, claims, settings, statements and commit in one round trip.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use sql::Param;

/// A statement with its parameters, all in text format; prepared once per (role, text).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The SQL, with `$n`; the server infers the parameters' types. Equal shapes must have equal text: it is the key of the statement cache.
    pub sql: Arc<str>,
    /// The parameters.
    pub params: Vec<Param>,
}

/// Whether the transaction may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Writes fail with 25006.
    ReadOnly,
    /// Anything the role may do.
    #[default]
    ReadWrite,
}

/// The isolation level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// PostgreSQL's default.
    #[default]
    ReadCommitted,
    /// One snapshot for all statements.
    RepeatableRead,
    /// As if alone.
    Serializable,
}

/// How the transaction ends when every statement succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum End {
    /// Keep.
    #[default]
    Commit,
    /// Undo: the statements were a question.
    Rollback,
}

/// What is to be done as a caller.
///
/// The statements must leave the transaction alone. One that does not begin like a query (`call`, `do` …) is
/// run in an explicit transaction block, where PostgreSQL refuses a `commit` inside a procedure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestTx {
    /// The role that the statements run as.
    pub role: String,
    /// Settings local to the transaction, in order: `request.jwt.claims`, `request.method`,
    /// `search_path`, the role's own `statement_timeout` …
    pub settings: Vec<(Cow<'static, str>, String)>,
    /// The statements, in order; the first error undoes all.
    pub statements: Vec<Statement>,
    /// May it write?
    pub access: Access,
    /// Isolation level.
    pub isolation: Isolation,
    /// Keep or undo.
    pub end: End,
}

/// What one statement answered. Values are in PostgreSQL's text format, slices of the receive buffer.
#[derive(Debug, Clone, Default)]
pub struct ResultSet {
    /// The rows.
    pub rows: Vec<Row>,
    /// Rows that the statement touched, from its command tag.
    pub affected: u64,
}

/// One row.
#[derive(Debug, Clone, Default)]
pub struct Row {
    pub(crate) columns: Vec<Option<Bytes>>,
}

impl Row {
    /// The column at `index`, as sent; `None` is NULL.
    pub fn get(&self, index: usize) -> Option<&Bytes> {
        self.columns.get(index)?.as_ref()
    }

    /// The column at `index` as text.
    pub fn text(&self, index: usize) -> Option<&str> {
        self.get(index)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
    }
}

impl Statement {
    /// A statement from its text and parameters.
    pub fn new(sql: impl Into<Arc<str>>, params: Vec<Param>) -> Self {
        Self {
            sql: sql.into(),
            params,
        }
    }
}

impl From<sql::Fragment> for Statement {
    fn from(fragment: sql::Fragment) -> Self {
        let (text, params) = fragment.into_parts();
        Self::new(text, params)
    }
}
