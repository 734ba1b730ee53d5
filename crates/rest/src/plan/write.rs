//! Inserts, updates, upserts and deletes.

use std::sync::Arc;

use catalog::{Catalog, ObjectName, Relation};
use sql::{CatalogExpression, TypeName};

use super::negotiate::{self, Applies, Offers};
use super::node::{Condition, Node, Source};
use super::planner::Planner;
use super::{Kind, Plan};
use crate::config::Config;
use crate::error::Error;
use crate::request::payload::PayloadShape;
use crate::request::prefer::{Missing, Resolution, Return};
use crate::request::syntax::{Operator, Test};
use crate::request::{Shape, Verb};

/// A column that the body sets.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) full_type: TypeName,
    /// What stands in for a missing key, if that was asked for.
    pub(crate) default: Option<CatalogExpression>,
    /// REST-OBJ-06: what reads the JSON of the body.
    pub(crate) read_by: Option<ObjectName>,
}

/// What happens when a row with this key is there already.
#[derive(Debug, Clone)]
pub(crate) struct Conflict {
    pub(crate) columns: Vec<String>,
    pub(crate) resolution: Resolution,
}

/// What is done to the rows.
#[derive(Debug)]
pub(crate) enum Change {
    Insert {
        conflict: Option<Conflict>,
    },
    /// PUT: the conditions hold for the body's row.
    SingleUpsert {
        conflict: Conflict,
    },
    Update,
    Delete,
}

/// A write.
#[derive(Debug)]
pub(crate) struct WritePlan {
    pub(crate) relation: Arc<Relation>,
    pub(crate) change: Change,
    /// Whether the body is an array.
    pub(crate) array: bool,
    pub(crate) targets: Vec<Target>,
    /// Whether missing keys take defaults instead of NULL.
    pub(crate) fill: bool,
    /// Which rows.
    pub(crate) conditions: Vec<Condition>,
    /// The representation, if it was asked for.
    pub(crate) node: Option<Node>,
    /// Whether `Location` was asked for.
    pub(crate) location: bool,
    pub(crate) max_affected: Option<u64>,
}

impl WritePlan {
    /// Whether the caller must be told how many rows were really new.
    pub(crate) fn counts_inserted(&self) -> bool {
        match &self.change {
            Change::Insert { conflict } => conflict
                .as_ref()
                .is_some_and(|c| c.resolution == Resolution::MergeDuplicates),
            Change::SingleUpsert { .. } => true,
            Change::Update | Change::Delete => false,
        }
    }
}

pub(super) fn plan(
    shape: &Shape,
    verb: Verb,
    relation: &Arc<Relation>,
    catalog: &Catalog,
    config: &Config,
) -> Result<Plan, Error> {
    let prefer = &shape.prefer;
    // REST-SEL-10: without a representation `select` does not count, not even its mistakes.
    let wants_rows = prefer.wants_representation();
    let mut planner = Planner::new(shape, catalog, config)?;
    let source = Source::Result(Some(relation.name.clone()));
    let node = if wants_rows {
        Some(planner.root(source, Some(relation), &relation.name, false)?)
    } else {
        None
    };
    let conditions = match verb {
        Verb::Insert => Vec::new(),
        _ => planner.root_conditions(relation),
    };
    let fill =
        prefer.missing == Some(Missing::Default) && matches!(verb, Verb::Insert | Verb::Update);
    let (array, keys) = match &shape.payload {
        PayloadShape::Json { array, keys } => (*array, keys.as_slice()),
        PayloadShape::None | PayloadShape::Raw(_) => (false, &[][..]),
    };
    let change = change(shape, verb, relation, &conditions)?;
    let targets = keys
        .iter()
        .map(|key| target(key, relation, fill))
        .collect::<Result<Vec<_>, _>>()?;
    if config.safeupdate && conditions.is_empty() {
        safe(&change, &targets)?;
    }
    negotiate::strictness(prefer)?;
    let offers = Offers::new(shape, catalog, config, &relation.name, None);
    let chosen = offers.choose(&shape.accept)?;
    let applies = match &change {
        Change::Insert { conflict } => Applies::Insert {
            resolves: conflict.is_some(),
        },
        Change::SingleUpsert { .. } => Applies::SingleUpsert,
        Change::Update => Applies::Update,
        Change::Delete => Applies::Delete,
    };
    let limits = matches!(change, Change::Update | Change::Delete);
    Ok(Plan {
        chosen,
        applied: negotiate::applied(prefer, applies),
        count: prefer.count.filter(|_| verb != Verb::SingleUpsert),
        deprecated: planner.deprecated(),
        kind: Kind::Write(WritePlan {
            relation: Arc::clone(relation),
            array,
            targets,
            fill,
            conditions,
            node,
            location: verb == Verb::Insert
                && prefer.returning == Some(Return::HeadersOnly)
                && !relation.primary_key.is_empty(),
            max_affected: prefer.effective_max_affected().filter(|_| limits),
            change,
        }),
    })
}

fn change(
    shape: &Shape,
    verb: Verb,
    relation: &Relation,
    conditions: &[Condition],
) -> Result<Change, Error> {
    Ok(match verb {
        Verb::Update => Change::Update,
        Verb::Delete => Change::Delete,
        Verb::SingleUpsert => {
            if !filters_are_the_key(shape, relation, conditions) {
                return Err(Error::PutFilters);
            }
            let columns = relation.primary_key.clone();
            Change::SingleUpsert {
                conflict: Conflict {
                    columns,
                    resolution: Resolution::MergeDuplicates,
                },
            }
        }
        // REST-UPS-02, -03: the named columns, else the primary key, else no conflict is dealt with.
        _ => {
            let columns = shape
                .params
                .on_conflict
                .clone()
                .unwrap_or_else(|| relation.primary_key.clone());
            let conflict =
                shape
                    .prefer
                    .resolution
                    .filter(|_| !columns.is_empty())
                    .map(|resolution| Conflict {
                        columns,
                        resolution,
                    });
            Change::Insert { conflict }
        }
    })
}

/// REST-PUT-01: each column of the primary key once, with plain `eq`.
fn filters_are_the_key(shape: &Shape, relation: &Relation, conditions: &[Condition]) -> bool {
    let mut named: Vec<&str> = Vec::new();
    for condition in conditions {
        match condition {
            Condition::Test {
                column,
                negated: false,
                test:
                    Test::Compare {
                        operator: Operator::Equal,
                        quantifier: None,
                        ..
                    },
            } if column.path.is_empty() => named.push(&column.name),
            _ => return false,
        }
    }
    let mut key: Vec<&str> = relation.primary_key.iter().map(String::as_str).collect();
    named.sort_unstable();
    key.sort_unstable();
    shape.params.logic.is_empty() && !key.is_empty() && named == key
}

fn target(key: &str, relation: &Relation, fill: bool) -> Result<Target, Error> {
    let column = relation.column(key).ok_or_else(|| Error::NoColumn {
        column: key.to_owned(),
        relation: relation.name.name.clone(),
    })?;
    Ok(Target {
        name: column.name.clone(),
        full_type: column.full_type.clone(),
        default: column.default.clone().filter(|_| fill),
        read_by: column.representation.from_json.clone(),
    })
}

/// DB-SET-24: what the `safeupdate` library would say.
fn safe(change: &Change, targets: &[Target]) -> Result<(), Error> {
    let verb = match change {
        Change::Update if !targets.is_empty() => "UPDATE",
        Change::Delete => "DELETE",
        _ => return Ok(()),
    };
    let error = pg::ServerError {
        code: "21000".to_owned(),
        message: format!("{verb} requires a WHERE clause"),
        ..pg::ServerError::default()
    };
    Err(Error::Database {
        error: Box::new(error),
        anonymous: false,
    })
}
