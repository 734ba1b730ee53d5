//! Questions to PostgreSQL that are not about rights: generated columns, terms it alone can compare, and JSON of types
//! it alone can show. They run as the role of one of those who asked, never as the service.

use std::collections::HashMap;

use bytes::Bytes;
use pg::{Requests, ResultSet};
use sql::{CatalogExpression, Fragment, Ident, TypeName};

use super::filter::{Term, array_literal};
use super::judge::Image;
use super::row::Cell;
use super::table::Table;
use super::who::request;

async fn run(requests: &Requests, role: &str, sql: Fragment) -> Option<ResultSet> {
    match requests.run(request(role, None, vec![sql.into()])).await {
        Ok(results) => results.into_iter().next(),
        Err(error) => {
            metrics::counter!("realtime_changes_not_asked").increment(1);
            tracing::debug!(sqlstate = error.code(), "a value could not be computed");
            None
        }
    }
}

/// Which of the texts satisfy the term.
pub(super) async fn term(
    requests: &Requests,
    role: &str,
    term: &Term,
    type_name: &str,
    values: &[Bytes],
) -> Vec<bool> {
    let texts: Vec<&str> = values
        .iter()
        .map(|value| std::str::from_utf8(value).unwrap_or_default())
        .collect();
    let mut sql = Fragment::new();
    sql.push("select coalesce(");
    term.condition(&mut sql, &TypeName::from_catalog(type_name));
    sql.push(", false) from pg_catalog.unnest(")
        .bind_text(array_literal(&texts));
    sql.push("::text[]) with ordinality as u(v, n) order by n");
    let Some(result) = run(requests, role, sql).await else {
        return vec![false; values.len()];
    };
    let mut answers: Vec<bool> = result
        .rows
        .iter()
        .map(|row| row.text(0) == Some("t"))
        .collect();
    answers.resize(values.len(), false);
    answers
}

/// `to_jsonb` of texts of one type.
pub(super) async fn json(
    requests: &Requests,
    role: &str,
    type_name: &str,
    values: Vec<Bytes>,
) -> Vec<(Bytes, String)> {
    let texts: Vec<&str> = values
        .iter()
        .map(|value| std::str::from_utf8(value).unwrap_or_default())
        .collect();
    let mut sql = Fragment::new();
    sql.push("select pg_catalog.to_jsonb(v::")
        .name(&TypeName::from_catalog(type_name));
    sql.push(")::text from pg_catalog.unnest(")
        .bind_text(array_literal(&texts));
    sql.push("::text[]) with ordinality as u(v, n) order by n");
    let Some(result) = run(requests, role, sql).await else {
        return Vec::new();
    };
    let shown: Vec<Option<String>> = result
        .rows
        .iter()
        .map(|row| row.text(0).map(str::to_owned))
        .collect();
    values
        .into_iter()
        .zip(shown)
        .filter_map(|(value, json)| Some((value, json?)))
        .collect()
}

/// Fills in generated columns of rows that carry everything else: the stream has none of them.
pub(super) async fn generated(
    requests: &Requests,
    role: &str,
    table: &Table,
    rows: &mut [&mut Image],
) {
    let is_generated: Vec<bool> = table
        .columns
        .iter()
        .map(|column| column.generated.is_some())
        .collect();
    if !is_generated.contains(&true) {
        return;
    }
    let whole = |row: &Image| {
        row.iter()
            .zip(&is_generated)
            .all(|(cell, generated)| *generated || *cell != Cell::Missing)
    };
    let mut rows: Vec<&mut Image> = rows
        .iter_mut()
        .map(|row| &mut **row)
        .filter(|row| whole(row))
        .collect();
    if rows.is_empty() {
        return;
    }
    let sql = generated_sql(table, &rows);
    let Some(result) = run(requests, role, sql).await else {
        return;
    };
    for (row, answer) in rows.iter_mut().zip(&result.rows) {
        let mut place = 0;
        for (cell, generated) in row.iter_mut().zip(&is_generated) {
            if *generated {
                *cell = answer
                    .get(place)
                    .map_or(Cell::Null, |bytes| Cell::Text(bytes.clone()));
                place += 1;
            }
        }
    }
}

fn generated_sql(table: &Table, rows: &[&mut Image]) -> Fragment {
    let mut sql = Fragment::new();
    let mut comma = "select ";
    for expression in table
        .columns
        .iter()
        .filter_map(|column| column.generated.as_deref())
    {
        // Not cast to text: the answer comes as the type's own output, as in the stream.
        sql.push(comma)
            .push("(")
            .name(&CatalogExpression::from_catalog(expression))
            .push(")");
        comma = ", ";
    }
    sql.push(" from rows from (");
    let plain = || {
        table
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| column.generated.is_none())
    };
    for (place, (index, _)) in plain().enumerate() {
        let values: Vec<Option<&str>> = rows.iter().map(|row| row[index].text()).collect();
        if place > 0 {
            sql.push(", ");
        }
        sql.push("pg_catalog.unnest(")
            .bind_text(super::judge::nullable_array(&values))
            .push("::text[])");
    }
    sql.push(") with ordinality as passerelle_texts(");
    for (index, _) in plain() {
        sql.name(&Ident::new(format!("passerelle_{index}")))
            .push(", ");
    }
    sql.push("passerelle_n) cross join lateral (select ");
    let mut comma = "";
    for (index, column) in plain() {
        let written = table
            .type_facts(column.type_oid)
            .map_or("text", |facts| facts.written.as_str());
        sql.push(comma)
            .name(&Ident::new(format!("passerelle_{index}")))
            .push("::");
        sql.name(&TypeName::from_catalog(written))
            .push(" as ")
            .name(&Ident::new(&column.name));
        comma = ", ";
    }
    sql.push(") as ")
        .name(&Ident::new(&table.name))
        .push(" order by passerelle_n");
    sql
}

/// Values that wait for their JSON, by type.
pub(super) type Waiting = HashMap<u32, std::collections::HashSet<Bytes>>;
