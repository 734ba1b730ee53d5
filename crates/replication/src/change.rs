//! Changes with their relation resolved, and the transactions they come in.

use std::sync::Arc;

use crate::Lsn;
use crate::message::{Logical, OldTuple, Relation, Tuple};

/// What happened to a row or a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A new row.
    Insert {
        /// The row.
        new: Tuple,
    },
    /// A changed row.
    Update {
        /// The row before: key only when the key changed, the whole row under full identity, else nothing.
        old: Option<OldTuple>,
        /// The row after.
        new: Tuple,
    },
    /// A row that is gone.
    Delete {
        /// Key or whole row.
        old: OldTuple,
    },
    /// The table was emptied.
    Truncate,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The table as it was then. The same `Arc` for as long as the server has not described the table
    /// anew; it does so after any change of columns, privileges, policies or row security.
    pub relation: Arc<Relation>,
    /// What happened.
    pub kind: Kind,
}

impl Change {
    /// Bytes of its values.
    pub fn size(&self) -> usize {
        match &self.kind {
            Kind::Insert { new } => new.size(),
            Kind::Update { old, new } => {
                new.size() + old.as_ref().map_or(0, |old| old.tuple().size())
            }
            Kind::Delete { old } => old.tuple().size(),
            Kind::Truncate => 0,
        }
    }
}

/// A committed transaction, or a part of a large one.
///
/// Transactions arrive in commit order, the parts of one in order and with nothing in between, so that memory
/// is bounded however large a transaction is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The transaction's id.
    pub xid: u32,
    /// Where its commit record stands.
    pub commit_lsn: Lsn,
    /// Where the log goes on after it; what is to be confirmed. None while parts are to come.
    pub end_lsn: Option<Lsn>,
    /// When it committed, in microseconds since 2000-01-01 UTC.
    pub commit_micros: i64,
    /// How many changes came in earlier parts.
    pub offset: usize,
    /// The changes, in the order they were made.
    pub changes: Vec<Change>,
    /// Messages that applications emitted in it, each with the number of changes of this part before it.
    pub messages: Vec<(usize, Logical)>,
}

impl Transaction {
    /// Whether no more parts are to come.
    pub fn is_complete(&self) -> bool {
        self.end_lsn.is_some()
    }

    /// When it committed, in microseconds since 1970-01-01 UTC.
    pub fn unix_micros(&self) -> i64 {
        const POSTGRES_EPOCH: i64 = 946_684_800_000_000;
        self.commit_micros.saturating_add(POSTGRES_EPOCH)
    }
}
