//! What can be wrong with a configuration.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::Origin;

/// One wrong setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The field, `section.name`; empty when the key itself is unknown.
    pub key: &'static str,
    /// Where the value stands.
    pub origin: Origin,
    /// What is wrong with it. Never repeats the value: it may be a secret.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = if self.key.is_empty() { "" } else { " " };
        write!(f, "{}{space}{} ({})", self.key, self.message, self.origin)
    }
}

/// Why settings could not be read.
#[derive(Debug)]
pub enum Error {
    /// A file could not be read or is not what it should be.
    File(PathBuf, String),
    /// Values that make no sense, all of them.
    Mistakes(Vec<Mistake>),
}

impl Error {
    pub(crate) fn file(path: &Path, error: &impl fmt::Display) -> Self {
        Self::File(path.to_owned(), error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, message) => write!(f, "{}: {}", path.display(), message.trim_end()),
            Self::Mistakes(mistakes) => {
                for (index, mistake) in mistakes.iter().enumerate() {
                    if index > 0 {
                        f.write_str("\n")?;
                    }
                    write!(f, "{mistake}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Error {}
