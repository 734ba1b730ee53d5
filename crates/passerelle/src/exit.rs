//! How the program ends: stable exit codes, one sentence, the command that mends it.

use std::fmt;

use serde_json::{Value, json};

use crate::messages::{Message, Text};

macro_rules! exit_codes {
    ($( $(#[doc = $doc:literal])* $variant:ident = $number:literal, $name:literal; )*) => {
        /// Exit codes; numbers never change their meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ExitCode { $( $(#[doc = $doc])* $variant = $number, )* }

        impl ExitCode {
            /// All of them.
            pub const ALL: &[Self] = &[$( Self::$variant, )*];

            /// Its name in objects for programs.
            pub fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )* }
            }
        }
    };
}

exit_codes! {
    /// Done, or nothing to do.
    Success = 0, "ok";
    /// A fault of our own.
    Internal = 1, "internal";
    /// The command line or a setting makes no sense.
    Usage = 2, "usage";
    /// Something that must hold before a start does not.
    Preflight = 3, "preflight";
    /// The migration plan is missing, incomplete or undecided.
    Undecided = 4, "undecided";
    /// What a plan was made from has changed.
    Drift = 5, "drift";
    /// Nobody confirmed.
    Unconfirmed = 6, "unconfirmed";
    /// Finished, with more rejects or conflicts than allowed.
    Rejects = 7, "rejects";
    /// A check, verification or test found failures.
    Findings = 8, "findings";
    /// Another process holds the data folder or the run.
    Busy = 9, "busy";
    /// Failed; the same command goes on where it stopped.
    Resumable = 10, "resumable";
    /// Failed, and what was done was undone.
    RolledBack = 11, "rolled_back";
    /// The cut-over was given up; the source takes writes again.
    CutoverAborted = 12, "cutover_aborted";
    /// A way back that needs a person to finish it.
    RollbackIncomplete = 13, "rollback_incomplete";
    /// A version or a feature that is not supported.
    Unsupported = 14, "unsupported";
    /// The database cannot be reached or refuses the login.
    Connection = 15, "connection";
    /// A secret lies where others can read it, or does not fit.
    Secrets = 16, "secrets";
    /// Interrupted; the same command goes on where it stopped.
    Interrupted = 130, "interrupted";
}

impl ExitCode {
    /// The code that a process of this program ended with.
    pub(crate) fn of_number(number: i32) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| *code as i32 == number)
    }
}

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: ExitCode,
    /// Stable: programs match on it.
    pub(crate) name: &'static str,
    /// What happened, in one sentence, without secrets.
    pub(crate) sentence: Text,
    /// What to do about it; may be empty.
    pub(crate) remedy: Text,
    /// What PostgreSQL said, whole.
    pub(crate) database: Option<Box<Said>>,
}

impl Failure {
    /// A failure in words that came from elsewhere, with its remedy.
    pub fn new(code: ExitCode, sentence: impl fmt::Display, remedy: impl Into<String>) -> Self {
        Self::tell(code, sentence.to_string(), remedy.into())
    }

    /// A failure in the program's own words, in the reader's language.
    pub(crate) fn tell(code: ExitCode, sentence: impl Into<Text>, remedy: impl Into<Text>) -> Self {
        Self {
            code,
            name: code.name(),
            sentence: sentence.into(),
            remedy: remedy.into(),
            database: None,
        }
    }

    /// The same under a name of its own for programs.
    #[must_use]
    pub(crate) fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// With all that PostgreSQL said of it.
    #[must_use]
    pub(crate) fn with_database(mut self, said: Option<&pg::ServerError>) -> Self {
        self.database = said.map(|said| Box::new(Said(said.clone())));
        self
    }

    /// A fault of our own, or of the machine.
    pub fn internal(error: impl fmt::Display) -> Self {
        Self::new(ExitCode::Internal, error, "")
    }

    /// A file or folder that the system does not let us use.
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        let path = path.display().to_string();
        let error = error.to_string();
        Self::tell(
            ExitCode::Preflight,
            Message::FileRefused { path, error },
            Message::CheckPath,
        )
    }
}

/// What PostgreSQL said (MIG-OUT-02).
#[derive(Debug)]
pub(crate) struct Said(pg::ServerError);

impl Said {
    pub(crate) fn members(&self) -> Value {
        let said = &self.0;
        json!({
            "sqlstate": said.code, "message": said.message, "detail": said.detail, "hint": said.hint,
            "constraint": said.constraint, "schema": said.schema, "table": said.table, "column": said.column,
        })
    }

    /// What the sentence does not hold, as `psql` shows it.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        let detail = self.0.detail.iter().map(|text| format!("DETAIL:  {text}"));
        detail.chain(self.0.hint.iter().map(|text| format!("HINT:  {text}")))
    }
}

#[cfg(test)]
mod tests {
    use super::ExitCode;

    // MIG-OUT-02: the numbers are the specification's, each with a name of its own.
    #[test]
    fn exit_codes_are_stable() {
        let numbers: Vec<_> = ExitCode::ALL.iter().map(|code| *code as u8).collect();
        assert_eq!(numbers, (0..=16).chain([130]).collect::<Vec<u8>>());
        let mut names: Vec<_> = ExitCode::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), numbers.len());
        assert_eq!(ExitCode::of_number(9), Some(ExitCode::Busy));
        assert_eq!(ExitCode::of_number(99), None);
    }
}
