//! Scripts: any number of statements in one text, as `psql -c` sends them.

use std::io;

use bytes::Buf as _;
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;

use super::cancel::CancelKey;
use super::{Connection, State};
use crate::{Error, ServerError};

/// Largest row that is read only to be forgotten.
const MAX_FRAME: usize = 64 * 1024 * 1024;

/// How the last statement of a script ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Completed {
    /// The command tag: `DELETE 5`, `VACUUM`. Empty for a script without a statement.
    pub tag: String,
    /// How many rows it gave, if it was one that gives rows.
    pub rows: Option<u64>,
}

impl Connection {
    pub(crate) fn process_id(&self) -> i32 {
        self.cancel.process
    }

    pub(crate) fn cancel_key(&self) -> CancelKey {
        self.cancel.clone()
    }

    /// Sends a script and reads until `ReadyForQuery`. Rows are counted and forgotten; COPY is refused.
    pub(crate) async fn script(&mut self, sql: &str) -> Result<Completed, Error> {
        self.state = State::Busy;
        frontend::query(sql, &mut self.output)
            .map_err(|error| Error::Unsendable(error.to_string()))?;
        let outcome = self.outcome().await;
        if outcome.is_err() && self.state == State::Busy {
            self.state = State::Broken;
        }
        outcome
    }

    async fn outcome(&mut self) -> Result<Completed, Error> {
        let mut last = Completed::default();
        let mut rows = None;
        let mut failure = None;
        loop {
            while let Some((tag, length)) = self.next_frame(MAX_FRAME)? {
                match tag {
                    b'T' => rows = Some(0),
                    b'D' => rows = rows.map(|rows: u64| rows + 1),
                    b'C' => {
                        last = Completed {
                            tag: text(&self.input[5..length]),
                            rows: rows.take(),
                        }
                    }
                    b'G' => frontend::copy_fail("COPY not supported", &mut self.output)
                        .map_err(|error| Error::Protocol(error.to_string()))?,
                    b'H' => failure = Some(Error::Protocol("COPY not supported".to_owned())),
                    b'E' => {
                        let error = self.server_error()?;
                        let fatal = error.fatal;
                        let error = Error::Server(Box::new(error));
                        if fatal {
                            return Err(error);
                        }
                        failure.get_or_insert(error);
                        continue;
                    }
                    b'Z' => {
                        self.state = match self.input.get(5) {
                            Some(b'I') => State::Idle,
                            Some(b'T') => State::InTransaction,
                            _ => State::Failed,
                        };
                        self.input.advance(length);
                        return failure.map_or(Ok(last), Err);
                    }
                    // Notices, changed settings, the data of a COPY, an empty statement.
                    _ => {}
                }
                self.input.advance(length);
            }
            self.turn().await.map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => Error::Lost("the server closed it".to_owned()),
                _ => Error::Lost(error.to_string()),
            })?;
        }
    }

    fn server_error(&mut self) -> Result<ServerError, Error> {
        match Message::parse(&mut self.input) {
            Ok(Some(Message::ErrorResponse(body))) => {
                ServerError::read(body.fields()).map_err(|error| Error::Protocol(error.to_string()))
            }
            _ => Err(Error::Protocol("an error".to_owned())),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    String::from_utf8_lossy(bytes).into_owned()
}
