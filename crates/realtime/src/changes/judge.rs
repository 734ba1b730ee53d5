//! Who may see which row: the table's own policies, applied to the very version that is sent (D-03).
//!
//! Rows are given to PostgreSQL as values of the table's row type, under the table's name, and the policies' text is
//! the condition. *One by one*: a statement for each set of claims, with them in force. *As a join*: the values that the
//! claims' functions would give are a relation of their own, and one statement serves everybody; only for policies that
//! read claims in no other way. When a policy reads a column that the change does not carry, the *stored* row is asked,
//! and counts only if it is still the same version.
//!
//! Whatever goes wrong, the answer is no, for those concerned only (D-02).

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

use futures_util::StreamExt as _;
use pg::{Kind, Requests, ResultSet, Statement};
use sql::{CatalogExpression, Fragment, Ident, QualifiedName, TypeName};

use super::filter::{array_literal, quote};
use super::pairs::Pairs;
use super::row::Cell;
use super::table::{Policy, RoleFacts, Table};
use super::who::{Who, request};

/// A row, its values by the table's columns.
pub(super) type Image = Vec<Cell>;

/// How many statements run at a time on behalf of one batch.
const PARALLEL: usize = 8;

/// After so many failures for one caller in one batch, the rest of it is not seen.
const MAX_FAILURES: usize = 32;

/// Who sees what: row and caller, by their places.
type Seen = Vec<(usize, usize)>;

/// Which of the callers, all of one role, may see which of the rows.
pub(super) struct Question<'a> {
    pub(super) requests: &'a Requests,
    pub(super) table: &'a Table,
    pub(super) role: &'a RoleFacts,
    pub(super) rows: &'a [Image],
    pub(super) callers: &'a [Arc<Who>],
    /// Which pairs are asked about; others may be answered either way.
    pub(super) wanted: &'a Pairs,
}

impl Question<'_> {
    /// The pairs that may be seen.
    pub(super) async fn answer(&self) -> Pairs {
        if !self.role.secured {
            return self.wanted.clone();
        }
        let mut seen = Pairs::new(self.rows.len(), self.callers.len());
        let policies = self.policies();
        if !policies
            .iter()
            .any(|policy| policy.permissive && policy.expression.is_some())
        {
            return seen;
        }
        let read: HashSet<&str> = policies
            .iter()
            .flat_map(|policy| &policy.columns)
            .map(String::as_str)
            .collect();
        let (whole, partial): (Vec<usize>, Vec<usize>) =
            (0..self.rows.len()).partition(|row| self.has_all(&self.rows[*row], &read));
        seen.extend(self.judge_images(&policies, &whole).await);
        for row in partial {
            seen.extend(self.judge_stored(row).await);
        }
        seen
    }

    fn policies(&self) -> Vec<&Policy> {
        let facts = self.table.policies.iter().zip(&self.role.policies);
        facts
            .filter(|(_, role)| role.applies)
            .map(|(policy, _)| policy)
            .collect()
    }

    fn has_all(&self, row: &Image, read: &HashSet<&str>) -> bool {
        let columns = self.table.columns.iter().zip(row);
        columns
            .into_iter()
            .all(|(column, cell)| *cell != Cell::Missing || !read.contains(column.name.as_str()))
    }

    async fn judge_images(&self, policies: &[&Policy], rows: &[usize]) -> Seen {
        let callers: Vec<usize> = (0..self.callers.len())
            .filter(|caller| rows.iter().any(|row| self.wanted.contains(*row, *caller)))
            .collect();
        if rows.is_empty() || callers.is_empty() {
            return Seen::new();
        }
        if callers.len() > 1 && self.may_join(&callers) {
            match self.joined(policies, rows, &callers).await {
                Ok(seen) => return seen,
                Err(error) => {
                    tracing::debug!(%error, table = %self.table.name, "policies are asked one by one");
                }
            }
        }
        let answers = futures_util::stream::iter(callers)
            .map(|caller| async move { self.alone(policies, rows, caller).await })
            .buffer_unordered(PARALLEL);
        answers
            .collect::<Vec<Seen>>()
            .await
            .into_iter()
            .flatten()
            .collect()
    }

    fn may_join(&self, callers: &[usize]) -> bool {
        let facts = self
            .table
            .policies
            .iter()
            .zip(&self.role.policies)
            .filter(|(_, role)| role.applies);
        facts.into_iter().all(|(policy, role)| {
            let text = policy.expression.as_deref().unwrap_or_default();
            role.plain
                && policy.transparent
                && !["current_setting", "_to_xml"]
                    .iter()
                    .any(|word| text.contains(word))
        }) && callers
            .iter()
            .all(|caller| self.callers[*caller].values.is_some())
    }

    /// One statement for one caller. A policy may fail on some rows only (a cast, a division): they are looked for
    /// by halving.
    async fn alone(&self, policies: &[&Policy], rows: &[usize], caller: usize) -> Seen {
        let who = &self.callers[caller];
        let (mut seen, mut pending, mut failures) = (Seen::new(), vec![rows], 0);
        while let Some(rows) = pending.pop() {
            match self
                .run(who, Some(&who.claims), self.alone_sql(policies, rows))
                .await
            {
                Ok(result) => {
                    seen.extend(numbers(&result, 0).filter_map(|n| Some((*rows.get(n)?, caller))));
                }
                Err(error) => {
                    self.failed(&error);
                    failures += 1;
                    let about_a_row = matches!(
                        error.kind(),
                        Some(Kind::Data | Kind::Raised | Kind::Cardinality)
                    );
                    if about_a_row && rows.len() > 1 && failures < MAX_FAILURES {
                        let (left, right) = rows.split_at(rows.len() / 2);
                        pending.extend([left, right]);
                    }
                }
            }
        }
        seen
    }

    fn alone_sql(&self, policies: &[&Policy], rows: &[usize]) -> Fragment {
        let mut sql = Fragment::new();
        sql.push("select passerelle_row");
        self.push_rows(&mut sql, rows);
        sql.push(" where (");
        any(
            &mut sql,
            policies.iter().filter(|policy| policy.permissive),
            str::to_owned,
        );
        sql.push(")");
        all_restrictive(&mut sql, policies, str::to_owned);
        sql
    }

    /// One statement for all: a branch for each permissive policy, so that each can be a join.
    async fn joined(
        &self,
        policies: &[&Policy],
        rows: &[usize],
        callers: &[usize],
    ) -> Result<Seen, pg::Error> {
        let mut sql = Fragment::new();
        let permissive = policies.iter().filter(|policy| policy.permissive);
        for (index, text) in permissive
            .filter_map(|policy| policy.expression.as_deref())
            .enumerate()
        {
            sql.push(if index > 0 {
                " union select "
            } else {
                "select "
            });
            sql.push("passerelle_row, passerelle_caller");
            self.push_rows(&mut sql, rows);
            self.push_claims(&mut sql, callers);
            sql.push(" where (")
                .name(&CatalogExpression::from_catalog(with_values(text)))
                .push(")");
            all_restrictive(&mut sql, policies, with_values);
        }
        let result = self.run(&self.callers[callers[0]], None, sql).await?;
        let pairs = numbers(&result, 0).zip(numbers(&result, 1));
        Ok(pairs
            .filter_map(|(row, caller)| Some((*rows.get(row)?, *callers.get(caller)?)))
            .collect())
    }

    /// `from … as "table"`, where `passerelle_row` numbers the rows from 0.
    fn push_rows(&self, sql: &mut Fragment, rows: &[usize]) {
        let name = QualifiedName::new(self.table.schema.as_str(), self.table.name.as_str());
        let literals: Vec<String> = rows.iter().map(|row| composite(&self.rows[*row])).collect();
        sql.push(" from (select pg_catalog.array_agg(e), n - 1 from pg_catalog.unnest(");
        sql.bind_text(array_literal(&literals))
            .push("::text::")
            .name(&name)
            .push("[]) with ordinality as u(");
        self.places(sql);
        // The row type has to survive: `unnest` with a number beside it spreads the columns.
        sql.push(", n) cross join lateral (select row(");
        self.places(sql);
        sql.push(")::")
            .name(&name)
            .push(" as e) as r group by n) as passerelle_rows(passerelle_rows, passerelle_row)");
        sql.push(" cross join lateral pg_catalog.unnest(passerelle_rows.passerelle_rows) as ");
        sql.name(&Ident::new(&self.table.name));
    }

    /// `"c0", "c1"`, one for each column.
    fn places(&self, sql: &mut Fragment) {
        for index in 0..self.table.columns.len() {
            if index > 0 {
                sql.push(", ");
            }
            sql.name(&Ident::new(format!("c{index}")));
        }
    }

    fn push_claims(&self, sql: &mut Fragment, callers: &[usize]) {
        sql.push(" cross join (select v1::uuid, v2::jsonb, v3, n - 1 from rows from (");
        for column in 0..3 {
            let values: Vec<Option<&str>> = callers
                .iter()
                .map(|caller| {
                    self.callers[*caller]
                        .values
                        .as_ref()
                        .and_then(|values| values[column].as_deref())
                })
                .collect();
            if column > 0 {
                sql.push(", ");
            }
            sql.push("pg_catalog.unnest(")
                .bind_text(nullable_array(&values))
                .push("::text[])");
        }
        sql.push(
            ") with ordinality as v(v1, v2, v3, n)) as \
             passerelle_claims(passerelle_uid, passerelle_jwt, passerelle_role, passerelle_caller)",
        );
    }

    /// The stored row, if it still is the version of the change, under the role's own row security.
    async fn judge_stored(&self, row: usize) -> Seen {
        let image = &self.rows[row];
        let mut sql = Fragment::new();
        sql.push("select 1 from ");
        sql.name(&QualifiedName::new(
            self.table.schema.as_str(),
            self.table.name.as_str(),
        ))
        .push(" as stored where true");
        let mut keyed = !self.table.primary_key.is_empty();
        for (column, cell) in self.table.columns.iter().zip(image) {
            let key = self.table.primary_key.contains(&column.name);
            if !key && (*cell == Cell::Missing || !self.role.columns.contains(&column.name)) {
                continue;
            }
            let facts = self.table.type_facts(column.type_oid);
            match (key, cell, facts) {
                (true, Cell::Text(bytes), Some(facts)) => {
                    sql.push(" and stored.")
                        .name(&Ident::new(&column.name))
                        .push(" = ");
                    sql.bind(Some(bytes.clone()))
                        .push("::text::")
                        .name(&TypeName::from_catalog(&facts.written));
                }
                (true, _, _) => keyed = false,
                (false, Cell::Text(bytes), _) => {
                    sql.push(" and stored.")
                        .name(&Ident::new(&column.name))
                        .push("::text = ");
                    // A cast of bool to text spells it out; its output does not.
                    let text = match (
                        bytes.as_ref(),
                        self.table.base(column.type_oid).map(|base| base.oid),
                    ) {
                        (b"t", Some(16)) => bytes::Bytes::from_static(b"true"),
                        (b"f", Some(16)) => bytes::Bytes::from_static(b"false"),
                        _ => bytes.clone(),
                    };
                    sql.bind(Some(text)).push("::text");
                }
                (false, _, _) => {
                    sql.push(" and stored.")
                        .name(&Ident::new(&column.name))
                        .push(" is null");
                }
            }
        }
        if !keyed {
            return Seen::new();
        }
        let mut seen = Seen::new();
        for (caller, who) in self.callers.iter().enumerate() {
            if !self.wanted.contains(row, caller) {
                continue;
            }
            match self.run(who, Some(&who.claims), sql.clone()).await {
                Ok(result) if !result.rows.is_empty() => {
                    seen.push((row, caller));
                }
                Ok(_) => {}
                Err(error) => self.failed(&error),
            }
        }
        seen
    }

    async fn run(
        &self,
        who: &Who,
        claims: Option<&str>,
        sql: Fragment,
    ) -> Result<ResultSet, pg::Error> {
        let results = self
            .requests
            .run(request(&who.role, claims, vec![Statement::from(sql)]))
            .await?;
        Ok(results.into_iter().next().unwrap_or_default())
    }

    fn failed(&self, error: &pg::Error) {
        metrics::counter!("realtime_changes_not_judged").increment(1);
        let code = error.code().unwrap_or("none");
        tracing::warn!(
            code = "PostgresChangesNotJudged",
            sqlstate = code,
            schema = %self.table.schema,
            table = %self.table.name,
            "a policy could not be asked; the change was not delivered to those concerned"
        );
    }
}

/// A row in the composite's text form.
fn composite(row: &Image) -> String {
    let mut out = String::from("(");
    for (index, cell) in row.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        if let Some(text) = cell.text() {
            quote(&mut out, text);
        }
    }
    out.push(')');
    out
}

pub(super) fn nullable_array(items: &[Option<&str>]) -> String {
    let mut out = String::from("{");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        match item {
            None => out.push_str("NULL"),
            Some(text) => quote(&mut out, text),
        }
    }
    out.push('}');
    out
}

fn any<'a>(
    sql: &mut Fragment,
    policies: impl Iterator<Item = &'a &'a Policy>,
    text: impl Fn(&str) -> String,
) {
    for (index, expression) in policies
        .filter_map(|policy| policy.expression.as_deref())
        .enumerate()
    {
        sql.push(if index > 0 { " or (" } else { "(" });
        sql.name(&CatalogExpression::from_catalog(text(expression)))
            .push(")");
    }
}

fn all_restrictive(sql: &mut Fragment, policies: &[&Policy], text: impl Fn(&str) -> String) {
    let restrictive = policies.iter().filter(|policy| !policy.permissive);
    for expression in restrictive.filter_map(|policy| policy.expression.as_deref()) {
        sql.push(" and (")
            .name(&CatalogExpression::from_catalog(text(expression)))
            .push(")");
    }
}

/// The policy with the claims' functions replaced by the columns that hold what they give. Strings and quoted
/// names are left alone.
fn with_values(text: &str) -> String {
    const FUNCTIONS: [&str; 3] = ["auth.uid()", "auth.jwt()", "auth.role()"];
    let mut out = String::with_capacity(text.len() + 32);
    let (mut rest, mut inside) = (text, None);
    while let Some(c) = rest.chars().next() {
        if inside.is_none()
            && let Some(function) = FUNCTIONS
                .iter()
                .find(|function| rest.starts_with(**function))
            && !out.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '"'))
        {
            let _ = write!(
                out,
                "passerelle_claims.passerelle_{}",
                &function[5..function.len() - 2]
            );
            rest = &rest[function.len()..];
            continue;
        }
        match inside {
            None if c == '\'' || c == '"' => inside = Some(c),
            Some(quote) if c == quote => inside = None,
            _ => {}
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

fn numbers(result: &ResultSet, column: usize) -> impl Iterator<Item = usize> {
    // A number that cannot be read must not shift the others.
    result.rows.iter().map(move |row| {
        row.text(column)
            .and_then(|text| text.parse().ok())
            .unwrap_or(usize::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_put_in_outside_of_strings_only() {
        let check = |text: &str, expected: &str| assert_eq!(with_values(text), expected);
        check(
            "(owner = auth.uid())",
            "(owner = passerelle_claims.passerelle_uid)",
        );
        check(
            "(( SELECT auth.uid() AS uid) = owner)",
            "(( SELECT passerelle_claims.passerelle_uid AS uid) = owner)",
        );
        check("(note = 'auth.uid()'::text)", "(note = 'auth.uid()'::text)");
        check(
            "(note = 'it''s auth.uid()'::text)",
            "(note = 'it''s auth.uid()'::text)",
        );
        check("(\"auth.uid()\" = 1)", "(\"auth.uid()\" = 1)");
        check(
            "((auth.jwt() ->> 'team'::text) = auth.role())",
            "((passerelle_claims.passerelle_jwt ->> 'team'::text) = passerelle_claims.passerelle_role)",
        );
        check("(my_auth.uid() = 1)", "(my_auth.uid() = 1)");
    }

    #[test]
    fn rows_are_written_as_composites() {
        let row = vec![
            Cell::Text("a\"b,\\".into()),
            Cell::Null,
            Cell::Missing,
            Cell::Text("".into()),
        ];
        assert_eq!(composite(&row), r#"("a\"b,\\",,,"")"#);
    }
}
