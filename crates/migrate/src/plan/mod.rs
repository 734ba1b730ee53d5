//! What is to be done: a file that a person reads, decides on and keeps under version control. It holds no secret, no
//! hash, no address and no value of a row.

mod make;
mod render;
mod rls;
mod subset;
mod users;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub use make::Wishes;
pub use rls::{Pattern, RlsPlan};
pub use users::{
    Active, Confirmed, ContactPlan, LegacyTable, OldHashes, PasswordPlan, UserDecision, UsersPlan,
    UuidStrategy,
};

use crate::copy::{JsonStep, OrphanPolicy};
use crate::inventory::{Action, Name};

/// The format of this file.
const FORMAT: u32 = 1;

/// How old ids are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdPolicy {
    /// Every reference becomes a UUID.
    Uuid,
    /// The old number stays beside it in `<column>_legacy`.
    Both,
}

/// A database the plan was made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabasePlan {
    /// System identifier and database oid.
    pub fingerprint: String,
    /// Its version.
    pub server_version: String,
    /// Its name.
    pub database: String,
    /// Digest of its definitions; only for the source.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub catalog_digest: String,
}

/// A decision on something uncertain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Convert it.
    Include,
    /// Leave it as it is.
    Exclude,
    /// Somebody must decide.
    Ask,
}

/// What kind of place holds old ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferenceKind {
    /// A column.
    Column,
    /// The elements of an array.
    Array,
    /// Places in a document.
    Json,
    /// Documents kept as text.
    JsonText,
    /// Old ids and UUIDs mixed, as text.
    MixedText,
    /// A pair of type and id.
    Polymorphic,
}

/// A place that holds old ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferencePlan {
    /// The table.
    pub table: Name,
    /// The column.
    pub column: String,
    /// What kind of place.
    pub kind: ReferenceKind,
    /// `certain`, `likely`, `possible` or `unlikely`.
    pub confidence: String,
    /// What speaks for it.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// What speaks against it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<String>,
    /// Convert it?
    pub decision: Decision,
    /// Ids of nobody, as counted.
    #[serde(default)]
    pub orphans: u64,
    /// What becomes of them.
    pub orphan_policy: OrphanPolicy,
    /// What becomes of 0 and -1, where they stand for nobody; as the others when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentinel_policy: Option<OrphanPolicy>,
    /// What the new foreign key does when a user is deleted; absent when no key is to be made or one is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_delete: Option<Action>,
    /// A declared foreign key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<String>,
    /// Paths into the document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<Vec<JsonStep>>,
    /// The type's column of a polymorphic pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub type_column: Option<String>,
    /// The type's values that mean a user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub type_values: Vec<String>,
}

/// Whether a table moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableAction {
    /// Definition and rows.
    Copy,
    /// Definition only.
    Empty,
    /// Nothing.
    Skip,
    /// Somebody must decide.
    Ask,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TablePlan {
    /// Its name.
    pub name: Name,
    /// Whether it moves.
    pub action: TableAction,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Rows as the planner last estimated.
    pub estimated_rows: i64,
    /// Bytes.
    pub bytes: i64,
    /// Who may do what with its rows.
    pub access: Pattern,
    /// The column that holds the owner's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// For `parent-owned`: the foreign key's column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// For `owner` with readers: a document path or array that lists them, `column` or `column.key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_with: Option<String>,
    /// Changes are published to browsers.
    pub realtime: bool,
    /// Send old values of updates and deletes too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replica_identity_full: bool,
}

/// Whether somebody has read about an obstacle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acknowledgement {
    /// Not yet.
    Ask,
    /// Read, and dealt with as the report says.
    Accept,
}

/// The mapping of an earlier, unfinished attempt (MIG-LEG-04). Only its lines about users who exist, with the same
/// address, are believed: what was written with their UUIDs since is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftoverPlan {
    /// The table on the source.
    pub table: Name,
    /// Its column with the old id.
    pub old_id: String,
    /// Its column with the UUID.
    pub uuid: String,
    /// Its column with the address.
    pub email: String,
}

/// How much may go wrong before a run stops.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Rows that the target refuses.
    pub max_rejects: u64,
    /// Users that cannot be made.
    pub max_user_failures: u64,
}

/// A migration's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Format of this file.
    pub format: u32,
    /// The run's id.
    pub run: Uuid,
    /// The engine's version.
    pub engine: String,
    /// `copy`: the source is only read.
    pub topology: String,
    /// How old ids are treated.
    pub ids: IdPolicy,
    /// The source.
    pub source: DatabasePlan,
    /// Who moves.
    pub users: UsersPlan,
    /// Row security.
    pub rls: RlsPlan,
    /// How much may go wrong.
    #[serde(default)]
    pub limits: Limits,
    /// What stands in the way: nothing is run before somebody has read it and says `accept`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub blockers: BTreeMap<String, Acknowledgement>,
    /// The mapping of an earlier, unfinished attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leftover: Option<LeftoverPlan>,
    /// Where old ids are.
    #[serde(default, rename = "reference")]
    pub references: Vec<ReferencePlan>,
    /// What moves.
    #[serde(default, rename = "table")]
    pub tables: Vec<TablePlan>,
}

/// Why a plan file is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// It is no such file.
    #[error("the plan is not valid: {0}")]
    Syntax(String),
    /// It is of a later or earlier kind.
    #[error("the plan has format {0}, this engine knows format {FORMAT}")]
    Format(u32),
    /// It asks for something that must not be.
    #[error("the plan is refused: {0}")]
    Refused(String),
}

impl Plan {
    /// Reads a plan file and checks it.
    pub fn parse(text: &str) -> Result<Self, PlanError> {
        let plan: Self = toml::from_str(text).map_err(|error| {
            let place = error
                .span()
                .map(|span| text[..span.start.min(text.len())].lines().count().max(1))
                .map_or_else(String::new, |line| format!("line {line}: "));
            PlanError::Syntax(format!("{place}{}", error.message()))
        })?;
        if plan.format != FORMAT {
            return Err(PlanError::Format(plan.format));
        }
        plan.check()?;
        Ok(plan)
    }

    /// The file: commented, the same bytes for the same plan.
    pub fn render(&self) -> String {
        render::render(self)
    }

    /// SHA-256 of what it says, comments and layout left out; in hex.
    pub fn digest(&self) -> String {
        let canonical = serde_json::to_vec(self).expect("a plan serializes");
        hex::encode(Sha256::digest(canonical))
    }

    /// Every point that somebody must still decide, as `object: answers`.
    pub fn questions(&self) -> Vec<Question> {
        let mut questions = Vec::new();
        for reference in &self.references {
            let object = format!("{}.{}", reference.table, reference.column);
            if reference.decision == Decision::Ask {
                questions.push(Question::new("reference", &object, "include | exclude"));
            } else if reference.decision == Decision::Include
                && reference.orphan_policy == OrphanPolicy::Ask
            {
                questions.push(Question::new(
                    "orphan_policy",
                    &object,
                    "null | quarantine | drop-element | fail",
                ));
            }
            if reference.decision == Decision::Include
                && reference.sentinel_policy == Some(OrphanPolicy::Ask)
            {
                questions.push(Question::new(
                    "sentinel_policy",
                    &object,
                    "null | quarantine | fail",
                ));
            }
        }
        for table in &self.tables {
            if table.action == TableAction::Ask {
                questions.push(Question::new(
                    "table",
                    &table.name.to_string(),
                    "copy | empty | skip",
                ));
            }
            if table.access == Pattern::Ask {
                questions.push(Question::new(
                    "access",
                    &table.name.to_string(),
                    Pattern::ANSWERS,
                ));
            }
        }
        questions.extend(self.users.questions());
        questions.extend(
            self.blockers
                .iter()
                .filter(|(_, it)| **it == Acknowledgement::Ask)
                .map(|(code, _)| Question::new("blockers", code, "accept")),
        );
        questions
    }

    /// Takes the proposed answer wherever the plan still asks, and says which were taken. What stands in the way has
    /// none: it stays.
    pub fn accept_defaults(&mut self) -> Vec<Question> {
        let questions = self.questions();
        for reference in &mut self.references {
            if reference.decision == Decision::Ask {
                // What is not proved is not converted.
                reference.decision = Decision::Exclude;
            }
            if reference.orphan_policy == OrphanPolicy::Ask {
                reference.orphan_policy = OrphanPolicy::Quarantine;
            }
            if reference.sentinel_policy == Some(OrphanPolicy::Ask) {
                reference.sentinel_policy = Some(OrphanPolicy::Quarantine);
            }
        }
        for table in &mut self.tables {
            if table.action == TableAction::Ask {
                table.action = TableAction::Copy;
            }
            if table.access == Pattern::Ask {
                table.access = Pattern::ServiceOnly;
            }
        }
        self.users.accept_defaults();
        questions
    }

    /// The reference in a column, if it is to be converted.
    pub fn converted(&self, table: &Name, column: &str) -> Option<&ReferencePlan> {
        self.references.iter().find(|reference| {
            reference.decision == Decision::Include
                && &reference.table == table
                && reference.column == column
        })
    }

    /// A table's line.
    pub fn table(&self, name: &Name) -> Option<&TablePlan> {
        self.tables.iter().find(|table| &table.name == name)
    }

    /// Every column that the plan names.
    pub fn columns(&self) -> impl Iterator<Item = (&Name, &str)> {
        let references = self.references.iter().flat_map(|reference| {
            let kind = reference.type_column.as_deref();
            std::iter::once(reference.column.as_str())
                .chain(kind)
                .map(|column| (&reference.table, column))
        });
        let tables = self.tables.iter().flat_map(|table| {
            let owner = table.owner.as_deref();
            owner
                .into_iter()
                .chain(table.parent.as_deref())
                .map(|column| (&table.name, column))
        });
        references.chain(tables).chain(self.users.columns())
    }

    /// The tables whose definition is made on the target.
    pub fn made_tables(&self) -> impl Iterator<Item = &TablePlan> {
        self.tables
            .iter()
            .filter(|table| matches!(table.action, TableAction::Copy | TableAction::Empty))
    }

    fn check(&self) -> Result<(), PlanError> {
        if self.topology != "copy" {
            return Err(PlanError::Refused(format!(
                "topology \"{}\": this engine copies",
                self.topology
            )));
        }
        self.users.check()
    }
}

/// Something that somebody must decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// Which line of the plan.
    pub line: &'static str,
    /// About what.
    pub object: String,
    /// The possible answers.
    pub answers: String,
}

impl Question {
    pub(super) fn new(line: &'static str, object: &str, answers: &str) -> Self {
        Self {
            line,
            object: object.to_owned(),
            answers: answers.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
