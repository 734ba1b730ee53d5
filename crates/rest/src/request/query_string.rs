//! The query string: split, decoded, sorted into what each parameter is.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::cursor::{Cursor, Expected, Parsed};
use super::syntax::{EmbedPath, Field, Filter, Junctor, QueryParams, SelectItem, Window};
use super::values::{ValueId, Values};
use super::{filter, json_path, order, select};
use crate::error::Error;

/// A decoded name and, if there was a `=`, its value.
pub(crate) type Pair<'a> = (Cow<'a, str>, Option<Cow<'a, str>>);

/// Splits and decodes. Bytes that are not UTF-8 become the replacement character.
pub(crate) fn pairs(query: &str) -> Vec<Pair<'_>> {
    query
        .split(['&', ';'])
        .filter(|part| !part.is_empty())
        .map(|part| match part.split_once('=') {
            Some((name, value)) => (decode(name), Some(decode(value))),
            None => (decode(part), None),
        })
        .collect()
}

pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let spaced = text.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Percent-encodes all but unreserved characters.
pub(crate) fn encode(text: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(text, UNRESERVED)
}

/// REST-HTTP-06: sorted by key, repeated keys merged, encoded again.
pub(crate) fn canonical(pairs: &[Pair<'_>]) -> String {
    use std::fmt::Write as _;
    // Equal keys keep their order.
    let mut sorted: Vec<&Pair<'_>> = pairs.iter().collect();
    sorted.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut text = String::new();
    let mut before = None;
    for (name, value) in sorted {
        let value = encode(value.as_deref().unwrap_or_default());
        let _ = if before == Some(name) {
            write!(text, ",{value}")
        } else {
            let separator = if before.is_some() { "&" } else { "" };
            write!(text, "{separator}{}={value}", encode(name))
        };
        before = Some(name);
    }
    text
}

/// The root's `limit` and `offset`, as written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RootWindow {
    pub(crate) limit: Option<i64>,
    pub(crate) offset: Option<i64>,
}

/// Whether values that are no filters are arguments of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arguments {
    Allowed,
    Refused,
}

/// Reads every parameter. `max_rows` caps the limits of embeds.
pub(crate) fn parse(
    pairs: &[Pair<'_>],
    arguments: Arguments,
    max_rows: Option<u64>,
    values: &mut Values,
) -> Result<(QueryParams, RootWindow), Error> {
    let given = || {
        pairs
            .iter()
            .filter_map(|(name, value)| Some((name.as_ref(), value.as_deref()?)))
    };
    let first = |wanted: &str| {
        given()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value)
    };
    let mut params = QueryParams::default();

    for (name, value) in given() {
        if let Some(("order", path)) = reserved(name) {
            let path = embed_path(name, path)?;
            if !params.orders.iter().any(|(known, _)| *known == path) {
                params.orders.push((
                    path,
                    order::order(value).map_err(|e| failed("order", value, 0, &e))?,
                ));
            }
        }
    }
    for (name, value) in given() {
        if let Some((word @ ("and" | "or"), path)) = reserved(name) {
            let (negated, path) = logic_path(name, path)?;
            let junctor = if word == "and" {
                Junctor::And
            } else {
                Junctor::Or
            };
            let before = word.len() + if negated { 4 } else { 0 };
            let tree = filter::group(value, negated, junctor, values)
                .map_err(|e| failed("logic tree", value, before, &e))?;
            params.logic.push((path, tree));
        }
    }
    if let Some(text) = first("columns") {
        params.columns =
            Some(select::names(text).map_err(|e| failed("columns parameter", text, 0, &e))?);
    }
    params.select = match first("select") {
        Some(text) => select::select(text).map_err(|e| failed("select parameter", text, 0, &e))?,
        None => vec![SelectItem::Star],
    };
    for (name, value) in given().filter(|(name, _)| reserved(name).is_none()) {
        match filter::operation(value, values) {
            Ok((negated, test)) => {
                let (path, field) =
                    filter_name(name).map_err(|e| failed("tree path", name, 0, &e))?;
                params.filters.push((
                    path,
                    Filter {
                        field,
                        negated,
                        test,
                    },
                ));
            }
            // REST-RPC-03: what begins like a filter but is none is a mistake, not an argument.
            Err(_)
                if arguments == Arguments::Allowed
                    && !["not.", "in.", "is."].iter().any(|p| value.starts_with(p)) =>
            {
                params
                    .arguments
                    .push((name.to_owned(), values.add_text(value)));
            }
            Err(error) => return Err(failed("filter", value, 0, &error)),
        }
    }
    if let Some(text) = first("on_conflict") {
        params.on_conflict =
            Some(select::names(text).map_err(|e| failed("on_conflict parameter", text, 0, &e))?);
    }
    let root = windows(given(), max_rows, &mut params.windows, values)?;
    Ok((params, root))
}

/// REST-URL-03: `select`, `columns`, `on_conflict`, and whatever ends in one of five words; with what stands
/// before that word.
fn reserved(name: &str) -> Option<(&str, &str)> {
    if matches!(name, "select" | "columns" | "on_conflict") {
        return Some((name, ""));
    }
    let (path, word) = name.rsplit_once('.').unwrap_or(("", name));
    matches!(word, "order" | "limit" | "offset" | "and" | "or").then_some((word, path))
}

/// Whether a parameter of this name is never a filter.
pub(crate) fn is_reserved(name: &str) -> bool {
    reserved(name).is_some()
}

fn embed_path(name: &str, path: &str) -> Result<EmbedPath, Error> {
    if path.is_empty() {
        return Ok(EmbedPath::new());
    }
    dotted(path)
        .map(|(path, _)| path)
        .map_err(|e| failed("tree path", name, 0, &e))
}

/// REST-LOG-02: a `not` anywhere negates.
fn logic_path(name: &str, path: &str) -> Result<(bool, EmbedPath), Error> {
    if path.is_empty() {
        return Ok((false, EmbedPath::new()));
    }
    let (mut path, _) = dotted(path).map_err(|e| failed("logic path", name, 0, &e))?;
    let before = path.len();
    path.retain(|word| word != "not");
    Ok((path.len() < before, path))
}

/// Names joined by dots; text left over is ignored.
fn dotted(text: &str) -> Parsed<(EmbedPath, Cursor<'_>)> {
    let mut cursor = Cursor::new(text);
    let mut names = vec![cursor.name()?];
    loop {
        let mut ahead = cursor;
        if !ahead.eat(".") {
            return Ok((names, cursor));
        }
        names.push(ahead.name()?);
        cursor = ahead;
    }
}

fn filter_name(name: &str) -> Parsed<(EmbedPath, Field)> {
    let (mut names, mut cursor) = dotted(name)?;
    let path = json_path::path(&mut cursor)?;
    let name = names.pop().expect("there is at least one name");
    Ok((names, Field { name, path }))
}

fn windows<'a>(
    given: impl Iterator<Item = (&'a str, &'a str)>,
    max_rows: Option<u64>,
    windows: &mut Vec<(EmbedPath, Window)>,
    values: &mut Values,
) -> Result<RootWindow, Error> {
    let mut root = RootWindow::default();
    for (name, value) in given {
        let Some((word @ ("limit" | "offset"), path)) = reserved(name) else {
            continue;
        };
        let Ok(number) = value.trim().parse::<i64>() else {
            continue;
        };
        let path = embed_path(name, path)?;
        if path.is_empty() {
            if word == "limit" {
                root.limit = Some(number);
            } else {
                root.offset = Some(number);
            }
            continue;
        }
        let cap = max_rows
            .and_then(|max| i64::try_from(max).ok())
            .unwrap_or(i64::MAX);
        let number = if word == "limit" {
            number.min(cap)
        } else {
            number
        };
        let id: ValueId = values.add_text(&number.to_string());
        let at = windows
            .iter()
            .position(|(known, _)| *known == path)
            .unwrap_or_else(|| {
                windows.push((path, Window::default()));
                windows.len() - 1
            });
        let window = &mut windows[at].1;
        if word == "limit" {
            window.limit = Some(id);
        } else {
            window.offset = Some(id);
        }
    }
    Ok(root)
}

fn failed(what: &'static str, text: &str, before: usize, error: &Expected) -> Error {
    Error::Syntax {
        what,
        text: text.to_owned(),
        column: before + error.at + 1,
        details: format!("unexpected {} expecting {}", error.found, error.wanted),
    }
}
