//! Rows that the target refused, in the journal.

use std::collections::HashMap;

use futures_util::{Stream, StreamExt as _};
use tokio_postgres::{GenericClient, Row};

use super::Journal;
use crate::Error;
use crate::copy::{Checksum, Reject, push_value};

/// Writes lines of [`Journal::reject_line`].
pub(crate) const WRITE_REJECTS: &str = "copy passerelle_migrate.rejects (run, target_table, part, source_line, line, \
     sqlstate, reason, constraint_name, column_name) from stdin";

/// A refused row as the journal keeps it.
#[derive(Debug)]
pub(crate) struct KeptReject {
    /// As the source has it, when that is known.
    pub(crate) source: Option<Vec<u8>>,
    /// As it was sent.
    pub(crate) line: Vec<u8>,
    pub(crate) sqlstate: String,
    pub(crate) reason: String,
    pub(crate) constraint: Option<String>,
    pub(crate) column: Option<String>,
}

impl Journal {
    /// A refused row as a line for [`WRITE_REJECTS`].
    pub(crate) fn reject_line(
        &self,
        table: &str,
        part: i32,
        reject: &Reject,
        reason: &str,
    ) -> Vec<u8> {
        let mut out = Vec::with_capacity(256 + 2 * (reject.source.len() + reject.line.len()));
        out.extend_from_slice(self.run.to_string().as_bytes());
        let part = part.to_string();
        let bytes = |bytes: &[u8]| format!("\\x{}", hex::encode(bytes));
        let said = &reject.said;
        for field in [
            Some(table),
            Some(&*part),
            Some(&*bytes(&reject.source)),
            Some(&*bytes(&reject.line)),
            Some(&*said.code),
            Some(reason),
            said.constraint.as_deref(),
            said.column.as_deref(),
        ] {
            out.push(b'\t');
            push_value(&mut out, field);
        }
        out.push(b'\n');
        out
    }

    /// What the refused rows of each part add up to.
    pub(crate) async fn rejected(
        &self,
        client: &impl GenericClient,
    ) -> Result<HashMap<(String, i32), Checksum>, Error> {
        let rows = client
            .query_raw(
                "select target_table, part, line from passerelle_migrate.rejects where run = $1",
                [&self.run],
            )
            .await?;
        let mut rows = std::pin::pin!(rows);
        let mut sums: HashMap<(String, i32), Checksum> = HashMap::new();
        while let Some(row) = rows.next().await {
            let row = row?;
            let part = (row.get(0), row.get(1));
            sums.entry(part).or_default().add(row.get(2));
        }
        Ok(sums)
    }

    /// The refused rows of a table, always in the same order.
    pub(crate) async fn rejects<C: GenericClient>(
        &self,
        client: &C,
        table: &str,
    ) -> Result<impl Stream<Item = Result<KeptReject, Error>> + use<C>, Error> {
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&self.run, &table];
        let rows = client
            .query_raw(include_str!("sql/rejects.sql"), parameters)
            .await?;
        Ok(rows.map(|row| row.map(|row| kept(&row)).map_err(Error::from)))
    }
}

fn kept(row: &Row) -> KeptReject {
    KeptReject {
        source: row.get(0),
        line: row.get(1),
        sqlstate: row.get(2),
        reason: row.get(3),
        constraint: row.get(4),
        column: row.get(5),
    }
}
