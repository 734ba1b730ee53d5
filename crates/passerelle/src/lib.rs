//! Composing and supervising.
//!
//! In charge of the command line ([`run`]), of starting everything in order and stopping it in reverse
//! ([`Stack`]), of the project's secrets ([`keyring`]), and of saying what went wrong in one sentence with the
//! command that mends it ([`Failure`]). What the services do is theirs.

mod cli;
mod commands;
mod exit;
mod findings;
pub mod keyring;
mod logging;
mod messages;
mod mounts;
mod output;
mod person;
mod service_role;
mod services;
mod stack;
mod state;
mod usage;

use std::ffi::OsString;

pub use exit::{ExitCode, Failure};
pub use messages::Language;
pub use services::SCHEMAS;
pub use stack::{Parts, Stack};

/// Runs a command line, the program's name first, and returns its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> std::process::ExitCode {
    // Two dependencies bring a provider each; the choice must be made before either is used.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let code = match usage::parse(&arguments) {
        Ok(cli) => commands::run(cli),
        Err(wrong) => wrong.show(),
    };
    std::process::ExitCode::from(code as u8)
}
