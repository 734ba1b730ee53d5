//! One program at a time on a data folder.

use std::fs::{File, OpenOptions};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use crate::Error;

/// Held as long as it lives; the system lets go of it when the program dies, however it dies.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: Flock<File>,
}

impl Lock {
    /// Takes the lock of `data_dir`, which must exist, or says that another has it.
    pub(crate) fn take(data_dir: &Path) -> Result<Self, Error> {
        let path = data_dir.join("lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| Error::file(&path, source))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => Ok(Self { _file: file }),
            Err((_, Errno::EWOULDBLOCK)) => Err(Error::InUse(data_dir.to_owned())),
            Err((_, errno)) => Err(Error::file(&path, errno.into())),
        }
    }
}
