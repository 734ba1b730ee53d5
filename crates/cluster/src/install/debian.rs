//! Debian's packages, unpacked rather than installed; apt checks what it fetches.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::run;
use crate::Error;

/// How deep libraries that need libraries are followed.
const ROUNDS: usize = 6;

/// Fetches and unpacks into `scratch`; gives the major version and the tree's root.
pub(super) fn unpack(scratch: &Path, major: Option<u32>) -> Result<(u32, PathBuf), Error> {
    let major = match major {
        Some(major) => major,
        None => newest()?,
    };
    let tree = scratch.join("tree");
    fs::create_dir(&tree).map_err(|source| Error::file(&tree, source))?;
    let mut last = BTreeSet::from([
        format!("postgresql-{major}"),
        format!("postgresql-client-{major}"),
        "libpq5".to_owned(),
    ]);
    fetch(scratch, &tree, &last)?;
    let bin = format!("usr/lib/postgresql/{major}/bin");
    symlink(&bin, tree.join("bin")).map_err(|source| Error::file(&tree, source))?;
    let mut done = last.clone();
    for _ in 0..ROUNDS {
        if missing(&tree, &tree.join(&bin))?.is_empty() {
            break;
        }
        let mut next = BTreeSet::new();
        for package in &last {
            next.extend(libraries_of(package)?);
        }
        next.retain(|package| done.insert(package.clone()));
        fetch(scratch, &tree, &next)?;
        last = next;
    }
    let missing = missing(&tree, &tree.join(&bin))?;
    if missing.is_empty() {
        return Ok((major, tree));
    }
    Err(Error::Install(format!(
        "shared libraries are missing: {}",
        missing.join(", ")
    )))
}

/// The version that the distribution's own `postgresql` package stands for.
fn newest() -> Result<u32, Error> {
    let text = run(Command::new("apt-cache").args(["depends", "postgresql"]))?;
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: postgresql-"))
        .find_map(|version| version.parse().ok())
        .ok_or_else(|| Error::Install("apt knows no PostgreSQL".to_owned()))
}

fn fetch(scratch: &Path, tree: &Path, packages: &BTreeSet<String>) -> Result<(), Error> {
    if packages.is_empty() {
        return Ok(());
    }
    run(Command::new("apt-get")
        .args(["download", "--quiet"])
        .args(packages)
        .current_dir(scratch))?;
    let entries = fs::read_dir(scratch).map_err(|source| Error::file(scratch, source))?;
    for file in entries.flatten().map(|entry| entry.path()) {
        if file.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new("dpkg").arg("-x").arg(&file).arg(tree))?;
            fs::remove_file(&file).map_err(|source| Error::file(&file, source))?;
        }
    }
    gather(tree)
}

/// Some packages still hold their libraries under `/lib`, which an installed system links to `/usr/lib`.
fn gather(tree: &Path) -> Result<(), Error> {
    let from = tree.join("lib").join(triplet());
    let to = tree.join("usr/lib").join(triplet());
    let Ok(entries) = fs::read_dir(&from) else {
        return Ok(());
    };
    fs::create_dir_all(&to).map_err(|source| Error::file(&to, source))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if let Some(name) = path.file_name() {
            fs::rename(&path, to.join(name)).map_err(|source| Error::file(&path, source))?;
        }
    }
    Ok(())
}

/// Debian's name for this machine's kind of libraries.
fn triplet() -> String {
    format!("{}-linux-gnu", std::env::consts::ARCH)
}

/// The libraries a package depends on; the compiler library is for `jit`, which is off.
fn libraries_of(package: &str) -> Result<Vec<String>, Error> {
    let text = run(Command::new("apt-cache").args(["depends", package]))?;
    Ok(text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .filter(|name| name.starts_with("lib") || *name == "zlib1g")
        .filter(|name| !name.starts_with("libllvm") && *name != "libc6")
        .map(str::to_owned)
        .collect())
}

/// Shared libraries that the programs would not find.
fn missing(tree: &Path, bin: &Path) -> Result<Vec<String>, Error> {
    let text = run(Command::new("ldd")
        .args([bin.join("postgres"), bin.join("initdb")])
        .env("LD_LIBRARY_PATH", tree.join("usr/lib").join(triplet())))?;
    Ok(not_found(&text))
}

fn not_found(text: &str) -> Vec<String> {
    let names = text
        .lines()
        .filter_map(|line| line.trim().strip_suffix(" => not found"));
    let names: BTreeSet<_> = names.map(str::to_owned).collect();
    names.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_outside_usr_are_gathered() {
        let tree = tempfile::tempdir().unwrap();
        let old = tree.path().join("lib").join(triplet());
        fs::create_dir_all(&old).unwrap();
        fs::write(old.join("libkeyutils.so.1.10"), "elf").unwrap();
        symlink("libkeyutils.so.1.10", old.join("libkeyutils.so.1")).unwrap();
        gather(tree.path()).unwrap();
        let found = tree
            .path()
            .join("usr/lib")
            .join(triplet())
            .join("libkeyutils.so.1");
        assert_eq!(fs::read_to_string(found).unwrap(), "elf");
        gather(tree.path()).unwrap();
    }

    #[test]
    fn missing_libraries_are_told_once_each() {
        let text = "postgres:\n\tlibxml2.so.2 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x1)\n\
                    initdb:\n\tlibpq.so.5 => not found\n\tlibxml2.so.2 => not found\n";
        assert_eq!(not_found(text), ["libpq.so.5", "libxml2.so.2"]);
    }
}
