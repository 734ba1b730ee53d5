//! A new data directory, whole or not at all.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base::Secret;

use crate::account::Account;
use crate::configuration::HBA;
use crate::lock::Lock;
use crate::{Binaries, Error};

/// The login that owns a managed cluster.
pub(crate) const SUPERUSER: &str = "supabase_admin";

/// First major version with locales of its own.
const BUILTIN_LOCALES: u32 = 17;

/// A data directory that is there and fits the programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cluster {
    /// PostgreSQL's data directory.
    pub(crate) path: PathBuf,
    /// Whether this call made it.
    pub(crate) created: bool,
}

/// Makes `<home>/db`, or checks the one that is there. Holding the lock is the proof that
/// an unfinished attempt found there is nobody's.
pub(crate) fn initialise(
    _lock: &Lock,
    data_dir: &Path,
    binaries: &Binaries,
    account: Account,
    password: &Secret,
) -> Result<Cluster, Error> {
    // `initdb` runs in another folder, so a relative path would mean another place to it.
    let data_dir = fs::canonicalize(data_dir).map_err(|source| Error::file(data_dir, source))?;
    let path = data_dir.join("db");
    if path.exists() {
        check(&path, binaries)?;
        return Ok(Cluster {
            path,
            created: false,
        });
    }
    let attempt = data_dir.join("db.new");
    if attempt.exists() {
        fs::remove_dir_all(&attempt).map_err(|source| Error::file(&attempt, source))?;
    }
    let made = make(&attempt, binaries, account, password)
        .and_then(|()| fs::rename(attempt.join("data"), &path).map_err(|e| Error::file(&path, e)));
    // Takes the password file away too, whatever happened; the next attempt clears what is left.
    let cleared = fs::remove_dir_all(&attempt).map_err(|source| Error::file(&attempt, source));
    made.and(cleared)?;
    Ok(Cluster {
        path,
        created: true,
    })
}

fn check(path: &Path, binaries: &Binaries) -> Result<(), Error> {
    let file = path.join("PG_VERSION");
    let found = match fs::read_to_string(&file) {
        Ok(text) => text.trim().to_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::NotACluster(path.to_owned()));
        }
        Err(error) => return Err(Error::file(&file, error)),
    };
    let programs = binaries.major;
    if found == programs.to_string() {
        return Ok(());
    }
    Err(Error::OtherMajor {
        path: path.to_owned(),
        found,
        programs,
    })
}

fn make(
    attempt: &Path,
    binaries: &Binaries,
    account: Account,
    password: &Secret,
) -> Result<(), Error> {
    DirBuilder::new()
        .mode(0o700)
        .create(attempt)
        .map_err(|source| Error::file(attempt, source))?;
    account.own(attempt)?;
    let password_file = attempt.join("password");
    write(&password_file, password.expose(), account)?;
    let data = attempt.join("data");
    let mut command = account.command(&binaries.program("initdb"));
    binaries.lend_libraries(&mut command);
    command
        .current_dir("/")
        .env("LC_ALL", "C")
        .arg("--pgdata")
        .arg(&data)
        .arg("--pwfile")
        .arg(&password_file)
        .args(["--username", SUPERUSER, "--encoding", "UTF8"])
        .args(["--auth", "scram-sha-256", "--data-checksums", "--no-sync"]);
    if binaries.major >= BUILTIN_LOCALES {
        // The same order on every machine, whatever its C library.
        command.args([
            "--locale-provider",
            "builtin",
            "--builtin-locale",
            "C.UTF-8",
        ]);
        command.args(["--locale", "C"]);
    } else {
        command.args(["--locale", "C.UTF-8"]);
    }
    let output = command
        .output()
        .map_err(|source| Error::file(&binaries.program("initdb"), source))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(Error::initdb(&data, words.trim()));
    }
    let hba = data.join("pg_hba.conf");
    fs::write(&hba, HBA).map_err(|source| Error::file(&hba, source))?;
    let main = data.join("postgresql.conf");
    OpenOptions::new()
        .append(true)
        .open(&main)
        .and_then(|mut file| file.write_all(b"\ninclude = 'passerelle.conf'\n"))
        .map_err(|source| Error::file(&main, source))?;
    sync(&data, binaries, account)
}

/// Makes the whole directory durable at once, before it gets its name.
fn sync(data: &Path, binaries: &Binaries, account: Account) -> Result<(), Error> {
    let mut command = account.command(&binaries.program("initdb"));
    binaries.lend_libraries(&mut command);
    let output = command
        .current_dir("/")
        .env("LC_ALL", "C")
        .arg("--sync-only")
        .arg("--pgdata")
        .arg(data)
        .output()
        .map_err(|source| Error::file(&binaries.program("initdb"), source))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::initdb(
        data,
        String::from_utf8_lossy(&output.stderr).trim(),
    ))
}

/// A new file only the account may read.
pub(crate) fn write(path: &Path, text: &str, account: Account) -> Result<(), Error> {
    OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| Error::file(path, source))?;
    account.own(path)
}
