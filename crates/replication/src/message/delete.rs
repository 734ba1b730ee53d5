//! `D`: a row was deleted.

use super::reader::Reader;
use super::{DecodeError, OldTuple, Tuple};

/// A row was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delete {
    /// The table.
    pub relation: u32,
    /// The row, as far as the replica identity has it.
    pub old: OldTuple,
}

impl Delete {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, DecodeError> {
        let relation = reader.u32()?;
        let old = match reader.u8()? {
            b'K' => OldTuple::Key(Tuple::read(reader)?),
            b'O' => OldTuple::Full(Tuple::read(reader)?),
            byte => {
                return Err(DecodeError::Byte {
                    what: "the tuple of a delete",
                    byte,
                });
            }
        };
        Ok(Self { relation, old })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, Value, check};

    #[test]
    fn delete_carries_key_or_row() {
        let tuple = Tuple {
            values: vec![Value::Text("1".into())],
        };
        let delete = |old| Message::Delete(Delete { relation: 7, old });
        check(
            b"D\0\0\0\x07K\0\x01t\0\0\0\x011",
            &delete(OldTuple::Key(tuple.clone())),
        );
        check(
            b"D\0\0\0\x07O\0\x01t\0\0\0\x011",
            &delete(OldTuple::Full(tuple)),
        );
    }
}
