//! Text columns: which hold documents, and which name users inside other text.

use std::collections::BTreeSet;

use sql::Fragment;

use super::Search;
use crate::Error;
use crate::inspect::columns::is_text;
use crate::inspect::findings::finding;
use crate::inspect::probe::{number, push_column, push_sample};
use crate::inspect::{Finding, Severity};
use crate::inventory::{Column, Table};

/// Rows looked at.
const ROWS: u32 = 1_000;
/// Columns looked at in one table.
const MOST_COLUMNS: usize = 200;
/// Counts for each column.
const COUNTS: usize = 3;

/// An object, or an array of objects, arrays, numbers or texts; `[draft] …` is none of them.
const DOCUMENT: &str = r#"^\s*(\{\s*["}]|\[\s*[]\[{0-9"])"#;

/// Columns some of whose values begin as a document does. Texts that name a user by the old id, such as `user:42` or
/// `/uploads/42/photo.png`, are not converted; they become findings.
pub(super) async fn look(
    search: &Search<'_>,
    table: &Table,
    findings: &mut Vec<Finding>,
) -> Result<BTreeSet<String>, Error> {
    let columns: Vec<&Column> = table
        .columns
        .iter()
        .filter(|column| is_text(column))
        .take(MOST_COLUMNS)
        .collect();
    if columns.is_empty() {
        return Ok(BTreeSet::new());
    }
    let sql = statement(search, table, &columns);
    let Some(row) = search.probes.row(&sql).await? else {
        return Ok(BTreeSet::new());
    };
    let mut documents = BTreeSet::new();
    for (place, column) in columns.iter().enumerate() {
        let count = |which: usize| number(&row, place * COUNTS + which);
        if count(0) > 0 {
            documents.insert(column.name.clone());
        }
        let object = format!("{}.{}", table.name, column.name);
        for (count, sentence) in [
            (
                count(1),
                "Names users by their old ids inside a text (\"user:42\"): not converted, review it.",
            ),
            (
                count(2),
                "Holds paths that look like a user's own (\"/uploads/42/\"): not converted, review it.",
            ),
        ] {
            if count > 0 {
                findings.push(finding(
                    "MIG-R-TEXT",
                    Severity::Warn,
                    object.clone(),
                    count,
                    sentence,
                ));
            }
        }
    }
    Ok(documents)
}

fn statement(search: &Search<'_>, table: &Table, columns: &[&Column]) -> Fragment {
    let called = escaped(search.called());
    let token = format!("^(user|{called})s?[:/#-][0-9]+$");
    let path = format!(
        "(^|/)(users?|{called}s?|uploads?|avatars?|profiles?|members?|people|accounts?|home)/[0-9]+(/|$)"
    );
    let mut sql = Fragment::new();
    sql.push("select ");
    for place in 0..columns.len() {
        for (which, pattern) in [DOCUMENT, &token, &path].into_iter().enumerate() {
            sql.push(if place + which > 0 { ", " } else { "" });
            sql.push("count(*) filter (where c").number(position(place));
            sql.push(if which == 0 { " ~ " } else { " ~* " })
                .literal(pattern)
                .push(")");
        }
    }
    sql.push(" from (select ");
    for (place, column) in columns.iter().enumerate() {
        sql.push(if place > 0 { ", left(" } else { "left(" });
        push_column(&mut sql, &column.name);
        sql.push(r#"::text, 256) collate "C" as c"#)
            .number(position(place));
    }
    sql.push(" from ").name(&table.name.quoted()).push(" as t");
    push_sample(&mut sql, table, ROWS);
    sql.push(" limit ").number(ROWS).push(") as s");
    sql
}

fn position(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

/// A word for a pattern: letters and digits, anything else matches any character.
fn escaped(word: &str) -> String {
    word.chars()
        .map(|char| if char.is_alphanumeric() { char } else { '.' })
        .collect()
}
