//! Files that hold secrets: private, and written whole or not at all.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use settings::DotEnv;

use crate::exit::{ExitCode, Failure};
use crate::messages::Message;
use crate::messages::floors::dotenv_failure;

/// Refuses a file that group or others can read (MIG-KEY-05).
pub(crate) fn check_permissions(path: &Path, fix: bool) -> Result<(), Failure> {
    let Ok(metadata) = std::fs::metadata(path) else {
        return Ok(());
    };
    if metadata.permissions().mode().trailing_zeros() >= 6 {
        return Ok(());
    }
    if fix {
        return std::fs::set_permissions(path, Permissions::from_mode(0o600))
            .map_err(|error| Failure::file(path, &error));
    }
    let path = path.display().to_string();
    let remedy = format!("chmod 600 {path}");
    Err(Failure::tell(ExitCode::Secrets, Message::Readable { path }, remedy).named("keys_readable"))
}

/// Reads a secrets' file, empty if there is none.
pub(crate) fn open(path: &Path) -> Result<DotEnv, Failure> {
    DotEnv::open(path)
        .map_err(|error| dotenv_failure(path, error))
        .map(Option::unwrap_or_default)
}

/// Writes a secrets' file: a temporary one, mode 0600, synced, renamed; its folder 0700 when it is made here.
pub(crate) fn write(path: &Path, file: &DotEnv) -> Result<(), Failure> {
    write_all(&[(path.to_owned(), file.clone())])
}

/// Writes several secrets' files so that they go together: every new one is on the disk before the first takes its
/// place, and when one cannot, those that did are put back (MIG-KEY-10).
pub(crate) fn write_all(files: &[(PathBuf, DotEnv)]) -> Result<(), Failure> {
    let mut prepared = Vec::new();
    let written: Result<(), Failure> = files.iter().try_for_each(|(path, file)| {
        prepared.push(Prepared::make(path, file).map_err(|error| unwritable(path, &error))?);
        Ok(())
    });
    let mut placed = Vec::new();
    let placed_all = written.and_then(|()| {
        prepared.iter().try_for_each(|file| {
            std::fs::rename(&file.temporary, &file.path)
                .map_err(|error| unwritable(&file.path, &error))?;
            placed.push(file);
            Ok(())
        })
    });
    if placed_all.is_err() {
        for file in placed {
            file.put_back();
        }
        for file in &prepared {
            let _ = std::fs::remove_file(&file.temporary);
        }
    }
    placed_all
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let (path, error) = (path.display().to_string(), error.to_string());
    let sentence = Message::FileUnwritable { path, error };
    Failure::tell(ExitCode::Preflight, sentence, Message::CheckFolder).named("file_unwritable")
}

/// A new file beside the one whose place it will take.
struct Prepared {
    path: PathBuf,
    temporary: PathBuf,
    before: Option<Vec<u8>>,
}

impl Prepared {
    fn make(path: &Path, file: &DotEnv) -> std::io::Result<Self> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            DirBuilder::new()
                .mode(0o700)
                .recursive(true)
                .create(folder)?;
        }
        // A link stays one: what it leads to is replaced.
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".new-{}", std::process::id()));
        let prepared = Self {
            temporary: path.with_file_name(name),
            before: std::fs::read(&path).ok(),
            path,
        };
        write_private(&prepared.temporary, file.to_string().as_bytes()).inspect_err(|_| {
            let _ = std::fs::remove_file(&prepared.temporary);
        })?;
        Ok(prepared)
    }

    fn put_back(&self) {
        let restored = match &self.before {
            Some(before) => write_private(&self.temporary, before)
                .and_then(|()| std::fs::rename(&self.temporary, &self.path)),
            None => std::fs::remove_file(&self.path),
        };
        if let Err(error) = restored {
            tracing::error!(%error, path = %self.path.display(), "a file could not be put back");
        }
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let mut target = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    target.write_all(bytes)?;
    target.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    // MIG-KEY-10: on a failure nothing changes.
    #[test]
    fn files_are_written_together_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (dir.path().join("a.env"), dir.path().join("b.env"));
        std::fs::write(&first, "A=1\n").unwrap();
        // A folder stands where the second file should go: its rename fails, after the first one's.
        std::fs::create_dir_all(second.join("below")).unwrap();
        let new = DotEnv::parse("A=2\n").unwrap();
        let written = write_all(&[(first.clone(), new.clone()), (second.clone(), new.clone())]);
        assert!(written.is_err());
        assert_eq!(std::fs::read_to_string(&first).unwrap(), "A=1\n");
        let left: Vec<_> = std::fs::read_dir(dir.path())
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        assert_eq!(left.len(), 2, "{left:?}");
        std::fs::remove_dir_all(&second).unwrap();
        write_all(&[(first.clone(), new.clone()), (second.clone(), new)]).unwrap();
        assert_eq!(std::fs::read_to_string(&first).unwrap(), "A=2\n");
        assert_eq!(
            std::fs::metadata(&second).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
