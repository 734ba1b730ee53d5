//! The settings and the door rules of a managed cluster.

use std::fs;
use std::path::Path;

use crate::Error;
use crate::account::Account;
use crate::initialise::write;

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
pub(crate) struct Configuration<'a> {
    /// Physical memory of the machine.
    pub(crate) memory_mb: u64,
    /// Whether to listen on loopback too.
    pub(crate) loopback: bool,
    /// The loopback port, and the number in the socket's name.
    pub(crate) port: u16,
    /// The folder of the socket.
    pub(crate) socket_dir: &'a Path,
}

impl Configuration<'_> {
    /// Puts `passerelle.conf` in its place, whole.
    pub(crate) fn write(&self, data: &Path, account: Account) -> Result<(), Error> {
        let path = data.join("passerelle.conf");
        let attempt = data.join("passerelle.conf.new");
        let _ = fs::remove_file(&attempt);
        write(&attempt, &self.render(), account)?;
        fs::rename(&attempt, &path).map_err(|source| Error::file(&path, source))
    }

    /// The text of the file, which is written anew at each start.
    pub(crate) fn render(&self) -> String {
        let shared = (self.memory_mb / 8).clamp(16, 128);
        let cache = (self.memory_mb / 2).max(128);
        let maintenance = (self.memory_mb / 32).clamp(16, 64);
        let listen = if self.loopback { "127.0.0.1" } else { "" };
        let (port, socket_dir) = (self.port, quote(self.socket_dir));
        format!(
            "# Written anew at each start: put your own settings into postgresql.auto.conf with\n\
             # ALTER SYSTEM, or below the include line of postgresql.conf.\n\
             listen_addresses = '{listen}'\n\
             port = {port}\n\
             unix_socket_directories = '{socket_dir}'\n\
             unix_socket_permissions = 0700\n\
             password_encryption = 'scram-sha-256'\n\
             max_connections = 100\n\
             shared_buffers = '{shared}MB'\n\
             effective_cache_size = '{cache}MB'\n\
             maintenance_work_mem = '{maintenance}MB'\n\
             wal_level = logical\n\
             max_replication_slots = 10\n\
             max_wal_senders = 10\n\
             max_slot_wal_keep_size = '4GB'\n\
             jit = off\n\
             timezone = 'UTC'\n\
             log_timezone = 'UTC'\n\
             log_destination = 'stderr'\n\
             logging_collector = off\n\
             log_line_prefix = '%m [%p] %q%u@%d '\n\
             log_checkpoints = off\n"
        )
    }
}

/// A path between the quotes of a configuration file.
fn quote(path: &Path) -> String {
    path.to_string_lossy().replace('\'', "''")
}

/// The machine's memory, or a modest guess where the system does not say.
pub(crate) fn memory_mb() -> u64 {
    const GUESS: u64 = 1024;
    std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix("MemTotal:"))?;
            line.trim()
                .trim_end_matches("kB")
                .trim()
                .parse::<u64>()
                .ok()
        })
        .map_or(GUESS, |kilobytes| kilobytes / 1024)
}
