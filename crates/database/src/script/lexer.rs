//! From text to statements and their tokens.

use super::{SplitError, Statement, Token, What};

/// Splits a script into its statements. `\restrict` and `\unrestrict`, which dumps hold, are left out; other
/// commands of psql are refused.
pub fn split(script: &str) -> Result<Vec<Statement<'_>>, SplitError> {
    let mut lexer = Lexer {
        text: script,
        bytes: script.as_bytes(),
        at: if script.starts_with('\u{feff}') { 3 } else { 0 },
        line: 1,
    };
    let mut statements = Vec::new();
    loop {
        lexer.skip_blank()?;
        match lexer.peek(0) {
            None => return Ok(statements),
            Some(b';') => lexer.at += 1,
            Some(b'\\') => lexer.client_command()?,
            Some(_) => {
                let (mut statement, _) = lexer.statement()?;
                if statement.has_data() {
                    statement.data = Some(lexer.copy_data());
                }
                statements.push(statement);
            }
        }
    }
}

/// The first statement of `text`, which begins on `line`, and where what follows its semicolon begins; `None` while
/// it has no end. Rows after `copy … from stdin` are left to the caller.
pub(crate) fn first(text: &str, line: usize) -> Result<Option<(Statement<'_>, usize)>, SplitError> {
    let mut lexer = Lexer {
        text,
        bytes: text.as_bytes(),
        at: if text.starts_with('\u{feff}') { 3 } else { 0 },
        line,
    };
    loop {
        lexer.skip_blank()?;
        match lexer.peek(0) {
            None => return Ok(None),
            Some(b';') => lexer.at += 1,
            Some(b'\\') => lexer.client_command()?,
            Some(_) => {
                let (statement, is_closed) = lexer.statement()?;
                return Ok(is_closed.then_some((statement, lexer.at)));
            }
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

/// Where a statement's end is looked for.
#[derive(Default)]
struct Depth {
    parentheses: usize,
    /// `begin atomic … end` and the `case … end` in it.
    body: usize,
}

fn continues_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn starts_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

impl<'a> Lexer<'a> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    /// Moves on, counting lines.
    fn go_to(&mut self, end: usize) {
        self.line += self.text[self.at..end].matches('\n').count();
        self.at = end;
    }

    fn find(&self, needle: &str, from: usize) -> Option<usize> {
        let rest = self.bytes.get(from..)?;
        let needle = needle.as_bytes();
        rest.windows(needle.len())
            .position(|window| window == needle)
            .map(|found| from + found)
    }

    fn skip_blank(&mut self) -> Result<(), SplitError> {
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\n' => self.go_to(self.at + 1),
                _ if byte.is_ascii_whitespace() || byte == 0x0b => self.at += 1,
                b'-' if self.peek(1) == Some(b'-') => {
                    self.at = self.find("\n", self.at).unwrap_or(self.bytes.len());
                }
                b'/' if self.peek(1) == Some(b'*') => self.block_comment()?,
                _ => break,
            }
        }
        Ok(())
    }

    fn block_comment(&mut self) -> Result<(), SplitError> {
        let line = self.line;
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(b'/'), Some(b'*')) => {
                    depth += 1;
                    self.at += 2;
                }
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return Ok(());
                    }
                }
                (Some(byte), _) => {
                    self.line += usize::from(byte == b'\n');
                    self.at += 1;
                }
                (None, _) => {
                    let what = "a comment";
                    return Err(SplitError::Unclosed { line, what });
                }
            }
        }
    }

    fn rest_of_line(&self) -> &'a str {
        let end = self.find("\n", self.at).unwrap_or(self.bytes.len());
        self.text[self.at..end].trim_end()
    }

    fn client_command(&mut self) -> Result<(), SplitError> {
        let text = self.rest_of_line();
        let command = text.split_whitespace().next().unwrap_or(text).to_owned();
        if !matches!(command.as_str(), "\\restrict" | "\\unrestrict") {
            let line = self.line;
            return Err(SplitError::ClientCommand { line, command });
        }
        self.at += text.len();
        Ok(())
    }

    /// A statement, and whether a semicolon closes it.
    fn statement(&mut self) -> Result<(Statement<'a>, bool), SplitError> {
        let (start, line) = (self.at, self.line);
        let mut is_closed = false;
        let mut tokens = Vec::new();
        let mut depth = Depth::default();
        let mut end = start;
        loop {
            self.skip_blank()?;
            match self.peek(0) {
                None if depth.parentheses > 0 => {
                    let what = "a parenthesis";
                    return Err(SplitError::Unclosed { line, what });
                }
                None if depth.body > 0 => {
                    let what = "a function's body";
                    return Err(SplitError::Unclosed { line, what });
                }
                None => break,
                Some(b';') if depth.parentheses == 0 && depth.body == 0 => {
                    self.at += 1;
                    is_closed = true;
                    break;
                }
                Some(b'\\') => return Err(self.client_command_within()),
                Some(_) => {
                    let from = self.at;
                    let what = self.token()?;
                    depth.see(&what, &tokens);
                    end = self.at;
                    let (start, end) = (from - start, end - start);
                    tokens.push(Token { what, start, end });
                }
            }
        }
        let statement = Statement {
            text: &self.text[start..end],
            line,
            data: None,
            tokens,
        };
        Ok((statement, is_closed))
    }

    fn client_command_within(&self) -> SplitError {
        let text = self.rest_of_line();
        SplitError::ClientCommand {
            line: self.line,
            command: text.split_whitespace().next().unwrap_or(text).to_owned(),
        }
    }

    /// The rows after the statement's line, up to a line that holds `\.` alone.
    fn copy_data(&mut self) -> &'a str {
        let start = self
            .find("\n", self.at)
            .map_or(self.bytes.len(), |newline| newline + 1);
        let mut from = start;
        loop {
            let newline = self.find("\n", from);
            let end = newline.unwrap_or(self.bytes.len());
            if self.text[from..end].trim_end_matches('\r') == "\\." {
                self.go_to(end);
                return &self.text[start..from];
            }
            let Some(newline) = newline else {
                self.go_to(self.bytes.len());
                return &self.text[start..];
            };
            from = newline + 1;
        }
    }

    fn token(&mut self) -> Result<What, SplitError> {
        let byte = self.bytes[self.at];
        match byte {
            b'\'' => self.literal(false),
            b'"' => self.quoted_name(),
            b'$' => self.dollar(),
            _ if starts_name(byte) => {
                let start = self.at;
                while self.peek(0).is_some_and(continues_name) {
                    self.at += 1;
                }
                let word = self.text[start..self.at].to_ascii_lowercase();
                match (word.as_str(), self.peek(0), self.peek(1)) {
                    ("e", Some(b'\''), _) => self.literal(true),
                    ("b" | "x" | "n", Some(b'\''), _) => self.literal(false),
                    ("u", Some(b'&'), Some(b'\'')) => {
                        self.at += 1;
                        self.literal(false)
                    }
                    ("u", Some(b'&'), Some(b'"')) => {
                        self.at += 1;
                        self.quoted_name()
                    }
                    _ => Ok(What::Word(word)),
                }
            }
            _ if byte.is_ascii_digit() => {
                while self.peek(0).is_some_and(continues_name) {
                    self.at += 1;
                }
                Ok(What::Literal)
            }
            _ => {
                self.at += 1;
                Ok(What::Symbol(char::from(byte)))
            }
        }
    }

    fn literal(&mut self, has_escapes: bool) -> Result<What, SplitError> {
        let line = self.line;
        let mut at = self.at + 1;
        loop {
            match self.bytes.get(at) {
                Some(b'\\') if has_escapes => at += 2,
                Some(b'\'') if self.bytes.get(at + 1) == Some(&b'\'') => at += 2,
                Some(b'\'') => break,
                Some(_) => at += 1,
                None => {
                    let what = "a literal";
                    return Err(SplitError::Unclosed { line, what });
                }
            }
        }
        self.go_to(at + 1);
        Ok(What::Literal)
    }

    fn quoted_name(&mut self) -> Result<What, SplitError> {
        let (line, start) = (self.line, self.at + 1);
        let mut at = start;
        loop {
            match self.bytes.get(at) {
                Some(b'"') if self.bytes.get(at + 1) == Some(&b'"') => at += 2,
                Some(b'"') => break,
                Some(_) => at += 1,
                None => {
                    let what = "a quoted name";
                    return Err(SplitError::Unclosed { line, what });
                }
            }
        }
        let name = self.text[start..at].replace("\"\"", "\"");
        self.go_to(at + 1);
        Ok(What::Quoted(name))
    }

    /// `$$ … $$`, `$tag$ … $tag$`, or a lone dollar such as that of `$1`.
    fn dollar(&mut self) -> Result<What, SplitError> {
        let line = self.line;
        let mut close = self.at + 1;
        if self.bytes.get(close).copied().is_some_and(starts_name) {
            while self
                .bytes
                .get(close)
                .is_some_and(|byte| *byte != b'$' && continues_name(*byte))
            {
                close += 1;
            }
        }
        if self.bytes.get(close) != Some(&b'$') {
            self.at += 1;
            return Ok(What::Symbol('$'));
        }
        let text = self.text;
        let tag = &text[self.at..=close];
        let Some(end) = self.find(tag, close + 1) else {
            let what = "a dollar quote";
            return Err(SplitError::Unclosed { line, what });
        };
        self.go_to(end + tag.len());
        Ok(What::Literal)
    }
}

impl Depth {
    fn see(&mut self, what: &What, before: &[Token]) {
        match what {
            What::Symbol('(') => self.parentheses += 1,
            What::Symbol(')') => self.parentheses = self.parentheses.saturating_sub(1),
            What::Word(word) if self.parentheses == 0 && makes_function(before) => {
                match word.as_str() {
                    "atomic" if self.body == 0 && ends_with(before, "begin") => self.body = 1,
                    "case" if self.body > 0 => self.body += 1,
                    "end" if self.body > 0 => self.body -= 1,
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

fn is_word(token: Option<&Token>, words: &[&str]) -> bool {
    matches!(token.map(|token| &token.what), Some(What::Word(word)) if words.contains(&word.as_str()))
}

fn ends_with(tokens: &[Token], word: &str) -> bool {
    is_word(tokens.last(), &[word])
}

fn makes_function(tokens: &[Token]) -> bool {
    let replaces = is_word(tokens.get(1), &["or"]) && is_word(tokens.get(2), &["replace"]);
    is_word(tokens.first(), &["create"])
        && is_word(
            tokens.get(if replaces { 3 } else { 1 }),
            &["function", "procedure"],
        )
}
