//! Server processes as the system shows them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::unistd::Pid;

use super::common::PATIENCE;

/// The process in charge, as its own file says.
pub(crate) fn postmaster(dir: &Path) -> Option<Pid> {
    let text = fs::read_to_string(dir.join("db/postmaster.pid")).ok()?;
    text.lines().next()?.trim().parse().ok().map(Pid::from_raw)
}

/// Whether a process has ended, even where nobody asks how (then the system keeps its number).
pub(crate) fn has_ended(pid: Pid) -> bool {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    text.rsplit(") ")
        .next()
        .is_none_or(|rest| rest.is_empty() || rest.starts_with('Z'))
}

pub(crate) async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("it comes true");
}
