//! The values of a role column.

use std::collections::HashMap;

use super::super::findings::{MOST_IDS, finding};
use super::super::{Finding, People, Severity, UsersCandidate};
use super::trouble::Tally;
use crate::inventory::{Column, ConstraintKind, Inventory};

/// Different roles, above which a column is none.
const MOST_ROLES: usize = 100;

/// Words that mean as a role what they say.
const COMMON: [&str; 14] = [
    "admin",
    "user",
    "member",
    "editor",
    "viewer",
    "guest",
    "moderator",
    "manager",
    "staff",
    "owner",
    "customer",
    "subscriber",
    "author",
    "contributor",
];

/// A role column and what was read of it.
pub(super) struct Roles<'a> {
    column: &'a Column,
    /// An enum, a check or a boolean names all values there are.
    closed: bool,
    values: HashMap<Option<String>, Tally>,
}

impl<'a> Roles<'a> {
    /// None when the users have no such column.
    pub(super) fn new(inventory: &'a Inventory, users: &UsersCandidate) -> Option<Self> {
        let role = users.columns.role.as_ref()?;
        let table = inventory.table(&users.table)?;
        let column = table.column(role)?;
        let checked = table.constraints.iter().any(|one| {
            one.kind == ConstraintKind::Check && one.columns == std::slice::from_ref(role)
        });
        let is_enum = inventory
            .types
            .iter()
            .any(|one| one.name.name == column.base_type);
        Some(Self {
            column,
            closed: checked || is_enum || column.base_type == "bool",
            values: HashMap::new(),
        })
    }

    pub(super) fn add(&mut self, id: &str, value: Option<&str>) {
        if self.values.len() <= MOST_ROLES {
            self.values
                .entry(value.map(str::to_owned))
                .or_default()
                .add(id);
        }
    }

    /// Writes the values into `people`, and what is to be decided about them into `findings`.
    pub(super) fn judge(self, object: &str, people: &mut People, findings: &mut Vec<Finding>) {
        if self.values.len() > MOST_ROLES {
            findings.push(finding(
                "MIG-U-ROLE-MANY",
                Severity::Warn,
                object,
                people.rows,
                "Has more different values than roles have: it is taken for none.",
            ));
            return;
        }
        let (column, closed) = (self.column, self.closed);
        let mut unknown = Tally::default();
        let mut shown = Vec::new();
        let mut values: Vec<(Option<String>, Tally)> = self.values.into_iter().collect();
        values.sort_by(|a, b| (b.1.count, &a.0).cmp(&(a.1.count, &b.0)));
        for (value, tally) in values {
            if !is_known(column, closed, value.as_deref()) {
                shown.push(match &value {
                    Some(value) => format!("\"{value}\" ({})", tally.count),
                    None => format!("NULL ({})", tally.count),
                });
                unknown.count += tally.count;
                let room = MOST_IDS - unknown.ids.len();
                unknown.ids.extend(tally.ids.into_iter().take(room));
                people.unknown_roles.push(value.clone());
            }
            people.roles.push((value, tally.count));
        }
        if unknown.count > 0 {
            findings.push(Finding {
                code: "MIG-U-ROLE-UNKNOWN",
                severity: Severity::Ask,
                object: object.to_owned(),
                count: unknown.count,
                sentence: format!("Roles that are to be mapped: {}.", shown.join(", ")),
                ids: unknown.ids,
            });
        }
    }
}

/// Values that need no decision: those of a closed list, the default, and the common words.
fn is_known(column: &Column, closed: bool, value: Option<&str>) -> bool {
    let Some(value) = value else {
        return false;
    };
    let default = column.default.as_deref().unwrap_or_default();
    closed || COMMON.contains(&value) || default.split('\'').nth(1) == Some(value)
}
