//! The row that a change is about.

use bytes::Bytes;
use replication::message::{Identity, OldTuple, Relation, Tuple, Value};
use replication::{Change, Kind};

use super::EventKind;

/// A value of the row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Cell {
    /// The change does not carry it.
    Missing,
    Null,
    Text(Bytes),
}

impl Cell {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

impl From<&Value> for Cell {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Text(bytes) => Self::Text(bytes.clone()),
            Value::Unchanged | Value::Binary(_) => Self::Missing,
        }
    }
}

/// A change of a row, its values in the relation's order.
#[derive(Debug, Clone)]
pub(super) struct RowChange {
    pub(super) event: EventKind,
    /// After an insert or an update.
    pub(super) new: Option<Vec<Cell>>,
    /// The identity's columns before an update or a delete.
    pub(super) old: Option<Vec<Cell>>,
    /// Bytes of all values.
    pub(super) size: usize,
}

impl RowChange {
    /// None for what is not about a row.
    pub(super) fn of(change: &Change) -> Option<Self> {
        let relation = &change.relation;
        let size = change.size();
        Some(match &change.kind {
            Kind::Insert { new } => Self {
                event: EventKind::Insert,
                new: Some(cells(new)),
                old: None,
                size,
            },
            Kind::Update { old, new } => {
                let mut after = cells(new);
                if let Some(OldTuple::Full(before)) = old {
                    for (cell, value) in after.iter_mut().zip(&before.values) {
                        if *cell == Cell::Missing {
                            *cell = value.into();
                        }
                    }
                }
                // The key is sent only when it changed; otherwise the new row has it.
                let before = match old {
                    Some(old) => identity(relation, old),
                    None => keys_only(relation, after.clone()),
                };
                Self {
                    event: EventKind::Update,
                    new: Some(after),
                    old: Some(before),
                    size,
                }
            }
            Kind::Delete { old } => Self {
                event: EventKind::Delete,
                new: None,
                old: Some(identity(relation, old)),
                size,
            },
            Kind::Truncate => return None,
        })
    }

    /// The row that filters look at.
    pub(super) fn image(&self) -> &[Cell] {
        self.new
            .as_deref()
            .or(self.old.as_deref())
            .unwrap_or_default()
    }
}

fn cells(tuple: &Tuple) -> Vec<Cell> {
    tuple.values.iter().map(Cell::from).collect()
}

fn identity(relation: &Relation, old: &OldTuple) -> Vec<Cell> {
    match old {
        OldTuple::Full(tuple) => cells(tuple),
        OldTuple::Key(tuple) => keys_only(relation, cells(tuple)),
    }
}

/// A key tuple has null where a column is not part of it.
fn keys_only(relation: &Relation, mut cells: Vec<Cell>) -> Vec<Cell> {
    for (cell, column) in cells.iter_mut().zip(&relation.columns) {
        if !column.key && relation.identity != Identity::Full {
            *cell = Cell::Missing;
        }
    }
    cells
}
