//! A new data directory, whole or not at all.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base::Secret;

use crate::configuration::HBA;
use crate::{Account, Binaries, Configuration, Error, Lock};

/// The login that owns a managed cluster.
pub const SUPERUSER: &str = "supabase_admin";

/// A data directory that is there and fits the programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// PostgreSQL's data directory.
    pub path: PathBuf,
    /// Whether this call made it.
    pub created: bool,
}

/// Makes `<data_dir>/postgres`, or checks the one that is there. Holding the lock is the proof that
/// an unfinished attempt found there is nobody's.
pub fn initialise(
    _lock: &Lock,
    data_dir: &Path,
    binaries: &Binaries,
    account: Account,
    password: &Secret,
    configuration: Configuration,
) -> Result<Cluster, Error> {
    // `initdb` runs in another folder, so a relative path would mean another place to it.
    let data_dir = fs::canonicalize(data_dir).map_err(|source| Error::file(data_dir, source))?;
    let path = data_dir.join("postgres");
    if path.exists() {
        check(&path, binaries)?;
        return Ok(Cluster {
            path,
            created: false,
        });
    }
    let attempt = data_dir.join("postgres.new");
    if attempt.exists() {
        fs::remove_dir_all(&attempt).map_err(|source| Error::file(&attempt, source))?;
    }
    let made = make(&attempt, binaries, account, password, configuration)
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
    let programs = binaries.version().major;
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
    configuration: Configuration,
) -> Result<(), Error> {
    DirBuilder::new()
        .mode(0o700)
        .create(attempt)
        .map_err(|source| Error::file(attempt, source))?;
    account.own(attempt)?;
    let password_file = attempt.join("password");
    write(&password_file, password.expose(), account)?;
    let data = attempt.join("data");
    let output = account
        .command(&binaries.program("initdb"))
        .current_dir("/")
        .env("LC_ALL", "C")
        .arg("--pgdata")
        .arg(&data)
        .arg("--pwfile")
        .arg(&password_file)
        .args(["--username", SUPERUSER])
        .args(["--encoding", "UTF8", "--locale", "C.UTF-8"])
        .args(["--auth", "scram-sha-256", "--data-checksums"])
        .output()
        .map_err(|source| Error::file(&binaries.program("initdb"), source))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(Error::Initdb(words.trim().to_owned()));
    }
    let hba = data.join("pg_hba.conf");
    fs::write(&hba, HBA).map_err(|source| Error::file(&hba, source))?;
    write(
        &data.join("passerelle.conf"),
        &configuration.render(),
        account,
    )?;
    let main = data.join("postgresql.conf");
    OpenOptions::new()
        .append(true)
        .open(&main)
        .and_then(|mut file| file.write_all(b"\ninclude = 'passerelle.conf'\n"))
        .map_err(|source| Error::file(&main, source))
}

/// A new file only the account may read.
fn write(path: &Path, text: &str, account: Account) -> Result<(), Error> {
    OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| Error::file(path, source))?;
    account.own(path)
}
