//! `I`: a row was inserted.

use super::reader::Reader;
use super::{DecodeError, Tuple};

/// A row was inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insert {
    /// The table.
    pub relation: u32,
    /// The row.
    pub new: Tuple,
}

impl Insert {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, DecodeError> {
        let relation = reader.u32()?;
        match reader.u8()? {
            b'N' => Ok(Self {
                relation,
                new: Tuple::read(reader)?,
            }),
            byte => Err(DecodeError::Byte {
                what: "the tuple of an insert",
                byte,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, Value, check};

    #[test]
    fn insert_carries_the_row() {
        check(
            b"I\0\0\x40\0N\0\x03t\0\0\0\x011nt\0\0\0\0",
            &Message::Insert(Insert {
                relation: 0x4000,
                new: Tuple {
                    values: vec![Value::Text("1".into()), Value::Null, Value::Text("".into())],
                },
            }),
        );
    }

    #[test]
    fn values_are_slices_of_the_message() {
        let data = bytes::Bytes::from_static(b"I\0\0\0\x01N\0\x01t\0\0\0\x03abc");
        let start = data.as_ptr() as usize;
        let Ok(Message::Insert(insert)) = Message::decode(data) else {
            panic!("an insert")
        };
        let Value::Text(value) = &insert.new[0] else {
            panic!("a text")
        };
        assert_eq!(value.as_ptr() as usize - start, 13);
    }
}
