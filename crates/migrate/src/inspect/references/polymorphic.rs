//! Pairs of columns, one of which says what the other is the id of.

use std::collections::BTreeSet;

use sql::Fragment;
use tokio_postgres::Row;

use super::Search;
use super::inclusion::Counts;
use super::weigh::Scale;
use crate::Error;
use crate::inspect::columns::{is_text, is_whole};
use crate::inspect::probe::{Extent, extents, number, push_column, push_from};
use crate::inspect::words::{NameSays, singular, words};
use crate::inspect::{Place, Reference};
use crate::inventory::{Column, Name, Table};

/// Different values that a type column may have.
const MOST_TYPES: i64 = 200;

/// A pair by its names.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) type_column: String,
    pub(super) id_column: String,
}

impl Pair {
    /// Whether the reference was found through this pair.
    pub(super) fn is_of(&self, table: &Name, reference: &Reference) -> bool {
        reference.table == *table && reference.place.column() == self.id_column
    }
}

/// `x_type` beside `x_id`, in any style of writing; `taken` columns have a foreign key.
pub(super) fn pairs(table: &Table, taken: &BTreeSet<String>) -> Vec<Pair> {
    let ids = table
        .columns
        .iter()
        .filter(|column| (is_whole(column) || is_text(column)) && !taken.contains(&column.name));
    ids.filter_map(|id| {
        let mut stem = words(&id.name);
        let marked = stem.pop().is_some_and(|last| last == "id" || last == "key");
        if !marked || stem.is_empty() {
            return None;
        }
        let says_what = |column: &&Column| {
            let mut other = words(&column.name);
            let kind = other.pop().is_some_and(|last| {
                ["type", "class", "kind", "model", "table"].contains(&last.as_str())
            });
            kind && other == stem && !is_whole(column)
        };
        let what = table.columns.iter().find(says_what)?;
        Some(Pair {
            type_column: what.name.clone(),
            id_column: id.name.clone(),
        })
    })
    .collect()
}

pub(super) async fn find(
    search: &Search<'_>,
    table: &Table,
    pairs: &[Pair],
) -> Result<Vec<Reference>, Error> {
    let mut found = Vec::new();
    for pair in pairs {
        let says = search.name.judge(&pair.id_column, false);
        let Some(kinds) = kinds(search, table, pair).await? else {
            continue;
        };
        let filled = || {
            kinds
                .iter()
                .filter_map(|kind| Some((kind, kind.value.as_deref()?)))
        };
        let ours: Vec<&Kind> = filled()
            .filter(|(_, value)| search.name.is_called(&model(value)))
            .map(|(kind, _)| kind)
            .collect();
        if ours.is_empty() {
            // `user_id` beside a `user_type` of "customer" and "staff" is an id of a user like any other; an `owner_id`
            // beside an `owner_type` of "Organization" is none.
            let elsewhere = filled().any(|(_, value)| search.tables.contains_key(&model(value)));
            if says < NameSays::User || elsewhere {
                found.push(not_ours(search, table, pair, &kinds));
            }
            continue;
        }
        found.push(judge(search, table, pair, &ours));
    }
    Ok(found)
}

/// One value of the type column.
#[derive(Debug)]
struct Kind {
    value: Option<String>,
    rows: u64,
    nulls: u64,
    distinct: u64,
    known: u64,
    orphans: u64,
    sentinels: u64,
    exact: bool,
}

async fn kinds(
    search: &Search<'_>,
    table: &Table,
    pair: &Pair,
) -> Result<Option<Vec<Kind>>, Error> {
    for extent in extents(table, &pair.type_column) {
        let mut sql = Fragment::new();
        sql.push("with v as (select ");
        push_column(&mut sql, &pair.type_column);
        sql.push("::text as kind, ");
        push_column(&mut sql, &pair.id_column);
        sql.push(r#"::text collate "C" as v, count(*) as n"#);
        let columns = [pair.type_column.as_str(), pair.id_column.as_str()];
        push_from(&mut sql, table, &columns, *extent, search.probes.sample);
        sql.push(" group by 1, 2), u as (select ")
            .name(&sql::Ident::new(&search.users.columns.id));
        sql.push(r#"::text collate "C" as id from "#)
            .name(&search.users.table.quoted());
        sql.push(include_str!("../sql/kinds.sql"))
            .number(MOST_TYPES);
        if let Some(rows) = search.probes.rows(&sql).await? {
            return Ok(Some(
                rows.iter()
                    .map(|row| kind(row, *extent == Extent::Whole))
                    .collect(),
            ));
        }
    }
    Ok(None)
}

fn kind(row: &Row, exact: bool) -> Kind {
    Kind {
        value: crate::inspect::probe::text(row, 0).map(str::to_owned),
        rows: number(row, 1),
        nulls: number(row, 2),
        distinct: number(row, 3),
        known: number(row, 4),
        orphans: number(row, 5),
        sentinels: number(row, 6),
        exact,
    }
}

/// `user` for `User`, `users`, `App\Models\User`, `accounts.User`: the last name, singular and in words.
fn model(value: &str) -> String {
    let last = value.rsplit(['\\', ':', '.', '/']).next().unwrap_or(value);
    let mut all = words(last);
    if let Some(word) = all.last_mut() {
        *word = singular(word);
    }
    all.join("_")
}

fn judge(search: &Search<'_>, table: &Table, pair: &Pair, ours: &[&Kind]) -> Reference {
    let sum = |of: fn(&Kind) -> u64| ours.iter().map(|kind| of(kind)).sum::<u64>();
    let counts = Counts {
        rows: sum(|kind| kind.rows),
        nulls: sum(|kind| kind.nulls),
        distinct: sum(|kind| kind.distinct),
        known: sum(|kind| kind.known),
        orphans: sum(|kind| kind.orphans),
        sentinels: sum(|kind| kind.sentinels),
        exact: ours.iter().all(|kind| kind.exact),
        ..Counts::default()
    };
    let values: Vec<String> = ours.iter().filter_map(|kind| kind.value.clone()).collect();
    let mut scale = Scale::new(NameSays::Nothing, &pair.id_column);
    scale.against.clear();
    let quoted = values.join("\", \"");
    scale.add(2.75, format!("{} says \"{quoted}\"", pair.type_column));
    scale.values(&counts, false);
    let place = Place::Polymorphic {
        type_column: pair.type_column.clone(),
        id_column: pair.id_column.clone(),
        values,
    };
    scale.settle(search, &table.name, place, Some(&counts))
}

fn not_ours(search: &Search<'_>, table: &Table, pair: &Pair, kinds: &[Kind]) -> Reference {
    let mut scale = Scale::new(NameSays::SomeId, &pair.id_column);
    let filled = kinds.iter().filter(|kind| kind.value.is_some()).count();
    scale.take(
        3.0,
        format!(
            "{} has {filled} values, none of which is a user",
            pair.type_column
        ),
    );
    let counts = Counts {
        rows: kinds.iter().map(|kind| kind.rows).sum(),
        nulls: kinds.iter().map(|kind| kind.nulls).sum(),
        distinct: kinds.iter().map(|kind| kind.distinct).sum(),
        exact: kinds.iter().all(|kind| kind.exact),
        ..Counts::default()
    };
    let place = Place::Column {
        column: pair.id_column.clone(),
    };
    scale.unlikely(search, &table.name, place, Some(&counts))
}
