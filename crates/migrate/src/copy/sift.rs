//! A part that the target does not take whole: small batches, halved until the rows that it refuses stand alone
//! (MIG-COPY-06). The slow way, only taken after the fast one failed because of a row.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use pg::Kind;
use tempfile::SpooledTempFile;
use tokio_postgres::{Client, Statement, Transaction};

use super::Fate;
use super::stream::{Flow, Moved, SPOOL, put_aside, send_spooled};
use crate::Error;

/// Rows tried at once.
const ROWS: usize = 1_024;
/// Bytes tried at once.
const BYTES: usize = 1 << 20;
/// Refused rows that a failure lists.
const LISTED: usize = 1_000;

/// A row that the target refuses.
#[derive(Debug)]
pub(crate) struct Reject {
    /// As the source has it.
    pub(crate) source: Vec<u8>,
    /// As it was sent.
    pub(crate) line: Vec<u8>,
    /// What the target said.
    pub(crate) said: pg::ServerError,
}

/// How many rows a run may lose, and how many it has lost so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance<'a> {
    pub(crate) allowed: u64,
    pub(crate) so_far: &'a AtomicU64,
}

/// Where refused rows are kept.
pub(crate) struct Bin<'a> {
    /// `copy … from stdin`
    pub(crate) write: &'a str,
    /// One row's line there.
    pub(crate) line: &'a (dyn Fn(&Reject) -> Vec<u8> + Sync),
}

/// A part that was sifted.
#[derive(Debug)]
pub(crate) enum Sifted {
    /// Loaded, but for the refused rows.
    Loaded(Moved),
    /// More rows were refused than the run may lose.
    Refused {
        /// The first of them.
        first: Vec<Reject>,
        /// There are, or may be, others.
        more: bool,
    },
}

/// Whether the target said no to a row, so that others may do.
pub(crate) fn refuses_a_row(error: &pg::Error) -> bool {
    let Some(said) = error.server().filter(|said| !said.fatal) else {
        return false;
    };
    // Input functions of extensions report what they cannot read as XX000.
    said.code == "XX000"
        || matches!(
            said.kind(),
            Kind::Data
                | Kind::UniqueViolation
                | Kind::ForeignKeyViolation
                | Kind::NotNullViolation
                | Kind::CheckViolation
                | Kind::ExclusionViolation
                | Kind::IntegrityViolation
                | Kind::Limit
                | Kind::Raised
        )
}

struct Sieve<'a> {
    target: &'a Transaction<'a>,
    flow: &'a Flow<'a>,
    write: Statement,
    bin: &'a Bin<'a>,
    allowance: Allowance<'a>,
    /// Rows of the batch: as read, as sent.
    batch: Vec<(Vec<u8>, Vec<u8>)>,
    size: usize,
    moved: Moved,
    aside: SpooledTempFile,
    refused: SpooledTempFile,
    first: Vec<Reject>,
    too_many: bool,
}

/// Streams a part as [`super::copy_part`] does, in batches. Everything is written in `target`, refused rows included.
pub(crate) async fn copy_sifted(
    source: &Client,
    target: &Transaction<'_>,
    flow: &Flow<'_>,
    bin: &Bin<'_>,
    allowance: Allowance<'_>,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Sifted, Error> {
    let mut sieve = Sieve {
        target,
        flow,
        write: target.prepare(flow.write).await?,
        bin,
        allowance,
        batch: Vec::with_capacity(ROWS),
        size: 0,
        moved: Moved::default(),
        aside: SpooledTempFile::new(SPOOL),
        refused: SpooledTempFile::new(SPOOL),
        first: Vec::new(),
        too_many: false,
    };
    let rows = source.copy_out(flow.read).await.map_err(Error::reading)?;
    let mut rows = std::pin::pin!(rows);
    let mut told = (0, 0);
    while let Some(message) = rows.next().await {
        let message = message.map_err(Error::reading)?;
        for row in message.split_inclusive(|byte| *byte == b'\n') {
            sieve.take(row.strip_suffix(b"\n").unwrap_or(row))?;
        }
        if sieve.batch.len() >= ROWS || sieve.size >= BYTES {
            sieve.load().await?;
            let moved = &sieve.moved;
            progress(moved.read - told.0, moved.bytes - told.1);
            told = (moved.read, moved.bytes);
            if sieve.too_many && sieve.first.len() >= LISTED {
                let first = sieve.first;
                return Ok(Sifted::Refused { first, more: true });
            }
        }
    }
    sieve.load().await?;
    progress(sieve.moved.read - told.0, sieve.moved.bytes - told.1);
    sieve.finish().await
}

impl Sieve<'_> {
    fn take(&mut self, row: &[u8]) -> Result<(), Error> {
        self.moved.read += 1;
        let mut line = Vec::with_capacity(row.len() + 32);
        match self.flow.rewriter.line(row, &mut line) {
            Fate::Load => {
                self.size += line.len() + 1;
                self.batch.push((row.to_vec(), line));
                Ok(())
            }
            Fate::Quarantine(reason) => {
                self.moved.quarantined += 1;
                put_aside(&mut self.aside, row, &reason)
            }
            Fate::Fail(reason) => Err(Error::Orphan {
                table: self.flow.table.to_owned(),
                reason,
            }),
        }
    }

    /// Loads the batch, halved as often as needed; in the order of the rows.
    async fn load(&mut self) -> Result<(), Error> {
        let mut pending = Vec::from([Range {
            start: 0,
            end: self.batch.len(),
        }]);
        while let Some(rows) = pending.pop() {
            if rows.is_empty() {
                continue;
            }
            match self.attempt(rows.clone()).await? {
                None => {
                    for (_, line) in &self.batch[rows] {
                        self.moved.loaded.add(line);
                        self.moved.bytes += line.len() as u64 + 1;
                    }
                }
                Some(said) if rows.len() == 1 => self.refuse(rows.start, said)?,
                Some(_) => {
                    let middle = rows.start + rows.len() / 2;
                    pending.push(middle..rows.end);
                    pending.push(rows.start..middle);
                }
            }
        }
        self.batch.clear();
        self.size = 0;
        Ok(())
    }

    /// Sends some rows; what the target said when it does not take them.
    async fn attempt(&self, rows: Range<usize>) -> Result<Option<pg::ServerError>, Error> {
        self.target.batch_execute("savepoint rows").await?;
        let count = rows.len() as u64;
        match self.send(rows).await {
            Ok(stored) if stored == count => {
                self.target.batch_execute("release savepoint rows").await?;
                Ok(None)
            }
            // A trigger or a rule swallowed rows.
            Ok(stored) => Err(Error::Accounting {
                table: self.flow.table.to_owned(),
                sent: count,
                stored,
            }),
            Err(error) => {
                let error = pg::Error::from(error);
                if !refuses_a_row(&error) {
                    return Err(error.into());
                }
                self.target
                    .batch_execute("rollback to savepoint rows; release savepoint rows")
                    .await?;
                Ok(error.server().cloned())
            }
        }
    }

    async fn send(&self, rows: Range<usize>) -> Result<u64, tokio_postgres::Error> {
        let mut bytes = BytesMut::new();
        for (_, line) in &self.batch[rows] {
            bytes.extend_from_slice(line);
            bytes.extend_from_slice(b"\n");
        }
        let sink = self.target.copy_in::<_, Bytes>(&self.write).await?;
        let mut sink = std::pin::pin!(sink);
        sink.feed(bytes.freeze()).await?;
        sink.finish().await
    }

    fn refuse(&mut self, row: usize, said: pg::ServerError) -> Result<(), Error> {
        let (source, line) = std::mem::take(&mut self.batch[row]);
        let reject = Reject { source, line, said };
        self.moved.rejected += 1;
        let so_far = self.allowance.so_far.fetch_add(1, Ordering::Relaxed) + 1;
        self.too_many |= so_far > self.allowance.allowed;
        if !self.too_many {
            let kept = (self.bin.line)(&reject);
            self.refused.write_all(&kept).map_err(Error::file)?;
        }
        if self.first.len() < LISTED {
            self.first.push(reject);
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<Sifted, Error> {
        if self.too_many {
            let more = self.moved.rejected > self.first.len() as u64;
            let first = self.first;
            return Ok(Sifted::Refused { first, more });
        }
        for (count, spool, write) in [
            (
                self.moved.quarantined,
                &mut self.aside,
                self.flow.quarantine,
            ),
            (self.moved.rejected, &mut self.refused, self.bin.write),
        ] {
            if count > 0 {
                spool.seek(SeekFrom::Start(0)).map_err(Error::file)?;
                send_spooled(self.target, write, spool).await?;
            }
        }
        Ok(Sifted::Loaded(self.moved))
    }
}

#[cfg(test)]
mod tests {
    use super::refuses_a_row;

    fn error(code: &str, fatal: bool) -> pg::Error {
        pg::Error::Server(Box::new(pg::ServerError {
            code: code.into(),
            fatal,
            ..pg::ServerError::default()
        }))
    }

    // MIG-COPY-06: a row's own fault is told from the server's.
    #[test]
    fn only_what_a_row_does_is_a_rows_fault() {
        for code in [
            "22001", "22021", "22P02", "22003", "23502", "23505", "23514", "54000", "XX000",
            "P0001",
        ] {
            assert!(refuses_a_row(&error(code, false)), "{code}");
        }
        for code in [
            "53100", "53200", "57P01", "57014", "42501", "42P01", "25P02", "0A000", "58030",
            "40P01",
        ] {
            assert!(!refuses_a_row(&error(code, false)), "{code}");
        }
        assert!(!refuses_a_row(&error("22P02", true)));
        assert!(!refuses_a_row(&pg::Error::Lost("closed".into())));
    }
}
