//! Statements that may be slow or may fail, and must cost neither the transaction nor the inspection.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use sql::{Fragment, Ident};
use tokio_postgres::{Client, Row};

use super::Options;
use crate::Error;
use crate::inventory::{Name, Table, TableKind};

/// Above this many bytes a column is counted whole only through an index, else in a sample.
const WHOLE_BYTES: i64 = 2 << 30;

/// The way to the source's data.
pub(super) struct Probes<'a> {
    client: &'a Client,
    /// Rows of a sample.
    pub(super) sample: u32,
    timeout: Duration,
    /// The transaction's own limit, put back at the end.
    before: String,
}

impl<'a> Probes<'a> {
    pub(super) async fn start(client: &'a Client, options: &Options) -> Result<Self, Error> {
        let row = client
            .query_one("select current_setting('statement_timeout')", &[])
            .await?;
        Ok(Self {
            client,
            sample: options.sample.max(1),
            timeout: options.probe_timeout,
            before: row.get(0),
        })
    }

    pub(super) async fn finish(self) -> Result<(), Error> {
        let sql = "select set_config('statement_timeout', $1, true)";
        self.client.execute(sql, &[&self.before]).await?;
        Ok(())
    }

    /// The rows of a statement; none when it took too long or failed.
    pub(super) async fn rows(&self, sql: &Fragment) -> Result<Option<Vec<Row>>, Error> {
        self.begin(1).await?;
        let rows = self.client.query(sql.text(), &[]).await;
        self.end(rows).await
    }

    /// The first row of a statement, under the same conditions.
    pub(super) async fn row(&self, sql: &Fragment) -> Result<Option<Row>, Error> {
        Ok(self
            .rows(sql)
            .await?
            .and_then(|rows| rows.into_iter().next()))
    }

    /// Hands over row by row while `more` says so, for reading whole columns; false when it took too long or failed.
    pub(super) async fn each(
        &self,
        sql: &Fragment,
        mut more: impl FnMut(&Row) -> bool,
    ) -> Result<bool, Error> {
        // A whole column takes longer than a probe.
        self.begin(24).await?;
        let read = async {
            let none: [&str; 0] = [];
            let rows = self.client.query_raw(sql.text(), none).await?;
            let mut rows = std::pin::pin!(rows);
            while let Some(row) = rows.try_next().await? {
                if !more(&row) {
                    break;
                }
            }
            Ok(())
        };
        let done = read.await;
        Ok(self.end(done).await?.is_some())
    }

    async fn begin(&self, times: u32) -> Result<(), Error> {
        let limit = (self.timeout * times).as_millis().max(1);
        let sql = format!("savepoint probe; set local statement_timeout = {limit}");
        Ok(self.client.batch_execute(&sql).await?)
    }

    /// Only the connection's end is an error.
    async fn end<T>(&self, done: Result<T, tokio_postgres::Error>) -> Result<Option<T>, Error> {
        match done {
            Ok(value) => {
                self.client.batch_execute("release savepoint probe").await?;
                Ok(Some(value))
            }
            Err(error) if error.as_db_error().is_some() && !error.is_closed() => {
                let back = "rollback to savepoint probe; release savepoint probe";
                self.client.batch_execute(back).await?;
                // The code alone: a message may quote a value.
                let code = error.code().map_or("", |code| code.code());
                tracing::debug!(code, "a probe gave no answer");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The rows of a table.
    pub(super) async fn count(&self, table: &Name) -> Result<Option<u64>, Error> {
        let mut sql = Fragment::new();
        sql.push("select count(*) from ").name(&table.quoted());
        Ok(self.row(&sql).await?.map(|row| number(&row, 0)))
    }
}

/// How much of a column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All rows.
    Whole,
    /// Some rows, spread over the table.
    Sample,
}

/// What to try, in order: all of it where that is within reach, then a sample.
pub(super) fn extents(table: &Table, column: &str) -> &'static [Extent] {
    if table.bytes <= WHOLE_BYTES || table.is_indexed(column) {
        &[Extent::Whole, Extent::Sample]
    } else {
        &[Extent::Sample]
    }
}

/// Appends `from … as t`, where `t` has `columns`.
pub(super) fn push_from(
    sql: &mut Fragment,
    table: &Table,
    columns: &[&str],
    extent: Extent,
    sample: u32,
) {
    // Inheritance children are tables of their own.
    let only = if table.kind == TableKind::Ordinary {
        "only "
    } else {
        ""
    };
    if extent == Extent::Whole {
        sql.push(" from ")
            .push(only)
            .name(&table.name.quoted())
            .push(" as t");
        return;
    }
    sql.push(" from (select ");
    for (place, column) in columns.iter().enumerate() {
        sql.push(if place > 0 { ", t." } else { "t." })
            .name(&Ident::new(column));
    }
    sql.push(" from ")
        .push(only)
        .name(&table.name.quoted())
        .push(" as t");
    push_sample(sql, table, sample);
    sql.push(" limit ").number(sample).push(") as t");
}

/// Appends `tablesample` for about `sample` rows, unless the table has no more.
pub(super) fn push_sample(sql: &mut Fragment, table: &Table, sample: u32) -> bool {
    if table.kind == TableKind::Foreign || table.estimated_rows <= 2.0 * as_float(sample) {
        return false;
    }
    // A tenth of a per mille is as fine as it needs to be.
    let share = 150.0 * as_float(sample) / table.estimated_rows;
    #[expect(clippy::cast_possible_truncation, reason = "between 0 and 1 000 000")]
    let parts = (share * 10_000.0).ceil().clamp(1.0, 1_000_000.0) as i64;
    sql.push(" tablesample system (")
        .number(parts)
        .push(" / 10000.0)");
    true
}

#[expect(clippy::cast_precision_loss, reason = "a size")]
fn as_float(number: u32) -> f32 {
    number as f32
}

/// `t."column"`
pub(super) fn push_column(sql: &mut Fragment, column: &str) {
    sql.push("t.").name(&Ident::new(column));
}

/// A count; NULL is none.
pub(super) fn number(row: &Row, place: usize) -> u64 {
    let number: Option<i64> = row.get(place);
    number.unwrap_or(0).max(0).unsigned_abs()
}

/// A text; one that is no UTF-8, as a database without an encoding may hold, is not shown and is of no known form.
pub(super) fn text(row: &Row, place: usize) -> Option<&str> {
    row.try_get(place).unwrap_or(Some("\u{fffd}"))
}
