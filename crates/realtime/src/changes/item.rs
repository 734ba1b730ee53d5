//! A change on its way to those it concerns.

use std::sync::Arc;

use replication::Lsn;

use super::catalog::Known;
use super::encode::Withheld;
use super::index::Group;
use super::judge::Image;
use super::row::RowChange;
use super::table::RoleFacts;

/// One change with the groups that it may concern.
pub(super) struct Item {
    pub(super) commit_lsn: Lsn,
    pub(super) unix_micros: i64,
    pub(super) row: RowChange,
    pub(super) known: Arc<Known>,
    /// By the table's columns: in the publication.
    pub(super) published: Vec<bool>,
    pub(super) new: Option<Image>,
    pub(super) old: Option<Image>,
    pub(super) standings: Vec<Standing>,
    pub(super) groups: Vec<Candidate>,
}

/// How a role stands to a change.
pub(super) struct Standing {
    pub(super) role: Arc<RoleFacts>,
    pub(super) name: String,
    /// What everybody of the role gets instead of the change.
    pub(super) withheld: Option<Withheld>,
}

impl Standing {
    /// Whether the table's policies decide.
    pub(super) fn is_judged(&self) -> bool {
        self.role.secured && self.withheld.is_none()
    }
}

/// A group that the change may concern. There may be a thousand for each change, so that it is small.
pub(super) struct Candidate {
    pub(super) group: Arc<Group>,
    /// Among the item's standings.
    pub(super) standing: usize,
    /// Among those who are asked about.
    pub(super) caller: usize,
}
