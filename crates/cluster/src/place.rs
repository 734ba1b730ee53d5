//! Where a managed cluster keeps its files.
//!
//! `<data_dir>/db`, `run` and `logs`, as long as the account PostgreSQL runs under can get there. A data
//! folder closed to others is opened to that account's group, for passing through only. Where a folder
//! above is closed (`/root`), the three live in `/var/lib/passerelle/<hash>`, and `<data_dir>/db` and
//! `<data_dir>/logs` are links to them. The link decides at the next start, so that a data folder that
//! was moved keeps its data, and one that was emptied starts anew.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::Error;
use crate::account::Account;

const ELSEWHERE: &str = "/var/lib/passerelle";
/// A Unix socket's path has at most 107 bytes; some clients allow less.
const SOCKET_PATH_LIMIT: usize = 100;

/// The folders of one cluster. All are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Holds `db`, `run` and `logs`.
    pub(crate) home: PathBuf,
    /// The server's log.
    pub(crate) log: PathBuf,
    /// The folder of the socket.
    pub(crate) socket_dir: PathBuf,
}

impl Place {
    /// Decides and makes everything but `db` itself.
    pub(crate) fn prepare(data_dir: &Path, account: Account) -> Result<Self, Error> {
        let home = home(data_dir, account)?;
        let logs = private(&home.join("logs"), account)?;
        let log = logs.join("postgres.log");
        let socket_dir = socket_dir(&home, account)?;
        Ok(Self {
            home,
            log,
            socket_dir,
        })
    }
}

fn home(data_dir: &Path, account: Account) -> Result<PathBuf, Error> {
    let db = data_dir.join("db");
    if let Ok(target) = fs::read_link(&db) {
        // A link to nothing is no reason to make an empty database in silence.
        let target = fs::canonicalize(&target).map_err(|source| Error::file(&target, source))?;
        return target
            .parent()
            .map(Path::to_owned)
            .ok_or(Error::NotACluster(target));
    }
    let Account::Other { gid, .. } = account else {
        return Ok(data_dir.to_owned());
    };
    let mut above = data_dir.ancestors().skip(1);
    if !above.all(|folder| account.passes(folder)) {
        return elsewhere(data_dir, account);
    }
    if !account.passes(data_dir) {
        let mode = fs::metadata(data_dir)
            .map_err(|source| Error::file(data_dir, source))?
            .mode();
        chown(data_dir, None, Some(gid.as_raw()))
            .and_then(|()| {
                fs::set_permissions(data_dir, Permissions::from_mode(mode & 0o700 | 0o010))
            })
            .map_err(|source| Error::file(data_dir, source))?;
    }
    Ok(data_dir.to_owned())
}

/// A new home outside the data folder; [`link`] makes the links once there is something in it. One that an emptied data folder left behind is
/// neither used nor removed.
fn elsewhere(data_dir: &Path, account: Account) -> Result<PathBuf, Error> {
    let root = elsewhere_root()?;
    let name = hash(data_dir);
    let mut attempt = 0_u32;
    loop {
        let home = match attempt {
            0 => root.join(&name),
            _ => root.join(format!("{name}-{attempt}")),
        };
        match fs::symlink_metadata(home.join("db")) {
            Ok(_) => attempt += 1,
            Err(_) => return private(&home, account),
        }
    }
}

/// Links `<data_dir>/db` and `logs` to a home elsewhere, once there is something to link to.
pub(crate) fn link(data_dir: &Path, home: &Path) -> Result<(), Error> {
    if data_dir == home {
        return Ok(());
    }
    for name in ["logs", "db"] {
        let link = data_dir.join(name);
        if fs::symlink_metadata(&link).is_err() {
            symlink(home.join(name), &link).map_err(|source| Error::file(&link, source))?;
        }
    }
    Ok(())
}

fn socket_dir(home: &Path, account: Account) -> Result<PathBuf, Error> {
    let near = home.join("run");
    if near.join(".s.PGSQL.65535.lock").as_os_str().len() <= SOCKET_PATH_LIMIT {
        return private(&near, account);
    }
    let name = format!("passerelle-{}", hash(home));
    let parent = match account {
        Account::Other { .. } if Path::new("/run").is_dir() => Path::new("/run"),
        _ => Path::new("/tmp"),
    };
    private(&parent.join(name), account)
}

/// First sixteen hex digits of the path's SHA-256.
fn hash(path: &Path) -> String {
    hex::encode(&Sha256::digest(path.as_os_str().as_encoded_bytes())[..8])
}

/// A folder that only the account may enter. One that is there must be the account's: `/tmp` is everyone's.
fn private(path: &Path, account: Account) -> Result<PathBuf, Error> {
    let failed = |source| Error::file(path, source);
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => account.own(path)?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(path).map_err(failed)?;
            if found.is_dir() && found.uid() == 0 && account != Account::Own {
                account.own(path)?;
            } else if !found.is_dir() || found.uid() != account.uid() {
                return Err(failed(std::io::ErrorKind::PermissionDenied.into()));
            }
            fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(failed)?;
        }
        Err(error) => return Err(failed(error)),
    }
    Ok(path.to_owned())
}

/// The folder of PostgreSQL's own programs, where the account can get at them: `<data_dir>/runtime`, a
/// link to one elsewhere if need be.
pub(crate) fn runtime(data_dir: &Path, account: Account) -> Result<PathBuf, Error> {
    let near = data_dir.join("runtime");
    if let Ok(found) = fs::canonicalize(&near) {
        return Ok(found);
    }
    let mut folder = near.clone();
    if !data_dir
        .ancestors()
        .skip(1)
        .all(|above| account.passes(above))
    {
        let root = elsewhere_root()?;
        folder = root.join(format!("runtime-{}", hash(data_dir)));
    }
    fs::create_dir_all(&folder).map_err(|source| Error::file(&folder, source))?;
    fs::set_permissions(&folder, Permissions::from_mode(0o755))
        .map_err(|source| Error::file(&folder, source))?;
    if folder != near {
        symlink(&folder, &near).map_err(|source| Error::file(&near, source))?;
    }
    Ok(folder)
}

fn elsewhere_root() -> Result<&'static Path, Error> {
    let root = Path::new(ELSEWHERE);
    if !root.is_dir() {
        DirBuilder::new()
            .mode(0o711)
            .create(root)
            .map_err(|source| Error::file(root, source))?;
    }
    Ok(root)
}
