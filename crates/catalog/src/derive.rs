//! Relationships, out of foreign keys and what views show of them.

use std::collections::{HashMap, HashSet};

use crate::lineage::Origin;
use crate::{
    Cardinality, ColumnPairs, ComputedRelationship, Function, Junction, ObjectName, Relation,
    Relationship, Shape,
};

/// A constraint as loaded.
#[derive(Debug, Clone)]
pub(crate) struct Constraint {
    pub(crate) name: String,
    pub(crate) kind: ConstraintKind,
    pub(crate) relation: u32,
    pub(crate) columns: Vec<String>,
    pub(crate) numbers: Vec<i32>,
    /// Whether either end is a partition: such keys relate nothing.
    pub(crate) of_partition: bool,
    pub(crate) foreign_relation: u32,
    pub(crate) foreign_numbers: Vec<i32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConstraintKind {
    Primary,
    Unique,
    Foreign,
}

/// Puts keys on relations, views included.
pub(crate) fn keys(
    relations: &mut [Relation],
    constraints: &[Constraint],
    views: &HashMap<u32, Vec<Origin>>,
) {
    let mut by_relation: HashMap<u32, Vec<&Constraint>> = HashMap::new();
    for constraint in constraints {
        by_relation
            .entry(constraint.relation)
            .or_default()
            .push(constraint);
    }
    for relation in relations {
        for constraint in by_relation.get(&relation.oid).into_iter().flatten() {
            match constraint.kind {
                ConstraintKind::Primary => relation.primary_key.clone_from(&constraint.columns),
                ConstraintKind::Unique => relation.unique.push(constraint.columns.clone()),
                ConstraintKind::Foreign => {}
            }
        }
        let Some(origins) = views.get(&relation.oid) else {
            continue;
        };
        let mut tables: Vec<u32> = origins.iter().map(|origin| origin.relation).collect();
        tables.sort_unstable();
        tables.dedup();
        for table in tables {
            let primary = by_relation
                .get(&table)
                .into_iter()
                .flatten()
                .find(|c| c.kind == ConstraintKind::Primary);
            if let Some(first) = primary.and_then(|key| {
                shown(relation, origins, table, &key.numbers)
                    .into_iter()
                    .next()
            }) {
                relation.primary_key.extend(first);
            }
        }
    }
}

/// Every combination of a relation's columns that shows the given columns of a base table.
fn shown(relation: &Relation, origins: &[Origin], table: u32, columns: &[i32]) -> Vec<Vec<String>> {
    let mut combinations = vec![Vec::new()];
    for column in columns {
        let candidates: Vec<&str> = origins
            .iter()
            .filter(|origin| origin.relation == table && origin.source_column == *column)
            .filter_map(|origin| Some(relation.column_numbered(origin.column)?.name.as_str()))
            .collect();
        combinations = combinations
            .into_iter()
            .flat_map(|prefix| {
                candidates.iter().map(move |name| {
                    let mut next = prefix.clone();
                    next.push((*name).to_owned());
                    next
                })
            })
            .collect();
    }
    combinations
}

/// All relationships between the given relations, by origin, in the order the wire lists them.
pub(crate) fn relationships(
    relations: &[Relation],
    constraints: &[Constraint],
    views: &HashMap<u32, Vec<Origin>>,
    computed: &HashMap<ObjectName, Vec<ComputedRelationship>>,
) -> HashMap<ObjectName, Vec<Relationship>> {
    let by_oid: HashMap<u32, &Relation> = relations
        .iter()
        .map(|relation| (relation.oid, relation))
        .collect();
    // base table → the exposed views that show something of it
    let mut shown_by: HashMap<u32, Vec<(&Relation, &[Origin])>> = HashMap::new();
    for relation in relations {
        let Some(origins) = views.get(&relation.oid) else {
            continue;
        };
        let tables: HashSet<u32> = origins.iter().map(|origin| origin.relation).collect();
        for table in tables {
            shown_by.entry(table).or_default().push((relation, origins));
        }
    }
    let ends = |oid: u32, numbers: &[i32]| -> Vec<(&Relation, Vec<String>)> {
        let mut ends = Vec::new();
        if let Some(table) = by_oid.get(&oid) {
            let names: Option<Vec<String>> = numbers
                .iter()
                .map(|n| Some(table.column_numbered(*n)?.name.clone()))
                .collect();
            ends.extend(names.map(|names| (*table, names)));
        }
        for (view, origins) in shown_by.get(&oid).into_iter().flatten() {
            ends.extend(
                shown(view, origins, oid, numbers)
                    .into_iter()
                    .map(|names| (*view, names)),
            );
        }
        ends
    };

    let unique_sets: HashSet<(u32, Vec<i32>)> = constraints
        .iter()
        .filter(|c| c.kind != ConstraintKind::Foreign)
        .map(|c| (c.relation, sorted(&c.numbers)))
        .collect();
    let mut all = Vec::new();
    for key in constraints
        .iter()
        .filter(|c| c.kind == ConstraintKind::Foreign && !c.of_partition)
    {
        let one_to_one = unique_sets.contains(&(key.relation, sorted(&key.numbers)));
        let targets = ends(key.foreign_relation, &key.foreign_numbers);
        for (source, columns) in ends(key.relation, &key.numbers) {
            for (target, foreign_columns) in &targets {
                let pairs: ColumnPairs = columns
                    .iter()
                    .cloned()
                    .zip(foreign_columns.iter().cloned())
                    .collect();
                both_ways(&mut all, key, one_to_one, source, target, pairs);
            }
        }
    }
    let through: Vec<Relationship> = junctions(relations, &all);
    all.extend(through);

    let mut by_origin: HashMap<ObjectName, Vec<Relationship>> = HashMap::new();
    for relationship in all {
        let replaced = computed
            .get(&relationship.origin)
            .into_iter()
            .flatten()
            .any(|c| {
                c.function.name == relationship.target.name
                    && c.function.schema == relationship.target.schema
            });
        if !replaced {
            by_origin
                .entry(relationship.origin.clone())
                .or_default()
                .push(relationship);
        }
    }
    for list in by_origin.values_mut() {
        list.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    }
    by_origin
}

type SortKey<'a> = (
    &'a ObjectName,
    Cardinality,
    &'a str,
    &'a ColumnPairs,
    Option<&'a Junction>,
);

fn sort_key(relationship: &Relationship) -> SortKey<'_> {
    (
        &relationship.target,
        relationship.cardinality,
        &relationship.constraint,
        &relationship.columns,
        relationship.junction.as_ref(),
    )
}

fn sorted(numbers: &[i32]) -> Vec<i32> {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers
}

fn both_ways(
    all: &mut Vec<Relationship>,
    key: &Constraint,
    one_to_one: bool,
    source: &Relation,
    target: &Relation,
    pairs: ColumnPairs,
) {
    let (forth, back) = if one_to_one {
        (Cardinality::OneToOne, Cardinality::OneToOne)
    } else {
        (Cardinality::ManyToOne, Cardinality::OneToMany)
    };
    let swapped = pairs.iter().map(|(a, b)| (b.clone(), a.clone())).collect();
    all.push(Relationship {
        origin: source.name.clone(),
        target: target.name.clone(),
        cardinality: forth,
        constraint: key.name.clone(),
        columns: pairs,
        junction: None,
        target_is_view: target.kind.is_view(),
        holds_key: true,
    });
    all.push(Relationship {
        origin: target.name.clone(),
        target: source.name.clone(),
        cardinality: back,
        constraint: key.name.clone(),
        columns: swapped,
        junction: None,
        target_is_view: source.kind.is_view(),
        holds_key: false,
    });
}

/// Many-to-many: two different many-to-one keys of one relation, all of whose columns are in its primary key.
fn junctions(relations: &[Relation], all: &[Relationship]) -> Vec<Relationship> {
    let primary: HashMap<&ObjectName, &Vec<String>> = relations
        .iter()
        .map(|relation| (&relation.name, &relation.primary_key))
        .collect();
    let mut by_junction: HashMap<&ObjectName, Vec<&Relationship>> = HashMap::new();
    for relationship in all
        .iter()
        .filter(|r| r.cardinality == Cardinality::ManyToOne)
    {
        let key = primary.get(&relationship.origin);
        if key.is_some_and(|key| {
            relationship
                .columns
                .iter()
                .all(|(column, _)| key.contains(column))
        }) {
            by_junction
                .entry(&relationship.origin)
                .or_default()
                .push(relationship);
        }
    }
    let mut through = Vec::new();
    for (junction, keys) in by_junction {
        for first in &keys {
            for second in keys
                .iter()
                .filter(|second| second.constraint != first.constraint)
            {
                through.push(Relationship {
                    origin: first.target.clone(),
                    target: second.target.clone(),
                    cardinality: Cardinality::ManyToMany,
                    constraint: String::new(),
                    columns: Vec::new(),
                    junction: Some(Junction {
                        relation: junction.clone(),
                        origin_constraint: first.constraint.clone(),
                        target_constraint: second.constraint.clone(),
                        origin_columns: first
                            .columns
                            .iter()
                            .map(|(a, b)| (b.clone(), a.clone()))
                            .collect(),
                        target_columns: second.columns.clone(),
                    }),
                    target_is_view: second.target_is_view,
                    holds_key: false,
                });
            }
        }
    }
    through
}

/// Functions that lead from one relation's row to another's rows.
pub(crate) fn computed(functions: &[Function]) -> HashMap<ObjectName, Vec<ComputedRelationship>> {
    let mut by_origin: HashMap<ObjectName, Vec<ComputedRelationship>> = HashMap::new();
    for function in functions {
        let (Some(origin), Some(target), Shape::Composite) = (
            &function.row_argument,
            &function.returns.relation,
            function.returns.shape,
        ) else {
            continue;
        };
        by_origin
            .entry(origin.clone())
            .or_default()
            .push(ComputedRelationship {
                function: function.name.clone(),
                origin: origin.clone(),
                target: target.clone(),
                to_one: !function.returns.set || function.returns.one_row,
            });
    }
    by_origin
}
