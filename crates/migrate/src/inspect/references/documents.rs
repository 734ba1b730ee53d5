//! Ids inside documents: JSON columns, and text columns that hold JSON.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use sql::Fragment;

use super::Search;
use super::inclusion::Counts;
use super::weigh::Scale;
use crate::Error;
use crate::inspect::probe::{number, push_column, push_sample, text as text_of};
use crate::inspect::words::NameSays;
use crate::inspect::{Confidence, Finding, IdType, JsonStep, Place, Reference, Severity};
use crate::inventory::{Column, Table};

/// Larger documents are not looked into.
const LARGEST: i64 = 64 << 10;
/// Bytes of documents read from one column.
const BUDGET: usize = 64 << 20;
/// Values looked at in one document.
const MOST_VALUES: usize = 20_000;
/// Different ids kept for one path.
const MOST_IDS: usize = 20_000;
/// Different paths of one column: documents keyed by data have no end of them.
const MOST_PATHS: usize = 500;

pub(super) async fn find(
    search: &Search<'_>,
    table: &Table,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Reference>, Error> {
    if !matches!(
        search.users.columns.id_type,
        IdType::SmallInt | IdType::Integer | IdType::BigInt | IdType::Numeric | IdType::IntegerText
    ) {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let texts = super::texts::look(search, table, findings).await?;
    for column in &table.columns {
        let text = texts.contains(&column.name);
        if !text && !matches!(column.base_type.as_str(), "json" | "jsonb") {
            continue;
        }
        let scan = read(search, table, column, text).await?;
        let before = found.len();
        for (path, seen) in &scan.paths {
            found.extend(judge(search, table, column, text, path, seen, &scan).await?);
        }
        let included = found[before..]
            .iter()
            .any(|one| one.confidence <= Confidence::Possible);
        if included && scan.unreadable > 0 {
            findings.push(Finding {
                code: "MIG-R-TEXT-JSON",
                severity: Severity::Warn,
                object: format!("{}.{}", table.name, column.name),
                count: scan.unreadable,
                sentence: "Holds documents with users' ids, and texts that are no documents; those stay as they are."
                    .to_owned(),
                ids: Vec::new(),
            });
        }
    }
    Ok(found)
}

/// What the documents of a column hold.
#[derive(Debug, Default)]
struct Scan {
    paths: BTreeMap<Vec<Step>, Seen>,
    rows: u64,
    nulls: u64,
    unreadable: u64,
    whole: bool,
}

/// A step, in an order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Key(String),
    Each,
}

/// The values at one path.
#[derive(Debug, Default)]
struct Seen {
    says: Option<NameSays>,
    many: bool,
    ids: HashMap<i64, u64>,
    others: u64,
}

async fn read(
    search: &Search<'_>,
    table: &Table,
    column: &Column,
    text: bool,
) -> Result<Scan, Error> {
    let mut sql = Fragment::new();
    sql.push("select ");
    push_column(&mut sql, &column.name);
    sql.push("::text from ")
        .name(&table.name.quoted())
        .push(" as t");
    let sampled = push_sample(&mut sql, table, search.probes.sample);
    sql.push(" where ");
    push_column(&mut sql, &column.name);
    sql.push(" is null or ");
    // The length of a text is known without reading it; a compressed document's is not.
    sql.push(if text {
        "octet_length("
    } else {
        "pg_column_size("
    });
    push_column(&mut sql, &column.name);
    sql.push(") <= ")
        .number(LARGEST)
        .push(" limit ")
        .number(i64::from(search.probes.sample) + 1);
    let mut scan = Scan::default();
    let mut budget = BUDGET;
    let mut cut = false;
    let done = search
        .probes
        .each(&sql, |row| {
            if scan.rows == u64::from(search.probes.sample) {
                cut = true;
                return false;
            }
            scan.rows += 1;
            let Some(document) = text_of(row, 0) else {
                scan.nulls += 1;
                return true;
            };
            match serde_json::from_str::<Value>(document) {
                Ok(value) => scan.walk(search, &value),
                Err(_) if document.trim().is_empty() => scan.nulls += 1,
                Err(_) => scan.unreadable += 1,
            }
            cut = budget < document.len();
            budget = budget.saturating_sub(document.len());
            !cut
        })
        .await?;
    scan.whole = done && !cut && !sampled;
    Ok(scan)
}

impl Scan {
    fn walk(&mut self, search: &Search<'_>, value: &Value) {
        let mut left = MOST_VALUES;
        self.descend(search, value, &mut Vec::new(), NameSays::Nothing, &mut left);
    }

    /// `parent` is what the key above says: `{"owner": {"id": 7}}` is an owner's id.
    fn descend(
        &mut self,
        search: &Search<'_>,
        value: &Value,
        path: &mut Vec<Step>,
        parent: NameSays,
        left: &mut usize,
    ) {
        if *left == 0 {
            return;
        }
        *left -= 1;
        match value {
            Value::Object(object) => {
                for (key, inner) in object {
                    let many = inner.is_array();
                    let own = search.name.judge(key, many);
                    let says = if key == "id" && parent >= NameSays::Person {
                        parent
                    } else {
                        own
                    };
                    path.push(Step::Key(key.clone()));
                    self.visit(search, inner, path, says, left);
                    path.pop();
                }
            }
            Value::Array(elements) => {
                path.push(Step::Each);
                for element in elements {
                    self.descend(search, element, path, parent, left);
                }
                path.pop();
            }
            _ => {}
        }
    }

    fn visit(
        &mut self,
        search: &Search<'_>,
        value: &Value,
        path: &mut Vec<Step>,
        says: NameSays,
        left: &mut usize,
    ) {
        match value {
            Value::Array(elements)
                if says >= NameSays::Person && !elements.iter().any(Value::is_object) =>
            {
                path.push(Step::Each);
                for element in elements.iter().take(*left) {
                    self.note(path, says, element, true);
                }
                *left = left.saturating_sub(elements.len());
                path.pop();
            }
            Value::Object(_) | Value::Array(_) => self.descend(search, value, path, says, left),
            scalar if says >= NameSays::Person => self.note(path, says, scalar, false),
            _ => {}
        }
    }

    fn note(&mut self, path: &[Step], says: NameSays, value: &Value, many: bool) {
        if value.is_null() || !self.paths.contains_key(path) && self.paths.len() >= MOST_PATHS {
            return;
        }
        let seen = self.paths.entry(path.to_vec()).or_default();
        seen.says = seen.says.max(Some(says));
        seen.many = many;
        match id_of(value) {
            Some(id) if seen.ids.len() < MOST_IDS || seen.ids.contains_key(&id) => {
                *seen.ids.entry(id).or_default() += 1;
            }
            Some(_) => {}
            None => seen.others += 1,
        }
    }
}

/// A whole number, or a text of digits that is written as one would be.
fn id_of(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok().filter(|id: &i64| id.to_string() == *text),
        _ => None,
    }
}

async fn judge(
    search: &Search<'_>,
    table: &Table,
    column: &Column,
    text: bool,
    path: &[Step],
    seen: &Seen,
    scan: &Scan,
) -> Result<Option<Reference>, Error> {
    let Some(says) = seen.says else {
        return Ok(None);
    };
    let ids: u64 = seen.ids.values().sum();
    // Addresses, names: a key that may hold a person, and holds no id.
    if ids == 0 || seen.others > ids {
        return Ok(None);
    }
    let key = path
        .iter()
        .rev()
        .find_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Each => None,
        })
        .unwrap_or_default();
    let mut scale = Scale::new(says, key);
    scale.other_table(search.other_table(key, says));
    scale.add(
        0.5,
        if seen.many {
            "lists of whole numbers"
        } else {
            "whole numbers"
        },
    );
    if seen.others > 0 {
        scale
            .against
            .push(format!("{} values are no ids", seen.others));
    }
    let counts = count(search, seen, scan).await?;
    if let Some(counts) = &counts {
        scale.values(counts, false);
    }
    let steps = path.iter().map(|step| match step {
        Step::Key(key) => JsonStep::Key(key.clone()),
        Step::Each => JsonStep::Each,
    });
    let place = Place::Json {
        column: column.name.clone(),
        path: steps.collect(),
        text,
    };
    Ok(Some(scale.settle(
        search,
        &table.name,
        place,
        counts.as_ref(),
    )))
}

/// Asks which of the ids are users'.
async fn count(search: &Search<'_>, seen: &Seen, scan: &Scan) -> Result<Option<Counts>, Error> {
    let ids: Vec<String> = seen.ids.keys().map(ToString::to_string).collect();
    let mut sql = Fragment::new();
    sql.push("with v as (select unnest(")
        .literal(&format!("{{{}}}", ids.join(",")))
        .push("::int8[]) as v), u as (select ");
    sql.name(&sql::Ident::new(&search.users.columns.id));
    sql.push(if search.users.columns.id_type == IdType::IntegerText {
        "::int8 as id from "
    } else {
        " as id from "
    });
    sql.name(&search.users.table.quoted());
    sql.push(include_str!("../sql/strangers.sql"));
    let Some(rows) = search.probes.rows(&sql).await? else {
        return Ok(None);
    };
    let mut counts = Counts {
        rows: scan.rows,
        nulls: scan.nulls,
        distinct: u64::try_from(ids.len()).unwrap_or(u64::MAX),
        others: seen.others,
        exact: scan.whole && seen.ids.len() < MOST_IDS,
        ..Counts::default()
    };
    for row in &rows {
        counts.users_between = number(row, 1);
        let Some(stranger) = row.get::<_, Option<i64>>(0) else {
            continue;
        };
        let times = seen.ids.get(&stranger).copied().unwrap_or_default();
        counts.orphans += times;
        if matches!(stranger, 0 | -1) {
            counts.sentinels += times;
            counts.distinct_sentinels += 1;
        }
    }
    let strangers = rows
        .iter()
        .filter(|row| row.get::<_, Option<i64>>(0).is_some())
        .count();
    counts.known = counts.distinct - u64::try_from(strangers).unwrap_or(0).min(counts.distinct);
    let telling = seen.ids.keys().filter(|id| !matches!(id, 0 | -1));
    counts.range = telling
        .clone()
        .min()
        .zip(telling.max())
        .map(|(low, high)| (i128::from(*low), i128::from(*high)));
    Ok(Some(counts))
}
