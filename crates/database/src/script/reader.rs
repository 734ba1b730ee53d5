//! A script of any length, a statement at a time.

use std::io::BufRead;

use super::{SplitError, Statement, first};

/// Reads a script without holding more of it than one statement.
pub(crate) struct Reader<R> {
    input: R,
    /// What was read and not yet given out.
    pending: String,
    /// The line on which `pending` begins.
    line: usize,
    is_at_end: bool,
}

/// One statement with its semicolon and the comments before it, as they stand in the script.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    /// The line of the script on which the text begins.
    line: usize,
}

/// Why a script could not be read on.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The system's answer.
    Io(std::io::Error),
    /// What was read is no script.
    Split(SplitError),
}

impl From<std::io::Error> for ReadError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<SplitError> for ReadError {
    fn from(error: SplitError) -> Self {
        Self::Split(error)
    }
}

impl Piece {
    /// The statement; `None` where only comments are left at the end of a script.
    pub(crate) fn statement(&self) -> Result<Option<Statement<'_>>, SplitError> {
        Ok(first(&self.text, self.line)?.map(|(statement, _)| statement))
    }
}

impl<R: BufRead> Reader<R> {
    pub(crate) fn new(input: R) -> Self {
        Self {
            input,
            pending: String::new(),
            line: 1,
            is_at_end: false,
        }
    }

    /// The next statement, or what is left at the end.
    pub(crate) fn next_piece(&mut self) -> Result<Option<Piece>, ReadError> {
        loop {
            // A semicolon at a line's end may close the statement; nothing else is worth the look.
            if self.is_at_end || self.pending.trim_end().ends_with(';') {
                match first(&self.pending, self.line) {
                    Ok(Some((_, end))) => return Ok(Some(self.take(end))),
                    Err(SplitError::Unclosed { .. }) | Ok(None) if !self.is_at_end => {}
                    Ok(None) if self.pending.is_empty() => return Ok(None),
                    Ok(None) => return Ok(Some(self.rest())),
                    Err(error) => return Err(error.into()),
                }
            }
            self.read_line()?;
        }
    }

    /// A row after `copy … from stdin`, with its line end; false after the last.
    pub(crate) fn next_row(&mut self, row: &mut String) -> Result<bool, ReadError> {
        row.clear();
        // What is left of the statement's own line.
        if self.pending.trim().is_empty() {
            self.line += self.pending.matches('\n').count();
            self.pending.clear();
        }
        if self.pending.is_empty() && !self.read_line()? {
            return Ok(false);
        }
        let end = self
            .pending
            .find('\n')
            .map_or(self.pending.len(), |newline| newline + 1);
        self.line += 1;
        row.extend(self.pending.drain(..end));
        Ok(row.trim_end_matches(['\n', '\r']) != "\\.")
    }

    fn read_line(&mut self) -> Result<bool, ReadError> {
        let read = self.input.read_line(&mut self.pending)?;
        self.is_at_end = read == 0;
        Ok(read > 0)
    }

    fn take(&mut self, end: usize) -> Piece {
        let rest = self.pending.split_off(end);
        let text = std::mem::replace(&mut self.pending, rest);
        self.piece(text)
    }

    /// A last statement without a semicolon gets one, so that all are alike.
    fn rest(&mut self) -> Piece {
        let mut text = std::mem::take(&mut self.pending);
        text.push_str("\n;");
        self.piece(text)
    }

    fn piece(&mut self, text: String) -> Piece {
        let line = self.line;
        self.line += text.matches('\n').count();
        Piece { text, line }
    }
}

#[cfg(test)]
mod tests {
    use super::{ReadError, Reader};

    fn check(script: &str, expected: &[(usize, &str)]) {
        let mut reader = Reader::new(script.as_bytes());
        let mut found = Vec::new();
        while let Some(piece) = reader.next_piece().expect("a script") {
            if let Some(statement) = piece.statement().expect("a statement") {
                found.push((statement.line, statement.text.to_owned()));
                if statement.has_data() {
                    let mut row = String::new();
                    while reader.next_row(&mut row).expect("a row") {
                        found.push((0, row.clone()));
                    }
                }
            }
        }
        let found: Vec<_> = found
            .iter()
            .map(|(line, text)| (*line, text.as_str()))
            .collect();
        assert_eq!(found, expected, "{script}");
    }

    // DB-MIG-04: read in pieces, a script has the statements that it has as a whole.
    #[test]
    fn statements_end_where_they_end_however_the_lines_fall() {
        check("", &[]);
        check("-- nothing\n", &[]);
        check(
            "select 1; select 2;\nselect 3",
            &[(1, "select 1"), (1, "select 2"), (2, "select 3")],
        );
        check(
            "-- a;\ncreate function f() returns int as $$\n  a;\n  b;\n$$ language sql;\nselect ';\n;';",
            &[
                (
                    2,
                    "create function f() returns int as $$\n  a;\n  b;\n$$ language sql",
                ),
                (6, "select ';\n;'"),
            ],
        );
        check(
            "create function f() returns int begin atomic select 1;\n select 2;\nend;\nselect 3;",
            &[
                (
                    1,
                    "create function f() returns int begin atomic select 1;\n select 2;\nend",
                ),
                (4, "select 3"),
            ],
        );
        check(
            "alter table t -- half;\n  add a int;",
            &[(1, "alter table t -- half;\n  add a int")],
        );
    }

    #[test]
    fn rows_are_read_one_by_one_and_the_script_goes_on() {
        check(
            "copy a (b) from stdin;\n1;\n\n\\N\n\\.\n\n\\unrestrict x\nselect 1;\ncopy c from stdin;\n\\.\n",
            &[
                (1, "copy a (b) from stdin"),
                (0, "1;\n"),
                (0, "\n"),
                (0, "\\N\n"),
                (8, "select 1"),
                (9, "copy c from stdin"),
            ],
        );
    }

    #[test]
    fn what_is_never_closed_is_told_at_the_end() {
        let mut reader = Reader::new("select 1;\nselect 'a;\n".as_bytes());
        assert!(reader.next_piece().expect("the first").is_some());
        let Err(ReadError::Split(error)) = reader.next_piece() else {
            panic!("it is not closed");
        };
        assert_eq!(error.line(), 2);
    }
}
