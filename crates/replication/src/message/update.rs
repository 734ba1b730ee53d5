//! `U`: a row was updated.

use super::reader::Reader;
use super::{DecodeError, Tuple};

/// What is known of the row before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OldTuple {
    /// The replica identity's columns, the others null: sent when they changed, or for a delete.
    Key(Tuple),
    /// The whole row, under full replica identity; values stored out of line included.
    Full(Tuple),
}

impl OldTuple {
    /// The values.
    pub fn tuple(&self) -> &Tuple {
        match self {
            Self::Key(tuple) | Self::Full(tuple) => tuple,
        }
    }
}

/// A row was updated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The table.
    pub relation: u32,
    /// The row before, as far as the replica identity has it and it was worth sending.
    pub old: Option<OldTuple>,
    /// The row after.
    pub new: Tuple,
}

impl Update {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, DecodeError> {
        let relation = reader.u32()?;
        let mut kind = reader.u8()?;
        let old = match kind {
            b'K' => Some(OldTuple::Key(Tuple::read(reader)?)),
            b'O' => Some(OldTuple::Full(Tuple::read(reader)?)),
            _ => None,
        };
        if old.is_some() {
            kind = reader.u8()?;
        }
        match kind {
            b'N' => Ok(Self {
                relation,
                old,
                new: Tuple::read(reader)?,
            }),
            byte => Err(DecodeError::Byte {
                what: "the tuple of an update",
                byte,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, Value, check};

    fn update(old: Option<OldTuple>) -> Message {
        let new = Tuple {
            values: vec![Value::Text("2".into()), Value::Unchanged],
        };
        Message::Update(Update {
            relation: 1,
            old,
            new,
        })
    }

    fn old() -> Tuple {
        Tuple {
            values: vec![Value::Text("1".into()), Value::Null],
        }
    }

    #[test]
    fn update_carries_the_old_row_by_identity() {
        check(b"U\0\0\0\x01N\0\x02t\0\0\0\x012u", &update(None));
        check(
            b"U\0\0\0\x01K\0\x02t\0\0\0\x011nN\0\x02t\0\0\0\x012u",
            &update(Some(OldTuple::Key(old()))),
        );
        check(
            b"U\0\0\0\x01O\0\x02t\0\0\0\x011nN\0\x02t\0\0\0\x012u",
            &update(Some(OldTuple::Full(old()))),
        );
    }
}
