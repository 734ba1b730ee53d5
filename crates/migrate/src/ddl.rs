//! Definitions as the target gets them: what converts is a UUID from the start.

mod name;
mod partition;

use std::fmt::Write as _;
use std::sync::Arc;

use sql::Ident;

pub(crate) use name::{identifiers, object_name};

use crate::copy::{Rewriter, Rule};
use crate::inventory::{
    Column, Constraint, ConstraintKind, Generation, Inventory, Name, Sequence, Table, TableKind,
};
use crate::mapping::{IdForm, Mapping};
use crate::plan::{IdPolicy, ReferenceKind, ReferencePlan};
use crate::{Error, Plan};

/// Where credentials and quarantined rows go: no API role may look there.
pub(crate) const PRIVATE: &str = "legacy_private";
pub(crate) const QUARANTINE: &str = "legacy_quarantine";
/// Ends the name of a column that keeps the old value.
const LEGACY: &str = "_legacy";

/// A column on its way.
#[derive(Debug, Clone)]
pub(crate) struct Move<'a> {
    pub(crate) column: &'a Column,
    /// Its name on the target.
    pub(crate) name: String,
    /// Its type on the target.
    pub(crate) type_sql: String,
    /// What happens to its values.
    pub(crate) rule: Option<Rule>,
    /// It keeps the old value beside the converted column.
    pub(crate) kept: bool,
}

/// One table and what the plan makes of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) inventory: &'a Inventory,
    pub(crate) table: &'a Table,
}

impl<'a> Shape<'a> {
    pub(crate) fn new(plan: &'a Plan, inventory: &'a Inventory, table: &'a Table) -> Self {
        Self {
            plan,
            inventory,
            table,
        }
    }

    /// The reference in a column; a partition's are its root's.
    pub(crate) fn reference(&self, column: &str) -> Option<&'a ReferencePlan> {
        self.plan.converted(&self.root().name, column)
    }

    fn is_users(&self) -> bool {
        self.table.name == self.plan.users.table
    }

    fn is_credential(&self, column: &str) -> bool {
        self.is_users() && self.plan.users.credentials.iter().any(|it| it == column)
    }

    /// What happens to a column's values; nothing for most.
    pub(crate) fn rule(&self, column: &Column) -> Option<Rule> {
        let users = &self.plan.users;
        if self.is_users() && column.name == users.id {
            // UUIDs stay what they are, but not in a column of text.
            let stays = users.id_form == IdForm::Uuid && column.base_type == "uuid";
            return (!stays).then_some(Rule::OwnId);
        }
        let reference = self.reference(&column.name)?;
        let orphans = reference.orphan_policy;
        Some(match reference.kind {
            ReferenceKind::Column => Rule::Id(orphans),
            ReferenceKind::MixedText => Rule::Mixed(orphans),
            ReferenceKind::Array => Rule::Array(orphans),
            ReferenceKind::Json | ReferenceKind::JsonText => Rule::Json {
                paths: reference.paths.clone(),
                orphans,
                text: reference.kind == ReferenceKind::JsonText,
            },
            ReferenceKind::Polymorphic => Rule::Polymorphic {
                // Counted among the moved columns: settled in `moves`.
                type_place: usize::MAX,
                values: reference.type_values.clone(),
                orphans,
            },
        })
    }

    /// The columns that move, in order, the kept old values after them. Computed columns compute themselves.
    pub(crate) fn moves(&self) -> Vec<Move<'a>> {
        let table: &'a Table = self.table;
        let mut moves: Vec<Move<'a>> = Vec::new();
        let mut kept = Vec::new();
        for column in &table.columns {
            let computes = column.generation == Generation::Computed && !self.is_frozen(column);
            if computes || self.is_credential(&column.name) {
                continue;
            }
            let rule = self.rule(column);
            let changes_type = rule
                .as_ref()
                .is_some_and(|rule| !matches!(rule, Rule::Json { .. }));
            if changes_type && self.plan.ids == IdPolicy::Both {
                kept.push(Move {
                    column,
                    name: format!("{}{LEGACY}", column.name),
                    type_sql: column.type_sql.clone(),
                    rule: None,
                    kept: true,
                });
            }
            moves.push(Move {
                column,
                name: column.name.clone(),
                type_sql: type_on_target(column, rule.as_ref()),
                rule,
                kept: false,
            });
        }
        let places: Vec<String> = moves.iter().map(|it| it.name.clone()).collect();
        for it in &mut moves {
            let reference = self.reference(&it.column.name);
            if let (Some(Rule::Polymorphic { type_place, .. }), Some(reference)) =
                (&mut it.rule, reference)
            {
                let place = reference
                    .type_column
                    .as_ref()
                    .and_then(|name| places.iter().position(|place| place == name));
                *type_place = place.unwrap_or(usize::MAX);
            }
        }
        moves.extend(kept);
        moves
    }

    /// What rewrites this table's rows.
    pub(crate) fn rewriter(&self, mapping: Arc<Mapping>) -> Rewriter {
        let moves = self.moves();
        let names = moves.iter().map(|it| it.name.clone()).collect();
        let sentinels = moves
            .iter()
            .map(|it| {
                let reference = self.reference(&it.column.name);
                reference.and_then(|reference| reference.sentinel_policy)
            })
            .collect();
        let rules = moves.into_iter().map(|it| it.rule).collect();
        Rewriter::new(names, rules, mapping).with_sentinels(sentinels)
    }

    /// Whether the plan changes this column's type.
    pub(crate) fn is_converted(&self, column: &str) -> bool {
        self.table
            .column(column)
            .and_then(|column| self.rule(column))
            .is_some_and(|rule| !matches!(rule, Rule::Json { .. }))
    }

    /// Whether a column has another type on the target.
    pub(crate) fn changes_type(&self, column: &str) -> bool {
        self.table.column(column).is_some_and(|column| {
            let rule = self.rule(column);
            rule.is_some() && type_on_target(column, rule.as_ref()) != column.type_sql
        })
    }

    /// A computed column whose expression reads one that changes its type: it keeps the values that it has and computes
    /// no more, since what was written for numbers need not hold for UUIDs.
    pub(crate) fn is_frozen(&self, column: &Column) -> bool {
        column.generation == Generation::Computed
            && column.default.as_deref().is_some_and(|expression| {
                identifiers(expression)
                    .iter()
                    .any(|name| self.changes_type(name))
            })
    }

    /// A parent in an inheritance tree has it too: a child may not say again how it is computed.
    fn inherits_column(&self, column: &Column) -> bool {
        self.table
            .inherits
            .iter()
            .filter_map(|name| self.inventory.table(name))
            .any(|parent| parent.column(&column.name).is_some())
    }

    /// Whether a table for its rows that cannot move has room for the reason beside the columns; a run that would have
    /// to set a row of such a table aside stops.
    pub(crate) fn fits_quarantine(&self) -> bool {
        const MOST_COLUMNS: usize = 1600;
        self.moves().len() < MOST_COLUMNS
    }

    /// `create table`, without indexes and constraints. `mapping` is for partitions that list old ids.
    pub(crate) fn create(&self, mapping: &Mapping) -> String {
        let table = self.table;
        let name = table.name.quoted();
        if let Some(parent) = &table.partition_of {
            let unlogged = if table.unlogged { "unlogged " } else { "" };
            let mut sql = format!(
                "create {unlogged}table {name} partition of {} {}",
                parent.quoted(),
                self.bound(mapping)
            );
            sql.extend(self.partition_by());
            self.push_options(&mut sql);
            return sql;
        }
        let kind = if table.unlogged {
            "unlogged table"
        } else {
            "table"
        };
        let mut lines: Vec<String> = Vec::new();
        let moves = self.moves();
        for column in &table.columns {
            if let Some(it) = moves
                .iter()
                .find(|it| !it.kept && it.column.name == column.name)
            {
                lines.push(self.column(it));
            } else if column.generation == Generation::Computed && !self.inherits_column(column) {
                lines.push(computed(column));
            }
        }
        for it in moves.iter().filter(|it| it.kept) {
            lines.push(format!("{} {}", Ident::new(&it.name), it.type_sql));
        }
        let mut sql = format!("create {kind} {name} (\n  {}\n)", lines.join(",\n  "));
        let parents: Vec<String> = table
            .inherits
            .iter()
            .map(|parent| parent.quoted().to_string())
            .collect();
        if !parents.is_empty() {
            let _ = write!(sql, " inherits ({})", parents.join(", "));
        }
        sql.extend(self.partition_by());
        self.push_options(&mut sql);
        sql
    }

    fn push_options(&self, sql: &mut String) {
        let table = self.table;
        if !table.options.is_empty() && table.kind == TableKind::Ordinary {
            let _ = write!(sql, " with ({})", table.options.join(", "));
        }
    }

    fn column(&self, it: &Move<'_>) -> String {
        let column = it.column;
        let mut line = format!("{} {}", Ident::new(&it.name), it.type_sql);
        let converted = it.rule.is_some() && it.type_sql != column.type_sql;
        if let Some(collation) = column.collation.as_ref().filter(|_| !converted) {
            let _ = write!(line, " collate {collation}");
        }
        match column.generation {
            Generation::IdentityAlways | Generation::IdentityByDefault if !converted => {
                let always = if column.generation == Generation::IdentityAlways {
                    "always"
                } else {
                    "by default"
                };
                let _ = write!(line, " generated {always} as identity");
                let own = self.inventory.sequences.iter().find(|sequence| {
                    sequence.identity
                        && sequence.owner.as_ref().is_some_and(|(table, of)| {
                            *table == self.table.name && *of == column.name
                        })
                });
                if let Some(sequence) = own {
                    let _ = write!(
                        line,
                        " (sequence name {} {})",
                        sequence.name.quoted(),
                        bounds(sequence)
                    );
                }
            }
            Generation::Computed => return line,
            _ => {
                // A default of a converted column is an old id, or the next one.
                if let Some(default) = column.default.as_ref().filter(|_| !converted) {
                    let _ = write!(line, " default {default}");
                }
            }
        }
        if column.not_null {
            line.push_str(" not null");
        }
        line
    }

    /// `copy (select …) to stdout` on the source. `range` is a condition or empty.
    pub(crate) fn read(&self, range: &str) -> String {
        let columns: Vec<String> = self
            .moves()
            .iter()
            .map(|it| Ident::new(&it.column.name).to_string())
            .collect();
        self.read_columns(&columns, range)
    }

    fn read_columns(&self, columns: &[String], range: &str) -> String {
        // Children of an inheritance tree are tables of their own.
        let only = if self.table.kind == TableKind::Ordinary {
            "only "
        } else {
            ""
        };
        let mut sql = format!(
            "copy (select {} from {only}{}",
            columns.join(", "),
            self.table.name.quoted()
        );
        if !range.is_empty() {
            let _ = write!(sql, " where {range}");
        }
        sql.push_str(") to stdout");
        sql
    }

    /// `copy … from stdin` on the target.
    pub(crate) fn write(&self, freeze: bool) -> String {
        let columns: Vec<String> = self
            .moves()
            .iter()
            .map(|it| Ident::new(&it.name).to_string())
            .collect();
        let freeze = if freeze && self.table.kind == TableKind::Ordinary {
            " with (freeze)"
        } else {
            ""
        };
        // A table without columns has no list of them.
        let columns = if columns.is_empty() {
            String::new()
        } else {
            format!(" ({})", columns.join(", "))
        };
        format!(
            "copy {}{columns} from stdin{freeze}",
            self.table.name.quoted()
        )
    }

    /// The same rows, read back from the target.
    pub(crate) fn read_back(&self) -> String {
        let columns: Vec<String> = self
            .moves()
            .iter()
            .map(|it| Ident::new(&it.name).to_string())
            .collect();
        self.read_columns(&columns, "")
    }

    /// Where rows go that cannot move: the table's name out of the way.
    pub(crate) fn quarantine_name(&self) -> Name {
        aside(QUARANTINE, &self.table.name)
    }

    /// A table for them, in the source's types, with the reason.
    pub(crate) fn create_quarantine(&self) -> String {
        let columns: Vec<String> = self
            .moves()
            .iter()
            .map(|it| format!("{} {}", Ident::new(&it.name), it.column.type_sql))
            .collect();
        format!(
            "create table if not exists {} ({}, passerelle_reason text not null)",
            self.quarantine_name().quoted(),
            columns.join(", ")
        )
    }

    pub(crate) fn write_quarantine(&self) -> String {
        format!("copy {} from stdin", self.quarantine_name().quoted())
    }

    /// The credentials' table beside the profile table; none when nothing is to be hidden.
    pub(crate) fn credentials(&self) -> Option<Credentials<'a>> {
        let table: &'a Table = self.table;
        if !self.is_users() {
            return None;
        }
        let columns: Vec<&Column> = table
            .columns
            .iter()
            .filter(|column| self.is_credential(&column.name))
            .collect();
        (!columns.is_empty()).then_some(Credentials {
            shape: *self,
            columns,
        })
    }

    /// The statement that makes a constraint, NOT VALID where that saves a scan under lock; none when the inventory's
    /// one cannot hold for converted columns.
    pub(crate) fn constraint(&self, constraint: &Constraint) -> Option<String> {
        let touches = constraint
            .columns
            .iter()
            .any(|column| self.changes_type(column));
        let hidden = constraint
            .columns
            .iter()
            .any(|column| self.is_credential(column));
        if hidden || (touches && constraint.kind == ConstraintKind::Check) {
            return None;
        }
        let mut definition = constraint.definition.clone();
        let later = matches!(
            constraint.kind,
            ConstraintKind::ForeignKey | ConstraintKind::Check
        ) && self.table.kind == TableKind::Ordinary;
        if later && !definition.ends_with("NOT VALID") {
            definition.push_str(" NOT VALID");
        }
        Some(format!(
            "alter table {} add constraint {} {definition}",
            self.table.name.quoted(),
            Ident::new(&constraint.name)
        ))
    }
}

/// Columns of the users table that move out of reach.
#[derive(Debug, Clone)]
pub(crate) struct Credentials<'a> {
    shape: Shape<'a>,
    columns: Vec<&'a Column>,
}

impl Credentials<'_> {
    pub(crate) fn name(&self) -> Name {
        aside(PRIVATE, &self.shape.table.name)
    }

    pub(crate) fn create(&self) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| format!("{} {}", Ident::new(&column.name), column.type_sql))
            .collect();
        format!(
            "create table {} (user_id uuid primary key, {})",
            self.name().quoted(),
            columns.join(", ")
        )
    }

    pub(crate) fn read(&self) -> String {
        let mut columns = vec![Ident::new(&self.shape.plan.users.id).to_string()];
        columns.extend(
            self.columns
                .iter()
                .map(|column| Ident::new(&column.name).to_string()),
        );
        self.shape.read_columns(&columns, "")
    }

    pub(crate) fn write(&self) -> String {
        format!("copy {} from stdin", self.name().quoted())
    }

    pub(crate) fn read_back(&self) -> String {
        let mut columns = vec!["user_id".to_owned()];
        columns.extend(
            self.columns
                .iter()
                .map(|column| Ident::new(&column.name).to_string()),
        );
        format!(
            "copy (select {} from {}) to stdout",
            columns.join(", "),
            self.name().quoted()
        )
    }

    /// What rewrites its rows: the user's id alone.
    pub(crate) fn rewriter(&self, mapping: Arc<Mapping>) -> Rewriter {
        let names = self.names();
        let mut rules: Vec<Option<Rule>> = vec![None; names.len()];
        let id = self.shape.table.column(&self.shape.plan.users.id);
        rules[0] = id.and_then(|column| self.shape.rule(column));
        Rewriter::new(names, rules, mapping)
    }

    fn names(&self) -> Vec<String> {
        let mut names = vec![self.shape.plan.users.id.clone()];
        names.extend(self.columns.iter().map(|column| column.name.clone()));
        names
    }
}

/// A table's name in a schema of ours: its own schema is part of it unless that is `public`.
fn aside(schema: &str, name: &Name) -> Name {
    if name.schema == "public" {
        return Name::new(schema, &name.name);
    }
    Name::new(schema, format!("{}.{}", name.schema, name.name))
}

fn type_on_target(column: &Column, rule: Option<&Rule>) -> String {
    match rule {
        None | Some(Rule::Json { .. }) => column.type_sql.clone(),
        Some(Rule::Array(_)) => "uuid[]".to_owned(),
        Some(Rule::Polymorphic { .. }) => "text".to_owned(),
        Some(_) => "uuid".to_owned(),
    }
}

fn computed(column: &Column) -> String {
    format!(
        "{} {} generated always as ({}) stored",
        Ident::new(&column.name),
        column.type_sql,
        column.default.as_deref().unwrap_or("null")
    )
}

/// A sequence's options.
fn bounds(sequence: &Sequence) -> String {
    format!(
        "start {} increment {} minvalue {} maxvalue {} cache {}{}",
        sequence.start,
        sequence.increment,
        sequence.min,
        sequence.max,
        sequence.cache,
        if sequence.cycle { " cycle" } else { "" }
    )
}

/// `create sequence`; its owner is named once the tables are there.
pub(crate) fn create_sequence(sequence: &Sequence) -> String {
    format!(
        "create sequence {} as {} {}",
        sequence.name.quoted(),
        sequence.type_sql,
        bounds(sequence)
    )
}

/// The inventory's table of a planned one.
pub(crate) fn shape<'a>(
    plan: &'a Plan,
    inventory: &'a Inventory,
    name: &Name,
) -> Result<Shape<'a>, Error> {
    let table = inventory
        .table(name)
        .ok_or_else(|| Error::Missing(name.to_string()))?;
    Ok(Shape::new(plan, inventory, table))
}
