//! Which relationship an embed means.

use catalog::{Cardinality, Catalog, ComputedRelationship, ObjectName, Relationship};

use super::hint;
use crate::error::{Candidate, Error};
use crate::request::syntax::Embed;

/// What was found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'c> {
    Detected(&'c Relationship),
    Computed(&'c ComputedRelationship),
}

impl Found<'_> {
    pub(super) fn target(&self) -> &ObjectName {
        match self {
            Self::Detected(relationship) => &relationship.target,
            Self::Computed(relationship) => &relationship.target,
        }
    }

    pub(super) fn is_to_one(&self) -> bool {
        match self {
            Self::Detected(relationship) => relationship.cardinality.is_to_one(),
            Self::Computed(relationship) => relationship.to_one,
        }
    }
}

/// REST-EMB-05 to -09.
pub(super) fn find<'c>(
    catalog: &'c Catalog,
    origin: &ObjectName,
    embed: &Embed,
) -> Result<Found<'c>, Error> {
    let computed = catalog
        .computed_relationships(origin)
        .iter()
        .filter(|c| c.function.name == embed.name && c.function.schema == origin.schema)
        .map(Found::Computed);
    let detected = catalog
        .relationships(origin)
        .iter()
        .filter(|r| {
            r.target.schema == origin.schema && is_meant(r, &embed.name, embed.hint.as_deref())
        })
        .map(Found::Detected);
    let found: Vec<Found<'c>> = computed.chain(detected).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(none(catalog, origin, embed)),
        many => Err(Error::AmbiguousRelationship {
            origin: origin.name.clone(),
            target: embed.name.clone(),
            candidates: many
                .iter()
                .filter_map(|found| candidate(found, &embed.name))
                .collect(),
        }),
    }
}

/// Upstream's rules (`Plan.hs`, `findRel`). Of a self-reference the relation's own name means one-to-many and the
/// column's name many-to-one; a table's constraint or column may stand for the relation, a view's may not.
fn is_meant(relationship: &Relationship, target: &str, hint: Option<&str>) -> bool {
    let by_name = target == relationship.target.name;
    let single = match relationship.columns.as_slice() {
        [(origin, foreign)] => Some((origin.as_str(), foreign.as_str())),
        _ => None,
    };
    let is_origin_column = |name: &str| single.is_some_and(|(column, _)| column == name);
    let is_foreign_column = |name: &str| single.is_some_and(|(_, column)| column == name);
    let is_constraint =
        |name: &str| !relationship.constraint.is_empty() && relationship.constraint == name;
    if relationship.is_self() {
        return match (hint, relationship.cardinality) {
            (None, Cardinality::OneToMany) => by_name,
            (None, Cardinality::ManyToOne) => is_origin_column(target),
            (Some(hint), Cardinality::OneToMany) => by_name && is_foreign_column(hint),
            _ => false,
        };
    }
    match hint {
        None => {
            by_name
                || (!relationship.target_is_view
                    && (is_constraint(target) || is_origin_column(target)))
        }
        Some(hint) => {
            let is_junction = relationship
                .junction
                .as_ref()
                .is_some_and(|j| j.relation.name == hint);
            by_name
                && (is_constraint(hint)
                    || is_origin_column(hint)
                    || is_foreign_column(hint)
                    || is_junction)
        }
    }
}

fn none(catalog: &Catalog, origin: &ObjectName, embed: &Embed) -> Error {
    let children: Vec<&str> = catalog
        .relationships(origin)
        .iter()
        .filter(|r| r.target.schema == origin.schema)
        .map(|r| r.target.name.as_str())
        .chain(
            catalog
                .computed_relationships(origin)
                .iter()
                .map(|c| c.function.name.as_str()),
        )
        .collect();
    let (wrong, suggestion) = if children.is_empty() {
        let parents = catalog
            .origins_in(&origin.schema)
            .map(|name| name.name.as_str());
        (
            &origin.name,
            hint::closest(&origin.name, parents, 0.33).filter(|name| *name != origin.name),
        )
    } else {
        (
            &embed.name,
            hint::closest(&embed.name, children.into_iter(), 0.33)
                .filter(|name| *name != embed.name),
        )
    };
    Error::NoRelationship {
        origin: origin.name.clone(),
        target: embed.name.clone(),
        hint: embed.hint.clone(),
        schema: origin.schema.clone(),
        suggestion: suggestion
            .map(|name| format!("Perhaps you meant '{name}' instead of '{wrong}'.")),
    }
}

fn candidate(found: &Found<'_>, target: &str) -> Option<Candidate> {
    let Found::Detected(relationship) = found else {
        return None;
    };
    let columns = |pairs: &[(String, String)], second: bool| {
        let names: Vec<&str> = pairs
            .iter()
            .map(|(a, b)| if second { b.as_str() } else { a.as_str() })
            .collect();
        names.join(", ")
    };
    let (text, hint) = match &relationship.junction {
        Some(junction) => (
            format!(
                "{} using {}({}) and {}({})",
                junction.relation.name,
                junction.origin_constraint,
                columns(&junction.origin_columns, true),
                junction.target_constraint,
                columns(&junction.target_columns, false),
            ),
            &junction.relation.name,
        ),
        None => (
            format!(
                "{} using {}({}) and {}({})",
                relationship.constraint,
                relationship.origin.name,
                columns(&relationship.columns, false),
                relationship.target.name,
                columns(&relationship.columns, true),
            ),
            &relationship.constraint,
        ),
    };
    Some(Candidate {
        cardinality: relationship.cardinality.text(),
        embedding: format!(
            "{} with {}",
            relationship.origin.name, relationship.target.name
        ),
        relationship: text,
        hint: format!("{target}!{hint}"),
    })
}
