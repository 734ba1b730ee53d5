//! Where PostgreSQL's programs are.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;

#[cfg(test)]
mod tests;

/// A PostgreSQL version, such as 15.14.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    /// What data directories depend on.
    pub(crate) major: u32,
    /// The bug-fix level; 0 for a pre-release.
    pub(crate) minor: u32,
}

impl Version {
    /// Reads the answer of `postgres --version`.
    pub(crate) fn read(answer: &str) -> Option<Self> {
        let number = answer.strip_prefix("postgres (PostgreSQL) ")?;
        let number = number.split_whitespace().next()?;
        let digits = number.find(|c: char| !c.is_ascii_digit());
        let (major, rest) = number.split_at(digits.unwrap_or(number.len()));
        Some(Self {
            major: major.parse().ok()?,
            minor: rest
                .strip_prefix('.')
                .and_then(|minor| minor.parse().ok())
                .unwrap_or(0),
        })
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A folder with `postgres` and `initdb`, and their version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The folder.
    pub bin_dir: PathBuf,
    /// What data directories depend on.
    pub major: u32,
    /// The version as people write it, such as `17.10`.
    pub version: String,
}

/// The named folder alone when there is one; otherwise the first that holds any of: the data
/// folder's own runtime, `pg_config`'s answer, the usual places. Newest first within a place.
pub fn find(bin_dir: Option<&Path>, data_dir: &Path) -> Result<Binaries, Error> {
    if let Some(dir) = bin_dir {
        return Binaries::at(dir).ok_or_else(|| Error::NotUsable(dir.to_owned()));
    }
    newest(&children(&data_dir.join("runtime"), "pg-"))
        .or_else(|| pg_config().and_then(|dir| Binaries::at(&dir)))
        .or_else(|| newest(&usual_places()))
        .ok_or(Error::NotFound)
}

impl Binaries {
    /// The programs in this folder, if both are there and `postgres` says its version.
    pub(crate) fn at(dir: &Path) -> Option<Self> {
        let dir = dir.canonicalize().ok()?;
        if !dir.join("initdb").is_file() {
            return None;
        }
        let mut command = Command::new(dir.join("postgres"));
        set_libraries(&mut command, &dir);
        let answer = answer(command.arg("--version"))?;
        let version = Version::read(&answer)?;
        Some(Self {
            bin_dir: dir,
            major: version.major,
            version: version.to_string(),
        })
    }

    /// Path of one program.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin_dir.join(name)
    }

    /// Lets `command` find the shared libraries that were unpacked beside the programs.
    pub fn lend_libraries(&self, command: &mut Command) {
        set_libraries(command, &self.bin_dir);
    }

    fn order(&self) -> Option<Version> {
        Version::read(&format!("postgres (PostgreSQL) {}", self.version))
    }
}

/// Debian's tree unpacked elsewhere than `/`: its programs look for their libraries below `/` only.
fn set_libraries(command: &mut Command, bin_dir: &Path) {
    let Some(lib) = bin_dir.ancestors().nth(3) else {
        return;
    };
    if lib.starts_with("/usr/lib") || !bin_dir.ends_with("bin") {
        return;
    }
    let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
    let folder = lib.join(triplet);
    if folder.is_dir() {
        command.env("LD_LIBRARY_PATH", folder);
    }
}

fn newest(dirs: &[PathBuf]) -> Option<Binaries> {
    dirs.iter()
        .filter_map(|dir| Binaries::at(dir))
        .max_by_key(Binaries::order)
}

fn usual_places() -> Vec<PathBuf> {
    let mut places = children(Path::new("/usr/lib/postgresql"), "");
    places.extend(children(Path::new("/usr"), "pgsql-"));
    for prefix in ["/opt/homebrew/opt", "/usr/local/opt"] {
        places.extend(children(Path::new(prefix), "postgresql"));
    }
    places
}

/// `<parent>/<name that starts with prefix>/bin`, for those that exist.
fn children(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join("bin"))
        .filter(|dir| dir.is_dir())
        .collect()
}

fn pg_config() -> Option<PathBuf> {
    answer(Command::new("pg_config").arg("--bindir")).map(|text| PathBuf::from(text.trim()))
}

fn answer(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
