//! Where the ids of users are: declared by foreign keys, or told by the evidence of names, types and values.

mod arrays;
mod declared;
mod documents;
mod inclusion;
mod joins;
mod polymorphic;
mod scalars;
mod texts;
mod weigh;

use std::collections::{BTreeMap, BTreeSet};

use super::leftover::Leftover;
use super::probe::Probes;
use super::words::{NameSays, UsersName, singular, words};
use super::{Confidence, Finding, IdType, Place, Reference, UsersCandidate};
use crate::Error;
use crate::inventory::{Column, Generation, Inventory, Name, Table, TableKind};

/// What every search needs.
pub(super) struct Search<'a> {
    probes: &'a Probes<'a>,
    inventory: &'a Inventory,
    users: &'a UsersCandidate,
    /// Other tables whose rows sign in as well.
    rivals: Vec<&'a UsersCandidate>,
    name: UsersName,
    /// Columns that views, functions and policies compare with the users' key.
    joined: BTreeSet<(Name, String)>,
    /// Names of columns that foreign keys declare as references.
    declared_names: BTreeSet<String>,
    /// Tables by the words of their singular, the users table left out.
    tables: BTreeMap<String, &'a Name>,
    /// An earlier migration left a mapping: UUIDs beside ids are to be expected.
    attempted: bool,
}

/// Every reference to `users`, surest first.
pub(super) async fn find(
    probes: &Probes<'_>,
    inventory: &Inventory,
    users: &UsersCandidate,
    others: &[UsersCandidate],
    leftover: &[Leftover],
    findings: &mut Vec<Finding>,
) -> Result<Vec<Reference>, Error> {
    let mut found = declared::find(inventory, users);
    let search = Search {
        probes,
        inventory,
        users,
        rivals: others
            .iter()
            .filter(|other| {
                let beside = |one: &UsersCandidate, table: &Name| {
                    one.columns
                        .password
                        .as_ref()
                        .is_some_and(|password| password.table == *table)
                };
                beside(other, &other.table) && !beside(users, &other.table)
            })
            .collect(),
        name: UsersName::new(&users.table.name, &users.columns.id),
        joined: joins::find(inventory, users),
        declared_names: names_of_keys(inventory, users, &found),
        tables: tables_by_word(inventory, users),
        attempted: !leftover.is_empty(),
    };
    for reference in &mut found {
        inclusion::count_declared(&search, reference).await?;
    }
    for table in &inventory.tables {
        if table.kind == TableKind::Foreign || table.partition_of.is_some() {
            continue;
        }
        if let Some(one) = leftover.iter().find(|one| one.table == table.name) {
            found.push(set_aside(one, users));
            continue;
        }
        let taken = declared::taken(inventory, users, table);
        let pairs = polymorphic::pairs(table, &taken);
        found.extend(polymorphic::find(&search, table, &pairs).await?);
        let paired: BTreeSet<&str> = pairs
            .iter()
            .filter(|pair| found.iter().any(|one| pair.is_of(&table.name, one)))
            .map(|pair| pair.id_column.as_str())
            .collect();
        found.extend(scalars::find(&search, table, &taken, &paired).await?);
        found.extend(arrays::find(&search, table).await?);
        found.extend(documents::find(&search, table, findings).await?);
    }
    let chained = declared::chained(inventory, users, &found);
    for mut reference in chained {
        inclusion::count_declared(&search, &mut reference).await?;
        found.push(reference);
    }
    found.sort_by_cached_key(|one| (one.confidence, one.name()));
    Ok(found)
}

impl Search<'_> {
    fn users_table(&self) -> Option<&Table> {
        self.inventory.table(&self.users.table)
    }

    /// Whether a value of `column` can be compared with the key at all.
    fn compatible(&self, column: &Column) -> bool {
        let text = super::columns::is_text(column);
        match self.users.columns.id_type {
            IdType::SmallInt
            | IdType::Integer
            | IdType::BigInt
            | IdType::Numeric
            | IdType::IntegerText => text || super::columns::is_whole(column),
            IdType::Uuid => text || column.base_type == "uuid",
            IdType::Opaque => text || self.key_type() == Some(column.base_type.as_str()),
        }
    }

    fn key_type(&self) -> Option<&str> {
        let table = self.users_table()?;
        Some(table.column(&self.users.columns.id)?.base_type.as_str())
    }

    /// What a user's table is called, for texts that name users.
    fn called(&self) -> &str {
        self.name.head()
    }

    /// Another table that the name speaks of: `report_id` of `reports`, `watch_id` of `watch_configs`.
    fn other_table(&self, column: &str, says: NameSays) -> Option<&Name> {
        let mut stem = words(column);
        while stem
            .last()
            .is_some_and(|word| ["id", "ids", "key", "fk", "ref", "uuid"].contains(&word.as_str()))
        {
            stem.pop();
        }
        while stem
            .first()
            .is_some_and(|word| ["id", "fk"].contains(&word.as_str()))
        {
            stem.remove(0);
        }
        if let Some(last) = stem.last_mut() {
            *last = singular(last);
        }
        let joined = stem.join("_");
        if joined.is_empty() {
            return None;
        }
        if let Some(exact) = self.tables.get(&joined) {
            return Some(exact);
        }
        // A name that means a user is only taken away by a table of exactly that name.
        if says > NameSays::SomeId {
            return None;
        }
        let begins = format!("{joined}_");
        let ends = format!("_{joined}");
        let near =
            |(name, _): &(&String, &&Name)| name.starts_with(&begins) || name.ends_with(&ends);
        if let Some((_, near)) = self.tables.iter().find(near) {
            return Some(near);
        }
        // `parent_report_id`: the last word alone.
        let last = stem.last()?;
        self.tables.get(last).copied()
    }
}

/// Names that foreign keys to users have and foreign keys to nothing else.
fn names_of_keys(
    inventory: &Inventory,
    users: &UsersCandidate,
    declared: &[Reference],
) -> BTreeSet<String> {
    let ours = |table: &Name, column: &str| {
        declared.iter().any(|one| {
            one.table == *table
                && one.place.column() == column
                && one.target_column == users.columns.id
        })
    };
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut others: BTreeSet<String> = BTreeSet::new();
    for table in &inventory.tables {
        for column in table
            .foreign_keys()
            .flat_map(|(constraint, _)| &constraint.columns)
        {
            let kind = if ours(&table.name, column) {
                &mut names
            } else {
                &mut others
            };
            kind.insert(column.clone());
        }
    }
    names.retain(|name| !others.contains(name));
    names
}

/// Tables by the words of their singular.
fn tables_by_word<'a>(
    inventory: &'a Inventory,
    users: &UsersCandidate,
) -> BTreeMap<String, &'a Name> {
    inventory
        .tables
        .iter()
        .filter(|table| table.name != users.table && table.partition_of.is_none())
        .map(|table| {
            let mut all = words(&table.name.name);
            if let Some(last) = all.last_mut() {
                *last = singular(last);
            }
            (all.join("_"), &table.name)
        })
        .collect()
}

/// A column whose values come from elsewhere than a writer's knowledge of a user: its own key or an expression.
fn is_own_key(table: &Table, column: &Column) -> bool {
    let counted = column
        .default
        .as_deref()
        .is_some_and(|default| default.contains("nextval("));
    let identity = matches!(
        column.generation,
        Generation::IdentityAlways | Generation::IdentityByDefault
    );
    let computed = column.generation == Generation::Computed;
    // `id` alone is a table's own key whether or not a sequence fills it.
    let named_id = table.primary_key() == Some(std::slice::from_ref(&column.name))
        && column.name.eq_ignore_ascii_case("id");
    counted || identity || computed || named_id
}

/// The mapping of an earlier migration is listed and left alone.
fn set_aside(leftover: &Leftover, users: &UsersCandidate) -> Reference {
    Reference {
        table: leftover.table.clone(),
        place: Place::Column {
            column: leftover.old_id.clone(),
        },
        declared: None,
        target_column: users.columns.id.clone(),
        confidence: Confidence::Unlikely,
        evidence: Vec::new(),
        against: vec!["the mapping of an earlier migration, read by the engine itself".to_owned()],
        nulls: 0,
        distinct: 0,
        orphans: 0,
        orphan_sentinels: 0,
        rows: 0,
        exact: false,
    }
}
