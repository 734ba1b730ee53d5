//! Rows: into the project's tables as they come, into the houses' tables fitted to their columns.

use std::io::BufRead;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::SinkExt as _;
use tokio_postgres::{CopyInSink, Error as SqlError};

use super::place::{Place, Rows};
use super::{At, RestoreError, RestoredTable, Restorer, ledger_failed, read};
use crate::push::session::Refusal;
use crate::script::{Reader, Statement, Subject};

/// What is sent at once.
const CHUNK: usize = 64 << 10;

/// Which of a row's fields are loaded.
struct Fit {
    /// The statement that takes them.
    copy: String,
    /// `None`: all of them.
    keep: Option<Vec<bool>>,
    /// Columns that the table lacks, where in a row they are, and how many rows had a value.
    lost: Vec<(usize, String, u64)>,
}

impl Restorer {
    /// `copy … from stdin` and its rows.
    pub(super) async fn rows<R: BufRead>(
        &mut self,
        at: &At<'_>,
        reader: &mut Reader<R>,
    ) -> Result<(), RestoreError> {
        match Place::of(&at.statement) {
            Place::Project => {
                let mut fit = Fit {
                    copy: at.statement.text.to_owned(),
                    keep: None,
                    lost: Vec::new(),
                };
                let rows = self.copy(at, reader, &mut fit).await?;
                if let Some(subject) = at.statement.subject() {
                    self.count(&subject, rows, 0);
                }
                Ok(())
            }
            Place::Upstream(subject) => {
                self.leave_out(at, reader, &subject, "it is upstream's own")
            }
            Place::House(subject) => match Rows::of(&subject) {
                Rows::LeaveOut(why) => self.leave_out(at, reader, &subject, why),
                Rows::Load => self.load(at, reader, &subject).await,
                Rows::Secrets => self.secrets(at, reader, &subject).await,
            },
        }
    }

    pub(super) fn count(&mut self, subject: &Subject, rows: u64, there_already: u64) {
        let table = subject.to_string();
        let known = self
            .report
            .tables
            .iter_mut()
            .find(|known| known.table == table);
        if let Some(known) = known {
            known.rows += rows;
            known.there_already += there_already;
        } else {
            self.report.tables.push(RestoredTable {
                table,
                rows,
                there_already,
            });
        }
    }

    fn leave_out<R: BufRead>(
        &mut self,
        at: &At<'_>,
        reader: &mut Reader<R>,
        subject: &Subject,
        why: &str,
    ) -> Result<(), RestoreError> {
        let mut row = String::new();
        let mut count = 0_u64;
        while reader
            .next_row(&mut row)
            .map_err(|error| read(at.path, error))?
        {
            count += 1;
        }
        self.note(at, format!("left out: {count} rows of {subject}: {why}"));
        Ok(())
    }

    async fn load<R: BufRead>(
        &mut self,
        at: &At<'_>,
        reader: &mut Reader<R>,
        subject: &Subject,
    ) -> Result<(), RestoreError> {
        let columns = self.columns(subject).await?;
        if columns.is_empty() {
            return self.leave_out(at, reader, subject, "there is no such table");
        }
        let table = qualified(subject);
        let is_empty = format!("select not exists (select from {table})");
        let before = self.at_rest().await?;
        let role = self.rise().await?;
        let is_empty: bool = self.one(&is_empty).await?;
        let mut fit = Fit::new(&at.statement, &table, &columns);
        if is_empty {
            let rows = self.copy(at, reader, &mut fit).await?;
            self.count(subject, rows, 0);
        } else {
            let staged = self.stage(at, reader, &table, &mut fit).await?;
            let names = loaded(&at.statement, &columns);
            let merge = format!(
                "insert into {table} ({names}) overriding system value \
                 select {names} from pg_temp.passerelle_staged on conflict do nothing"
            );
            let done = self.session.client.execute(&merge, &[]).await;
            let rows = done.map_err(|error| self.fail(at, error.into()))?;
            self.execute("drop table pg_temp.passerelle_staged").await?;
            self.count(subject, rows, staged - rows);
            if staged > rows {
                let count = staged - rows;
                self.note(
                    at,
                    format!("left out: {count} rows of {subject} are there already"),
                );
            }
        }
        self.step_down(&role).await?;
        self.back_to(&before).await?;
        self.tell_lost(at, subject, fit.lost);
        Ok(())
    }

    /// DB-ADO-02: secrets that were locked with another server's key open nowhere else.
    async fn secrets<R: BufRead>(
        &mut self,
        at: &At<'_>,
        reader: &mut Reader<R>,
        subject: &Subject,
    ) -> Result<(), RestoreError> {
        let columns = self.columns(subject).await?;
        let table = qualified(subject);
        let role = self.rise().await?;
        let mut fit = Fit::new(&at.statement, &table, &columns);
        let staged = self.stage(at, reader, &table, &mut fit).await?;
        let count = "select count(*) from vault.secrets";
        let before: i64 = self.one(count).await?;
        self.execute(include_str!("sql/vault.sql")).await?;
        let kept = u64::try_from(self.one::<i64>(count).await? - before).unwrap_or(0);
        self.execute("drop table pg_temp.passerelle_staged").await?;
        self.step_down(&role).await?;
        self.count(subject, kept, 0);
        if staged > kept {
            let lost = staged - kept;
            self.note(at, format!(
                "left out: {lost} rows of {subject}: this database's key does not open them; export them from vault.decrypted_secrets where they come from"
            ));
        }
        self.tell_lost(at, subject, fit.lost);
        Ok(())
    }

    /// DB-DMP-08: values of columns that the table lacks.
    fn tell_lost(&mut self, at: &At<'_>, subject: &Subject, lost: Vec<(usize, String, u64)>) {
        for (_, column, values) in lost {
            self.note(at, format!(
                "left out: column {column} of {subject}, which is not known here; {values} rows have a value"
            ));
        }
    }

    async fn stage<R: BufRead>(
        &mut self,
        at: &At<'_>,
        reader: &mut Reader<R>,
        table: &str,
        fit: &mut Fit,
    ) -> Result<u64, RestoreError> {
        let make =
            format!("create temporary table passerelle_staged (like {table} including defaults)");
        self.execute(&make).await?;
        let copy = fit.copy.replacen(table, "pg_temp.passerelle_staged", 1);
        fit.copy = copy;
        self.copy(at, reader, fit).await
    }

    /// Sends the rows; the server's answer to a row that does not fit is the statement's.
    async fn copy<R: BufRead>(
        &mut self,
        at: &At<'_>,
        reader: &mut Reader<R>,
        fit: &mut Fit,
    ) -> Result<u64, RestoreError> {
        let begun = self.session.client.copy_in::<_, Bytes>(&fit.copy).await;
        let sink = begun.map_err(|error| self.fail(at, error.into()))?;
        let mut sink = Box::pin(sink);
        let mut row = String::new();
        let mut chunk = BytesMut::with_capacity(CHUNK);
        while reader
            .next_row(&mut row)
            .map_err(|error| read(at.path, error))?
        {
            fit.append(&row, &mut chunk);
            if chunk.len() >= CHUNK {
                self.send(at, &mut sink, &mut chunk).await?;
            }
        }
        self.send(at, &mut sink, &mut chunk).await?;
        let done = sink.as_mut().finish().await;
        done.map_err(|error| self.fail(at, error.into()))
    }

    async fn send(
        &self,
        at: &At<'_>,
        sink: &mut Pin<Box<CopyInSink<Bytes>>>,
        chunk: &mut BytesMut,
    ) -> Result<(), RestoreError> {
        let sent = sink.send(chunk.split().freeze()).await;
        match sent {
            Ok(()) => Ok(()),
            // The reason comes with the end.
            Err(sent) => match sink.as_mut().finish().await {
                Err(error) => Err(self.fail(at, Refusal::Sql(error))),
                Ok(_) => Err(self.fail(at, Refusal::Sql(sent))),
            },
        }
    }

    async fn columns(&self, subject: &Subject) -> Result<Vec<String>, RestoreError> {
        let failed = |error: SqlError| RestoreError::from(ledger_failed(error));
        let name = subject.name.as_deref().unwrap_or_default();
        let sql = include_str!("sql/columns.sql");
        let rows = self
            .session
            .client
            .query(sql, &[&subject.schema, &name])
            .await;
        let rows = rows.map_err(failed)?;
        rows.iter()
            .map(|row| row.try_get(0).map_err(failed))
            .collect()
    }

    async fn one<T: for<'a> tokio_postgres::types::FromSql<'a>>(
        &self,
        sql: &str,
    ) -> Result<T, RestoreError> {
        let row = self.session.client.query_one(sql, &[]).await;
        row.and_then(|row| row.try_get(0))
            .map_err(|error| ledger_failed(error).into())
    }

    async fn rise(&self) -> Result<String, RestoreError> {
        let role = self.session.rise().await;
        role.map_err(|error| ledger_failed(error).into())
    }

    async fn step_down(&self, role: &str) -> Result<(), RestoreError> {
        let done = self.session.step_down(role).await;
        done.map_err(|error| ledger_failed(error).into())
    }

    /// Foreign keys and triggers of the houses at rest: a dump's tables come in no order that they would take.
    /// Returns what the file had set.
    pub(super) async fn at_rest(&self) -> Result<String, RestoreError> {
        let before: String = self
            .one("select pg_catalog.current_setting('session_replication_role')")
            .await?;
        self.back_to("replica").await?;
        Ok(before)
    }

    pub(super) async fn back_to(&self, value: &str) -> Result<(), RestoreError> {
        let sql = format!("set session_replication_role = {value}");
        let done = self.session.as_admin(&sql).await;
        done.map_err(|error| ledger_failed(error).into())
    }
}

fn qualified(subject: &Subject) -> String {
    let name = subject.name.as_deref().unwrap_or_default();
    format!(
        "{}.{}",
        sql::Ident::new(&subject.schema),
        sql::Ident::new(name)
    )
}

/// The columns in a `copy` statement's parentheses.
fn listed(statement: &Statement<'_>) -> Vec<String> {
    let open = (0..statement.tokens.len()).find(|&at| statement.is_symbol(at, '('));
    let Some(open) = open else { return Vec::new() };
    (open + 1..statement.tokens.len())
        .take_while(|&at| !statement.is_symbol(at, ')'))
        .filter_map(|at| statement.name(at).map(str::to_owned))
        .collect()
}

fn list(names: &[String]) -> String {
    let names: Vec<String> = names
        .iter()
        .map(|name| sql::Ident::new(name).to_string())
        .collect();
    names.join(", ")
}

/// The columns of a `copy` statement that the table has.
fn loaded(statement: &Statement<'_>, known: &[String]) -> String {
    let listed = listed(statement);
    if listed.is_empty() {
        return list(known);
    }
    let kept: Vec<String> = listed
        .into_iter()
        .filter(|name| known.contains(name))
        .collect();
    list(&kept)
}

impl Fit {
    fn new(statement: &Statement<'_>, table: &str, known: &[String]) -> Self {
        let listed = listed(statement);
        let kept: Vec<String> = listed
            .iter()
            .filter(|name| known.contains(name))
            .cloned()
            .collect();
        let lost: Vec<(usize, String, u64)> = listed
            .iter()
            .enumerate()
            .filter(|(_, name)| !known.contains(name))
            .map(|(place, name)| (place, name.clone(), 0))
            .collect();
        let columns = if listed.is_empty() {
            String::new()
        } else {
            format!(" ({})", list(&kept))
        };
        Self {
            copy: format!("copy {table}{columns} from stdin"),
            keep: (!lost.is_empty())
                .then(|| listed.iter().map(|name| known.contains(name)).collect()),
            lost,
        }
    }

    /// A row in PostgreSQL's text format: fields between tabs, `\N` for null, no tab or line end inside a field.
    fn append(&mut self, row: &str, chunk: &mut BytesMut) {
        let Some(keep) = &self.keep else {
            chunk.extend_from_slice(row.as_bytes());
            return;
        };
        let mut is_first = true;
        for (place, field) in row.trim_end_matches(['\n', '\r']).split('\t').enumerate() {
            if keep.get(place).copied().unwrap_or(true) {
                if !is_first {
                    chunk.extend_from_slice(b"\t");
                }
                chunk.extend_from_slice(field.as_bytes());
                is_first = false;
            } else if field != "\\N"
                && let Some(lost) = self.lost.iter_mut().find(|lost| lost.0 == place)
            {
                lost.2 += 1;
            }
        }
        chunk.extend_from_slice(b"\n");
    }
}
