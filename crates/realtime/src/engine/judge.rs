//! Which rows a caller may see: PostgreSQL is asked, as that caller, about the very row version that is sent.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jwt::Caller;
use pg::{Access, End, RequestTx, Requests, Statement};
use replication::message::Value;
use sql::{Fragment, Ident, QualifiedName};

use super::filter::{self, Term};
use super::table::{Attribute, Condition, Table};

/// One question: which of these rows fulfil the terms and the policies?
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) caller: Caller,
    pub(crate) statement: Statement,
    pub(crate) rows: Vec<usize>,
}

impl Question {
    /// Asks; the indices of the rows that may be seen. An error means none (RT-RLS-15, fail closed).
    pub(crate) async fn ask(self, requests: &Requests, patience: Duration) -> Vec<usize> {
        let tx = RequestTx {
            role: self.caller.role.clone(),
            settings: vec![
                (Cow::Borrowed("request.jwt.claims"), self.caller.claims_json()),
                (Cow::Borrowed("statement_timeout"), patience.as_millis().to_string()),
                (Cow::Borrowed("search_path"), String::new()),
            ],
            statements: vec![self.statement],
            access: Access::ReadOnly,
            end: End::Commit,
            ..RequestTx::default()
        };
        match requests.run(tx).await {
            Ok(results) => results
                .iter()
                .flat_map(|result| &result.rows)
                .filter_map(|row| row.text(0)?.parse::<usize>().ok())
                .filter_map(|ordinal| self.rows.get(ordinal.checked_sub(1)?).copied())
                .collect(),
            Err(error) => {
                metrics::counter!("realtime_judgements_failed_total").increment(1);
                tracing::warn!(%error, role = self.caller.role, "rows could not be judged and are not delivered");
                Vec::new()
            }
        }
    }
}

/// The question over row images: the policies' own text with the rows in the table's place.
pub(crate) fn over_images(
    table: &Table,
    images: &[String],
    terms: &[(&Term, &Attribute)],
    condition: Option<&Condition>,
) -> Statement {
    let mut sql = images_as_table(&table.name, images);
    for (term, attribute) in terms {
        sql.push(" and ");
        filter::condition(&mut sql, term, &attribute.type_name);
    }
    if let Some(condition) = condition {
        sql.push(" and (");
        if condition.permissive.is_empty() {
            sql.push("false");
        }
        for (index, policy) in condition.permissive.iter().enumerate() {
            sql.push(if index == 0 { "(" } else { " or (" }).name(policy).push(")");
        }
        sql.push(")");
        for policy in &condition.restrictive {
            sql.push(" and (").name(policy).push(")");
        }
    }
    Statement::from(sql)
}

/// The question for rows whose image lacks a value that did not change: is the row with this key visible now?
pub(crate) fn by_key(table: &Table, images: &[String], terms: &[(&Term, &Attribute)]) -> Statement {
    let mut sql = images_as_table(&table.name, images);
    for (term, attribute) in terms {
        sql.push(" and ");
        filter::condition(&mut sql, term, &attribute.type_name);
    }
    sql.push(" and exists (select from ").name(&table.name).push(" as passerelle_now where true");
    for attribute in table.attributes.iter().filter(|attribute| attribute.key) {
        let column = Ident::new(&attribute.name);
        sql.push(" and passerelle_now.").name(&column).push(" = ");
        sql.name(&table.name.name).push(".").name(&column);
    }
    sql.push(")");
    Statement::from(sql)
}

/// `select ordinal from rows`, the rows under the table's own name so that policies find their columns.
fn images_as_table(name: &QualifiedName, images: &[String]) -> Fragment {
    let mut sql = Fragment::new();
    sql.push("select ").name(&name.name).push(".ordinality::text from unnest(");
    sql.bind(Some(Bytes::from(array_literal(images)))).push("::").name(name).push("[]) with ordinality as ");
    sql.name(&name.name).push(" where true");
    sql
}

/// A row as a composite literal: one field an attribute, nothing between commas for null.
pub(crate) fn image(attributes: &[Attribute], values: &[Value]) -> String {
    let mut text = String::from("(");
    for (index, attribute) in attributes.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        if let Some(value) = Table::value(attribute, values).text() {
            text.push('"');
            for c in value.chars() {
                if matches!(c, '"' | '\\') {
                    text.push(c);
                }
                text.push(c);
            }
            text.push('"');
        }
    }
    text.push(')');
    text
}

fn array_literal(elements: &[String]) -> String {
    let mut text = String::from("{");
    for (index, element) in elements.iter().enumerate() {
        text.push_str(if index == 0 { "\"" } else { ",\"" });
        for c in element.chars() {
            if matches!(c, '"' | '\\') {
                text.push('\\');
            }
            text.push(c);
        }
        text.push('"');
    }
    text.push('}');
    text
}

/// Callers with equal role and claims get equal answers (RT-RLS-08).
pub(crate) fn caller_key(caller: &Caller) -> (Arc<str>, Arc<str>) {
    (caller.role.as_str().into(), caller.claims_json().into())
}
