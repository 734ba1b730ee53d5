//! What a level shows: columns, aggregates, and what spreads hand up.

use std::cell::Cell;

use catalog::Relation;
use sql::TypeName;

use super::node::{Aggregated, Aggregation, Carried, CarriedFrom, EmbedNode, Node, Selected};
use super::planner::column;
use crate::error::Error;
use crate::request::syntax::{Aggregate, Field, Operand, SelectItem};

/// The items of a level, embeds aside.
pub(super) fn selected(
    select: &[SelectItem],
    relation: Option<&Relation>,
    embeds: &[EmbedNode],
) -> Vec<Selected> {
    let aggregated =
        select.iter().any(is_aggregate) || embeds.iter().any(|embed| !embed.lifted.is_empty());
    let mut list = Vec::with_capacity(select.len());
    for item in select {
        match item {
            SelectItem::Star => match relation {
                // REST-AGG-07, REST-OBJ-06: what is grouped by, or shown by a function, has to be named.
                Some(relation) if aggregated || has_representations(relation) => {
                    list.extend(relation.columns.iter().map(|known| plain(known, relation)));
                }
                _ => list.push(Selected::Star),
            },
            SelectItem::Field {
                alias,
                field,
                cast,
                aggregate,
            } => {
                let column = column(field, relation);
                let cast = cast.as_deref().and_then(TypeName::parse);
                list.push(match aggregate {
                    None => Selected::Column {
                        column,
                        cast,
                        name: alias.clone().unwrap_or_else(|| output_name(field)),
                    },
                    Some((function, output)) => Selected::Aggregate(Aggregation {
                        function: *function,
                        of: Aggregated::Column { column, cast },
                        cast: output.as_deref().and_then(TypeName::parse),
                        name: named(alias.as_ref(), *function),
                    }),
                });
            }
            SelectItem::CountRows { alias, cast } => list.push(Selected::Aggregate(Aggregation {
                function: Aggregate::Count,
                of: Aggregated::Rows,
                cast: cast.as_deref().and_then(TypeName::parse),
                name: named(alias.as_ref(), Aggregate::Count),
            })),
            SelectItem::Embed(_) => {}
        }
    }
    list
}

fn has_representations(relation: &Relation) -> bool {
    relation
        .columns
        .iter()
        .any(|column| column.representation.to_json.is_some())
}

fn plain(known: &catalog::Column, relation: &Relation) -> Selected {
    let field = Field {
        name: known.name.clone(),
        path: Vec::new(),
    };
    Selected::Column {
        column: column(&field, Some(relation)),
        cast: None,
        name: known.name.clone(),
    }
}

/// REST-AGG-02.
fn named(alias: Option<&String>, function: Aggregate) -> String {
    alias.cloned().unwrap_or_else(|| function.name().to_owned())
}

/// REST-JSP-04: the last key of the path, ignoring trailing indexes; else the column.
fn output_name(field: &Field) -> String {
    let key = field
        .path
        .iter()
        .rev()
        .find_map(|(_, operand)| match operand {
            Operand::Key(key) => Some(key),
            Operand::Index(_) => None,
        });
    key.unwrap_or(&field.name).clone()
}

fn is_aggregate(item: &SelectItem) -> bool {
    matches!(
        item,
        SelectItem::CountRows { .. }
            | SelectItem::Field {
                aggregate: Some(_),
                ..
            }
    )
}

/// REST-AGG-05: takes the aggregates out of a to-one spread, for the level that shows it. What they need the
/// spread carries under names of ours.
pub(super) fn lift(node: &mut Node, counter: &Cell<u32>) -> Vec<Aggregation> {
    let mut lifted = Vec::new();
    let mut carried = Vec::new();
    let mut kept = Vec::with_capacity(node.select.len());
    for selected in node.select.drain(..) {
        match selected {
            Selected::Aggregate(mut aggregation) => {
                if let Aggregated::Column { column, cast } = aggregation.of {
                    counter.set(counter.get() + 1);
                    let name = format!("pgrst_carried_{}", counter.get());
                    carried.push(Carried {
                        name: name.clone(),
                        from: CarriedFrom::Column { column, cast },
                    });
                    aggregation.of = Aggregated::Carried(name);
                }
                lifted.push(aggregation);
            }
            other => kept.push(other),
        }
    }
    node.select = kept;
    for (at, embed) in node.embeds.iter_mut().enumerate() {
        for aggregation in embed.lifted.drain(..) {
            if let Aggregated::Carried(name) = &aggregation.of {
                carried.push(Carried {
                    name: name.clone(),
                    from: CarriedFrom::Embed(at),
                });
            }
            lifted.push(aggregation);
        }
    }
    node.carried = carried;
    lifted
}

/// REST-AGG-01.
pub(super) fn aggregates_are_off(select: &[SelectItem]) -> Result<(), Error> {
    for item in select {
        match item {
            SelectItem::Embed(embed) => aggregates_are_off(&embed.select)?,
            item if is_aggregate(item) => return Err(Error::AggregatesOff),
            _ => {}
        }
    }
    Ok(())
}

/// REST-AGG-06.
pub(super) fn spreads_can_carry(node: &Node) -> Result<(), Error> {
    for embed in &node.embeds {
        if embed.spread && !embed.to_one && embed.node.is_aggregated() {
            return Err(Error::SpreadAggregate);
        }
        spreads_can_carry(&embed.node)?;
    }
    Ok(())
}
