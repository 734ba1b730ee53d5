//! Making bindings live: what they name must be published, their filters must be possible.

use std::borrow::Cow;

use jwt::Caller;
use pg::{Access, End, Pool, RequestTx, Requests, Statement};
use sql::Fragment;

use super::filter::{self, Operator, Term};
use super::table::{self, Attribute};
use crate::changes::{Binding, SubscribeError};

/// A binding whose filter has been read.
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) binding: Binding,
    pub(crate) terms: Vec<Term>,
}

/// Most elements of an `in` (RT-FLT-04).
const MOST_ELEMENTS: usize = 100;

/// Reads and checks every binding of a channel; they stand or fall together (RT-SYS-11).
pub(crate) async fn compile(
    pool: &Pool,
    requests: &Requests,
    caller: &Caller,
    bindings: Vec<Binding>,
) -> Result<Vec<Compiled>, SubscribeError> {
    let mut compiled = Vec::with_capacity(bindings.len());
    for binding in bindings {
        let terms = filter::parse(binding.filter.as_deref().unwrap_or(""))?;
        check(pool, requests, caller, &binding, &terms).await?;
        compiled.push(Compiled { binding, terms });
    }
    Ok(compiled)
}

async fn check(
    pool: &Pool,
    requests: &Requests,
    caller: &Caller,
    binding: &Binding,
    terms: &[Term],
) -> Result<(), SubscribeError> {
    let tables = published(pool, binding).await?;
    if tables.is_empty() {
        return Err(SubscribeError::NotPublished { parameters: parameters(binding, terms) });
    }
    let refuse = |exception: String| SubscribeError::Refused { parameters: parameters(binding, terms), exception };
    for oid in tables {
        let attributes = table::attributes(pool, oid, None).await.map_err(unavailable)?;
        let view = table::read_view(pool, oid, &caller.role, &attributes).await.map_err(unavailable)?;
        let Some(view) = view else {
            return Err(refuse(format!("ERROR 42704 (undefined_object) role \"{}\" does not exist", caller.role)));
        };
        let selectable = |name: &str| {
            attributes
                .iter()
                .zip(&view.selectable)
                .find(|(attribute, selectable)| attribute.name == name && **selectable)
                .map(|(attribute, _)| attribute)
        };
        for name in binding.select.iter().flatten() {
            if selectable(name).is_none() {
                return Err(refuse(raised(&format!("invalid column for select {name}"))));
            }
        }
        for term in terms {
            let attribute = selectable(&term.column)
                .ok_or_else(|| refuse(raised(&format!("invalid column for filter {}", term.column))))?;
            check_shape(term, attribute).map_err(|message| refuse(raised(&message)))?;
            try_value(requests, caller, term, attribute).await.map_err(|failure| match failure {
                Failure::Refused(exception) => refuse(exception),
                Failure::Unavailable(error) => error,
            })?;
        }
    }
    Ok(())
}

/// The published tables that a binding names.
async fn published(pool: &Pool, binding: &Binding) -> Result<Vec<u32>, SubscribeError> {
    let client = pool.get().await.map_err(unavailable)?;
    let statement = client
        .prepare_cached(include_str!("sql/published.sql"))
        .await
        .map_err(|error| unavailable(error.into()))?;
    let rows = client
        .query(&statement, &[&binding.schema, &binding.table])
        .await
        .map_err(|error| unavailable(error.into()))?;
    rows.iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, tokio_postgres::Error>>()
        .map_err(|error| unavailable(error.into()))
}

fn check_shape(term: &Term, attribute: &Attribute) -> Result<(), String> {
    let type_name = attribute.type_name.as_str();
    match term.operator {
        Operator::In if term.value.split(',').count() > MOST_ELEMENTS => {
            Err("too many values for `in` filter. Maximum 100".to_owned())
        }
        Operator::Is if !matches!(term.value.as_str(), "null" | "true" | "false" | "unknown") => {
            Err("invalid value for is filter: must be null, true, false, or unknown".to_owned())
        }
        Operator::Is if term.value != "null" && type_name != "boolean" => {
            Err(format!("is {} filter requires a boolean column, got {type_name}", term.value))
        }
        operator if operator.is_pattern() && !is_text_like(attribute) => {
            Err(format!("operator {} requires a text-compatible column type, got {type_name}", operator.name()))
        }
        _ => Ok(()),
    }
}

fn is_text_like(attribute: &Attribute) -> bool {
    matches!(attribute.typname.as_str(), "text" | "varchar" | "bpchar" | "name" | "citext")
}

enum Failure {
    Refused(String),
    Unavailable(SubscribeError),
}

/// The value is converted to the column's type by PostgreSQL's own input rules, once, now (RT-FLT-10).
async fn try_value(
    requests: &Requests,
    caller: &Caller,
    term: &Term,
    attribute: &Attribute,
) -> Result<(), Failure> {
    if term.operator == Operator::Is {
        return Ok(());
    }
    let mut sql = Fragment::new();
    sql.push("select 1 from (select null::").name(&attribute.type_name).push(" as ");
    sql.name(&sql::Ident::new(&term.column)).push(") as value where ");
    filter::condition(&mut sql, term, &attribute.type_name);
    let tx = RequestTx {
        role: caller.role.clone(),
        settings: vec![(Cow::Borrowed("statement_timeout"), "2000".to_owned())],
        statements: vec![Statement::from(sql)],
        access: Access::ReadOnly,
        end: End::Rollback,
        ..RequestTx::default()
    };
    match requests.run(tx).await {
        Ok(_) => Ok(()),
        Err(error) => match error.server() {
            Some(server) if server.code == "2201B" => Err(Failure::Refused(raised(&format!(
                "invalid regular expression for {} filter: {}",
                term.operator.name(),
                server.message
            )))),
            Some(server) => Err(Failure::Refused(format!(
                "ERROR {} ({}) {}",
                server.code,
                condition_name(&server.code),
                server.message
            ))),
            None => Err(Failure::Unavailable(unavailable(error))),
        },
    }
}

fn raised(message: &str) -> String {
    format!("ERROR P0001 (raise_exception) {message}")
}

/// The condition names that input functions raise.
fn condition_name(code: &str) -> &'static str {
    match code {
        "22P02" => "invalid_text_representation",
        "22003" => "numeric_value_out_of_range",
        "22007" => "invalid_datetime_format",
        "22008" => "datetime_field_overflow",
        "22P03" => "invalid_binary_representation",
        "22021" => "character_not_in_repertoire",
        "42704" => "undefined_object",
        "42883" => "undefined_function",
        "42501" => "insufficient_privilege",
        "57014" => "query_canceled",
        _ => "data_exception",
    }
}

pub(crate) fn unavailable(error: pg::Error) -> SubscribeError {
    SubscribeError::Unavailable(error.to_string())
}

/// `[event: …, schema: …, table: …, filters: …, select: …]`.
fn parameters(binding: &Binding, terms: &[Term]) -> String {
    let select = match &binding.select {
        None => "nil".to_owned(),
        Some(names) => format!("{names:?}"),
    };
    format!(
        "[event: {}, schema: {}, table: {}, filters: {}, select: {select}]",
        binding.event.as_str(),
        binding.schema,
        binding.table,
        filter::shown(terms),
    )
}
