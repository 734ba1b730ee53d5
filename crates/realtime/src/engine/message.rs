//! The `data` of a change message (section 17), made once for all who may see the same of it.

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use replication::message::{OldTuple, Value};
use replication::{Change, Kind};

use super::render;
use super::table::{Attribute, Table, View};

/// A change larger than this loses its long values (RT-CHG-15).
const MOST_BYTES: usize = 1_048_576;
/// What a value may have then, as JSON text.
const SHORT: usize = 64;

/// Renders a change for a view and a selection of columns; `at` is the commit in microseconds since 1970.
pub(crate) fn render(
    change: &Change,
    table: &Table,
    view: &View,
    select: Option<&[String]>,
    at: i64,
) -> Bytes {
    let (kind, new, old) = parts(change);
    let shown: Vec<&Attribute> = table
        .attributes
        .iter()
        .zip(&view.selectable)
        .filter(|(attribute, selectable)| {
            **selectable && (attribute.key || select.is_none_or(|names| names.contains(&attribute.name)))
        })
        .map(|(attribute, _)| attribute)
        .collect();
    let mut out = Vec::with_capacity(256 + change.size() * 2);
    head(&mut out, table, kind);
    if let Some(error) = refusal(table, view, kind) {
        out.extend_from_slice(br#","columns":[],"record":{}"#);
        if kind == "UPDATE" {
            out.extend_from_slice(br#","old_record":{}"#);
        }
        out.extend_from_slice(br#","commit_timestamp":null,"errors":["#);
        text(&mut out, error);
        out.extend_from_slice(b"]}");
        return out.into();
    }
    out.extend_from_slice(br#","commit_timestamp":"#);
    text(&mut out, &timestamp(at));
    columns(&mut out, &shown);
    let most = if change.size() > MOST_BYTES { SHORT } else { usize::MAX };
    if let Some(new) = new {
        out.extend_from_slice(br#","record":"#);
        let filled = filled(new, old);
        record(&mut out, &shown, &filled, most);
    }
    if kind != "INSERT" {
        out.extend_from_slice(br#","old_record":"#);
        let (values, identity) = old_values(table, new, old);
        let key_only = kind == "DELETE" && view.secured;
        let kept: Vec<&Attribute> = shown
            .iter()
            .copied()
            .filter(|attribute| if key_only { attribute.key } else { identity(attribute) })
            .collect();
        record(&mut out, &kept, &values, most);
    }
    out.extend_from_slice(if most == SHORT {
        br#","errors":["Error 413: Payload Too Large"]}"#.as_slice()
    } else {
        br#","errors":null}"#
    });
    out.into()
}

/// Kind, new values, old tuple.
pub(crate) fn parts(change: &Change) -> (&'static str, Option<&[Value]>, Option<&OldTuple>) {
    match &change.kind {
        Kind::Insert { new } => ("INSERT", Some(&new.values), None),
        Kind::Update { old, new } => ("UPDATE", Some(&new.values), old.as_ref()),
        Kind::Delete { old } => ("DELETE", None, Some(old)),
        Kind::Truncate => ("TRUNCATE", None, None),
    }
}

/// The new row, values that did not change filled in from the old one where that is whole (RT-CHG-12).
pub(crate) fn filled(new: &[Value], old: Option<&OldTuple>) -> Vec<Value> {
    let whole = match old {
        Some(OldTuple::Full(tuple)) => Some(&tuple.values),
        _ => None,
    };
    new.iter()
        .enumerate()
        .map(|(at, value)| match (value, whole) {
            (Value::Unchanged, Some(old)) => old.get(at).cloned().unwrap_or(Value::Unchanged),
            _ => value.clone(),
        })
        .collect()
}

type Identity<'a> = Box<dyn Fn(&Attribute) -> bool + 'a>;

/// The values of `old_record`, and which attributes belong to it.
fn old_values<'a>(table: &'a Table, new: Option<&[Value]>, old: Option<&OldTuple>) -> (Vec<Value>, Identity<'a>) {
    let in_identity: Identity<'a> = Box::new(|attribute| {
        attribute.position.and_then(|at| table.relation.columns.get(at)).is_some_and(|column| column.key)
    });
    match old {
        Some(OldTuple::Full(tuple)) => (tuple.values.clone(), Box::new(|_| true)),
        Some(OldTuple::Key(tuple)) => (tuple.values.clone(), in_identity),
        // Nothing is sent when the key did not change: it stands in the new row.
        None => (new.unwrap_or_default().to_vec(), in_identity),
    }
}

/// RT-CHG-14.
fn refusal(table: &Table, view: &View, kind: &str) -> Option<&'static str> {
    if kind == "DELETE" {
        return None;
    }
    let keys = || table.attributes.iter().zip(&view.selectable).filter(|(attribute, _)| attribute.key);
    if keys().next().is_none() {
        return Some("Error 400: Bad Request, no primary key");
    }
    keys().any(|(_, selectable)| !selectable).then_some("Error 401: Unauthorized")
}

/// Whether the message is the same for everybody because the row cannot be shown.
pub(crate) fn is_refused(table: &Table, view: &View, kind: &str) -> bool {
    refusal(table, view, kind).is_some()
}

fn head(out: &mut Vec<u8>, table: &Table, kind: &str) {
    out.extend_from_slice(br#"{"schema":"#);
    text(out, &table.relation.schema);
    out.extend_from_slice(br#","table":"#);
    text(out, &table.relation.name);
    out.extend_from_slice(br#","type":"#);
    text(out, kind);
}

fn columns(out: &mut Vec<u8>, shown: &[&Attribute]) {
    out.extend_from_slice(br#","columns":["#);
    for (index, attribute) in shown.iter().enumerate() {
        out.extend_from_slice(if index == 0 { br#"{"name":"#.as_slice() } else { br#",{"name":"# });
        text(out, &attribute.name);
        out.extend_from_slice(br#","type":"#);
        text(out, &attribute.typname);
        out.push(b'}');
    }
    out.push(b']');
}

fn record(out: &mut Vec<u8>, shown: &[&Attribute], values: &[Value], most: usize) {
    out.push(b'{');
    let mut first = true;
    for attribute in shown {
        let mut value = Vec::new();
        match Table::value(attribute, values) {
            Value::Null | Value::Binary(_) => value.extend_from_slice(b"null"),
            Value::Unchanged => continue,
            Value::Text(bytes) => {
                render::append(&mut value, &String::from_utf8_lossy(bytes.as_ref()), &attribute.shape);
            }
        }
        if value.len() > most {
            continue;
        }
        if !std::mem::replace(&mut first, false) {
            out.push(b',');
        }
        text(out, &attribute.name);
        out.push(b':');
        out.extend_from_slice(&value);
    }
    out.push(b'}');
}

fn text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("writing to memory cannot fail");
}

/// RT-CHG-06: cut to milliseconds.
fn timestamp(micros: i64) -> String {
    let at = DateTime::<Utc>::from_timestamp_micros(micros).unwrap_or_default();
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
