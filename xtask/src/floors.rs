//! The floors of ARCHITECTURE.md: an arrow between crates may only point down.
#![expect(
    clippy::print_stdout,
    reason = "a task speaks to the person who runs it"
)]

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};

use crate::run::root;

/// Every crate and its floor, 0 is the ground. A crate may use any lower floor, never its own or a higher one.
const FLOORS: [(&str, u8); 22] = [
    ("base", 0),
    ("settings", 1),
    ("sql", 1),
    ("cluster", 2),
    ("jwt", 2),
    ("pg", 2),
    ("catalog", 3),
    ("database", 3),
    ("insight", 3),
    ("replication", 3),
    ("web", 3),
    ("jobs", 4),
    ("auth", 5),
    ("extensions", 5),
    ("realtime", 5),
    ("rest", 5),
    ("storage", 5),
    ("gateway", 6),
    ("migrate", 6),
    ("passerelle", 7),
    // Outside the house: they look at it.
    ("testkit", 8),
    ("conformance", 9),
];

/// Fails, naming every arrow that points up or sideways and every crate that has no floor.
pub(crate) fn check() -> Result<()> {
    let floors: BTreeMap<&str, u8> = FLOORS.into_iter().collect();
    let mut faults = Vec::new();
    let mut crates = 0;
    for entry in std::fs::read_dir(root().join("crates"))? {
        let folder = entry?;
        let manifest = folder.path().join("Cargo.toml");
        if !manifest.exists() {
            continue;
        }
        crates += 1;
        let name = folder.file_name().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&manifest)?;
        let table: toml::Table =
            toml::from_str(&text).with_context(|| manifest.display().to_string())?;
        faults.extend(faults_of(&name, &table, &floors));
    }
    if !faults.is_empty() {
        bail!("the floors do not hold:\n  {}", faults.join("\n  "));
    }
    println!("floors: {crates} crates, every arrow points down");
    Ok(())
}

fn faults_of(name: &str, manifest: &toml::Table, floors: &BTreeMap<&str, u8>) -> Vec<String> {
    let Some(floor) = floors.get(name) else {
        return vec![format!(
            "{name} has no floor: give it one in xtask/src/floors.rs and ARCHITECTURE.md"
        )];
    };
    let declared = manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str);
    let mut faults = Vec::new();
    if declared != Some(name) {
        faults.push(format!(
            "folder {name} holds crate {declared:?}: they must be named alike"
        ));
    }
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
    for other in dependencies.into_iter().flat_map(toml::Table::keys) {
        match floors.get(other.as_str()) {
            Some(below) if below >= floor => {
                faults.push(format!(
                    "{name} (floor {floor}) uses {other} (floor {below})"
                ));
            }
            _ => {}
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, manifest: &str, expected: &[&str]) {
        let table: toml::Table = toml::from_str(manifest).unwrap();
        assert_eq!(
            faults_of(name, &table, &FLOORS.into_iter().collect()),
            expected
        );
    }

    #[test]
    fn arrows_may_only_point_down() {
        check(
            "pg",
            "package.name = \"pg\"\n[dependencies]\nbase = {}\ntokio = {}",
            &[],
        );
        check(
            "pg",
            "package.name = \"pg\"\n[dependencies]\nauth = {}",
            &["pg (floor 2) uses auth (floor 5)"],
        );
        check(
            "auth",
            "package.name = \"auth\"\n[dependencies]\nrest = {}",
            &["auth (floor 5) uses rest (floor 5)"],
        );
    }

    #[test]
    fn every_crate_has_a_floor_and_its_folders_name() {
        check(
            "attic",
            "package.name = \"attic\"",
            &["attic has no floor: give it one in xtask/src/floors.rs and ARCHITECTURE.md"],
        );
        check(
            "pg",
            "package.name = \"postgres\"",
            &["folder pg holds crate Some(\"postgres\"): they must be named alike"],
        );
    }

    #[test]
    fn the_house_stands() {
        super::check().unwrap();
    }
}
