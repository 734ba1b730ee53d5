//! A SQL script as statements, split the way PostgreSQL's own client splits it (DB-MIG-04).
//!
//! Knows quoting, comments, function bodies, inline COPY data and the few client commands that dumps hold;
//! knows nothing of what a statement means beyond its [`Kind`].

mod kind;
mod lexer;
mod reader;
mod subject;
#[cfg(test)]
mod tests;

pub(crate) use kind::{Extension, ExtensionVerb, Kind};
pub(crate) use lexer::first;
pub use lexer::split;
pub(crate) use reader::{Piece, ReadError, Reader};
pub(crate) use subject::Subject;

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Its text, without the semicolon and without comments before it.
    pub text: &'a str,
    /// The line of the script on which it starts, from 1.
    pub line: usize,
    /// The rows that follow `copy … from stdin`.
    pub data: Option<&'a str>,
    pub(crate) tokens: Vec<Token>,
}

/// What a script is made of; comments and white space are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) what: What,
    /// Where it stands in the statement's text, in bytes.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The sorts of token that matter here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// A keyword or a name without quotes, in lower case.
    Word(String),
    /// A name in double quotes.
    Quoted(String),
    /// A literal in single quotes or between dollars, with its quotes.
    Literal,
    /// Anything else, a character at a time.
    Symbol(char),
}

/// Why a script could not be split.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// A quote, comment or parenthesis that is never closed.
    #[error("line {line}: {what} is never closed")]
    Unclosed {
        /// Where it begins.
        line: usize,
        /// What it is.
        what: &'static str,
    },
    /// A command of psql that a script for a server cannot hold.
    #[error("line {line}: {command} is a command of psql, not SQL")]
    ClientCommand {
        /// Where it stands.
        line: usize,
        /// The command with its backslash.
        command: String,
    },
}

impl SplitError {
    /// The line of the script.
    pub fn line(&self) -> usize {
        match self {
            Self::Unclosed { line, .. } | Self::ClientCommand { line, .. } => *line,
        }
    }
}

impl Statement<'_> {
    /// The unquoted word at `index`, `""` where there is none.
    pub(crate) fn word(&self, index: usize) -> &str {
        match self.tokens.get(index).map(|token| &token.what) {
            Some(What::Word(word)) => word,
            _ => "",
        }
    }

    /// Whether the statement begins with these words.
    pub(crate) fn starts_with(&self, words: &[&str]) -> bool {
        words
            .iter()
            .enumerate()
            .all(|(index, word)| self.word(index) == *word)
    }

    /// The position after the first occurrence of these words in a row.
    pub(crate) fn after(&self, words: &[&str]) -> Option<usize> {
        (0..self.tokens.len())
            .find(|&at| (0..words.len()).all(|i| self.word(at + i) == words[i]))
            .map(|at| at + words.len())
    }

    /// Whether rows follow it, up to a line that holds `\.` alone.
    pub(crate) fn has_data(&self) -> bool {
        self.word(0) == "copy" && self.after(&["from", "stdin"]).is_some()
    }

    /// The name at `index`, quoted or not.
    pub(crate) fn name(&self, index: usize) -> Option<&str> {
        match &self.tokens.get(index)?.what {
            What::Word(name) | What::Quoted(name) => Some(name),
            What::Literal | What::Symbol(_) => None,
        }
    }

    pub(crate) fn is_symbol(&self, index: usize, symbol: char) -> bool {
        self.tokens
            .get(index)
            .is_some_and(|token| token.what == What::Symbol(symbol))
    }
}
