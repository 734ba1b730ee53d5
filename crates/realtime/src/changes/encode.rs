//! The member `data` of a change message (section 17).

use std::collections::HashMap;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::EventKind;
use super::row::Cell;
use super::table::{ColumnFacts, RoleFacts, Table};
use super::value;

/// JSON that PostgreSQL was asked for, by type and text.
pub(super) type Asked = HashMap<(u32, Bytes), String>;

/// A change by the table's columns.
pub(super) struct Change<'a> {
    pub(super) table: &'a Table,
    /// Columns that the publication has, by the table's columns.
    pub(super) published: &'a [bool],
    pub(super) event: EventKind,
    pub(super) new: Option<&'a [Cell]>,
    pub(super) old: Option<&'a [Cell]>,
    pub(super) unix_micros: i64,
    pub(super) size: usize,
    pub(super) asked: &'a Asked,
}

/// A change larger than this keeps its small members only. Upstream's 1,048,576 bytes count names and types, too.
const MAX_BYTES: usize = 1_000_000;
/// JSON text of a small member.
const SMALL_BYTES: usize = 64;

/// The change may not be shown, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Withheld {
    NoPrimaryKey,
    Unauthorized,
}

impl Withheld {
    /// What every binding of the role gets instead, if anything (RT-CHG-14).
    pub(super) fn of(table: &Table, role: &RoleFacts, event: EventKind) -> Option<Self> {
        if event == EventKind::Delete {
            return None;
        }
        if table.primary_key.is_empty() {
            return Some(Self::NoPrimaryKey);
        }
        let hidden = table
            .primary_key
            .iter()
            .any(|column| !role.columns.contains(column));
        hidden.then_some(Self::Unauthorized)
    }

    pub(super) fn data(self, table: &Table, event: EventKind) -> Bytes {
        let error = match self {
            Self::NoPrimaryKey => "Error 400: Bad Request, no primary key",
            Self::Unauthorized => "Error 401: Unauthorized",
        };
        let mut out = head(table, event);
        out.push_str(r#","commit_timestamp":null,"columns":[],"record":{}"#);
        if event == EventKind::Update {
            out.push_str(r#","old_record":{}"#);
        }
        out.push_str(r#","errors":["#);
        value::string(&mut out, error);
        out.push_str("]}");
        out.into()
    }
}

fn head(table: &Table, event: EventKind) -> String {
    let mut out = String::from(r#"{"schema":"#);
    value::string(&mut out, &table.schema);
    out.push_str(r#","table":"#);
    value::string(&mut out, &table.name);
    out.push_str(r#","type":""#);
    out.push_str(event.as_str());
    out.push('"');
    out
}

impl Change<'_> {
    /// As a role with a selection sees it.
    pub(super) fn data(&self, role: &RoleFacts, select: Option<&[String]>) -> Bytes {
        let is_key = |column: &ColumnFacts| self.table.primary_key.contains(&column.name);
        let shown: Vec<(usize, &ColumnFacts)> = self
            .table
            .columns
            .iter()
            .enumerate()
            .filter(|(index, column)| {
                self.published[*index]
                    && role.columns.contains(&column.name)
                    && select.is_none_or(|select| is_key(column) || select.contains(&column.name))
            })
            .collect();
        let cut = self.size > MAX_BYTES;
        let mut out = head(self.table, self.event);
        out.push_str(r#","commit_timestamp":""#);
        let time = DateTime::<Utc>::from_timestamp_micros(self.unix_micros).unwrap_or_default();
        out.push_str(&time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
        out.push_str(r#"","columns":["#);
        for (place, (_, column)) in shown.iter().enumerate() {
            out.push_str(if place > 0 {
                r#",{"name":"#
            } else {
                r#"{"name":"#
            });
            value::string(&mut out, &column.name);
            out.push_str(r#","type":"#);
            let name = self
                .table
                .type_facts(column.type_oid)
                .map_or("", |facts| facts.name.as_str());
            value::string(&mut out, name);
            out.push('}');
        }
        out.push(']');
        if let Some(new) = self.new {
            out.push_str(r#","record":"#);
            self.record(&mut out, &shown, new, cut);
        }
        if let Some(old) = self.old {
            out.push_str(r#","old_record":"#);
            // Under row security a delete shows its key and no more (RT-CHG-10).
            let key_only = self.event == EventKind::Delete && self.table.row_security;
            let shown: Vec<_> = shown
                .into_iter()
                .filter(|(_, column)| !key_only || is_key(column))
                .collect();
            self.record(&mut out, &shown, old, cut);
        }
        out.push_str(if cut {
            r#","errors":["Error 413: Payload Too Large"]}"#
        } else {
            r#","errors":null}"#
        });
        out.into()
    }

    fn record(&self, out: &mut String, shown: &[(usize, &ColumnFacts)], row: &[Cell], cut: bool) {
        out.push('{');
        let mut first = true;
        for (index, column) in shown {
            let start = out.len();
            if !first {
                out.push(',');
            }
            value::string(out, &column.name);
            out.push(':');
            let before = out.len();
            if !self.value(out, column.type_oid, &row[*index])
                || (cut && out.len() - before > SMALL_BYTES)
            {
                out.truncate(start);
                continue;
            }
            first = false;
        }
        out.push('}');
    }

    /// False: there is no value to show.
    fn value(&self, out: &mut String, type_oid: u32, cell: &Cell) -> bool {
        match cell {
            Cell::Missing => return false,
            Cell::Null => out.push_str("null"),
            Cell::Text(bytes) => {
                let text = cell.text().unwrap_or_default();
                let start = out.len();
                if value::write(out, self.table.kind(type_oid), text) {
                    return true;
                }
                out.truncate(start);
                match self.asked.get(&(type_oid, bytes.clone())) {
                    Some(json) => out.push_str(json),
                    None => value::string(out, text),
                }
            }
        }
        true
    }
}
