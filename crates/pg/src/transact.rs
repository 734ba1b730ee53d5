//! A [`RequestTx`] as one batch: role and settings, statements, and the end, before a single `Sync`.
//!
//! Without `BEGIN` everything up to the `Sync` is one implicit transaction: settings made with
//! `set_config(…, true)` last until it, the first error skips all that follows, and the login role is back
//! after it. That the role is in place before the first statement is therefore not a matter of checking an
//! answer in between. docs/decisions/0001-one-round-trip.md has the figures.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, OnceLock};

use crate::waiting::Lease;
use crate::wire::{Answer, Broken, Connection, Naming, State};
use crate::{Access, End, Error, Isolation, RequestTx, ResultSet, ServerError, Statement};

/// How a batch ends when all went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Implicit transaction, committed by `Sync`.
    Implicit,
    /// `BEGIN` … `COMMIT`.
    Commit,
    /// `BEGIN` … `ROLLBACK`.
    Rollback,
    /// `BEGIN` … and wait.
    Open,
    /// Nothing at all but `Sync`.
    Ping,
}

/// A transaction that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) retry: Retry,
}

/// Whether doing it again is safe and promising.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    No,
    /// The connection was dead before it did anything.
    Connection,
    /// A prepared statement was out of date; all was rolled back.
    Plan,
}

impl Ending {
    pub(crate) fn of(tx: &RequestTx) -> Self {
        match tx.end {
            End::Rollback => Self::Rollback,
            End::Commit if tx.isolation != Isolation::ReadCommitted => Self::Commit,
            End::Commit
                if tx
                    .statements
                    .iter()
                    .all(|statement| is_query(&statement.sql)) =>
            {
                Self::Implicit
            }
            End::Commit => Self::Commit,
        }
    }
}

/// Whether it begins like a statement that cannot end a transaction.
fn is_query(sql: &str) -> bool {
    const QUERIES: [&str; 7] = [
        "select", "with", "insert", "update", "delete", "merge", "values",
    ];
    let sql = sql.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '(');
    QUERIES.iter().any(|word| {
        sql.get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
            && !sql[word.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
    })
}

impl Lease {
    pub(crate) async fn transact(
        &mut self,
        tx: &RequestTx,
        ending: Ending,
    ) -> Result<Vec<ResultSet>, Failure> {
        let naming = self.naming();
        let max_bytes = self.shared().options.max_result_bytes;
        check(tx).map_err(Failure::last)?;
        let connection = self.connection();
        write(connection, tx, ending, naming).map_err(Failure::last)?;
        let answer = connection
            .exchange(max_bytes)
            .await
            .map_err(|broken| Failure::broken(broken, tx.access))?;
        conclude(connection, answer).await
    }

    pub(crate) async fn one(
        &mut self,
        role: &str,
        statement: &Statement,
    ) -> Result<ResultSet, Error> {
        let naming = self.naming();
        let max_bytes = self.shared().options.max_result_bytes;
        check_statement(statement)?;
        let connection = self.connection();
        connection.start_batch();
        push(connection, role, statement, naming)?;
        connection.end_batch();
        let answer = connection
            .exchange(max_bytes)
            .await
            .map_err(|broken| broken.error)?;
        match answer.error {
            Some(failed) => Err(Error::Server(failed.error)),
            None => Ok(answer.results.into_iter().next().unwrap_or_default()),
        }
    }

    /// `COMMIT` or `ROLLBACK` of an open transaction.
    pub(crate) async fn end(&mut self, end: End) -> Result<(), Error> {
        let naming = self.naming();
        let connection = self.connection();
        connection.start_batch();
        control(
            connection,
            if end == End::Commit {
                &COMMIT
            } else {
                &ROLLBACK
            },
            naming,
        )?;
        connection.end_batch();
        let answer = connection
            .exchange(0)
            .await
            .map_err(|broken| broken.error)?;
        match answer.error {
            Some(failed) => Err(Error::Server(failed.error)),
            None => Ok(()),
        }
    }

    fn naming(&self) -> Naming {
        if self.shared().options.pooler_mode {
            Naming::Unnamed
        } else {
            Naming::Named
        }
    }
}

impl Failure {
    fn last(error: Error) -> Self {
        Self {
            error,
            retry: Retry::No,
        }
    }

    fn broken(broken: Broken, access: Access) -> Self {
        // A read can be asked again even if it may have been carried out.
        let again = broken.untouched || (broken.unheard && access == Access::ReadOnly);
        Self {
            error: broken.error,
            retry: if again { Retry::Connection } else { Retry::No },
        }
    }
}

/// What the protocol cannot carry is refused before anything is written.
fn check(tx: &RequestTx) -> Result<(), Error> {
    // To `set_config` the word means the login role, which is exactly who must not run the statements.
    // No role can have this name.
    if tx.role == "none" {
        return Err(Error::Server(Box::new(ServerError {
            code: "22023".into(),
            message: "role \"none\" does not exist".into(),
            ..ServerError::default()
        })));
    }
    tx.statements.iter().try_for_each(check_statement)
}

fn check_statement(statement: &Statement) -> Result<(), Error> {
    if statement.params.len() > usize::from(u16::MAX) {
        return Err(Error::Unsendable(
            "it has more than 65535 parameters".into(),
        ));
    }
    if statement.sql.contains('\0') {
        return Err(Error::Unsendable("its text holds a NUL byte".into()));
    }
    Ok(())
}

fn write(
    connection: &mut Connection,
    tx: &RequestTx,
    ending: Ending,
    naming: Naming,
) -> Result<(), Error> {
    connection.start_batch();
    if matches!(ending, Ending::Commit | Ending::Rollback | Ending::Open) {
        control(connection, begin(tx.isolation), naming)?;
    }
    if ending != Ending::Ping {
        settings(connection, tx, naming)?;
    }
    for statement in &tx.statements {
        push(connection, &tx.role, statement, naming)?;
    }
    match ending {
        Ending::Implicit | Ending::Open | Ending::Ping => {}
        Ending::Commit => control(connection, &COMMIT, naming)?,
        Ending::Rollback => {
            // What is deferred is part of the answer to "would this work?".
            control(connection, &IMMEDIATE, naming)?;
            control(connection, &ROLLBACK, naming)?;
        }
    }
    connection.end_batch();
    Ok(())
}

fn push(
    connection: &mut Connection,
    role: &str,
    statement: &Statement,
    naming: Naming,
) -> Result<(), Error> {
    let params = statement.params.iter().map(|param| param.as_deref());
    connection.push(role, &statement.sql, params, naming, true)
}

fn control(connection: &mut Connection, sql: &Arc<str>, naming: Naming) -> Result<(), Error> {
    connection.push("", sql, std::iter::empty(), naming, false)
}

/// Role first, so that every further setting is made with the caller's rights and not the login's.
fn settings(connection: &mut Connection, tx: &RequestTx, naming: Naming) -> Result<(), Error> {
    let read_only = (Cow::Borrowed("transaction_read_only"), "on");
    let list = std::iter::once((Cow::Borrowed("role"), tx.role.as_str()))
        .chain((tx.access == Access::ReadOnly).then_some(read_only))
        .chain(
            tx.settings
                .iter()
                .map(|(name, value)| (Cow::Borrowed(&**name), value.as_str())),
        );
    let values: Vec<(Cow<'_, str>, &str)> = list.collect();
    let sql = set_config(values.len());
    let params = values
        .iter()
        .flat_map(|(name, value)| [Some(name.as_bytes()), Some(value.as_bytes())]);
    connection.push("", &sql, params, naming, false)
}

/// `set_config` for so many settings, evaluated in order. Names are parameters, too: one text, one plan for
/// each number of settings. `num_nulls` keeps the server from sending all the values back.
fn set_config(count: usize) -> Arc<str> {
    static TEXTS: [OnceLock<Arc<str>>; 48] = [const { OnceLock::new() }; 48];
    let make = || {
        let mut sql = String::from("select pg_catalog.num_nulls(");
        for index in 0..count {
            let comma = if index > 0 { ", " } else { "" };
            let (name, value) = (index * 2 + 1, index * 2 + 2);
            let _ = write!(sql, "{comma}pg_catalog.set_config(${name}, ${value}, true)");
        }
        sql.push(')');
        Arc::from(sql)
    };
    TEXTS
        .get(count)
        .map_or_else(make, |text| Arc::clone(text.get_or_init(make)))
}

static COMMIT: LazyLock<Arc<str>> = LazyLock::new(|| "commit".into());
static ROLLBACK: LazyLock<Arc<str>> = LazyLock::new(|| "rollback".into());
static IMMEDIATE: LazyLock<Arc<str>> = LazyLock::new(|| "set constraints all immediate".into());

fn begin(isolation: Isolation) -> &'static Arc<str> {
    static READ_COMMITTED: LazyLock<Arc<str>> =
        LazyLock::new(|| "begin isolation level read committed".into());
    static REPEATABLE_READ: LazyLock<Arc<str>> =
        LazyLock::new(|| "begin isolation level repeatable read".into());
    static SERIALIZABLE: LazyLock<Arc<str>> =
        LazyLock::new(|| "begin isolation level serializable".into());
    match isolation {
        Isolation::ReadCommitted => &READ_COMMITTED,
        Isolation::RepeatableRead => &REPEATABLE_READ,
        Isolation::Serializable => &SERIALIZABLE,
    }
}

/// Success, or the error with the transaction certainly undone.
async fn conclude(connection: &mut Connection, answer: Answer) -> Result<Vec<ResultSet>, Failure> {
    let Some(failed) = answer.error else {
        return Ok(answer.results);
    };
    if connection.state() != State::Idle {
        connection.start_batch();
        control(connection, &ROLLBACK, Naming::Unnamed).map_err(Failure::last)?;
        connection.end_batch();
        connection
            .exchange(0)
            .await
            .map_err(|broken| Failure::last(broken.error))?;
    }
    let retry = if failed.cached && is_stale_plan(&failed.error) {
        // Whoever changed one table or deallocated one statement may have done so to others.
        connection.forget_statements();
        Retry::Plan
    } else {
        Retry::No
    };
    Err(Failure {
        error: Error::Server(failed.error),
        retry,
    })
}

/// The columns of a prepared query have changed, or somebody deallocated it behind our back.
fn is_stale_plan(error: &ServerError) -> bool {
    match error.code.as_str() {
        "26000" => true,
        "0A000" => error.routine.as_deref() == Some("RevalidateCachedQuery"),
        _ => false,
    }
}
