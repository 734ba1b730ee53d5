//! What keeps a stream from running, and whether waiting helps.

use pgwire_replication::PgWireError;

/// What keeps a stream from running.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The server does not write what logical decoding needs.
    #[error("wal_level is {0}, it must be logical (and the server restarted)")]
    WalLevel(String),
    /// A publication does not exist.
    #[error("publication {0} does not exist")]
    PublicationMissing(String),
    /// The slot exists, for something else.
    #[error("replication slot {slot} exists, but {reason}")]
    SlotForeign {
        /// Its name.
        slot: String,
        /// What is wrong with it.
        reason: String,
    },
    /// All slots, or all WAL senders, are in use.
    #[error("the server has no free replication slot or WAL sender: {0}")]
    Exhausted(String),
    /// The login may not replicate.
    #[error("the role may not use replication: {0}")]
    NotPermitted(String),
    /// The server refused something else.
    #[error("{0}")]
    Server(String),
    /// The server cannot be reached, or the connection broke.
    #[error("the replication connection failed: {0}")]
    Connection(String),
    /// Bytes that the protocol does not allow.
    #[error("unexpected answer in the replication stream: {0}")]
    Protocol(String),
}

impl Error {
    /// Whether a person must do something; otherwise waiting helps.
    pub fn needs_attention(&self) -> bool {
        matches!(
            self,
            Self::WalLevel(_)
                | Self::PublicationMissing(_)
                | Self::SlotForeign { .. }
                | Self::NotPermitted(_)
                | Self::Exhausted(_)
        )
    }
}

/// The SQLSTATE in a message of `pgwire-replication`, which has it as text only.
pub(crate) fn sqlstate(text: &str) -> Option<&str> {
    let at = text.rfind("SQLSTATE ")? + "SQLSTATE ".len();
    text.get(at..at + 5)
}

impl From<PgWireError> for Error {
    fn from(error: PgWireError) -> Self {
        match error {
            PgWireError::Server(text) => match sqlstate(&text) {
                Some("53300" | "53400") => Self::Exhausted(text),
                Some("42501" | "28000" | "28P01") => Self::NotPermitted(text),
                _ => Self::Server(text),
            },
            PgWireError::Auth(text) => Self::NotPermitted(text),
            error @ (PgWireError::Protocol(_) | PgWireError::MessageTooLarge { .. }) => {
                Self::Protocol(error.to_string())
            }
            other => Self::Connection(other.to_string()),
        }
    }
}

impl From<crate::message::DecodeError> for Error {
    fn from(error: crate::message::DecodeError) -> Self {
        Self::Protocol(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_codes_have_their_meaning() {
        let from = |text: &str| Error::from(PgWireError::Server(text.into()));
        assert!(matches!(
            from("all slots are in use (SQLSTATE 53400)"),
            Error::Exhausted(_)
        ));
        assert!(matches!(
            from("must be superuser (SQLSTATE 42501)"),
            Error::NotPermitted(_)
        ));
        assert!(matches!(
            from("slot is active (SQLSTATE 55006)"),
            Error::Server(_)
        ));
        assert!(!from("slot is active (SQLSTATE 55006)").needs_attention());
        assert_eq!(sqlstate("no code"), None);
    }
}
