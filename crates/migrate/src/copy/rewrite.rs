//! What happens to each field of a row.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::document::{self, Leaf, Refused};
use super::escape::{fields, push_value, value};
use crate::mapping::{IdForm, Mapping};

/// What becomes of a reference to somebody who does not exist (MIG-REF-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrphanPolicy {
    /// Not decided yet.
    Ask,
    /// The reference becomes null.
    Null,
    /// The row goes to `legacy_quarantine`, as it was.
    Quarantine,
    /// In an array or a document: the element is left out.
    DropElement,
    /// The run stops.
    Fail,
}

/// A step into a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JsonStep {
    /// Into this key of an object.
    Key(String),
    /// Into each element of an array.
    Each,
}

/// What a column's values are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// An old id; becomes the new one.
    Id(OrphanPolicy),
    /// The old id of the very user whose row this is.
    OwnId,
    /// Old ids and new ids mixed, as text.
    Mixed(OrphanPolicy),
    /// An array of old ids.
    Array(OrphanPolicy),
    /// Documents that hold old ids at these paths; `text` when kept in a text column, where what is no document stays.
    Json {
        /// Where.
        paths: Vec<Vec<JsonStep>>,
        /// What becomes of ids of nobody.
        orphans: OrphanPolicy,
        /// A text column.
        text: bool,
    },
    /// An old id when the column at `type_place` holds one of `values`; else it stays.
    Polymorphic {
        /// Where the type stands, counted in the row's fields.
        type_place: usize,
        /// The values that mean a user.
        values: Vec<String>,
        /// What becomes of ids of nobody.
        orphans: OrphanPolicy,
    },
}

/// Rows that something points at and that do not move.
#[derive(Debug, Clone)]
pub(crate) struct HeldKey {
    /// The columns that point at them.
    pub(crate) columns: Vec<String>,
    /// What is said of a row that does.
    pub(crate) reason: String,
    /// Their keys, as [`key_of`] takes them from a line.
    pub(crate) keys: Arc<HashSet<Vec<u8>>>,
}

/// The fields at these places as one key; none when one of them is null, for then nothing is pointed at.
pub(crate) fn key_of(line: &[u8], places: &[usize]) -> Option<Vec<u8>> {
    let all: Vec<&[u8]> = fields(line).collect();
    let mut key = Vec::new();
    for place in places {
        let field = *all.get(*place)?;
        if field == b"\\N" {
            return None;
        }
        key.extend_from_slice(field);
        key.push(b'\t');
    }
    Some(key)
}

/// Where a row goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// On, rewritten.
    Load,
    /// Out of the way, as it was, for this reason.
    Quarantine(String),
    /// The policy says stop: the reason.
    Fail(String),
}

/// Rewrites rows of one table.
#[derive(Debug, Clone)]
pub struct Rewriter {
    rules: Vec<Option<Rule>>,
    names: Vec<String>,
    /// What becomes of 0 and -1 where that is not as with other ids of nobody.
    sentinels: Vec<Option<OrphanPolicy>>,
    mapping: Arc<Mapping>,
    /// Places of columns that may point at rows which do not move.
    held: Vec<(Vec<usize>, HeldKey)>,
    idle: bool,
}

impl Rewriter {
    /// One rule or none for each field, in order, with the columns' names for reasons.
    pub fn new(names: Vec<String>, rules: Vec<Option<Rule>>, mapping: Arc<Mapping>) -> Self {
        let idle = rules.iter().all(Option::is_none);
        Self {
            sentinels: vec![None; rules.len()],
            rules,
            names,
            mapping,
            held: Vec::new(),
            idle,
        }
    }

    /// The same, setting rows aside that point at a row which is.
    #[must_use]
    pub(crate) fn with_held(mut self, held: Vec<HeldKey>) -> Self {
        self.held = held
            .into_iter()
            .filter_map(|key| Some((self.places(&key.columns)?, key)))
            .collect();
        self.idle &= self.held.is_empty();
        self
    }

    /// Where columns stand in a line.
    pub(crate) fn places(&self, columns: &[String]) -> Option<Vec<usize>> {
        columns
            .iter()
            .map(|column| self.names.iter().position(|name| name == column))
            .collect()
    }

    /// The same with a policy of its own for 0 and -1, field by field.
    #[must_use]
    pub fn with_sentinels(mut self, sentinels: Vec<Option<OrphanPolicy>>) -> Self {
        self.sentinels = sentinels;
        self
    }

    /// Appends the rewritten line, without a line end. When the fate is not [`Fate::Load`] nothing is appended.
    pub fn line(&self, line: &[u8], out: &mut Vec<u8>) -> Fate {
        if self.idle {
            out.extend_from_slice(line);
            return Fate::Load;
        }
        for (places, held) in &self.held {
            if key_of(line, places).is_some_and(|key| held.keys.contains(&key)) {
                return Fate::Quarantine(held.reason.clone());
            }
        }
        let start = out.len();
        for (place, field) in fields(line).enumerate() {
            if place > 0 {
                out.push(b'\t');
            }
            let Some(rule) = self.rules.get(place).and_then(Option::as_ref) else {
                out.extend_from_slice(field);
                continue;
            };
            if field == b"\\N" {
                out.extend_from_slice(field);
                continue;
            }
            let fate = self.field(rule, place, field, line, out);
            if fate != Fate::Load {
                out.truncate(start);
                return fate;
            }
        }
        Fate::Load
    }

    fn field(
        &self,
        rule: &Rule,
        place: usize,
        field: &[u8],
        line: &[u8],
        out: &mut Vec<u8>,
    ) -> Fate {
        let text = value(field).unwrap_or_default();
        match rule {
            Rule::OwnId => match self.mapping.get(&text) {
                Some(mapped) if mapped.own_row => push_uuid(out, mapped.uuid),
                _ => {
                    return Fate::Quarantine(format!(
                        "{}: the user does not move",
                        self.names[place]
                    ));
                }
            },
            Rule::Id(orphans) => match self.mapping.get(&text) {
                Some(mapped) => push_uuid(out, mapped.uuid),
                None => return self.nobody(*orphans, place, &text, out),
            },
            Rule::Mixed(orphans) => match self.mixed(&text) {
                Some(uuid) => push_uuid(out, uuid),
                None => return self.nobody(*orphans, place, &text, out),
            },
            Rule::Array(orphans) => match self.array(&text, *orphans) {
                Ok(array) => push_value(out, Some(&array)),
                Err(()) => return self.orphan(*orphans, place, out),
            },
            Rule::Json {
                paths,
                orphans,
                text: in_text,
            } => {
                if serde_json::from_str::<&RawValue>(&text).is_err() {
                    if *in_text {
                        out.extend_from_slice(field);
                        return Fate::Load;
                    }
                    return Fate::Quarantine(format!("{}: not a document", self.names[place]));
                }
                let mut document: Option<String> = None;
                for path in paths {
                    let current = document.as_deref().unwrap_or(&text);
                    match document::rewrite(current, path, &|leaf| self.leaf(leaf, *orphans)) {
                        Ok(Some(new)) => document = Some(new),
                        Ok(None) => {}
                        Err(Refused) => return self.orphan(*orphans, place, out),
                    }
                }
                match document {
                    Some(document) => push_value(out, Some(&document)),
                    None => out.extend_from_slice(field),
                }
            }
            Rule::Polymorphic {
                type_place,
                values,
                orphans,
            } => {
                let kind = fields(line).nth(*type_place).and_then(value);
                if !kind.is_some_and(|kind| values.iter().any(|it| *it == kind)) {
                    out.extend_from_slice(field);
                    return Fate::Load;
                }
                match self.mapping.get(&text) {
                    Some(mapped) => push_uuid(out, mapped.uuid),
                    None => return self.orphan(*orphans, place, out),
                }
            }
        }
        Fate::Load
    }

    fn nobody(&self, policy: OrphanPolicy, place: usize, text: &str, out: &mut Vec<u8>) -> Fate {
        let own = self.sentinels.get(place).copied().flatten();
        match own.filter(|_| ["0", "-1", ""].contains(&text.trim())) {
            Some(policy) => self.orphan(policy, place, out),
            None => self.orphan(policy, place, out),
        }
    }

    fn orphan(&self, policy: OrphanPolicy, place: usize, out: &mut Vec<u8>) -> Fate {
        let reason = || format!("{}: no such user", self.names[place]);
        match policy {
            OrphanPolicy::Null | OrphanPolicy::DropElement => {
                push_value(out, None);
                Fate::Load
            }
            OrphanPolicy::Quarantine => Fate::Quarantine(reason()),
            OrphanPolicy::Ask | OrphanPolicy::Fail => Fate::Fail(reason()),
        }
    }

    /// MIG-UUID-13: a UUID stays if it is a moved user's, an old id is mapped, everything else is nobody's.
    fn mixed(&self, text: &str) -> Option<Uuid> {
        let text = text.trim();
        if let Some(mapped) = self.mapping.get(text) {
            return Some(mapped.uuid);
        }
        self.mapping.resolve(Uuid::parse_str(text).ok()?)
    }

    /// MIG-REF-06: order, duplicates, nulls and dimensions stay.
    fn array(&self, text: &str, orphans: OrphanPolicy) -> Result<String, ()> {
        // A drop inside several dimensions would make them uneven.
        let nested = text.starts_with("{{");
        let mut out = String::with_capacity(text.len() * 4);
        let mut token = String::new();
        let mut quoted = false;
        let mut first = true;
        let mut chars = text.chars();
        let flush = |token: &mut String, first: &mut bool, out: &mut String| -> Result<(), ()> {
            if token.is_empty() {
                return Ok(());
            }
            let element = std::mem::take(token);
            let new = if element.eq_ignore_ascii_case("null") {
                Some("NULL".to_owned())
            } else {
                match (self.mapping.get(&element), orphans) {
                    (Some(mapped), _) => Some(mapped.uuid.to_string()),
                    (None, OrphanPolicy::DropElement) if !nested => None,
                    (None, OrphanPolicy::Null | OrphanPolicy::DropElement) => {
                        Some("NULL".to_owned())
                    }
                    (None, _) => return Err(()),
                }
            };
            if let Some(new) = new {
                if !*first {
                    out.push(',');
                }
                out.push_str(&new);
                *first = false;
            }
            Ok(())
        };
        while let Some(char) = chars.next() {
            match char {
                '"' => quoted = !quoted,
                '\\' if quoted => token.extend(chars.next()),
                '{' if !quoted => {
                    if !first {
                        out.push(',');
                    }
                    out.push('{');
                    first = true;
                }
                '}' if !quoted => {
                    flush(&mut token, &mut first, &mut out)?;
                    out.push('}');
                    first = false;
                }
                ',' if !quoted => flush(&mut token, &mut first, &mut out)?,
                other => token.push(other),
            }
        }
        Ok(out)
    }

    fn leaf(&self, raw: &str, orphans: OrphanPolicy) -> Leaf {
        let Some(legacy) = legacy_of(raw, self.mapping.form()) else {
            return Leaf::Keep;
        };
        match (self.mixed(&legacy), orphans) {
            (Some(uuid), _) => Leaf::Replace(format!("\"{uuid}\"")),
            (None, OrphanPolicy::DropElement) => Leaf::Drop,
            (None, OrphanPolicy::Null) => Leaf::Replace("null".to_owned()),
            (None, _) => Leaf::Refuse,
        }
    }
}

/// What could be an old id, as text.
fn legacy_of(raw: &str, form: IdForm) -> Option<String> {
    match raw.as_bytes().first()? {
        b'"' => {
            let text: String = serde_json::from_str(raw).ok()?;
            let is_id = form != IdForm::Integer
                || text.trim().parse::<i64>().is_ok()
                || Uuid::parse_str(&text).is_ok();
            is_id.then_some(text)
        }
        b'-' | b'0'..=b'9' => Some(raw.to_owned()),
        _ => None,
    }
}

fn push_uuid(out: &mut Vec<u8>, uuid: Uuid) {
    let mut buffer = Uuid::encode_buffer();
    out.extend_from_slice(uuid.hyphenated().encode_lower(&mut buffer).as_bytes());
}
