//! How TLS was asked for, for a client that is neither tokio-postgres nor our own wire: replication.

use std::path::PathBuf;

use super::Endpoint;
use super::tls::Mode;

/// `sslmode` and the files named with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// `disable`, `prefer`, `require`, `verify-ca` or `verify-full`.
    pub sslmode: &'static str,
    /// `sslrootcert`.
    pub root: Option<PathBuf>,
    /// `sslcert` and `sslkey`.
    pub identity: Option<(PathBuf, PathBuf)>,
}

impl Endpoint {
    /// How TLS was asked for.
    pub fn tls_files(&self) -> TlsFiles {
        let sslmode = match self.tls.mode() {
            Mode::Disable => "disable",
            Mode::Prefer => "prefer",
            Mode::Require => "require",
            Mode::VerifyCa => "verify-ca",
            Mode::VerifyFull => "verify-full",
        };
        let (root, identity) = self.tls.files();
        TlsFiles {
            sslmode,
            root,
            identity,
        }
    }
}
