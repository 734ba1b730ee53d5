//! Writing a batch: parse where needed, bind, execute, and one `Sync`.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;

use super::statements::Found;
use super::{Connection, Progress, State};
use crate::Error;

/// A statement longer than this is not worth its place in the cache.
const MAX_NAMED_BYTES: usize = 32 * 1024;

/// PostgreSQL's own bound of a frame (`MaxAllocSize`); a longer one would end the session.
const MAX_FRAME_BYTES: usize = 0x3fff_ffff;

/// Whether a statement is kept prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// Under a name, for the next time.
    Named,
    /// Not at all: a pooler may give us another session the next time.
    Unnamed,
}

/// One statement of the batch under way.
#[derive(Debug)]
pub(super) struct Step {
    /// Its rows are asked for.
    pub(super) wanted: bool,
    /// It is being prepared for this role and text.
    pub(super) preparing: Option<(Box<str>, Arc<str>)>,
    /// It was there before this batch.
    pub(super) cached: bool,
}

impl Connection {
    /// Starts a batch. What was written of an earlier one and not sent is gone.
    pub(crate) fn start_batch(&mut self) {
        self.output.clear();
        self.steps.clear();
        self.progress = Progress::default();
        let mut name = std::mem::take(&mut self.name);
        for number in self.statements.take_closing() {
            name_of(number, &mut name);
            frontend::close(b'S', &name, &mut self.output).expect("a short name without NUL");
        }
        self.name = name;
    }

    /// Adds a statement. On an error nothing was sent, and the connection is of no use any more.
    pub(crate) fn push<'a>(
        &mut self,
        role: &str,
        sql: &Arc<str>,
        params: impl Iterator<Item = Option<&'a [u8]>>,
        naming: Naming,
        wanted: bool,
    ) -> Result<(), Error> {
        let mut name = std::mem::take(&mut self.name);
        name.clear();
        let mut step = Step {
            wanted,
            preparing: None,
            cached: false,
        };
        let parse = if naming == Naming::Unnamed || sql.len() > MAX_NAMED_BYTES {
            true
        } else {
            let found = self.statements.find_or_add(role, sql);
            let (Found::Ready(number) | Found::New(number)) = found;
            name_of(number, &mut name);
            step.cached = matches!(found, Found::Ready(_));
            if !step.cached {
                step.preparing = Some((role.into(), Arc::clone(sql)));
            }
            !step.cached
        };
        let written = self.write(&name, sql, params, parse);
        if written.is_err() {
            self.state = State::Broken;
        }
        self.steps.push(step);
        self.name = name;
        written
    }

    fn write<'a>(
        &mut self,
        name: &str,
        sql: &str,
        params: impl Iterator<Item = Option<&'a [u8]>>,
        parse: bool,
    ) -> Result<(), Error> {
        let out = &mut self.output;
        if parse {
            let start = out.len();
            frontend::parse(name, sql, [], out)
                .map_err(|_| Error::Unsendable("its text holds a NUL byte".into()))?;
            within_bounds(out, start)?;
        }
        let start = out.len();
        let bound = frontend::bind(
            "",
            name,
            [],
            params,
            |value, out| {
                let Some(value) = value else {
                    return Ok(IsNull::Yes);
                };
                out.extend_from_slice(value);
                Ok(IsNull::No)
            },
            [],
            out,
        );
        if bound.is_err() {
            return Err(Error::Unsendable(
                "it has more than 65535 parameters".into(),
            ));
        }
        within_bounds(out, start)?;
        frontend::execute("", 0, out).expect("the unnamed portal has no NUL");
        Ok(())
    }

    /// Ends the batch; from here on the connection owes an answer.
    pub(crate) fn end_batch(&mut self) {
        frontend::sync(&mut self.output);
        self.state = State::Busy;
    }
}

fn within_bounds(out: &BytesMut, start: usize) -> Result<(), Error> {
    if out.len() - start > MAX_FRAME_BYTES {
        return Err(Error::Unsendable("it is larger than 1 GiB".into()));
    }
    Ok(())
}

fn name_of(number: u32, name: &mut String) {
    name.clear();
    let _ = write!(name, "s{number}");
}
