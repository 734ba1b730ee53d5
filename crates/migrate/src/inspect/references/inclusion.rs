//! How a column's values compare with the users' keys.

use sql::{Fragment, Ident};
use tokio_postgres::Row;

use super::Search;
use crate::Error;
use crate::inspect::columns::is_whole;
use crate::inspect::probe::{Extent, extents, number, push_column, push_from};
use crate::inspect::{IdType, Place, Reference};
use crate::inventory::{Column, Name, Table};

/// What was counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// Rows of the table, or of the sample.
    pub(super) rows: u64,
    /// Rows without a value; blank texts count as such.
    pub(super) nulls: u64,
    /// Different values that are ids by their form.
    pub(super) distinct: u64,
    /// Different values that are users' ids.
    pub(super) known: u64,
    /// Rows whose value is by its form an id and no user's.
    pub(super) orphans: u64,
    /// Of those, the ones with 0 or -1.
    pub(super) sentinels: u64,
    /// Different values among the sentinels.
    pub(super) distinct_sentinels: u64,
    /// Rows whose value is a UUID.
    pub(super) uuids: u64,
    /// Rows whose value is neither.
    pub(super) others: u64,
    /// Users' ids between the smallest and the greatest value.
    pub(super) users_between: u64,
    /// The smallest and the greatest value, where they are numbers.
    pub(super) range: Option<(i128, i128)>,
    /// The whole column was counted.
    pub(super) exact: bool,
}

impl Counts {
    /// Values that say something: all but the sentinels.
    pub(super) fn telling(&self) -> u64 {
        self.distinct - self.distinct_sentinels.min(self.distinct)
    }

    /// The share of known values among them.
    pub(super) fn share(&self) -> f64 {
        as_float(self.known) / as_float(self.telling().max(1))
    }

    /// How probable it is that any number between the smallest and the greatest value is a user's id: near 1 the
    /// inclusion of a column says nothing, since any small number is included.
    pub(super) fn density(&self) -> f64 {
        let Some((low, high)) = self.range else {
            return 0.0;
        };
        let width = (high - low).max(0) + 1;
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        let density = self.users_between as f64 / width as f64;
        density.min(1.0)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio")]
fn as_float(number: u64) -> f64 {
    number as f64
}

/// How values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    /// Numbers with numbers, UUIDs with UUIDs.
    Directly,
    /// Both as text.
    AsText,
}

impl Compare {
    /// Byte by byte: a column's own collation may fold letters, or know no patterns.
    fn cast(self) -> &'static str {
        match self {
            Self::Directly => "",
            Self::AsText => r#"::text collate "C""#,
        }
    }
}

fn comparison(search: &Search<'_>, column: &Column, element: &str) -> Compare {
    let key = search
        .users_table()
        .and_then(|table| table.column(&search.users.columns.id));
    let whole = ["int2", "int4", "int8", "numeric"].contains(&element) || is_whole(column);
    let same = key
        .is_some_and(|key| is_whole(key) && whole || key.base_type == "uuid" && element == "uuid");
    if same {
        Compare::Directly
    } else {
        Compare::AsText
    }
}

/// Counts a column with one value a row.
pub(super) async fn column(
    search: &Search<'_>,
    table: &Table,
    column: &Column,
) -> Result<Option<Counts>, Error> {
    let compare = comparison(search, column, &column.base_type);
    for extent in extents(table, &column.name) {
        let mut sql = Fragment::new();
        sql.push("with v as (select ");
        push_column(&mut sql, &column.name);
        sql.push(compare.cast()).push(" as v, count(*) as n");
        push_from(
            &mut sql,
            table,
            &[&column.name],
            *extent,
            search.probes.sample,
        );
        sql.push(" group by 1");
        if let Some(counts) = counted(search, sql, compare, *extent).await? {
            return Ok(Some(counts));
        }
    }
    Ok(None)
}

/// Counts the elements of an array column.
pub(super) async fn elements(
    search: &Search<'_>,
    table: &Table,
    column: &Column,
) -> Result<Option<Counts>, Error> {
    let compare = comparison(search, column, column.base_type.trim_start_matches('_'));
    for extent in extents(table, &column.name) {
        let mut sql = Fragment::new();
        sql.push("with v as (select e.v")
            .push(compare.cast())
            .push(" as v, count(*) as n");
        push_from(
            &mut sql,
            table,
            &[&column.name],
            *extent,
            search.probes.sample,
        );
        sql.push(" cross join lateral unnest(");
        push_column(&mut sql, &column.name);
        sql.push(") as e(v) group by 1");
        if let Some(counts) = counted(search, sql, compare, *extent).await? {
            return Ok(Some(counts));
        }
    }
    Ok(None)
}

/// Runs the count that begins with the values `v`, each with its rows `n`.
async fn counted(
    search: &Search<'_>,
    mut sql: Fragment,
    compare: Compare,
    extent: Extent,
) -> Result<Option<Counts>, Error> {
    sql.push("), u as (select ")
        .name(&Ident::new(&search.users.columns.id));
    sql.push(compare.cast())
        .push(" as id from ")
        .name(&search.users.table.quoted());
    sql.push(if compare == Compare::AsText {
        include_str!("../sql/compare_texts.sql")
    } else if search.users.columns.id_type == IdType::Uuid {
        include_str!("../sql/compare_uuids.sql")
    } else {
        include_str!("../sql/compare_numbers.sql")
    });
    let row = search.probes.row(&sql).await?;
    Ok(row.map(|row| {
        let mut counts = read(&row, extent == Extent::Whole);
        if search.users.columns.id_type == IdType::Opaque {
            // Any text has the form of such an id.
            counts.orphans += std::mem::take(&mut counts.others);
        }
        counts
    }))
}

fn read(row: &Row, exact: bool) -> Counts {
    let limit = |place: usize| {
        let text: Option<String> = row.get(place);
        // A numeric may have a fraction, which no id has; its whole part is near enough for a range.
        text.and_then(|text| text.split('.').next()?.parse::<i128>().ok())
    };
    Counts {
        rows: number(row, 0),
        nulls: number(row, 1),
        distinct: number(row, 2),
        known: number(row, 3),
        orphans: number(row, 4),
        sentinels: number(row, 5),
        distinct_sentinels: number(row, 6),
        uuids: number(row, 7),
        others: number(row, 8),
        range: limit(9).zip(limit(10)),
        users_between: number(row, 11),
        exact,
    }
}

/// Whether every value of `column` is a key of `other`; none when that could not be told.
pub(super) async fn included_in(
    search: &Search<'_>,
    table: &Table,
    column: &Column,
    other: &Name,
    key: &str,
) -> Result<Option<bool>, Error> {
    for extent in extents(table, &column.name) {
        let mut sql = Fragment::new();
        sql.push("select not exists (select 1 from (select ");
        push_column(&mut sql, &column.name);
        sql.push(" as v");
        push_from(
            &mut sql,
            table,
            &[&column.name],
            *extent,
            search.probes.sample,
        );
        sql.push(" group by 1) as v where v.v is not null and not exists (select 1 from ");
        sql.name(&other.quoted())
            .push(" as o where o.")
            .name(&Ident::new(key))
            .push(" = v.v))");
        if let Some(row) = search.probes.row(&sql).await? {
            return Ok(Some(row.get(0)));
        }
    }
    Ok(None)
}

/// Fills in what is counted for a declared reference.
pub(super) async fn count_declared(
    search: &Search<'_>,
    reference: &mut Reference,
) -> Result<(), Error> {
    let Some((table, of)) = search
        .inventory
        .table(&reference.table)
        .and_then(|table| Some((table, table.column(reference.place.column())?)))
    else {
        return Ok(());
    };
    if reference.target_column != search.users.columns.id
        || !matches!(reference.place, Place::Column { .. })
    {
        return Ok(());
    }
    if let Some(counts) = column(search, table, of).await? {
        note(reference, &counts);
    }
    Ok(())
}

/// Writes the counts into a reference.
pub(super) fn note(reference: &mut Reference, counts: &Counts) {
    reference.rows = counts.rows;
    reference.nulls = counts.nulls;
    reference.distinct = counts.distinct;
    reference.orphans = counts.orphans;
    reference.orphan_sentinels = counts.sentinels;
    reference.exact = counts.exact;
}
