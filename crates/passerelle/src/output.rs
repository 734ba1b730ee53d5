//! Speaking to the person, or to the program, that called.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is where the program speaks"
)]

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
            eprintln!("{}", message.text(self.language));
        }
    }

    /// A result line for people.
    pub(crate) fn result(self, line: &str) {
        if !self.json {
            println!("{line}");
            let _ = std::io::stdout().flush();
        }
    }

    /// An object for programs.
    pub(crate) fn object(self, object: &Value) {
        if self.json {
            println!("{object}");
            let _ = std::io::stdout().flush();
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
            eprintln!("passerelle: {}", failure.sentence);
            if !failure.remedy.is_empty() {
                self.say(&Message::Remedy {
                    command: failure.remedy.clone(),
                });
            }
        }
        failure.code
    }
}
