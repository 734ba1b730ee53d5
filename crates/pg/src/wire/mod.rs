//! One connection, spoken by hand: a pipeline of statements in one write, with one `Sync`.
//!
//! In charge of frames, login, the statements that this connection has prepared, and of knowing at any
//! moment whether the connection is clean. It knows nothing of roles, claims or pools.

mod answer;
mod batch;
mod cancel;
mod connect;
mod login;
mod script;
mod statements;
mod stream;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, BytesMut};
use postgres_protocol::message::backend;
use tokio::io::AsyncWrite as _;
use tokio::time::Instant;
use tokio_util::io::poll_read_buf;

use crate::{Error, ServerError};

pub(crate) use answer::Answer;
pub(crate) use batch::Naming;
pub(crate) use cancel::CancelKey;
pub(crate) use connect::Target;
pub use script::Completed;

use batch::Step;
use statements::Statements;
use stream::Stream;

/// Least room to read into; a large row makes room for itself.
const READ_ROOM: usize = 8 * 1024;

/// What the last `ReadyForQuery` said, or that one is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Outside any transaction: the connection is clean.
    Idle,
    /// In a transaction block.
    InTransaction,
    /// In a transaction block that failed.
    Failed,
    /// A batch is being written or its answers are being read.
    Busy,
    /// The stream is at an unknown place, or at its end.
    Broken,
}

/// A logged-in session.
pub(crate) struct Connection {
    stream: Stream,
    input: BytesMut,
    output: BytesMut,
    state: State,
    /// The batch under way.
    steps: Vec<Step>,
    progress: Progress,
    statements: Statements,
    /// Room to write a statement's name in.
    name: String,
    cancel: CancelKey,
    /// When it was logged in.
    pub(crate) born: Instant,
    /// When it was last given back.
    pub(crate) used: Instant,
}

/// How far the batch under way has come; tells what a broken connection may have done.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// Any byte of it was taken by the operating system.
    sent: bool,
    /// The server answered any of it.
    heard: bool,
    /// Index of the step whose answers are due.
    step: usize,
}

/// A batch that came to no answer.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) error: Error,
    /// Nothing of the batch can have been carried out.
    pub(crate) untouched: bool,
    /// Nothing was answered, though something may have been carried out.
    pub(crate) unheard: bool,
}

impl Connection {
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Looks, without waiting, whether the server has closed the connection or said that it will.
    pub(crate) fn is_alive(&mut self) -> bool {
        if self.state != State::Idle {
            return false;
        }
        self.reserve();
        let mut context = Context::from_waker(std::task::Waker::noop());
        loop {
            match poll_read_buf(Pin::new(&mut self.stream), &mut context, &mut self.input) {
                Poll::Pending => return true,
                Poll::Ready(Ok(0) | Err(_)) => break,
                Poll::Ready(Ok(_)) => {}
            }
            loop {
                match self.next_frame(usize::MAX) {
                    Ok(None) => break,
                    Ok(Some((b'N' | b'S' | b'A', length))) => self.input.advance(length),
                    Ok(Some(_)) | Err(_) => {
                        self.state = State::Broken;
                        return false;
                    }
                }
            }
        }
        self.state = State::Broken;
        false
    }

    /// Tag and whole length of the next frame, once all of it is there.
    fn next_frame(&mut self, max_bytes: usize) -> Result<Option<(u8, usize)>, Error> {
        let header = backend::Header::parse(&self.input)
            .map_err(|error| Error::Protocol(error.to_string()))?;
        let Some(header) = header else {
            return Ok(None);
        };
        let length =
            usize::try_from(header.len()).expect("the header checks that it is positive") + 1;
        if self.input.len() >= length {
            return Ok(Some((header.tag(), length)));
        }
        if length > max_bytes.saturating_add(64 * 1024) {
            return Err(Error::TooLarge(max_bytes));
        }
        self.input.reserve(length - self.input.len());
        Ok(None)
    }

    fn reserve(&mut self) {
        if self.input.capacity() - self.input.len() < READ_ROOM / 8 {
            self.input.reserve(READ_ROOM);
        }
    }

    /// Writes what is left and waits for something to read. Both at once: PostgreSQL stops reading while
    /// nobody takes its answers, so that a long batch written first and read afterwards could stand still.
    async fn turn(&mut self) -> io::Result<()> {
        self.reserve();
        poll_fn(|context| {
            while !self.output.is_empty() {
                match Pin::new(&mut self.stream).poll_write(context, &self.output) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    Poll::Ready(Ok(written)) => {
                        self.progress.sent = true;
                        self.output.advance(written);
                    }
                    // What the server said before it closed is worth more than the failed write.
                    Poll::Ready(Err(error)) => {
                        return match poll_read_buf(
                            Pin::new(&mut self.stream),
                            context,
                            &mut self.input,
                        ) {
                            Poll::Ready(Ok(read)) if read > 0 => {
                                self.output.clear();
                                Poll::Ready(Ok(()))
                            }
                            _ => Poll::Ready(Err(error)),
                        };
                    }
                    Poll::Pending => break,
                }
            }
            if self.output.is_empty()
                && self.stream.needs_flush()
                && let Poll::Ready(Err(error)) = Pin::new(&mut self.stream).poll_flush(context)
            {
                return Poll::Ready(Err(error));
            }
            match poll_read_buf(Pin::new(&mut self.stream), context, &mut self.input) {
                Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Poll::Ready(Ok(_)) => Poll::Ready(Ok(())),
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// Forgets all that it had prepared; the next batch closes it at the server.
    pub(crate) fn forget_statements(&mut self) {
        self.statements.clear();
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Broken {
    fn fatal(error: ServerError, progress: Progress) -> Self {
        Self {
            error: Error::Server(Box::new(error)),
            untouched: !progress.heard,
            unheard: !progress.heard,
        }
    }

    fn lost(error: &io::Error, progress: Progress) -> Self {
        let text = match error.kind() {
            io::ErrorKind::UnexpectedEof => "the server closed it".to_owned(),
            _ => error.to_string(),
        };
        Self {
            error: Error::Lost(text),
            untouched: !progress.sent,
            unheard: !progress.heard,
        }
    }

    fn wrong(error: Error) -> Self {
        Self {
            error,
            untouched: false,
            unheard: false,
        }
    }
}
