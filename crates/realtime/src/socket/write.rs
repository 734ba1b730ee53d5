//! Writing: everything that waits, then one flush.

use std::future::poll_fn;

use axum::extract::ws::Message;
use futures_util::{Sink, SinkExt as _};

use super::Outbox;
use crate::frames::Frame;

/// The writing half of a socket.
pub(super) struct Writer<S> {
    sink: S,
    /// Whether something was handed over that may not have left yet.
    unflushed: bool,
}

impl<S: Sink<Message, Error = axum::Error> + Unpin> Writer<S> {
    pub(super) fn new(sink: S) -> Self {
        Self {
            sink,
            unflushed: false,
        }
    }

    /// Writes as long as there is something to write; comes back when the loop must look at something urgent.
    /// May be dropped at any point without losing a frame.
    pub(super) async fn write(&mut self, outbox: &Outbox) -> Result<(), axum::Error> {
        while !outbox.is_urgent() {
            if outbox.has_frames() {
                tokio::select! {
                    ready = poll_fn(|cx| self.sink.poll_ready_unpin(cx)) => ready?,
                    // A slow reader must not keep the loop from what is urgent.
                    () = outbox.filled() => continue,
                }
                self.feed(outbox)?;
            } else if self.unflushed {
                tokio::select! {
                    flushed = self.sink.flush() => {
                        flushed?;
                        self.unflushed = false;
                    }
                    () = outbox.filled() => {}
                }
            } else {
                outbox.filled().await;
            }
        }
        Ok(())
    }

    /// Writes all that waits.
    pub(super) async fn drain(&mut self, outbox: &Outbox) -> Result<(), axum::Error> {
        while outbox.has_frames() {
            poll_fn(|cx| self.sink.poll_ready_unpin(cx)).await?;
            self.feed(outbox)?;
        }
        self.sink.flush().await
    }

    pub(super) fn into_sink(self) -> S {
        self.sink
    }

    fn feed(&mut self, outbox: &Outbox) -> Result<(), axum::Error> {
        let Some(frame) = outbox.pop_frame() else {
            return Ok(());
        };
        metrics::counter!("realtime_channel_output_bytes").increment(frame.len() as u64);
        self.unflushed = true;
        self.sink.start_send_unpin(match frame {
            Frame::Text(text) => Message::Text(text),
            Frame::Binary(bytes) => Message::Binary(bytes),
        })
    }
}
