//! From a binding to the tables it means, its filter checked with PostgreSQL's own input rules.

use std::sync::Arc;

use pg::{Requests, Statement};
use sql::{Fragment, TypeName};

use super::catalog::Catalog;
use super::filter::{self, Compared, Op, Parsed, Term};
use super::index::{Entry, Terms};
use super::table::{Published, RoleFacts, Table};
use super::who::{Who, request};
use super::{Binding, SubscribeError};

/// What the database would raise.
pub(super) enum Refusal {
    /// SQLSTATE and message.
    Raised(String, String),
    Unavailable(String),
}

impl From<pg::Error> for Refusal {
    fn from(error: pg::Error) -> Self {
        match error.server() {
            Some(server) if !error.is_unavailable() => {
                Self::Raised(server.code.clone(), server.message.clone())
            }
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

fn raise(message: String) -> Refusal {
    Refusal::Raised("P0001".into(), message)
}

/// A binding whose filter could be read.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) binding: Binding,
    pub(super) filter: Vec<Parsed>,
}

impl Request {
    pub(super) fn read(binding: Binding) -> Result<Self, SubscribeError> {
        let filter = filter::parse(binding.filter.as_deref().unwrap_or_default())
            .map_err(SubscribeError::Filter)?;
        Ok(Self { binding, filter })
    }

    /// Whether it means the table (RT-PG-04).
    pub(super) fn means(&self, table: &Published) -> bool {
        like(&self.binding.schema, &table.schema) && like(&self.binding.table, &table.name)
    }

    fn parameters(&self) -> String {
        let filters: Vec<String> = self.filter.iter().map(ToString::to_string).collect();
        let select = self
            .binding
            .select
            .as_ref()
            .map_or_else(|| "nil".into(), |select| filter::listed(select));
        format!(
            "[event: {}, schema: {}, table: {}, filters: [{}], select: {select}]",
            self.binding.event.as_str(),
            self.binding.schema,
            self.binding.table,
            filters.join(", "),
        )
    }

    pub(super) fn not_published(&self) -> SubscribeError {
        SubscribeError::NotPublished {
            parameters: self.parameters(),
        }
    }

    pub(super) fn refused(&self, refusal: Refusal) -> SubscribeError {
        match refusal {
            Refusal::Unavailable(text) => SubscribeError::Unavailable(text),
            Refusal::Raised(code, message) => SubscribeError::Refused {
                parameters: self.parameters(),
                exception: format!("ERROR {code} ({}) {message}", condition(&code)),
            },
        }
    }

    /// The entry of the index for one table.
    pub(super) async fn resolve(
        &self,
        catalog: &Catalog,
        requests: &Requests,
        who: &Arc<Who>,
        published: &Published,
    ) -> Result<Entry, Refusal> {
        let gone = || {
            Refusal::Raised(
                "42P01".into(),
                format!("relation \"{}\" does not exist", published.name),
            )
        };
        let (table, role) = catalog.current_for(published.oid, &who.role).await?;
        let table = table.ok_or_else(gone)?;
        let role = role.ok_or_else(|| {
            Refusal::Raised(
                "42704".into(),
                format!("role \"{}\" does not exist", who.role),
            )
        })?;
        let mut filter = Vec::with_capacity(self.filter.len());
        for parsed in &self.filter {
            filter.push(check_term(requests, who, &table.table, &role, parsed).await?);
        }
        let select = self.binding.select.as_ref().map(|names| {
            let wrong = names
                .iter()
                .find(|name| table.table.column(name).is_none() || !role.columns.contains(*name));
            if let Some(name) = wrong {
                return Err(raise(format!("invalid column for select {name}")));
            }
            let mut names = names.clone();
            names.sort_unstable();
            names.dedup();
            Ok(Arc::from(names))
        });
        let terms = Terms {
            event: self.binding.event,
            who: Arc::clone(who),
            filter: filter.into(),
            select: select.transpose()?,
        };
        Ok(Entry {
            table: published.oid,
            terms,
            id: self.binding.id,
        })
    }
}

async fn check_term(
    requests: &Requests,
    who: &Who,
    table: &Table,
    role: &RoleFacts,
    parsed: &Parsed,
) -> Result<Term, Refusal> {
    let column = table
        .column(&parsed.column)
        .filter(|column| role.columns.contains(&column.name))
        .ok_or_else(|| raise(format!("invalid column for filter {}", parsed.column)))?;
    let facts = table
        .type_facts(column.type_oid)
        .ok_or_else(|| raise("the type is gone".into()))?;
    let base = table.base(column.type_oid).unwrap_or(facts);
    let mut term = Term {
        column: parsed.column.clone(),
        op: parsed.op,
        negated: parsed.negated,
        type_oid: column.type_oid,
        compared: Compared::of(table, column.type_oid),
        values: vec![parsed.value.clone()],
        has_null: false,
    };
    if parsed.op == Op::Is {
        check_is(&parsed.value, base.oid, &facts.shown)?;
        return Ok(term);
    }
    if parsed.op.is_textual() {
        if !facts.textual && !base.textual {
            let (op, shown) = (parsed.op.as_str(), &facts.shown);
            return Err(raise(format!(
                "operator {op} requires a text-compatible column type, got {shown}"
            )));
        }
        if matches!(parsed.op, Op::Match | Op::Imatch) {
            check_pattern(requests, who, parsed).await?;
        }
        return Ok(term);
    }
    let type_name = TypeName::from_catalog(&facts.written);
    let mut sql = Fragment::new();
    if parsed.op == Op::In {
        sql.push("select e::text from pg_catalog.unnest(");
        sql.bind_text(format!("{{{}}}", parsed.value))
            .push("::text::")
            .name(&type_name)
            .push("[]) as e");
    } else {
        sql.push("select ")
            .bind_text(&parsed.value)
            .push("::text::")
            .name(&type_name)
            .push("::text");
    }
    let results = requests
        .run(request(&who.role, Some(&who.claims), vec![sql.into()]))
        .await?;
    let rows = results
        .first()
        .map(|result| result.rows.as_slice())
        .unwrap_or_default();
    if rows.len() > 100 {
        return Err(raise("too many values for `in` filter. Maximum 100".into()));
    }
    term.values = rows
        .iter()
        .filter_map(|row| row.text(0))
        .map(|text| spelling(base.oid, text))
        .collect();
    term.has_null = term.values.len() < rows.len();
    if parsed.op == Op::In {
        term.values.sort_unstable();
        term.values.dedup();
    }
    // An operator that the type lacks is found out now, not at every change.
    if term.compared == Compared::Asked {
        let mut sql = Fragment::new();
        sql.push("select ");
        term.condition(&mut sql, &type_name);
        sql.push(" from (select null::text as v) as nothing");
        requests
            .run(request(&who.role, Some(&who.claims), vec![sql.into()]))
            .await?;
    }
    Ok(term)
}

/// `bool` casts to `true`, but is sent as `t`.
fn spelling(base: u32, text: &str) -> String {
    match (base, text) {
        (16, "true") => "t".into(),
        (16, "false") => "f".into(),
        (_, text) => text.to_owned(),
    }
}

fn check_is(value: &str, base: u32, shown: &str) -> Result<(), Refusal> {
    match value {
        "null" => Ok(()),
        "true" | "false" | "unknown" if base == 16 => Ok(()),
        "true" | "false" | "unknown" => Err(raise(format!(
            "is {value} filter requires a boolean column, got {shown}"
        ))),
        _ => Err(raise(
            "invalid value for is filter: must be null, true, false, or unknown".into(),
        )),
    }
}

async fn check_pattern(requests: &Requests, who: &Who, parsed: &Parsed) -> Result<(), Refusal> {
    let pattern = Some(bytes::Bytes::copy_from_slice(parsed.value.as_bytes()));
    let statement = Statement::new("select ''::text ~ $1::text", vec![pattern]);
    match requests
        .run(request(&who.role, Some(&who.claims), vec![statement]))
        .await
    {
        Ok(_) => Ok(()),
        Err(error) if error.code() == Some("2201B") => {
            let text = error
                .server()
                .map_or_else(String::new, |server| server.message.clone());
            Err(raise(format!(
                "invalid regular expression for match filter: {text}"
            )))
        }
        Err(error) => Err(error.into()),
    }
}

/// SQL `LIKE` without an escape character; `*` is everything.
fn like(pattern: &str, text: &str) -> bool {
    if pattern == "*" || pattern == text {
        return true;
    }
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    // One step back suffices: the last `%` takes one character more.
    let (mut p, mut t, mut back) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('%') => {
                back = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '_' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match back {
                None => return false,
                Some((percent, from)) => {
                    back = Some((percent, from + 1));
                    p = percent + 1;
                    t = from + 1;
                }
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '%')
}

/// PostgreSQL's names of the conditions that validation can meet.
fn condition(code: &str) -> &'static str {
    match code {
        "P0001" => "raise_exception",
        "22P02" => "invalid_text_representation",
        "22P03" => "invalid_binary_representation",
        "22001" => "string_data_right_truncation",
        "22003" => "numeric_value_out_of_range",
        "22007" => "invalid_datetime_format",
        "22008" => "datetime_field_overflow",
        "22009" => "invalid_time_zone_displacement_value",
        "22015" => "interval_field_overflow",
        "22021" => "character_not_in_repertoire",
        "22023" => "invalid_parameter_value",
        "2201B" => "invalid_regular_expression",
        "23514" => "check_violation",
        "42501" => "insufficient_privilege",
        "42601" => "syntax_error",
        "42704" => "undefined_object",
        "42725" => "ambiguous_function",
        "42804" => "datatype_mismatch",
        "42883" => "undefined_function",
        "42P01" => "undefined_table",
        "57014" => "query_canceled",
        _ => "internal_error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RT-PG-04.
    #[test]
    fn names_are_compared_like_sql_like() {
        for (pattern, text) in [
            ("*", "any"),
            ("todos", "todos"),
            ("to_os", "todos"),
            ("t%", "todos"),
            ("%", ""),
        ] {
            assert!(like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("Todos", "todos"),
            ("todo", "todos"),
            ("t_", "t"),
            ("%x", "todos"),
            ("a\\_b", "a_b"),
        ] {
            assert!(!like(pattern, text), "{pattern} {text}");
        }
    }
}
