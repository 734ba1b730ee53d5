//! The files of backups: private, on disk before they get their names, and known by their digests.

use std::fs::{File, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{Backup, Error, FileEntry};

/// A dump's companion: `<stem>.<ending>` in the same folder.
pub(super) fn beside(dump: &Path, ending: &str) -> PathBuf {
    let stem = dump.file_stem().unwrap_or_default().to_string_lossy();
    dump.with_file_name(format!("{stem}.{ending}"))
}

/// A folder for backups: made private when it is made here.
pub(super) fn folder(dir: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|error| Error::file(dir, error))
}

/// Makes a file or a folder's files private and durable, and says what they are. Paths are told below `root`.
pub(super) fn seal(path: &Path, root: &Path) -> Result<Vec<FileEntry>, Error> {
    let failed = |error| Error::file(path, error);
    if path.is_dir() {
        std::fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(failed)?;
        let mut entries = Vec::new();
        for path in children(path)? {
            entries.extend(seal(&path, root)?);
        }
        sync(path)?;
        return Ok(entries);
    }
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
    sync(path)?;
    let (bytes, sha256) = digest(path)?;
    let below = path.strip_prefix(root).unwrap_or(path);
    Ok(vec![FileEntry {
        path: below.display().to_string(),
        bytes,
        sha256,
    }])
}

fn children(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut paths = std::fs::read_dir(dir)
        .and_then(|entries| {
            entries
                .map(|it| it.map(|it| it.path()))
                .collect::<Result<Vec<_>, _>>()
        })
        .map_err(|error| Error::file(dir, error))?;
    paths.sort();
    Ok(paths)
}

/// Brings a file's bytes or a folder's names to the disk.
pub(super) fn sync(path: &Path) -> Result<(), Error> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| Error::file(path, error))
}

/// Replaces a small file as a whole.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), Error> {
    let failed = |error| Error::file(path, error);
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".manifest-")
        .tempfile_in(dir)
        .map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    sync(dir)
}

fn digest(path: &Path) -> Result<(u64, String), Error> {
    let failed = |error| Error::file(path, error);
    let mut file = File::open(path).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer).map_err(failed)?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        hash.update(&buffer[..read]);
    }
    Ok((bytes, hex::encode(hash.finalize())))
}

/// Every file that the manifest names is there and has its digest; a folder has no other.
pub(super) fn check(backup: &Backup) -> Result<(), Error> {
    let root = backup.file.parent().unwrap_or(Path::new("."));
    let damaged = |path: PathBuf, reason: &str| Error::Damaged {
        path,
        reason: reason.to_owned(),
    };
    for entry in &backup.manifest.files {
        let path = root.join(&entry.path);
        if !path.is_file() {
            return Err(damaged(path, "it is not there"));
        }
        let (bytes, sha256) = digest(&path)?;
        if bytes != entry.bytes {
            let reason = format!("it has {bytes} bytes, {} were written", entry.bytes);
            return Err(damaged(path, &reason));
        }
        if sha256 != entry.sha256 {
            return Err(damaged(path, "its bytes have changed"));
        }
    }
    if backup.file.is_dir() {
        for path in children(&backup.file)? {
            let below = path
                .strip_prefix(root)
                .unwrap_or(&path)
                .display()
                .to_string();
            if !backup.manifest.files.iter().any(|it| it.path == below) {
                return Err(damaged(path, "it does not belong to the backup"));
            }
        }
    }
    Ok(())
}
