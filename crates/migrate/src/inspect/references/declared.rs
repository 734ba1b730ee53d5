//! References that foreign keys declare, directly or through a table whose key is a user's id.

use std::collections::BTreeSet;

use crate::inspect::{Confidence, Place, Reference, UsersCandidate};
use crate::inventory::{ConstraintKind, Inventory, Name, Table};

/// A column that holds users' ids, or another unique value of theirs.
type Holder = (Name, String);

/// Columns of `table` that a foreign key of any kind speaks for.
pub(super) fn taken(
    inventory: &Inventory,
    users: &UsersCandidate,
    table: &Table,
) -> BTreeSet<String> {
    let own = table
        .constraints
        .iter()
        .filter(|constraint| constraint.kind == ConstraintKind::ForeignKey);
    // A child by inheritance has its parent's columns without the parent's keys: what leads elsewhere there does here.
    let mut parents = vec![table];
    let mut lines = Vec::new();
    while let Some(child) = parents.pop() {
        let above = child
            .inherits
            .iter()
            .filter_map(|parent| inventory.table(parent));
        for parent in above {
            lines.push(parent);
            parents.push(parent);
        }
    }
    let inherited = lines
        .into_iter()
        .flat_map(Table::foreign_keys)
        .filter(|(_, foreign)| foreign.table != users.table)
        .map(|(constraint, _)| constraint);
    own.chain(inherited)
        .flat_map(|constraint| constraint.columns.iter().cloned())
        .collect()
}

/// Every reference that the catalog knows.
pub(super) fn find(inventory: &Inventory, users: &UsersCandidate) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut holders: BTreeSet<Holder> =
        BTreeSet::from([(users.table.clone(), users.columns.id.clone())]);
    // Keys to another unique column (address, name) end there: they hold no ids.
    for (table, constraint, column, target) in keys(inventory) {
        if target.0 == users.table
            && target.1 != users.columns.id
            && !is_part_of_id_key(table, constraint, users)
        {
            found.push(reference(table, column, constraint, &target.1, users, None));
        }
    }
    extend(
        inventory,
        users,
        &mut holders,
        &mut found,
        Confidence::Certain,
    );
    found
}

/// References through a table whose key holds users' ids without a foreign key of its own.
pub(super) fn chained(
    inventory: &Inventory,
    users: &UsersCandidate,
    known: &[Reference],
) -> Vec<Reference> {
    let mut holders: BTreeSet<Holder> = known
        .iter()
        .filter(|one| one.confidence <= Confidence::Likely && one.target_column == users.columns.id)
        .filter(|one| matches!(one.place, Place::Column { .. }))
        .map(|one| (one.table.clone(), one.place.column().to_owned()))
        .collect();
    holders.insert((users.table.clone(), users.columns.id.clone()));
    let mut found = Vec::new();
    extend(
        inventory,
        users,
        &mut holders,
        &mut found,
        Confidence::Likely,
    );
    found.retain(|new| {
        !known.iter().any(|old| {
            old.table == new.table && old.place == new.place && old.confidence <= new.confidence
        })
    });
    found
}

/// Follows keys until nothing new is found: key to key, as far as it goes.
fn extend(
    inventory: &Inventory,
    users: &UsersCandidate,
    holders: &mut BTreeSet<Holder>,
    found: &mut Vec<Reference>,
    confidence: Confidence,
) {
    loop {
        let before = holders.len();
        for (table, constraint, column, target) in keys(inventory) {
            let holder = (table.name.clone(), column.to_owned());
            if !holders.contains(&target) || holders.contains(&holder) {
                continue;
            }
            let through = (target.0 != users.table).then(|| format!("{}.{}", target.0, target.1));
            let mut one = reference(table, column, constraint, &users.columns.id, users, through);
            one.confidence = confidence;
            found.push(one);
            holders.insert(holder);
        }
        if holders.len() == before {
            return;
        }
    }
}

/// Every foreign key, column by column with what it points at; partitions and inherited keys left out.
fn keys(inventory: &Inventory) -> Vec<(&Table, &str, &str, Holder)> {
    let mut keys = Vec::new();
    for table in inventory
        .tables
        .iter()
        .filter(|table| table.partition_of.is_none())
    {
        for (constraint, foreign) in table.foreign_keys() {
            if constraint.inherited {
                continue;
            }
            for (column, target) in constraint.columns.iter().zip(&foreign.columns) {
                let target = (foreign.table.clone(), target.clone());
                keys.push((table, constraint.name.as_str(), column.as_str(), target));
            }
        }
    }
    keys
}

/// A composite key that has the id among its columns says with the others only what the id already says.
fn is_part_of_id_key(table: &Table, constraint: &str, users: &UsersCandidate) -> bool {
    table
        .foreign_keys()
        .any(|(one, foreign)| one.name == constraint && foreign.columns.contains(&users.columns.id))
}

fn reference(
    table: &Table,
    column: &str,
    constraint: &str,
    target_column: &str,
    users: &UsersCandidate,
    through: Option<String>,
) -> Reference {
    let mut evidence = vec![format!("foreign key {constraint}")];
    evidence.extend(through.map(|through| format!("through {through}")));
    if target_column != users.columns.id {
        evidence.push(format!("holds the users' {target_column}, not their ids"));
    }
    if table.name == users.table {
        evidence.push("one user points at another".to_owned());
    }
    Reference {
        table: table.name.clone(),
        place: Place::Column {
            column: column.to_owned(),
        },
        declared: Some(constraint.to_owned()),
        target_column: target_column.to_owned(),
        confidence: Confidence::Certain,
        evidence,
        against: Vec::new(),
        nulls: 0,
        distinct: 0,
        orphans: 0,
        orphan_sentinels: 0,
        rows: 0,
        exact: false,
    }
}
