//! Arrays of ids.

use super::inclusion;
use super::weigh::Scale;
use super::{Search, is_own_key};
use crate::Error;
use crate::inspect::words::NameSays;
use crate::inspect::{IdType, Place, Reference};
use crate::inventory::{Column, Table};

pub(super) async fn find(search: &Search<'_>, table: &Table) -> Result<Vec<Reference>, Error> {
    let mut found = Vec::new();
    for column in &table.columns {
        if is_array_of_ids(search, column) && !is_own_key(table, column) {
            found.extend(judge(search, table, column).await?);
        }
    }
    Ok(found)
}

fn is_array_of_ids(search: &Search<'_>, column: &Column) -> bool {
    let text = matches!(column.base_type.as_str(), "_text" | "_varchar" | "_bpchar");
    let whole = matches!(
        column.base_type.as_str(),
        "_int2" | "_int4" | "_int8" | "_numeric"
    );
    match search.users.columns.id_type {
        IdType::Uuid => text || column.base_type == "_uuid",
        IdType::Opaque => text,
        _ => text || whole,
    }
}

async fn judge(
    search: &Search<'_>,
    table: &Table,
    column: &Column,
) -> Result<Option<Reference>, Error> {
    let says = search.name.judge(&column.name, true);
    let place = Place::Array {
        column: column.name.clone(),
    };
    let mut scale = Scale::new(says, &column.name);
    scale.catalog(search, table, column);
    let other = search.other_table(&column.name, says);
    scale.other_table(other);
    // Tag ids, filter ids, an order of things: inclusion alone never selects an array.
    if says <= NameSays::SomeId {
        let worth_a_line = says == NameSays::SomeId || other.is_some();
        let counts = inclusion::Counts::default();
        return Ok(worth_a_line.then(|| scale.unlikely(search, &table.name, place, Some(&counts))));
    }
    let counts = inclusion::elements(search, table, column).await?;
    if let Some(counts) = &counts {
        scale.values(counts, false);
        let all = counts.rows - counts.nulls.min(counts.rows);
        if counts.others * 2 > all {
            scale
                .against
                .push(format!("{} elements are no ids", counts.others));
            return Ok(Some(scale.unlikely(
                search,
                &table.name,
                place,
                Some(counts),
            )));
        }
        if counts.distinct > 0 {
            scale.add(0.5, "an array of whole numbers");
        }
    }
    Ok(Some(scale.settle(
        search,
        &table.name,
        place,
        counts.as_ref(),
    )))
}
