//! One `COPY … FROM STDIN` in text form: values in, blocks of bounded size out.

use std::fmt::{Display, Write as _};
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::SinkExt as _;
use tokio_postgres::{CopyInSink, Transaction};

use crate::error::Result;
use crate::generate::Tally;

/// Sent when there is at least this much; a value may be larger, so may a block.
const BLOCK_BYTES: usize = 64 * 1024;

/// A table being filled. Values are put down in the order of the columns, then the row is ended.
pub(crate) struct Sheet<'a, 'p> {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    buffer: BytesMut,
    /// Nothing stands on the current line yet.
    fresh: bool,
    table: &'static str,
    rows: u64,
    tally: &'a mut Tally<'p>,
}

impl<'a, 'p> Sheet<'a, 'p> {
    pub(crate) async fn open(
        tx: &Transaction<'_>,
        table: &'static str,
        copy: &str,
        tally: &'a mut Tally<'p>,
    ) -> Result<Self> {
        Ok(Self {
            sink: Box::pin(tx.copy_in(copy).await?),
            buffer: BytesMut::with_capacity(2 * BLOCK_BYTES),
            fresh: true,
            table,
            rows: 0,
            tally,
        })
    }

    pub(crate) fn int(&mut self, number: impl Into<i64>) -> &mut Self {
        let number = number.into();
        self.show(&number)
    }

    pub(crate) fn count(&mut self, number: u64) -> &mut Self {
        self.show(&number)
    }

    pub(crate) fn flag(&mut self, flag: bool) -> &mut Self {
        self.show(&if flag { 't' } else { 'f' })
    }

    /// Something whose text form needs no escaping: numbers, timestamps, UUIDs.
    pub(crate) fn show(&mut self, value: &dyn Display) -> &mut Self {
        self.next_column();
        write!(self.buffer, "{value}").expect("a buffer takes everything");
        self
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.next_column();
        self.more(text)
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.next_column();
        self.buffer.extend_from_slice(b"\\N");
        self
    }

    pub(crate) fn maybe<T: Display>(&mut self, value: Option<T>) -> &mut Self {
        match value {
            Some(value) => self.show(&value),
            None => self.null(),
        }
    }

    /// Continues the text before it; together with [`Self::drain`], a value may be larger than memory should hold.
    pub(crate) fn more(&mut self, text: &str) -> &mut Self {
        let mut rest = text.as_bytes();
        while let Some(at) = rest
            .iter()
            .position(|byte| matches!(byte, b'\\' | b'\n' | b'\r' | b'\t'))
        {
            self.buffer.extend_from_slice(&rest[..at]);
            self.buffer.extend_from_slice(match rest[at] {
                b'\n' => b"\\n",
                b'\r' => b"\\r",
                b'\t' => b"\\t",
                _ => b"\\\\",
            });
            rest = &rest[at + 1..];
        }
        self.buffer.extend_from_slice(rest);
        self
    }

    /// Ends the row.
    pub(crate) async fn end(&mut self) -> Result<()> {
        self.buffer.extend_from_slice(b"\n");
        self.fresh = true;
        self.rows += 1;
        if self.buffer.len() >= BLOCK_BYTES {
            self.drain().await?;
            self.tally.advance(self.table, self.rows);
        }
        Ok(())
    }

    /// Sends what there is.
    pub(crate) async fn drain(&mut self) -> Result<()> {
        let block = self.buffer.split().freeze();
        self.buffer.reserve(2 * BLOCK_BYTES);
        Ok(self.sink.feed(block).await?)
    }

    /// Ends the table.
    pub(crate) async fn finish(mut self) -> Result<()> {
        self.drain().await?;
        let stored = self.sink.as_mut().finish().await?;
        self.tally.complete(self.table, stored);
        Ok(())
    }

    fn next_column(&mut self) {
        if self.fresh {
            self.fresh = false;
        } else {
            self.buffer.extend_from_slice(b"\t");
        }
    }
}
