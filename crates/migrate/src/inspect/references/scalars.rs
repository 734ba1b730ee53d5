//! Columns with one id a row.

use std::collections::BTreeSet;

use super::inclusion::{self, Counts};
use super::weigh::Scale;
use super::{Search, is_own_key};
use crate::Error;
use crate::inspect::columns::is_text;
use crate::inspect::words::NameSays;
use crate::inspect::{Confidence, IdType, Place, Reference};
use crate::inventory::{Column, Table, TableKind};

/// Tables whose keys compete for a column that does not name one.
const RIVALS: usize = 8;

pub(super) async fn find(
    search: &Search<'_>,
    table: &Table,
    taken: &BTreeSet<String>,
    paired: &BTreeSet<&str>,
) -> Result<Vec<Reference>, Error> {
    let mut found = Vec::new();
    for column in &table.columns {
        let own = table.name == search.users.table && column.name == search.users.columns.id;
        if own
            || taken.contains(&column.name)
            || paired.contains(column.name.as_str())
            || is_own_key(table, column)
            || !search.compatible(column)
        {
            continue;
        }
        found.extend(judge(search, table, column).await?);
    }
    Ok(found)
}

async fn judge(
    search: &Search<'_>,
    table: &Table,
    column: &Column,
) -> Result<Option<Reference>, Error> {
    let says = search.name.judge(&column.name, false);
    let joined = search
        .joined
        .contains(&(table.name.clone(), column.name.clone()));
    let named_alike = search.declared_names.contains(&column.name);
    let pair = is_join_table(table) && !is_text(column);
    let text = is_text(column) && search.key_type() != Some(column.base_type.as_str());
    let worth_counting = joined
        || named_alike
        || pair
        || if text || is_text(column) {
            says >= NameSays::Person
        } else {
            says >= NameSays::SomeId
        };
    if !worth_counting {
        return Ok(None);
    }
    let place = Place::Column {
        column: column.name.clone(),
    };
    let mut scale = Scale::new(says, &column.name);
    scale.catalog(search, table, column);
    let other = search.other_table(&column.name, says);
    scale.other_table(other);
    if says <= NameSays::SomeId && other.is_some() && !joined && !named_alike {
        // `report_id` where there are reports: nothing that could be counted would make it a user's.
        return Ok(Some(scale.unlikely(
            search,
            &table.name,
            place,
            Some(&Counts::default()),
        )));
    }
    if pair && says == NameSays::Nothing {
        scale.add(1.5, "one half of a table that joins two others");
    }
    let counts = inclusion::column(search, table, column).await?;
    if let Some(counts) = &counts {
        let zero = column.default.as_deref().is_some_and(|default| {
            let plain = default.trim_matches(['(', ')', '\'']);
            plain == "0" || plain == "-1" || default.starts_with("'0'")
        });
        scale.values(counts, zero);
        // Half of a join table holds nothing but keys of one table: a stranger among them settles it.
        if pair && says == NameSays::Nothing && counts.telling() > 0 && counts.share() < 0.95 {
            return Ok(None);
        }
        if says > NameSays::SomeId {
            rivals(search, table, column, counts, &mut scale).await?;
        }
        if says <= NameSays::SomeId {
            compete(search, table, column, counts, &mut scale).await?;
        }
    }
    if is_text(column) {
        return Ok(settle_text(
            search,
            table,
            column,
            says,
            scale,
            counts.as_ref(),
        ));
    }
    if says <= NameSays::SomeId && scale.confidence() == Confidence::Unlikely {
        // A number that nothing but its type speaks for is not worth a line.
        return Ok((says == NameSays::SomeId)
            .then(|| scale.settle(search, &table.name, place, counts.as_ref())));
    }
    Ok(Some(scale.settle(
        search,
        &table.name,
        place,
        counts.as_ref(),
    )))
}

/// Two columns and nothing else, such as an ORM's implicit join tables with `A` and `B`.
fn is_join_table(table: &Table) -> bool {
    table.columns.len() == 2 && table.kind == TableKind::Ordinary
}

/// A column of any id is included in other keys too: then the values do not tell whose id it is.
async fn compete(
    search: &Search<'_>,
    table: &Table,
    column: &Column,
    counts: &Counts,
    scale: &mut Scale,
) -> Result<(), Error> {
    if counts.telling() == 0 || counts.share() < 0.95 {
        return Ok(());
    }
    let mut asked = 0;
    for other in &search.inventory.tables {
        let Some([key]) = other.primary_key() else {
            continue;
        };
        let same_type = other
            .column(key)
            .is_some_and(|key| key.base_type == column.base_type);
        let rival = other.name != search.users.table
            && other.name != table.name
            && other.kind != TableKind::Foreign
            && other.partition_of.is_none();
        if !same_type || !rival || asked == RIVALS {
            continue;
        }
        asked += 1;
        if inclusion::included_in(search, table, column, &other.name, key).await? == Some(true) {
            scale.take(
                1.5,
                format!("its values are keys of {} as well", other.name),
            );
            return Ok(());
        }
    }
    Ok(())
}

/// Where several tables hold people, a name such as `handled_by` means any of them.
async fn rivals(
    search: &Search<'_>,
    table: &Table,
    column: &Column,
    counts: &Counts,
    scale: &mut Scale,
) -> Result<(), Error> {
    if search.name.names_its_table(&column.name) || counts.telling() == 0 {
        return Ok(());
    }
    for rival in &search.rivals {
        let key = search
            .inventory
            .table(&rival.table)
            .and_then(|table| table.column(&rival.columns.id));
        if key.is_none_or(|key| key.base_type != column.base_type) {
            continue;
        }
        let key = &rival.columns.id;
        if inclusion::included_in(search, table, column, &rival.table, key).await? == Some(true) {
            scale.take(1.0, format!("may be of {} instead", rival.table));
        }
    }
    Ok(())
}

/// Text: ids, ids and UUIDs mixed, or neither.
fn settle_text(
    search: &Search<'_>,
    table: &Table,
    column: &Column,
    says: NameSays,
    mut scale: Scale,
    counts: Option<&Counts>,
) -> Option<Reference> {
    let plain = Place::Column {
        column: column.name.clone(),
    };
    let Some(counts) = counts else {
        return Some(scale.settle(search, &table.name, plain, None));
    };
    let kept = search.users.columns.id_type == IdType::Uuid;
    let filled = counts.rows - counts.nulls.min(counts.rows);
    let (ids, of) = (filled - counts.others.min(filled), filled);
    if of == 0 {
        scale.take(1.0, "an empty text column");
        return Some(scale.unlikely(search, &table.name, plain, Some(counts)));
    }
    if counts.others > 0 {
        scale
            .against
            .push(format!("{} values are no ids", counts.others));
    }
    // Names, addresses, addresses of files: not converted.
    if ids * 2 < of {
        return (says >= NameSays::Person)
            .then(|| scale.unlikely(search, &table.name, plain, Some(counts)));
    }
    scale.add(0.5, "text that holds ids");
    // After an earlier attempt a column of text may get its first UUID at any moment.
    if (counts.uuids > 0 || search.attempted) && !kept {
        let mixed = Place::MixedText {
            column: column.name.clone(),
        };
        let reason = format!(
            "{} values are UUIDs, after an earlier migration",
            counts.uuids
        );
        scale.add(if search.attempted { 0.75 } else { 0.25 }, reason);
        return Some(scale.settle(search, &table.name, mixed, Some(counts)));
    }
    Some(scale.settle(search, &table.name, plain, Some(counts)))
}
