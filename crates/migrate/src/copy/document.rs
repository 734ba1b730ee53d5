//! Documents changed at some paths, everything else kept as it was written: numbers with all their digits, keys in
//! order and twice where they stand twice.

use std::io;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::ser::Formatter;
use serde_json::value::RawValue;

use super::JsonStep;

/// What a leaf becomes.
pub(super) enum Leaf {
    /// It stays.
    Keep,
    /// This JSON text.
    Replace(String),
    /// The element is left out of its array; anywhere else it becomes null.
    Drop,
    /// The whole row cannot be converted.
    Refuse,
}

/// The leaf is nobody's and the policy refuses.
#[derive(Debug)]
pub(super) struct Refused;

/// `raw` with every leaf at `path` judged; none when nothing changed.
pub(super) fn rewrite(
    raw: &str,
    path: &[JsonStep],
    judge: &impl Fn(&str) -> Leaf,
) -> Result<Option<String>, Refused> {
    let Some((step, rest)) = path.split_first() else {
        return match judge(raw) {
            Leaf::Keep => Ok(None),
            Leaf::Replace(text) => Ok(Some(text)),
            Leaf::Drop => Ok(Some("null".to_owned())),
            Leaf::Refuse => Err(Refused),
        };
    };
    let mut changed = false;
    let text = match step {
        JsonStep::Key(key) => {
            let Ok(mut object) = serde_json::from_str::<Object>(raw) else {
                return Ok(None);
            };
            for (name, value) in &mut object.0 {
                if name == key
                    && let Some(new) = rewrite(value.get(), rest, judge)?
                {
                    *value = raw_value(new);
                    changed = true;
                }
            }
            changed.then(|| write(&object))
        }
        JsonStep::Each => {
            let Ok(elements) = serde_json::from_str::<Vec<Box<RawValue>>>(raw) else {
                return Ok(None);
            };
            let mut kept = Vec::with_capacity(elements.len());
            for element in elements {
                if rest.is_empty() && matches!(judge(element.get()), Leaf::Drop) {
                    changed = true;
                    continue;
                }
                match rewrite(element.get(), rest, judge)? {
                    Some(new) => {
                        changed = true;
                        kept.push(raw_value(new));
                    }
                    None => kept.push(element),
                }
            }
            changed.then(|| write(&kept))
        }
    };
    text.transpose().map_err(|_| Refused)
}

/// As PostgreSQL writes `jsonb`: what was read that way comes out the same, so that a document can be compared after it
/// was stored.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first {
            Ok(())
        } else {
            writer.write_all(b", ")
        }
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first {
            Ok(())
        } else {
            writer.write_all(b", ")
        }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

fn write(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut out = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(
        &mut out, Spaced,
    ))?;
    Ok(String::from_utf8(out).expect("JSON is UTF-8"))
}

fn raw_value(text: String) -> Box<RawValue> {
    RawValue::from_string(text).expect("what was made here is JSON")
}

/// An object's members in order, duplicates included.
struct Object(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Object, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
