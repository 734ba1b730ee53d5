//! Speaking to the person, or to the program, that called.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::exit::{ExitCode, Failure};
use crate::messages::{Language, Message};

/// Where lines go: messages for people on standard error, results on standard output; with `--json` only one
/// object a line on standard output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) language: Language,
    pub(crate) json: bool,
}

impl Output {
    /// A message for people.
    pub(crate) fn say(self, message: &Message) {
        if !self.json {
            let _ = writeln!(std::io::stderr(), "{}", message.text(self.language));
        }
    }

    /// A result line for people.
    pub(crate) fn result(self, line: &str) {
        if !self.json {
            print(line);
        }
    }

    /// An object for programs.
    pub(crate) fn object(self, object: &Value) {
        if self.json {
            print(object);
        }
    }

    /// Why a command failed, and its exit code.
    pub(crate) fn failure(self, failure: &Failure) -> ExitCode {
        self.object(&json!({
            "type": "error",
            "exit_code": failure.code as u8,
            "message": failure.sentence,
            "remedy": failure.remedy,
        }));
        if !self.json {
            let _ = writeln!(std::io::stderr(), "passerelle: {}", failure.sentence);
            if !failure.remedy.is_empty() {
                self.say(&Message::Remedy {
                    command: failure.remedy.clone(),
                });
            }
        }
        failure.code
    }
}

/// One line on standard output at once. A reader that has left (`| head`) is no fault.
fn print(line: impl std::fmt::Display) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
