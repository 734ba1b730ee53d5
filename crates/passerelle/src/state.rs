//! What a running program leaves in its data folder, for `down`, `status` and tools.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::exit::Failure;

/// The state file of a running program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) pid: u32,
    pub(crate) api_url: String,
    pub(crate) admin_address: Option<String>,
    pub(crate) socket_dir: Option<String>,
    pub(crate) socket_port: Option<u16>,
    pub(crate) database_port: Option<u16>,
    /// What runs on this node.
    #[serde(default)]
    pub(crate) services: Vec<String>,
}

const NAME: &str = "passerelle.json";

impl State {
    /// The state of the program that runs on `data_dir`; `None` when none does (a stale file does not count).
    pub(crate) fn read(data_dir: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(data_dir.join(NAME)).ok()?;
        let state: Self = serde_json::from_str(&text).ok()?;
        state.is_alive().then_some(state)
    }

    /// Written whole or not at all.
    pub(crate) fn write(&self, data_dir: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self).map_err(Failure::internal)?;
        let temporary = data_dir.join(format!("{NAME}.new"));
        std::fs::write(&temporary, text).map_err(Failure::internal)?;
        std::fs::rename(&temporary, data_dir.join(NAME)).map_err(Failure::internal)
    }

    /// Removes the file at the end of a run.
    pub(crate) fn remove(data_dir: &Path) {
        let _ = std::fs::remove_file(data_dir.join(NAME));
    }

    /// Whether the process is there and is this program.
    pub(crate) fn is_alive(&self) -> bool {
        match std::fs::read_to_string(format!("/proc/{}/stat", self.pid)) {
            Ok(stat) => is_running(&stat),
            // Where there is no /proc, signal 0 must do.
            Err(_) if !Path::new("/proc/self").exists() => {
                let pid = nix::unistd::Pid::from_raw(i32::try_from(self.pid).unwrap_or(0));
                nix::sys::signal::kill(pid, None).is_ok()
            }
            Err(_) => false,
        }
    }
}

/// `/proc/<pid>/stat` begins `12 (name) S`. A dead process stays as a zombie (`Z`) until its parent asks, which
/// a container's first process may never do.
fn is_running(stat: &str) -> bool {
    let Some((name, rest)) = stat.rsplit_once(')') else {
        return false;
    };
    name.ends_with("(passerelle") && !rest.trim_start().starts_with(['Z', 'X'])
}

#[cfg(test)]
mod tests {
    use super::is_running;

    #[test]
    fn only_this_program_counts_and_only_while_it_lives() {
        assert!(is_running("12 (passerelle) S 1 12 12 0 -1"));
        assert!(!is_running("12 (passerelle) Z 1 12 12 0 -1"));
        assert!(!is_running("12 (sh) S 1 12 12 0 -1"));
        assert!(!is_running("12 (a) passerelle) S 1"));
        assert!(!is_running(""));
    }
}
