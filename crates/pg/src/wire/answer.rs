//! Reading what a batch answered.

use bytes::{Buf as _, Bytes};
use postgres_protocol::message::backend::Message;

use super::{Broken, Connection, State};
use crate::{Error, ResultSet, Row, ServerError};

/// Largest frame that is read only to be forgotten.
const MAX_FORGOTTEN_FRAME: usize = 16 * 1024 * 1024;

/// The answers to a whole batch.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// One result for each step that was wanted and came to its end.
    pub(crate) results: Vec<ResultSet>,
    /// The first error; everything after it was skipped.
    pub(crate) error: Option<Failed>,
}

/// An error, and where.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: Box<ServerError>,
    /// The statement was prepared by an earlier batch: its plan may be what is wrong.
    pub(crate) cached: bool,
}

impl Connection {
    /// Sends the batch and reads until `ReadyForQuery`. Dropped half-way, the connection stays
    /// [`State::Busy`]; [`Connection::clean`] is for that.
    pub(crate) async fn exchange(&mut self, max_bytes: usize) -> Result<Answer, Broken> {
        let mut answer = Answer::default();
        let mut row_set = ResultSet::default();
        let mut left = max_bytes;
        loop {
            while let Some((tag, length)) = self
                .next_frame(left)
                .map_err(|error| self.wrong(error, max_bytes))?
            {
                match tag {
                    b'D' => {
                        self.progress.heard = true;
                        let step = self.steps.get(self.progress.step);
                        if !step.is_some_and(|step| step.wanted) {
                            self.input.advance(length);
                            continue;
                        }
                        left = match left.checked_sub(length) {
                            Some(left) => left,
                            None => return Err(self.wrong(Error::TooLarge(max_bytes), max_bytes)),
                        };
                        let frame = self.input.split_to(length).freeze();
                        row_set
                            .rows
                            .push(read_row(&frame).ok_or_else(|| self.garbled("a row"))?);
                    }
                    b'C' => {
                        self.progress.heard = true;
                        row_set.affected = affected(&self.input[5..length]);
                        self.input.advance(length);
                        self.finish_step(&mut answer, &mut row_set);
                    }
                    b'I' => {
                        self.input.advance(length);
                        self.finish_step(&mut answer, &mut row_set);
                    }
                    b'1' => {
                        self.progress.heard = true;
                        self.input.advance(length);
                        self.confirm_step();
                    }
                    b'2' | b'3' => {
                        self.progress.heard = true;
                        self.input.advance(length);
                    }
                    b'Z' => {
                        self.ready(length)?;
                        return Ok(answer);
                    }
                    b'E' => {
                        let error = self.read_error()?;
                        if error.fatal {
                            self.state = State::Broken;
                            return Err(Broken::fatal(error, self.progress));
                        }
                        self.progress.heard = true;
                        let cached = self
                            .steps
                            .get(self.progress.step)
                            .is_some_and(|step| step.cached);
                        answer.error.get_or_insert(Failed {
                            error: Box::new(error),
                            cached,
                        });
                    }
                    // Notices, changed settings, notifications: not part of the answer.
                    b'N' | b'S' | b'A' => self.input.advance(length),
                    other => return Err(self.garbled(&format!("message {:?}", char::from(other)))),
                }
            }
            if let Err(error) = self.turn().await {
                self.state = State::Broken;
                return Err(Broken::lost(&error, self.progress));
            }
        }
    }

    /// Reads and forgets until `ReadyForQuery`. A single row that is larger than all this is not worth the
    /// memory: the connection is.
    pub(super) async fn drain(&mut self) -> Result<(), Broken> {
        for step in &mut self.steps {
            step.wanted = false;
        }
        self.exchange(MAX_FORGOTTEN_FRAME).await.map(drop)
    }

    fn finish_step(&mut self, answer: &mut Answer, row_set: &mut ResultSet) {
        if self
            .steps
            .get(self.progress.step)
            .is_some_and(|step| step.wanted)
        {
            answer.results.push(std::mem::take(row_set));
        }
        self.progress.step += 1;
    }

    fn confirm_step(&mut self) {
        if let Some((role, sql)) = self
            .steps
            .get(self.progress.step)
            .and_then(|step| step.preparing.as_ref())
        {
            self.statements.confirm(role, sql);
        }
    }

    fn ready(&mut self, length: usize) -> Result<(), Broken> {
        let state = match self.input.get(5) {
            Some(b'I') => State::Idle,
            Some(b'T') => State::InTransaction,
            Some(b'E') => State::Failed,
            _ => return Err(self.garbled("a transaction state")),
        };
        self.input.advance(length);
        if self.progress.step < self.steps.len() {
            self.statements.drop_unconfirmed();
        }
        self.state = state;
        Ok(())
    }

    fn read_error(&mut self) -> Result<ServerError, Broken> {
        match Message::parse(&mut self.input) {
            Ok(Some(Message::ErrorResponse(body))) => {
                ServerError::read(body.fields()).map_err(|_| self.garbled("an error"))
            }
            _ => Err(self.garbled("an error")),
        }
    }

    /// An answer that nobody can make sense of: nothing after it can be trusted.
    fn garbled(&mut self, what: &str) -> Broken {
        self.state = State::Broken;
        Broken::wrong(Error::Protocol(what.to_owned()))
    }

    /// Too large: the connection stays busy, to be cancelled and drained. Otherwise it is unusable.
    fn wrong(&mut self, error: Error, max_bytes: usize) -> Broken {
        match error {
            Error::TooLarge(_) => Broken::wrong(Error::TooLarge(max_bytes)),
            error => {
                self.state = State::Broken;
                Broken::wrong(error)
            }
        }
    }
}

/// The columns of a `DataRow` frame, as slices of it. `None` when lengths and frame disagree.
fn read_row(frame: &Bytes) -> Option<Row> {
    let count = usize::from(u16::from_be_bytes(frame.get(5..7)?.try_into().ok()?));
    let mut columns = Vec::with_capacity(count);
    let mut at = 7;
    for _ in 0..count {
        let length = i32::from_be_bytes(frame.get(at..at + 4)?.try_into().ok()?);
        at += 4;
        let Ok(length) = usize::try_from(length) else {
            columns.push(None);
            continue;
        };
        if at + length > frame.len() {
            return None;
        }
        columns.push(Some(frame.slice(at..at + length)));
        at += length;
    }
    Some(Row { columns })
}

/// The row count at the end of a command tag: `SELECT 3`, `INSERT 0 1`, `CREATE TABLE`.
fn affected(tag: &[u8]) -> u64 {
    let tag = tag.strip_suffix(b"\0").unwrap_or(tag);
    let count = tag.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    std::str::from_utf8(count)
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tag_tells_how_many_rows_were_touched() {
        let check = |tag: &[u8], rows| assert_eq!(affected(tag), rows);
        check(b"SELECT 3\0", 3);
        check(b"INSERT 0 12\0", 12);
        check(b"CREATE TABLE\0", 0);
        check(b"\0", 0);
    }

    #[test]
    fn a_row_is_cut_into_slices_and_nulls() {
        let frame = Bytes::from_static(b"D\0\0\0\x11\0\x03\0\0\0\x01a\xff\xff\xff\xff\0\0\0\0");
        let row = read_row(&frame).unwrap();
        assert_eq!(row.text(0), Some("a"));
        assert_eq!(row.get(1), None);
        assert_eq!(row.text(2), Some(""));
        assert_eq!(row.get(3), None);
    }

    #[test]
    fn a_row_that_is_shorter_than_it_says_is_refused() {
        assert!(read_row(&Bytes::from_static(b"D\0\0\0\x0b\0\x01\0\0\0\x09a")).is_none());
        assert!(read_row(&Bytes::from_static(b"D\0\0\0\x06\0\x01")).is_none());
        assert!(read_row(&Bytes::from_static(b"D\0\0")).is_none());
    }
}
