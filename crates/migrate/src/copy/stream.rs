//! One part of a table from the source to the target.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use tempfile::SpooledTempFile;
use tokio_postgres::{Client, Transaction};

use super::{Checksum, Fate, Rewriter};
use crate::Error;

/// Bytes gathered before they are sent on.
const CHUNK: usize = 256 << 10;
/// Quarantined rows kept in memory before they go to a file.
pub(super) const SPOOL: usize = 8 << 20;

/// What is read and where it goes.
pub(crate) struct Flow<'a> {
    /// `copy (select …) to stdout`
    pub(crate) read: &'a str,
    /// `copy … from stdin`
    pub(crate) write: &'a str,
    /// The same for rows out of the way; its last column is the reason.
    pub(crate) quarantine: &'a str,
    /// What happens to each row.
    pub(crate) rewriter: &'a Rewriter,
    /// The table, for messages.
    pub(crate) table: &'a str,
}

/// What became of a part's rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moved {
    /// Rows read.
    pub(crate) read: u64,
    /// Rows loaded and what they add up to.
    pub(crate) loaded: Checksum,
    /// Rows in quarantine.
    pub(crate) quarantined: u64,
    /// Rows that the target refused.
    pub(crate) rejected: u64,
    /// Bytes loaded.
    pub(crate) bytes: u64,
}

/// Streams a part. Everything is written in `target`, which the caller commits together with the journal's entry.
/// `progress` is told rows and bytes now and then.
pub(crate) async fn copy_part(
    source: &Client,
    target: &Transaction<'_>,
    flow: &Flow<'_>,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Moved, Error> {
    let mut moved = Moved::default();
    let mut aside = SpooledTempFile::new(SPOOL);
    let rows = source.copy_out(flow.read).await.map_err(Error::reading)?;
    let sink = target.copy_in::<_, Bytes>(flow.write).await?;
    let mut sink = std::pin::pin!(sink);
    let mut rows = std::pin::pin!(rows);
    let mut chunk = BytesMut::with_capacity(CHUNK + (64 << 10));
    let mut line = Vec::with_capacity(8 << 10);
    let mut told = (0, 0);
    while let Some(message) = rows.next().await {
        let message = message.map_err(Error::reading)?;
        // The server sends whole rows; a row ends with a line end.
        for row in message.split_inclusive(|byte| *byte == b'\n') {
            let row = row.strip_suffix(b"\n").unwrap_or(row);
            moved.read += 1;
            line.clear();
            match flow.rewriter.line(row, &mut line) {
                Fate::Load => {
                    moved.loaded.add(&line);
                    chunk.extend_from_slice(&line);
                    chunk.extend_from_slice(b"\n");
                }
                Fate::Quarantine(reason) => {
                    moved.quarantined += 1;
                    put_aside(&mut aside, row, &reason)?;
                }
                Fate::Fail(reason) => {
                    return Err(Error::Orphan {
                        table: flow.table.to_owned(),
                        reason,
                    });
                }
            }
        }
        if chunk.len() >= CHUNK {
            moved.bytes += chunk.len() as u64;
            sink.feed(chunk.split().freeze()).await?;
            chunk.reserve(CHUNK);
            progress(moved.read - told.0, moved.bytes - told.1);
            told = (moved.read, moved.bytes);
        }
    }
    moved.bytes += chunk.len() as u64;
    if !chunk.is_empty() {
        sink.feed(chunk.split().freeze()).await?;
    }
    let written = sink.finish().await?;
    progress(moved.read - told.0, moved.bytes - told.1);
    // A trigger or a rule on the target could swallow rows; the accounts must balance (MIG-GEN-02).
    if written != moved.loaded.rows {
        return Err(Error::Accounting {
            table: flow.table.to_owned(),
            sent: moved.loaded.rows,
            stored: written,
        });
    }
    if moved.quarantined > 0 {
        aside.seek(SeekFrom::Start(0)).map_err(Error::file)?;
        send_spooled(target, flow.quarantine, &mut aside).await?;
    }
    Ok(moved)
}

/// Sends what a spool holds from here on.
pub(super) async fn send_spooled(
    target: &Transaction<'_>,
    write: &str,
    spool: &mut SpooledTempFile,
) -> Result<(), Error> {
    let sink = target.copy_in::<_, Bytes>(write).await?;
    let mut sink = std::pin::pin!(sink);
    loop {
        let mut buffer = vec![0; CHUNK];
        let read = spool.read(&mut buffer).map_err(Error::file)?;
        if read == 0 {
            break;
        }
        buffer.truncate(read);
        sink.feed(buffer.into()).await?;
    }
    sink.finish().await?;
    Ok(())
}

pub(super) fn put_aside(
    aside: &mut SpooledTempFile,
    row: &[u8],
    reason: &str,
) -> Result<(), Error> {
    let mut line = row.to_vec();
    line.push(b'\t');
    super::escape::push_value(&mut line, Some(reason));
    line.push(b'\n');
    aside.write_all(&line).map_err(Error::file)
}

/// What the rows of a query add up to after `rewriter`: read again to prove a copy.
pub(crate) async fn checksum(
    client: &Client,
    read: &str,
    rewriter: Option<&Rewriter>,
) -> Result<(Checksum, u64), Error> {
    let rows = client.copy_out(read).await?;
    let mut rows = std::pin::pin!(rows);
    let mut sum = Checksum::default();
    let mut aside = 0;
    let mut line = Vec::with_capacity(8 << 10);
    while let Some(message) = rows.next().await {
        let message = message?;
        for row in message.split_inclusive(|byte| *byte == b'\n') {
            let row = row.strip_suffix(b"\n").unwrap_or(row);
            let Some(rewriter) = rewriter else {
                sum.add(row);
                continue;
            };
            line.clear();
            if rewriter.line(row, &mut line) == Fate::Load {
                sum.add(&line);
            } else {
                aside += 1;
            }
        }
    }
    Ok((sum, aside))
}
