//! One file at a time: its transaction, its statements, its row in the ledger.

use std::path::Path;

use tokio_postgres::Error as SqlError;

use super::files::{MigrationFile, Script};
use super::session::{Refusal, Session};
use super::{FileReport, MissingExtension, Note, PushError, ledger_failed, statements};
use crate::extensions;
use crate::script::{Kind, Statement};

/// What a file writes once it has run.
pub(super) enum Ledger<'a> {
    Migration(&'a MigrationFile),
    Seed(&'a Script),
}

/// Whether a file can be one transaction. One that has transactions of its own in its midst cannot: what is set
/// locally in them ends with them. A last `commit` only ends what the runner has begun.
pub(super) fn fits_one_transaction(statements: &[Statement<'_>]) -> bool {
    !statements
        .iter()
        .enumerate()
        .any(|(index, statement)| match statement.kind() {
            Kind::Alone | Kind::Rollback => true,
            Kind::Transaction => {
                matches!(statement.word(0), "commit" | "end") && index + 1 < statements.len()
            }
            _ => false,
        })
}

/// A value that was added to an enum cannot be used before the transaction is over (DB-MIG-02).
const UNSAFE_NEW_ENUM_VALUE: &str = "55P04";

pub(super) async fn run_file(
    session: &mut Session,
    script: &Script,
    ledger: &Ledger<'_>,
) -> Result<FileReport, PushError> {
    let statements = statements(script)?;
    if fits_one_transaction(&statements) {
        match run(session, script, &statements, true, ledger).await {
            Err(error) if error.code() == Some(UNSAFE_NEW_ENUM_VALUE) => {}
            done => return done,
        }
    }
    run(session, script, &statements, false, ledger).await
}

async fn run(
    session: &mut Session,
    script: &Script,
    statements: &[Statement<'_>],
    in_transaction: bool,
    ledger: &Ledger<'_>,
) -> Result<FileReport, PushError> {
    session.begin_file().await.map_err(ledger_failed)?;
    if in_transaction {
        let begun = session.client.batch_execute("begin").await;
        begun.map_err(ledger_failed)?;
    }
    let mut notes = Vec::new();
    for (index, statement) in statements.iter().enumerate() {
        match session.run(statement, in_transaction).await {
            Ok(None) => {}
            Ok(Some(text)) => notes.push(Note {
                line: statement.line,
                text,
            }),
            Err(refusal) => {
                let kept = !in_transaction;
                let error = refused(session, &script.path, statement, index, kept, refusal);
                give_up(session).await?;
                return Err(error);
            }
        }
    }
    if let Err(error) = finish(session, statements, ledger).await {
        give_up(session).await?;
        return Err(match statements.last() {
            // Deferred constraints speak at the end.
            Some(last) => {
                let (index, refusal) = (statements.len() - 1, Refusal::Sql(error));
                refused(session, &script.path, last, index, !in_transaction, refusal)
            }
            None => ledger_failed(error),
        });
    }
    Ok(FileReport {
        path: script.path.clone(),
        statements: statements.len(),
        in_transaction,
        notes,
    })
}

async fn give_up(session: &Session) -> Result<(), PushError> {
    let undone = session.client.batch_execute("rollback").await;
    undone.map_err(ledger_failed)
}

async fn finish(
    session: &Session,
    statements: &[Statement<'_>],
    ledger: &Ledger<'_>,
) -> Result<(), SqlError> {
    match ledger {
        Ledger::Migration(file) => {
            let texts: Vec<&str> = statements.iter().map(|statement| statement.text).collect();
            let sql = include_str!("sql/note_migration.sql");
            session
                .note(sql, &[&file.version, &file.name, &texts])
                .await?;
        }
        Ledger::Seed(script) => {
            let path = script.path.to_string_lossy();
            let sql = include_str!("sql/note_seed.sql");
            session.note(sql, &[&path.as_ref(), &script.hash()]).await?;
        }
    }
    // Also what a file with transactions of its own has left open.
    session.client.batch_execute("commit").await
}

/// Roles are the cluster's: one that is there already, perhaps from another database, is no failure.
pub(super) async fn run_roles(
    session: &mut Session,
    script: &Script,
) -> Result<FileReport, PushError> {
    let statements = statements(script)?;
    session.begin_file().await.map_err(ledger_failed)?;
    let mut notes = Vec::new();
    for (index, statement) in statements.iter().enumerate() {
        let line = statement.line;
        match session.run(statement, false).await {
            Ok(text) => notes.extend(text.map(|text| Note { line, text })),
            Err(Refusal::Sql(error))
                if statement.starts_with(&["create", "role"])
                    && error.code().is_some_and(|code| code.code() == "42710") =>
            {
                let text = "the role is there already".to_owned();
                notes.push(Note { line, text });
            }
            Err(refusal) => {
                let path = &script.path;
                return Err(refused(session, path, statement, index, true, refusal));
            }
        }
    }
    Ok(FileReport {
        path: script.path.clone(),
        statements: statements.len(),
        in_transaction: false,
        notes,
    })
}

pub(crate) fn refused(
    session: &Session,
    path: &Path,
    statement: &Statement<'_>,
    index: usize,
    kept: bool,
    refusal: Refusal,
) -> PushError {
    let (path, number, line) = (path.to_owned(), index + 1, statement.line);
    match refusal {
        Refusal::Reserved(role) => PushError::ReservedRole {
            path,
            number,
            line,
            role,
        },
        Refusal::Missing(name) => PushError::MissingExtensions {
            extensions: vec![MissingExtension {
                package: extensions::package(&name, session.major),
                name,
                path,
                line,
            }],
        },
        Refusal::Sql(error) => {
            let source = pg::Error::from(error);
            let within = source.server().and_then(|error| error.position);
            let line = line + within.map_or(0, |position| lines_before(statement.text, position));
            PushError::Statement {
                upstream: upstream(statement, &source),
                path,
                number,
                line,
                source,
                kept,
            }
        }
    }
}

/// How many lines stand before a character of the statement, counted from 1 as PostgreSQL does.
fn lines_before(text: &str, position: u32) -> usize {
    text.chars()
        .take(position.saturating_sub(1) as usize)
        .filter(|character| *character == '\n')
        .count()
}

/// DB-MIG-05: what a Supabase project does with it, where that is known.
fn upstream(statement: &Statement<'_>, error: &pg::Error) -> Option<&'static str> {
    let code = error.server()?.code.as_str();
    let superusers_only = statement.starts_with(&["alter", "system"])
        || statement.after(&["language", "c"]).is_some()
        || statement.after(&["language", "plpython3u"]).is_some()
        || statement.after(&["to", "program"]).is_some()
        || statement.after(&["from", "program"]).is_some();
    match code {
        "42501" if superusers_only => Some("a Supabase project refuses it too: superusers only"),
        "42710" | "42P07" | "42701" | "42723" | "23505" => {
            Some("a Supabase project refuses it too: it exists already")
        }
        "42601" => Some("a Supabase project refuses it too: a syntax error"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::lines_before;

    // DB-MIG-05.
    #[test]
    fn the_line_of_an_error_is_counted_in_characters() {
        for (text, position, lines) in [
            ("a\nb", 1, 0),
            ("a\nb", 3, 1),
            ("é\né\nx", 5, 2),
            ("", 0, 0),
        ] {
            assert_eq!(lines_before(text, position), lines, "{text:?}");
        }
    }
}
