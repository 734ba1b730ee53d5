//! Old id to new id, in memory, for the stream.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

/// Where an old id went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapped {
    /// The user's new id.
    pub uuid: Uuid,
    /// The old user's own row moves; false for one who was merged into another or skipped.
    pub own_row: bool,
}

/// How old ids are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdForm {
    /// Whole numbers of up to eight bytes; `' 7 '` in a text column is 7.
    Integer,
    /// Anything else, compared byte for byte: `'007'` is not `'7'`.
    Text,
    /// UUIDs already: they stay as they are.
    Uuid,
}

/// All old ids of one users table.
#[derive(Debug)]
pub struct Mapping {
    form: IdForm,
    integers: Integers,
    texts: HashMap<Box<str>, Mapped>,
    /// New ids, to recognise values that were converted already.
    known: HashSet<Uuid>,
    /// UUIDs that an earlier attempt gave to users, and the ones they have now.
    earlier: HashMap<Uuid, Uuid>,
}

/// Sorted by old id; searched by interpolation where ids are dense.
#[derive(Debug, Default)]
struct Integers(Vec<(i64, Mapped)>);

impl Integers {
    fn get(&self, id: i64) -> Option<Mapped> {
        let entries = &self.0;
        let (first, last) = (entries.first()?.0, entries.last()?.0);
        if id < first || id > last {
            return None;
        }
        // Without gaps the place is known at once.
        let guess = id
            .checked_sub(first)
            .and_then(|it| usize::try_from(it).ok());
        if let Some((found, mapped)) = guess.and_then(|guess| entries.get(guess))
            && *found == id
        {
            return Some(*mapped);
        }
        let place = entries.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(entries[place].1)
    }
}

impl Mapping {
    /// From old ids in their canonical form and where they went.
    pub fn new(form: IdForm, entries: impl IntoIterator<Item = (String, Mapped)>) -> Self {
        let mut integers = Vec::new();
        let mut texts = HashMap::new();
        let mut known = HashSet::new();
        for (mut legacy, mapped) in entries {
            known.insert(mapped.uuid);
            if form == IdForm::Uuid
                && let Ok(uuid) = Uuid::parse_str(legacy.trim())
            {
                legacy = uuid.to_string();
            }
            match (form, legacy.trim().parse()) {
                (IdForm::Integer, Ok(id)) => integers.push((id, mapped)),
                _ => {
                    texts.insert(legacy.into_boxed_str(), mapped);
                }
            }
        }
        integers.sort_unstable_by_key(|(id, _)| *id);
        Self {
            form,
            integers: Integers(integers),
            texts,
            known,
            earlier: HashMap::new(),
        }
    }

    /// The same, knowing which UUIDs an earlier attempt gave to whom.
    #[must_use]
    pub fn with_earlier(mut self, earlier: HashMap<Uuid, Uuid>) -> Self {
        self.earlier = earlier;
        self
    }

    /// Where the user with this old id went.
    pub fn get(&self, legacy: &str) -> Option<Mapped> {
        if self.form == IdForm::Integer {
            return self.integers.get(legacy.trim().parse().ok()?);
        }
        let found = self.texts.get(legacy).copied();
        if found.is_some() || self.form == IdForm::Text {
            return found;
        }
        // A UUID in a column of text may be written in any way.
        let uuid = Uuid::parse_str(legacy.trim()).ok()?;
        self.texts.get(uuid.to_string().as_str()).copied()
    }

    /// The new id of the user who has this UUID, now or from an earlier attempt.
    pub fn resolve(&self, uuid: Uuid) -> Option<Uuid> {
        if self.known.contains(&uuid) {
            return Some(uuid);
        }
        self.earlier.get(&uuid).copied()
    }

    /// How old ids are written.
    pub fn form(&self) -> IdForm {
        self.form
    }

    /// How many old ids there are.
    pub fn len(&self) -> usize {
        self.integers.0.len() + self.texts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::{IdForm, Mapped, Mapping};
    use uuid::Uuid;

    fn mapping(form: IdForm, ids: &[&str]) -> Mapping {
        Mapping::new(
            form,
            ids.iter().enumerate().map(|(n, id)| {
                let uuid = Uuid::from_u128(n as u128 + 1);
                (
                    (*id).to_owned(),
                    Mapped {
                        uuid,
                        own_row: true,
                    },
                )
            }),
        )
    }

    #[test]
    fn integers_are_found_dense_and_with_gaps_and_beyond_53_bits() {
        let ids = [
            "-9007199254740993",
            "-3",
            "1",
            "2",
            "3",
            "50",
            "9223372036854775801",
        ];
        let mapping = mapping(IdForm::Integer, &ids);
        for (n, id) in ids.iter().enumerate() {
            let found = mapping.get(id).expect("known").uuid;
            assert_eq!(found, Uuid::from_u128(n as u128 + 1), "{id}");
        }
        for id in ["0", "4", "49", "51", "9007199254740992", "x", ""] {
            assert_eq!(mapping.get(id), None, "{id}");
        }
    }

    // MIG-INS-03: UUIDs as text, however they are written.
    #[test]
    fn a_uuid_is_found_however_it_is_written() {
        let ids = ["6F9619FF-8B86-D011-B42D-00CF4FC964FF"];
        let mapping = mapping(IdForm::Uuid, &ids);
        assert!(
            mapping
                .get("6f9619ff-8b86-d011-b42d-00cf4fc964ff")
                .is_some()
        );
        assert!(mapping.get("6F9619FF8B86D011B42D00CF4FC964FF").is_some());
        assert!(mapping.get("").is_none());
    }

    /// MIG-NST-18: text ids with leading zeros are other ids.
    #[test]
    fn text_ids_are_compared_as_they_are() {
        let mapping = mapping(IdForm::Text, &["007", "7"]);
        assert_ne!(mapping.get("007"), mapping.get("7"));
        assert_eq!(mapping.get("07"), None);
    }
}
