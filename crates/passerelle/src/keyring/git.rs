//! Secrets and Git do not go together (MIG-KEY-11).

use std::path::Path;
use std::process::{Command, Stdio};

use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

/// What Git makes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tracking {
    /// There is no work tree, or the file is ignored.
    Safe,
    /// The next `git add` takes it.
    Exposed,
}

/// Whether Git would take a file; refuses one that it has taken already.
pub(crate) fn tracking(path: &Path) -> Result<Tracking, Failure> {
    let folder = path
        .ancestors()
        .skip(1)
        .find(|folder| folder.is_dir())
        .unwrap_or(Path::new("/"));
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(folder)
            .args(arguments)
            .arg("--")
            .arg(path);
        let status = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.ok().and_then(|status| status.code())
    };
    if git(&["ls-files", "--error-unmatch"]) == Some(0) {
        let shown = path.display().to_string();
        let remedy = format!("git rm --cached {shown}");
        let failure = Failure::tell(ExitCode::Secrets, Message::Tracked { path: shown }, remedy);
        return Err(failure.named("tracked_secret"));
    }
    // 0: ignored, 1: not, 128: no work tree.
    Ok(match git(&["check-ignore", "--quiet"]) {
        Some(1) => Tracking::Exposed,
        _ => Tracking::Safe,
    })
}

/// Adds the file to the ignore file beside it.
pub(crate) fn ignore(path: &Path) -> Result<(), Failure> {
    let rules = path.with_file_name(".gitignore");
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut text = std::fs::read_to_string(&rules).unwrap_or_default();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.extend(["/", &name, "\n"]);
    std::fs::write(&rules, text).map_err(|error| Failure::file(&rules, &error))
}
