//! Reading a text from left to right, and saying exactly where it stopped making sense.

/// Why and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    /// Zero-based, in characters.
    pub(crate) at: usize,
    /// What stands there, quoted; `end of input` there is nothing.
    pub(crate) found: String,
    /// What could have stood there.
    pub(crate) wanted: &'static str,
}

pub(crate) type Parsed<T> = Result<T, Expected>;

pub(crate) const FIELD_NAME: &str = "field name (* or [a..z0..9_$])";

/// A position in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub(crate) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub(crate) fn eat(&mut self, token: &str) -> bool {
        let eaten = self.rest().starts_with(token);
        if eaten {
            self.at += token.len();
        }
        eaten
    }

    pub(crate) fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.bump();
        }
    }

    pub(crate) fn take_while(&mut self, mut fits: impl FnMut(char) -> bool) -> &'a str {
        let start = self.at;
        while self.peek().is_some_and(&mut fits) {
            self.bump();
        }
        &self.text[start..self.at]
    }

    pub(crate) fn take_rest(&mut self) -> &'a str {
        let rest = self.rest();
        self.at = self.text.len();
        rest
    }

    /// An error here.
    pub(crate) fn expected(&self, wanted: &'static str) -> Expected {
        let found = match self.peek() {
            // As upstream's parser prints it: a character where the end was due, else a text.
            Some(c) if wanted.ends_with("or end of input") => format!("'{c}'"),
            Some(c) => format!("\"{c}\""),
            None => "end of input".to_owned(),
        };
        Expected {
            at: self.text[..self.at].chars().count(),
            found,
            wanted,
        }
    }

    pub(crate) fn require(&mut self, token: &'static str, wanted: &'static str) -> Parsed<()> {
        if self.eat(token) {
            Ok(())
        } else {
            Err(self.expected(wanted))
        }
    }

    /// REST-URL-06: `"…"` with `\x` for `x`, or words joined by `-`.
    pub(crate) fn name(&mut self) -> Parsed<String> {
        if self.peek() == Some('"') {
            return self.quoted();
        }
        let start = *self;
        let mut text = String::new();
        loop {
            let word = self.take_while(is_name_character);
            text.push_str(word);
            if word.is_empty() {
                return Err(start.expected(FIELD_NAME));
            }
            let mut ahead = *self;
            if !ahead.eat("-") || !ahead.peek().is_some_and(is_name_character) {
                break;
            }
            text.push('-');
            *self = ahead;
        }
        let trimmed = text.trim();
        if trimmed.is_empty() {
            Err(start.expected(FIELD_NAME))
        } else {
            Ok(trimmed.to_owned())
        }
    }

    /// A quoted text.
    pub(crate) fn quoted(&mut self) -> Parsed<String> {
        self.require("\"", "\"\\\"\"")?;
        let mut text = String::new();
        loop {
            match self.bump() {
                Some('"') => return Ok(text),
                Some('\\') => match self.bump() {
                    Some(c) => text.push(c),
                    None => return Err(self.expected("any character")),
                },
                Some(c) => text.push(c),
                None => return Err(self.expected("\"\\\"\"")),
            }
        }
    }

    /// A quoted text that counts as one only when `,` or `)` follows (REST-FLT-06, REST-LOG-05).
    pub(crate) fn quoted_element(&mut self) -> Option<String> {
        let mut ahead = *self;
        let text = ahead.quoted().ok()?;
        if !matches!(ahead.peek(), Some(',' | ')')) {
            return None;
        }
        *self = ahead;
        Some(text)
    }
}

fn is_name_character(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | ' ')
}

/// A word of a type's or a text-search configuration's name.
pub(crate) fn is_identifier_character(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | ' ')
}
