//! The values of one row.

use bytes::Bytes;

use super::DecodeError;
use super::reader::Reader;

/// One column's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// SQL null; in an old key also "not part of the key".
    Null,
    /// Stored out of line and not changed: the value is not in the stream.
    Unchanged,
    /// The text form, under the session settings that this crate pins.
    Text(Bytes),
    /// The binary form; never sent unless asked for.
    Binary(Bytes),
}

impl Value {
    /// The text form as UTF-8, if there is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

/// The values of one row, in the relation's order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tuple {
    /// One for each column.
    pub values: Vec<Value>,
}

impl Tuple {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, DecodeError> {
        let count = reader.u16()?;
        let values = (0..count)
            .map(|_| {
                Ok(match reader.u8()? {
                    b'n' => Value::Null,
                    b'u' => Value::Unchanged,
                    b't' => Value::Text(reader.counted()?),
                    b'b' => Value::Binary(reader.counted()?),
                    byte => {
                        return Err(DecodeError::Byte {
                            what: "the kind of value",
                            byte,
                        });
                    }
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { values })
    }

    /// Bytes of all values.
    pub fn size(&self) -> usize {
        self.values
            .iter()
            .map(|value| match value {
                Value::Null | Value::Unchanged => 1,
                Value::Text(bytes) | Value::Binary(bytes) => bytes.len(),
            })
            .sum()
    }
}

impl std::ops::Index<usize> for Tuple {
    type Output = Value;

    fn index(&self, index: usize) -> &Value {
        self.values.get(index).unwrap_or(&Value::Null)
    }
}
