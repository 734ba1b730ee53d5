//! Partitions by a key that converts (MIG-UUID-06). By hash, rows go to other partitions; by list, the listed ids are
//! the new ones; a range of numbers means nothing for UUIDs, so those become partitions by hash under the same names.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::Shape;
use super::name::identifiers;
use crate::inventory::{Table, TableKind};
use crate::mapping::Mapping;

impl<'a> Shape<'a> {
    /// The table that this one is a partition of in the end; itself when it is none.
    pub(crate) fn root(&self) -> &'a Table {
        let mut table: &'a Table = self.table;
        while let Some(parent) = table
            .partition_of
            .as_ref()
            .and_then(|name| self.inventory.table(name))
        {
            table = parent;
        }
        table
    }

    fn key(&self) -> Option<&'a str> {
        let table: &'a Table = self.table;
        table.partitioning.as_ref()?.key.as_deref()
    }

    /// Its partition key holds a column that becomes a UUID.
    fn key_changes(&self) -> bool {
        self.key()
            .is_some_and(|key| identifiers(key).iter().any(|it| self.changes_type(it)))
    }

    /// Partitioned by range of a column that becomes a UUID.
    pub(crate) fn is_rehashed(&self) -> bool {
        self.key_changes() && self.key().is_some_and(|key| key.starts_with("RANGE"))
    }

    /// Somewhere in its tree rows change their partition: the tree moves as one table.
    pub(crate) fn tree_is_rerouted(&self) -> bool {
        let root = &self.root().name;
        self.inventory
            .tables
            .iter()
            .filter(|table| table.kind == TableKind::Partitioned)
            .map(|table| Shape::new(self.plan, self.inventory, table))
            .any(|shape| shape.root().name == *root && shape.key_changes())
    }

    /// Rows are read from this table and written to it; a partitioned table's are its partitions', unless they change places.
    pub(crate) fn carries_rows(&self) -> bool {
        match self.table.kind {
            TableKind::Foreign => false,
            TableKind::Ordinary => self.table.partition_of.is_none() || !self.tree_is_rerouted(),
            TableKind::Partitioned => self.table.partition_of.is_none() && self.tree_is_rerouted(),
        }
    }

    /// `partition by …` on the target.
    pub(super) fn partition_by(&self) -> Option<String> {
        let key = self.key()?;
        let key = match key.strip_prefix("RANGE") {
            Some(columns) if self.is_rehashed() => format!("HASH{columns}"),
            _ => key.to_owned(),
        };
        Some(format!(" partition by {key}"))
    }

    /// Its bound on the target, as `for values …` or `default`.
    pub(super) fn bound(&self, mapping: &Mapping) -> String {
        let bound = self
            .table
            .partitioning
            .as_ref()
            .and_then(|it| it.bound.as_deref())
            .unwrap_or("default");
        let Some(parent) = self
            .table
            .partition_of
            .as_ref()
            .and_then(|name| self.inventory.table(name))
            .map(|table| Shape::new(self.plan, self.inventory, table))
        else {
            return bound.to_owned();
        };
        if parent.is_rehashed() {
            let siblings: Vec<&Table> = self
                .inventory
                .tables
                .iter()
                .filter(|it| it.partition_of.as_ref() == Some(&parent.table.name))
                .collect();
            let place = siblings
                .iter()
                .position(|it| it.name == self.table.name)
                .unwrap_or_default();
            return format!(
                "for values with (modulus {}, remainder {place})",
                siblings.len()
            );
        }
        match bound
            .strip_prefix("FOR VALUES IN (")
            .and_then(|it| it.strip_suffix(')'))
        {
            Some(values) if parent.key_changes() => listed(values, mapping),
            _ => bound.to_owned(),
        }
    }
}

/// A list of old ids as the list of the new ones. An id of nobody has no new one; a list of nobody but such keeps a
/// value that is nobody's, for a partition must list something.
fn listed(values: &str, mapping: &Mapping) -> String {
    let mut new: Vec<String> = Vec::new();
    for value in values.split(',').map(str::trim) {
        if value.eq_ignore_ascii_case("null") {
            new.push("null".to_owned());
        } else if let Some(mapped) = mapping.get(value.trim_matches('\'')) {
            let uuid = format!("'{}'", mapped.uuid);
            if !new.contains(&uuid) {
                new.push(uuid);
            }
        }
    }
    if new.is_empty() {
        let digest = Sha256::digest(values);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        new.push(format!("'{}'", Uuid::from_bytes(bytes)));
    }
    format!("for values in ({})", new.join(", "))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::listed;
    use crate::mapping::{IdForm, Mapped, Mapping};

    // MIG-UUID-06
    #[test]
    fn a_list_of_old_ids_becomes_one_of_new_ids() {
        let mapped = Mapped {
            uuid: Uuid::nil(),
            own_row: true,
        };
        let mapping = Mapping::new(IdForm::Integer, [("3".to_owned(), mapped)]);
        assert_eq!(
            listed("3, 4, NULL", &mapping),
            "for values in ('00000000-0000-0000-0000-000000000000', null)"
        );
        assert_ne!(listed("4", &mapping), listed("5", &mapping));
    }
}
