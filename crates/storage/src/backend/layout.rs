//! How versions are named on disk.
//!
//! `versions/<abc>/<version>.<fingerprint>`: `abc` spreads the versions, which are random, over 4096 folders; the
//! fingerprint binds a version to its bucket and key, so that a row naming somebody else's version opens nothing.
//! No part of a key is ever part of a path: keys may be prefixes of each other, longer than a file name, differ
//! only in case, or say `..`.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::Location;

/// Path of a version below the folder `versions`; `None` when no version of ours has such a name.
pub(super) fn path(at: &Location) -> Option<PathBuf> {
    let version = Uuid::try_parse(&at.version).ok()?.simple().to_string();
    let name = format!("{version}.{}", fingerprint(at));
    Some(Path::new(&version[..3]).join(name))
}

/// The version in a file's name.
pub(super) fn version_of(name: &str) -> Option<String> {
    let (version, fingerprint) = name.split_once('.')?;
    (fingerprint.len() == 16).then_some(())?;
    Uuid::try_parse(version)
        .ok()
        .map(|uuid| uuid.hyphenated().to_string())
}

/// Path of a version in a folder that the upstream service wrote; `None` when a part of it could lead elsewhere.
pub(super) fn upstream_path(at: &Location) -> Option<PathBuf> {
    let plain = |part: &str| {
        !part.is_empty() && part != "." && part != ".." && !part.contains(['/', '\\', '\0'])
    };
    if !plain(&at.bucket) || !plain(&at.version) || !at.key.split('/').all(plain) {
        return None;
    }
    Some(Path::new(&at.bucket).join(&at.key).join(&at.version))
}

fn fingerprint(at: &Location) -> String {
    let mut hash = Sha256::new();
    hash.update(at.bucket.as_bytes());
    hash.update(b"/");
    hash.update(at.key.as_bytes());
    hex::encode(&hash.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";

    fn at(key: &str, version: &str) -> Location {
        Location {
            bucket: "b".into(),
            key: key.into(),
            version: version.into(),
        }
    }

    #[test]
    fn no_part_of_a_key_is_part_of_a_path() {
        // STO-FS-02
        let path_of = |key: &str| path(&at(key, VERSION)).unwrap();
        let long = "k".repeat(1024);
        for key in ["a", "a/b", "../../etc/passwd", "A", &long] {
            let text = path_of(key).into_os_string().into_string().unwrap();
            assert!(
                text.starts_with("3f2/3f2504e04f8941d39a0c0305e82c3301."),
                "{text}"
            );
            assert_eq!(text.len(), 4 + 32 + 1 + 16);
        }
        assert_ne!(path_of("a"), path_of("A"));
        assert_ne!(path_of("a"), path_of("a/b"));
        assert_eq!(path(&at("a", "../../etc/passwd")), None);
    }

    #[test]
    fn a_file_name_tells_its_version() {
        let name = path(&at("a", VERSION))
            .unwrap()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(version_of(&name).as_deref(), Some(VERSION));
        assert_eq!(version_of("notes.txt"), None);
    }

    #[test]
    fn a_folder_of_upstream_is_never_left() {
        // STO-FS-01
        assert_eq!(
            upstream_path(&at("d/a.txt", "v1")),
            Some(PathBuf::from("b/d/a.txt/v1"))
        );
        for (key, version) in [
            ("../a", "v"),
            ("a//b", "v"),
            ("a", ".."),
            ("a", "x/y"),
            ("/etc", "v"),
            ("a/./b", "v"),
        ] {
            assert_eq!(upstream_path(&at(key, version)), None, "{key} {version}");
        }
    }
}
