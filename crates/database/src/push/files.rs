//! The files of a project's `supabase` folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::PushError;

/// One script and its text.
#[derive(Debug)]
pub(super) struct Script {
    /// As people know it, from the `supabase` folder on.
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// A numbered script.
#[derive(Debug)]
pub(super) struct MigrationFile {
    pub(super) version: String,
    pub(super) name: String,
    pub(super) script: Script,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Project {
    pub(super) roles: Option<Script>,
    pub(super) migrations: Vec<MigrationFile>,
    pub(super) seeds: Vec<Script>,
    /// Files in `migrations/` whose names are no migration's.
    pub(super) ignored: Vec<PathBuf>,
}

impl Script {
    fn read(root: &Path, path: &Path) -> Result<Self, PushError> {
        let bytes = std::fs::read(path).map_err(|error| PushError::read(path, error))?;
        let text = String::from_utf8(bytes).map_err(|_| {
            let kind = std::io::ErrorKind::InvalidData;
            PushError::read(path, std::io::Error::new(kind, "it is not UTF-8"))
        })?;
        let path = path.strip_prefix(root).unwrap_or(path).to_owned();
        Ok(Self { path, text })
    }

    pub(super) fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.text.as_bytes()))
    }
}

impl Project {
    /// Reads `roles.sql`, `migrations/` and the seeds that `config.toml` names.
    pub(super) fn read(root: &Path) -> Result<Self, PushError> {
        let mut project = Self::default();
        let roles = root.join("roles.sql");
        if roles.is_file() {
            project.roles = Some(Script::read(root, &roles)?);
        }
        project.read_migrations(root)?;
        for path in seed_paths(root)? {
            project.seeds.push(Script::read(root, &path)?);
        }
        Ok(project)
    }

    fn read_migrations(&mut self, root: &Path) -> Result<(), PushError> {
        let mut versions: BTreeMap<String, String> = BTreeMap::new();
        for path in listed(&root.join("migrations"))? {
            let file = file_name(&path);
            let Some((version, name)) = version_and_name(&file) else {
                self.ignored.push(path);
                continue;
            };
            if let Some(first) = versions.insert(version.to_owned(), file.clone()) {
                let (version, second) = (version.to_owned(), file);
                return Err(PushError::SameVersion {
                    version,
                    first,
                    second,
                });
            }
            self.migrations.push(MigrationFile {
                version: version.to_owned(),
                name: name.to_owned(),
                script: Script::read(root, &path)?,
            });
        }
        Ok(())
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// The files of a folder by name; none where there is no folder.
fn listed(folder: &Path) -> Result<Vec<PathBuf>, PushError> {
    let failed = |error| PushError::read(folder, error);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// `20240101000000_init.sql`: digits, an underscore, a name.
fn version_and_name(file: &str) -> Option<(&str, &str)> {
    let (version, name) = file.strip_suffix(".sql")?.split_once('_')?;
    (!version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()))
        .then_some((version, name))
}

#[derive(Debug, Default, serde::Deserialize)]
struct Config {
    #[serde(default)]
    db: ConfigDb,
}

#[derive(Debug, Default, serde::Deserialize)]
struct ConfigDb {
    #[serde(default)]
    seed: ConfigSeed,
}

#[derive(Debug, serde::Deserialize)]
#[serde(default)]
struct ConfigSeed {
    enabled: bool,
    sql_paths: Vec<String>,
}

impl Default for ConfigSeed {
    fn default() -> Self {
        Self {
            enabled: true,
            sql_paths: vec!["./seed.sql".to_owned()],
        }
    }
}

/// DB-MIG-03: `[db.seed].sql_paths` of `config.toml`, patterns resolved, each file once, in the order given.
fn seed_paths(root: &Path) -> Result<Vec<PathBuf>, PushError> {
    let path = root.join("config.toml");
    let config = match std::fs::read_to_string(&path) {
        Ok(text) => toml::from_str::<Config>(&text).map_err(|error| PushError::Config {
            path,
            message: error.message().to_owned(),
        })?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Config::default(),
        Err(error) => return Err(PushError::read(&path, error)),
    };
    let mut found: Vec<PathBuf> = Vec::new();
    if config.db.seed.enabled {
        for pattern in &config.db.seed.sql_paths {
            for path in matching(root, pattern)? {
                if !found.contains(&path) {
                    found.push(path);
                }
            }
        }
    }
    Ok(found)
}

/// The files that a pattern names; `*` and `?` stand for parts of one folder's or file's name.
fn matching(root: &Path, pattern: &str) -> Result<Vec<PathBuf>, PushError> {
    let mut bases = vec![root.to_owned()];
    for part in pattern.split('/').filter(|part| !matches!(*part, "" | ".")) {
        let mut next = Vec::new();
        for base in bases {
            if !part.contains(['*', '?']) {
                next.push(base.join(part));
                continue;
            }
            let entries = match std::fs::read_dir(&base) {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(PushError::read(&base, error)),
            };
            let mut names: Vec<PathBuf> = entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .filter(|path| fits(part.as_bytes(), file_name(path).as_bytes()))
                .collect();
            names.sort();
            next.extend(names);
        }
        bases = next;
    }
    bases.retain(|path| path.is_file());
    Ok(bases)
}

fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            fits(rest, name)
                || name
                    .split_first()
                    .is_some_and(|(_, tail)| fits(pattern, tail))
        }
        (Some((b'?', rest)), Some((_, tail))) => fits(rest, tail),
        (Some((want, rest)), Some((have, tail))) => want == have && fits(rest, tail),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{fits, version_and_name};

    // DB-MIG-02.
    #[test]
    fn a_migration_is_named_by_digits_and_a_name() {
        for (file, expected) in [
            ("20240101000000_init.sql", Some(("20240101000000", "init"))),
            ("0_a_b.sql", Some(("0", "a_b"))),
            ("init.sql", None),
            ("x20240101_init.sql", None),
            ("20240101.sql", None),
            ("20240101_init.sql.bak", None),
        ] {
            assert_eq!(version_and_name(file), expected, "{file}");
        }
    }

    #[test]
    fn patterns_stand_for_parts_of_names() {
        for (pattern, name, expected) in [
            ("*.sql", "a.sql", true),
            ("*.sql", "a.sq", false),
            ("a*b?", "axxbc", true),
            ("a*b?", "axxb", false),
            ("*", "", true),
        ] {
            assert_eq!(
                fits(pattern.as_bytes(), name.as_bytes()),
                expected,
                "{pattern} {name}"
            );
        }
    }
}
