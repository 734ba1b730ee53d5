//! Findings about the users table and its references.

use super::{Confidence, Finding, Place, Reference, Severity, UsersCandidate};
use crate::inventory::{Inventory, Name};

/// Legacy ids in one finding.
pub(super) const MOST_IDS: usize = 20;

/// A finding without ids.
pub(super) fn finding(
    code: &'static str,
    severity: Severity,
    object: impl Into<String>,
    count: u64,
    sentence: impl Into<String>,
) -> Finding {
    Finding {
        code,
        severity,
        object: object.into(),
        count,
        sentence: sentence.into(),
        ids: Vec::new(),
    }
}

pub(super) fn no_users_table(named: Option<&Name>) -> Finding {
    match named {
        Some(name) => finding(
            "MIG-U-TABLE",
            Severity::Block,
            name.to_string(),
            0,
            "The table named as the users table is not there, or has no key of one column.",
        ),
        None => finding(
            "MIG-U-TABLE",
            Severity::Block,
            "the database",
            0,
            "No table looks like the users table: name it with --users schema.table.",
        ),
    }
}

pub(super) fn several_users_tables(users: &[UsersCandidate]) -> Finding {
    let names: Vec<String> = users.iter().map(|one| one.table.to_string()).collect();
    finding(
        "MIG-U-TABLE",
        Severity::Ask,
        users[0].table.to_string(),
        u64::try_from(users.len()).unwrap_or(u64::MAX),
        format!("Several tables may hold the users: {}.", names.join(", ")),
    )
}

/// What is found about each included or doubtful reference.
pub(super) fn of_references(
    inventory: &Inventory,
    users: &UsersCandidate,
    references: &[Reference],
    findings: &mut Vec<Finding>,
) {
    for reference in references {
        let holds_ids = reference.target_column == users.columns.id;
        if reference.confidence != Confidence::Unlikely && holds_ids {
            values(inventory, reference, findings);
            kind(reference, findings);
        }
    }
}

fn values(inventory: &Inventory, reference: &Reference, findings: &mut Vec<Finding>) {
    let orphans = reference.orphans - reference.orphan_sentinels.min(reference.orphans);
    let about = if reference.exact {
        ""
    } else {
        " (counted in a sample)"
    };
    if orphans > 0 {
        findings.push(finding(
            "MIG-R-ORPHAN",
            Severity::Ask,
            reference.name(),
            orphans,
            format!("Holds ids of users that do not exist{about}."),
        ));
    }
    if reference.orphan_sentinels > 0 {
        let nullable = inventory
            .table(&reference.table)
            .and_then(|table| table.column(reference.place.column()))
            .is_some_and(|column| !column.not_null);
        let hint = if nullable {
            "the column may be NULL"
        } else {
            "the column may not be NULL"
        };
        findings.push(finding(
            "MIG-R-SENTINEL",
            Severity::Ask,
            reference.name(),
            reference.orphan_sentinels,
            format!("Holds 0, -1 or an empty text where there is no user{about}; {hint}."),
        ));
    }
}

fn kind(reference: &Reference, findings: &mut Vec<Finding>) {
    let mut add = |code, severity, sentence: &str| {
        findings.push(finding(
            code,
            severity,
            reference.name(),
            reference.rows,
            sentence,
        ));
    };
    let sure = reference.confidence <= Confidence::Likely;
    if !sure {
        add(
            "MIG-R-POSSIBLE",
            Severity::Ask,
            "May hold users' ids: the evidence does not decide.",
        );
    }
    match &reference.place {
        Place::MixedText { .. } => add(
            "MIG-R-MIXED",
            Severity::Warn,
            "Holds ids and UUIDs as text, of an earlier migration that was not finished.",
        ),
        Place::Json { .. } => add(
            "MIG-R-JSON",
            if reference.orphans > 0 || !sure {
                Severity::Ask
            } else {
                Severity::Info
            },
            "Documents hold users' ids here; they become UUIDs as text.",
        ),
        Place::Array { .. } => add("MIG-R-ARRAY", Severity::Info, "Arrays hold users' ids."),
        Place::Polymorphic { type_column, .. } => add(
            "MIG-R-POLYMORPHIC",
            Severity::Warn,
            &format!("Holds a user's id where {type_column} says so: the column becomes text."),
        ),
        Place::Column { .. } if reference.declared.is_none() && sure => add(
            "MIG-R-UNDECLARED",
            Severity::Info,
            "Holds users' ids without a foreign key: one is created.",
        ),
        Place::Column { .. } => {}
    }
}
