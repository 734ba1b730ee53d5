//! Objects that depend on the columns which change their type.

use std::collections::BTreeSet;

use super::findings::finding;
use super::words::snake;
use super::{Confidence, Finding, Place, Reference, Severity, UsersCandidate};
use crate::inventory::{Inventory, Name};

/// Columns that become UUIDs, the key of the users table among them.
struct Converted<'a> {
    columns: Vec<(&'a Name, &'a str)>,
}

impl Converted<'_> {
    /// Whether a text of SQL names one of the tables and one of its columns.
    fn is_in(&self, text: &str) -> bool {
        let tokens = tokens(text);
        self.columns
            .iter()
            .any(|(table, column)| tokens.contains(table.name.as_str()) && tokens.contains(*column))
    }

    /// Whether a body names a column of this table.
    fn is_in_body_about(&self, text: &str, table: &Name) -> bool {
        let tokens = tokens(text);
        self.columns
            .iter()
            .any(|(owner, column)| *owner == table && tokens.contains(*column))
    }
}

/// Names in a text of SQL.
fn tokens(text: &str) -> BTreeSet<&str> {
    text.split(|char: char| !(char.is_alphanumeric() || char == '_' || char == '$'))
        .filter(|token| !token.is_empty())
        .collect()
}

pub(super) fn dependents(
    inventory: &Inventory,
    users: &UsersCandidate,
    references: &[Reference],
    findings: &mut Vec<Finding>,
) {
    let mut columns: Vec<(&Name, &str)> = references
        .iter()
        .filter(|one| one.confidence <= Confidence::Likely && one.target_column == users.columns.id)
        .filter(|one| !matches!(one.place, Place::Json { .. }))
        .map(|one| (&one.table, one.place.column()))
        .collect();
    columns.push((&users.table, &users.columns.id));
    let converted = Converted { columns };
    let mut add = |code, severity, object: String, sentence: &str| {
        findings.push(finding(code, severity, object, 1, sentence));
    };
    for view in &inventory.views {
        if converted.is_in(&view.definition) {
            let (code, sentence) = if view.materialized {
                (
                    "MIG-D-MATVIEW",
                    "Reads columns that become UUIDs: it is made anew and filled.",
                )
            } else {
                (
                    "MIG-D-VIEW",
                    "Reads columns that become UUIDs: it is made anew.",
                )
            };
            add(code, Severity::Info, view.name.to_string(), sentence);
        }
    }
    for function in &inventory.functions {
        let whole = takes_an_id(&function.arguments);
        if !function.aggregate
            && (converted.is_in(&function.body) || whole && mentions_users(&function.arguments))
        {
            let (severity, sentence) = if whole {
                (
                    Severity::Warn,
                    "Takes a number and works with columns that become UUIDs: its arguments change.",
                )
            } else {
                (
                    Severity::Info,
                    "Works with columns that become UUIDs: read it before the run.",
                )
            };
            let object = format!("{}({})", function.name, function.arguments);
            add("MIG-D-FUNCTION", severity, object, sentence);
        }
    }
    for trigger in &inventory.triggers {
        let called = |name: &Name| {
            let tokens = tokens(&trigger.definition);
            tokens.contains(name.name.as_str())
        };
        let works_with_ids = inventory
            .functions
            .iter()
            .filter(|function| called(&function.name))
            .any(|function| converted.is_in_body_about(&function.body, &trigger.table));
        if works_with_ids {
            let object = format!("{} on {}", trigger.name, trigger.table);
            add(
                "MIG-D-TRIGGER",
                Severity::Info,
                object,
                "Its function works with columns that become UUIDs.",
            );
        }
    }
    for policy in &inventory.policies {
        let text = format!(
            "{} {}",
            policy.using.as_deref().unwrap_or_default(),
            policy.check.as_deref().unwrap_or_default()
        );
        if converted.is_in_body_about(&text, &policy.table) {
            let object = format!("{} on {}", policy.name, policy.table);
            add(
                "MIG-D-POLICY",
                Severity::Warn,
                object,
                "Compares columns that become UUIDs.",
            );
        }
    }
}

/// MIG-PRE-12: what stays behind, and what becomes of it.
pub(super) fn leftovers(inventory: &Inventory, findings: &mut Vec<Finding>) {
    for it in &inventory.leftovers {
        findings.push(finding(
            it.code,
            Severity::Warn,
            it.object.clone(),
            1,
            it.sentence.clone(),
        ));
    }
}

fn takes_an_id(arguments: &str) -> bool {
    ["integer", "bigint", "smallint", "numeric"]
        .iter()
        .any(|whole| arguments.contains(whole))
}

fn mentions_users(arguments: &str) -> bool {
    snake(arguments).contains("user_id")
}
