//! How the program ends: stable exit codes, one sentence, the command that mends it.

use std::fmt;

/// Exit codes; numbers never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// Done, or nothing to do.
    Success = 0,
    /// A fault of our own.
    Internal = 1,
    /// The command line or a setting makes no sense.
    Usage = 2,
    /// Something that must hold before a start does not.
    Preflight = 3,
    /// A check found failures.
    Findings = 8,
    /// Another process holds the data folder.
    Busy = 9,
    /// A version that is not supported.
    Unsupported = 14,
    /// The database cannot be reached or refuses the login.
    Connection = 15,
    /// A secret lies where others can read it, or does not fit.
    Secrets = 16,
}

impl ExitCode {
    /// The code that a process of this program ended with.
    pub(crate) fn of_number(number: i32) -> Option<Self> {
        let all = [
            Self::Success,
            Self::Internal,
            Self::Usage,
            Self::Preflight,
            Self::Findings,
            Self::Busy,
            Self::Unsupported,
            Self::Connection,
            Self::Secrets,
        ];
        all.into_iter().find(|code| *code as i32 == number)
    }
}

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: ExitCode,
    /// What happened, in one sentence, without secrets.
    pub sentence: String,
    /// What to do about it; may be empty.
    pub remedy: String,
}

impl Failure {
    /// A failure with its remedy.
    pub fn new(code: ExitCode, sentence: impl fmt::Display, remedy: impl Into<String>) -> Self {
        Self {
            code,
            sentence: sentence.to_string(),
            remedy: remedy.into(),
        }
    }

    /// A fault of our own, or of the machine.
    pub fn internal(error: impl fmt::Display) -> Self {
        Self::new(ExitCode::Internal, error, "")
    }
}

impl From<settings::Error> for Failure {
    fn from(error: settings::Error) -> Self {
        Self::new(ExitCode::Usage, error, "passerelle config check")
    }
}

impl From<gateway::BindError> for Failure {
    fn from(error: gateway::BindError) -> Self {
        let remedy = match &error {
            gateway::BindError::Taken { port, .. } => {
                format!(
                    "passerelle up --port {}",
                    port.checked_add(1).unwrap_or(8_000)
                )
            }
            gateway::BindError::Refused { .. } => "passerelle up --port 8000".to_owned(),
            gateway::BindError::Certificate { .. } => "passerelle config check".to_owned(),
        };
        Self::new(ExitCode::Preflight, error, remedy)
    }
}

impl From<database::Error> for Failure {
    fn from(error: database::Error) -> Self {
        use database::Error as E;
        let code = match &error {
            E::Connect { .. } | E::Login { .. } => ExitCode::Connection,
            E::NoRights { .. } | E::Encoding { .. } => ExitCode::Preflight,
            E::Version { .. } | E::Changed { .. } => ExitCode::Unsupported,
            E::Step { .. } | E::Migration { .. } => ExitCode::Internal,
        };
        let remedy = error.remedy();
        Self::new(code, error, remedy)
    }
}
