//! Request bodies. JSON is checked for its keys and otherwise passed on unparsed.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::media::BodyType;
use super::query_string;
use crate::error::Error;

/// What a body looks like.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum PayloadShape {
    /// None was read.
    None,
    /// One object, or an array of objects, of these keys (sorted); as JSON.
    Json { array: bool, keys: Vec<String> },
    /// One text, for a function's only parameter.
    Raw(RawKind),
}

/// The parameter type that takes a raw body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum RawKind {
    Text,
    Xml,
    Bytes,
}

impl RawKind {
    /// As PostgreSQL names the type.
    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Xml => "xml",
            Self::Bytes => "bytea",
        }
    }
}

/// Where the body goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Write,
    Call,
}

/// Reads a body. With `columns` given the keys are those, and JSON is left to PostgreSQL.
pub(crate) fn read(
    body: Bytes,
    kind: &BodyType,
    purpose: Purpose,
    columns: Option<&[String]>,
) -> Result<(PayloadShape, Bytes), Error> {
    let body = match kind {
        BodyType::Json if body.is_empty() && purpose == Purpose::Call => Bytes::from_static(b"{}"),
        BodyType::Json => body,
        BodyType::Csv => csv_as_json(&body)?,
        BodyType::Form => form_as_json(&body),
        BodyType::Text if purpose == Purpose::Call => {
            return Ok((PayloadShape::Raw(RawKind::Text), body));
        }
        BodyType::Xml if purpose == Purpose::Call => {
            return Ok((PayloadShape::Raw(RawKind::Xml), body));
        }
        BodyType::Octets if purpose == Purpose::Call => {
            return Ok((PayloadShape::Raw(RawKind::Bytes), hex_literal(&body)));
        }
        BodyType::Text => return Err(not_acceptable("text/plain")),
        BodyType::Xml => return Err(not_acceptable("text/xml")),
        BodyType::Octets => return Err(not_acceptable("application/octet-stream")),
        BodyType::Other(name) => return Err(not_acceptable(name)),
    };
    if let Some(columns) = columns {
        let mut keys = columns.to_vec();
        keys.sort();
        keys.dedup();
        let array = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
        return Ok((PayloadShape::Json { array, keys }, body));
    }
    match keys(&body).map_err(|()| Error::Body("Empty or invalid json".to_owned()))? {
        Keys::Object(keys) => Ok((PayloadShape::Json { array: false, keys }, body)),
        Keys::Array(keys) => Ok((PayloadShape::Json { array: true, keys }, body)),
        Keys::Mismatch => Err(Error::Body("All object keys must match".to_owned())),
        // REST-PAY-03: any other value counts as an empty list.
        Keys::Scalar => Ok((
            PayloadShape::Json {
                array: true,
                keys: Vec::new(),
            },
            Bytes::from_static(b"[]"),
        )),
    }
}

fn not_acceptable(name: &str) -> Error {
    Error::Body(format!("Content-Type not acceptable: {name}"))
}

fn hex_literal(body: &[u8]) -> Bytes {
    use fmt::Write as _;
    let mut text = String::with_capacity(body.len() * 2 + 2);
    text.push_str("\\x");
    for byte in body {
        let _ = write!(text, "{byte:02x}");
    }
    text.into()
}

fn form_as_json(body: &[u8]) -> Bytes {
    let text = String::from_utf8_lossy(body);
    let mut object = serde_json::Map::new();
    for (name, value) in query_string::pairs(&text) {
        object.insert(
            name.into_owned(),
            value.unwrap_or_default().into_owned().into(),
        );
    }
    serde_json::Value::Object(object).to_string().into()
}

/// REST-PAY-07: a header line and rows; the cell `NULL` is null.
fn csv_as_json(body: &[u8]) -> Result<Bytes, Error> {
    let text = String::from_utf8_lossy(body);
    let mut lines = csv_lines(text.strip_prefix('\u{feff}').unwrap_or(&text)).into_iter();
    let header = lines.next().unwrap_or_default();
    let mut rows = Vec::new();
    for line in lines {
        if line.len() != header.len() {
            return Err(Error::Body(
                "All lines must have same number of fields".to_owned(),
            ));
        }
        let cell = |text: String| {
            if text == "NULL" {
                serde_json::Value::Null
            } else {
                text.into()
            }
        };
        rows.push(serde_json::Value::Object(
            header
                .iter()
                .cloned()
                .zip(line.into_iter().map(cell))
                .collect(),
        ));
    }
    Ok(serde_json::Value::Array(rows).to_string().into())
}

fn csv_lines(text: &str) -> Vec<Vec<String>> {
    let (mut lines, mut line, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.is_empty() => quoted = true,
            ',' if !quoted => line.push(std::mem::take(&mut cell)),
            '\r' if !quoted && chars.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                line.push(std::mem::take(&mut cell));
                lines.push(std::mem::take(&mut line));
            }
            c => cell.push(c),
        }
    }
    if !cell.is_empty() || !line.is_empty() {
        line.push(cell);
        lines.push(line);
    }
    lines
}

enum Keys {
    Object(Vec<String>),
    Array(Vec<String>),
    Mismatch,
    Scalar,
}

/// Validates the JSON and collects the keys, building nothing else.
fn keys(body: &[u8]) -> Result<Keys, ()> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let keys = (&mut deserializer)
        .deserialize_any(TopVisitor)
        .map_err(|_| ())?;
    deserializer.end().map_err(|_| ())?;
    Ok(keys)
}

/// What a visitor makes of anything that is neither object nor array.
macro_rules! scalars {
    ($ty:ty, $value:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any JSON")
        }

        fn visit_bool<E>(self, _: bool) -> Result<$ty, E> {
            Ok($value)
        }

        fn visit_i64<E>(self, _: i64) -> Result<$ty, E> {
            Ok($value)
        }

        fn visit_u64<E>(self, _: u64) -> Result<$ty, E> {
            Ok($value)
        }

        fn visit_f64<E>(self, _: f64) -> Result<$ty, E> {
            Ok($value)
        }

        fn visit_str<E>(self, _: &str) -> Result<$ty, E> {
            Ok($value)
        }

        fn visit_unit<E>(self) -> Result<$ty, E> {
            Ok($value)
        }
    };
}

struct TopVisitor;

impl<'de> Visitor<'de> for TopVisitor {
    type Value = Keys;

    scalars!(Keys, Keys::Scalar);

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Keys, A::Error> {
        object_keys(map).map(Keys::Object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Keys, A::Error> {
        let Some(first) = seq.next_element_seed(FirstElement)? else {
            return Ok(Keys::Array(Vec::new()));
        };
        let mut good = first.is_some();
        let first = first.unwrap_or_default();
        while let Some(same) = seq.next_element_seed(SameKeys(&first))? {
            good &= same;
        }
        Ok(if good {
            Keys::Array(first)
        } else {
            Keys::Mismatch
        })
    }
}

fn object_keys<'de, A: MapAccess<'de>>(mut map: A) -> Result<Vec<String>, A::Error> {
    let mut keys = Vec::new();
    while let Some(key) = map.next_key::<String>()? {
        map.next_value::<IgnoredAny>()?;
        keys.push(key);
    }
    keys.sort();
    keys.dedup();
    Ok(keys)
}

/// The first element: its keys if it is an object.
struct FirstElement;

impl<'de> DeserializeSeed<'de> for FirstElement {
    type Value = Option<Vec<String>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FirstElement {
    type Value = Option<Vec<String>>;

    scalars!(Option<Vec<String>>, None);

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        object_keys(map).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// A later element: whether it is an object with the same keys.
struct SameKeys<'k>(&'k [String]);

impl<'de> DeserializeSeed<'de> for SameKeys<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for SameKeys<'_> {
    type Value = bool;

    scalars!(bool, false);

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        // Which of the keys were seen: no allocation for up to 128 of them.
        let mut seen = smallvec::SmallVec::<[bool; 128]>::from_elem(false, self.0.len());
        let (mut distinct, mut same) = (0, true);
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            map.next_value::<IgnoredAny>()?;
            match self.0.binary_search_by(|known| known.as_str().cmp(&key)) {
                Ok(at) if !seen[at] => {
                    seen[at] = true;
                    distinct += 1;
                }
                Ok(_) => {}
                Err(_) => same = false,
            }
        }
        Ok(same && distinct == self.0.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(false)
    }
}

/// A key, borrowed from the body where it has no escapes.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
