//! Who PostgreSQL runs as: it refuses to run as root.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{Gid, Uid, User, chown, geteuid};

use crate::Error;

/// The account PostgreSQL's programs run under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account {
    /// Ours, which is not root.
    Own,
    /// Another one, as we are root.
    Other {
        /// Its user.
        uid: Uid,
        /// Its group.
        gid: Gid,
    },
}

impl Account {
    /// Ours, unless we are root: then `postgres`, else `nobody`.
    pub(crate) fn choose() -> Result<Self, Error> {
        if !geteuid().is_root() {
            return Ok(Self::Own);
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self::Other {
                uid: user.uid,
                gid: user.gid,
            })
            .ok_or(Error::NoAccount)
    }

    /// The one that owns the data in `data_dir`, as it may have changed hands since; else the usual one.
    pub(crate) fn choose_for(data_dir: &Path) -> Result<Self, Error> {
        match std::fs::metadata(data_dir.join("db")) {
            Ok(found) if geteuid().is_root() && found.uid() != 0 => Ok(Self::Other {
                uid: Uid::from_raw(found.uid()),
                gid: Gid::from_raw(found.gid()),
            }),
            _ => Self::choose(),
        }
    }

    /// A command that runs under this account, without any of our other groups.
    pub(crate) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Self::Other { uid, gid } = self {
            command.uid(uid.as_raw()).gid(gid.as_raw());
        }
        command
    }

    /// Makes this account the owner of `path`.
    pub(crate) fn own(self, path: &Path) -> Result<(), Error> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid } => {
                chown(path, Some(uid), Some(gid)).map_err(|errno| Error::file(path, errno.into()))
            }
        }
    }

    /// The user it is.
    pub(crate) fn uid(self) -> u32 {
        match self {
            Self::Own => geteuid().as_raw(),
            Self::Other { uid, .. } => uid.as_raw(),
        }
    }

    /// Whether this account may pass through `folder`, going by its mode.
    pub(crate) fn passes(self, folder: &Path) -> bool {
        let Self::Other { uid, gid } = self else {
            return true;
        };
        std::fs::metadata(folder).is_ok_and(|found| {
            let bit = if found.uid() == uid.as_raw() {
                0o100
            } else if found.gid() == gid.as_raw() {
                0o010
            } else {
                0o001
            };
            found.mode() & bit != 0
        })
    }
}
