//! Composing and supervising.
//!
//! In charge of the command line ([`run`]), of starting everything in order and stopping it in reverse
//! ([`Stack`]), of the project's secrets ([`keyring`]), and of saying what went wrong in one sentence with the
//! command that mends it ([`Failure`]). What the services do is theirs.

mod cli;
mod commands;
mod exit;
pub mod keyring;
mod logging;
mod messages;
mod mounts;
mod output;
mod services;
mod stack;
mod state;

use std::ffi::OsString;

use clap::Parser as _;

pub use exit::{ExitCode, Failure};
pub use messages::Language;
pub use services::SCHEMAS;
pub use stack::{Parts, Stack};

/// Runs a command line, the program's name first, and returns its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> std::process::ExitCode {
    // Two dependencies bring a provider each; the choice must be made before either is used.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    let code = match cli::Cli::try_parse_from(arguments) {
        Ok(cli) => commands::run(cli),
        Err(error) if json && error.use_stderr() => {
            let out = output::Output {
                language: Language::English,
                json,
            };
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            let sentence = line.strip_prefix("error: ").unwrap_or(line);
            out.failure(&Failure::new(
                ExitCode::Usage,
                sentence,
                "passerelle --help",
            ))
        }
        Err(error) => {
            let code = if error.use_stderr() {
                ExitCode::Usage
            } else {
                ExitCode::Success
            };
            let _ = error.print();
            code
        }
    };
    std::process::ExitCode::from(code as u8)
}
