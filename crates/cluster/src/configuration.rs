//! The settings and the door rules of a managed cluster.

use std::fmt::Write as _;

/// Who may come in: everyone with a password, through the socket and loopback, for replication too.
pub(crate) const HBA: &str = "\
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
local replication all scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
host replication all ::1/128 scram-sha-256
";

/// What `passerelle.conf` says.
#[derive(Debug, Clone, Copy)]
pub struct Configuration {
    /// Physical memory of the machine.
    pub memory_mb: u64,
    /// Whether the programs come with `pg_stat_statements`.
    pub statement_statistics: bool,
}

impl Configuration {
    /// The text of the file. Port and socket are given at start, as they may change.
    pub fn render(self) -> String {
        let shared = (self.memory_mb / 16).clamp(32, 1024);
        let cache = (self.memory_mb / 2).max(128);
        let mut text = format!(
            "listen_addresses = '127.0.0.1'\n\
             password_encryption = 'scram-sha-256'\n\
             shared_buffers = '{shared}MB'\n\
             effective_cache_size = '{cache}MB'\n\
             max_connections = 100\n\
             wal_level = logical\n\
             max_replication_slots = 10\n\
             max_wal_senders = 10\n\
             max_slot_wal_keep_size = '1GB'\n\
             jit = off\n\
             timezone = 'UTC'\n\
             log_timezone = 'UTC'\n"
        );
        if self.statement_statistics {
            let _ = writeln!(text, "shared_preload_libraries = 'pg_stat_statements'");
        }
        text
    }
}
