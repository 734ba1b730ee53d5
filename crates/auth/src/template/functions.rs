//! The functions that every template knows.

use std::cmp::Ordering;
use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::Fault;
use super::html;

/// What a query's value leaves as it is.
pub(crate) const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Whether a value counts as true.
pub(super) fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(object) => !object.is_empty(),
    }
}

/// A value as text. Lists and objects look as Go prints them.
pub(super) fn show(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => {
            let members: Vec<_> = list.iter().map(show).collect();
            format!("[{}]", members.join(" "))
        }
        Value::Object(object) => {
            let mut members: Vec<_> = object
                .iter()
                .map(|(key, value)| format!("{key}:{}", show(value)))
                .collect();
            members.sort();
            format!("map[{}]", members.join(" "))
        }
        other => other.to_string(),
    }
}

/// Calls a function.
pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value, Fault> {
    let joined = |between: &str| arguments.iter().map(show).collect::<Vec<_>>().join(between);
    Ok(match (name, arguments) {
        ("not", [value]) => Value::Bool(!truth(value)),
        ("eq", [first, others @ ..]) if !others.is_empty() => {
            Value::Bool(others.iter().any(|other| same(first, other)))
        }
        ("ne", [left, right]) => Value::Bool(!same(left, right)),
        ("lt", [left, right]) => Value::Bool(compare(left, right)?.is_lt()),
        ("le", [left, right]) => Value::Bool(compare(left, right)?.is_le()),
        ("gt", [left, right]) => Value::Bool(compare(left, right)?.is_gt()),
        ("ge", [left, right]) => Value::Bool(compare(left, right)?.is_ge()),
        ("len", [value]) => length(value)?,
        ("index", [value, path @ ..]) => index(value, path)?,
        ("slice", [Value::String(text), bounds @ ..]) => slice(text, bounds)?,
        ("print", _) => Value::from(joined("")),
        ("println", _) => Value::from(joined(" ") + "\n"),
        ("printf", [Value::String(format), rest @ ..]) => Value::from(printf(format, rest)),
        ("html", _) => Value::from(html::escape(&joined(""))),
        ("js", _) => Value::from(html::escape_script(&joined(""))),
        ("urlquery", _) => Value::from(
            utf8_percent_encode(&joined(""), QUERY)
                .to_string()
                .replace("%20", "+"),
        ),
        (
            "not" | "eq" | "ne" | "lt" | "le" | "gt" | "ge" | "len" | "index" | "slice" | "printf",
            _,
        ) => return Err(Fault::new(format!("wrong arguments for {name}"))),
        _ => return Err(Fault::new(format!("function {name:?} not defined"))),
    })
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        // A field that is not there equals the empty text.
        (Value::Null, Value::String(text)) | (Value::String(text), Value::Null) => text.is_empty(),
        _ => left == right,
    }
}

fn compare(left: &Value, right: &Value) -> Result<Ordering, Fault> {
    let order = match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64().partial_cmp(&right.as_f64()),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    };
    order.ok_or_else(|| Fault::new("incompatible types for comparison"))
}

fn length(value: &Value) -> Result<Value, Fault> {
    Ok(Value::from(match value {
        Value::Null => 0,
        Value::String(text) => text.len(),
        Value::Array(list) => list.len(),
        Value::Object(object) => object.len(),
        _ => return Err(Fault::new("len of a value without length")),
    }))
}

fn index(value: &Value, path: &[Value]) -> Result<Value, Fault> {
    let mut found = value.clone();
    for key in path {
        found = match (&found, key) {
            (Value::Object(object), Value::String(name)) => {
                object.get(name).cloned().unwrap_or(Value::Null)
            }
            (Value::Array(list), Value::Number(at)) => at
                .as_u64()
                .and_then(|at| list.get(usize::try_from(at).ok()?))
                .cloned()
                .ok_or_else(|| Fault::new("index out of range"))?,
            (Value::Null, _) => Value::Null,
            _ => return Err(Fault::new("index of a value without members")),
        };
    }
    Ok(found)
}

fn slice(text: &str, bounds: &[Value]) -> Result<Value, Fault> {
    let bound = |at: usize, default: usize| match bounds.get(at) {
        None => Some(default),
        Some(value) => value.as_u64().and_then(|value| usize::try_from(value).ok()),
    };
    let part = bound(0, 0)
        .zip(bound(1, text.len()))
        .and_then(|(start, end)| text.get(start..end));
    part.map(Value::from)
        .ok_or_else(|| Fault::new("slice out of range"))
}

/// The verbs `%s %v %d %q %t %f %x %%`, with width, `-`, `0` and precision.
fn printf(format: &str, arguments: &[Value]) -> String {
    let mut out = String::new();
    let mut arguments = arguments.iter();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let spec = &rest[at + 1..];
        let Some(end) = spec.find(|c: char| !"+-# .0123456789".contains(c)) else {
            out.push_str("%!(NOVERB)");
            return out;
        };
        let verb = spec[end..].chars().next().unwrap_or('%');
        rest = &spec[end + verb.len_utf8()..];
        if verb == '%' {
            out.push('%');
            continue;
        }
        match arguments.next() {
            None => {
                let _ = write!(out, "%!{verb}(MISSING)");
            }
            Some(value) => out.push_str(&padded(&spec[..end], &shown(verb, &spec[..end], value))),
        }
    }
    out.push_str(rest);
    out
}

fn precision(flags: &str) -> Option<usize> {
    flags
        .split_once('.')
        .map(|(_, digits)| digits.parse().unwrap_or(0))
        .map(|n: usize| n.min(100))
}

fn shown(verb: char, flags: &str, value: &Value) -> String {
    match (verb, value) {
        ('s' | 'v' | 'd' | 't', _) => {
            let text = show(value);
            match precision(flags) {
                Some(most) if verb == 's' => text.chars().take(most).collect(),
                _ => text,
            }
        }
        ('q', _) => format!("{:?}", show(value)),
        ('f', Value::Number(number)) => {
            format!(
                "{:.*}",
                precision(flags).unwrap_or(6),
                number.as_f64().unwrap_or_default()
            )
        }
        ('x', Value::Number(number)) => format!("{:x}", number.as_i64().unwrap_or_default()),
        ('x', _) => hex::encode(show(value)),
        _ => format!("%!{verb}({})", show(value)),
    }
}

fn padded(flags: &str, text: &str) -> String {
    let whole = flags.split('.').next().unwrap_or_default();
    let width: usize = whole
        .trim_start_matches(['+', '-', '#', ' ', '0'])
        .parse()
        .unwrap_or(0);
    let fill = width.min(1_000).saturating_sub(text.chars().count());
    if whole.contains('-') {
        format!("{text}{}", " ".repeat(fill))
    } else if whole.starts_with('0') {
        format!("{}{text}", "0".repeat(fill))
    } else {
        format!("{}{text}", " ".repeat(fill))
    }
}
