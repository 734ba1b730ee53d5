//! pgoutput, protocol version 1: one type for each message.

mod begin;
mod commit;
mod delete;
mod insert;
mod logical;
mod origin;
mod reader;
mod relation;
mod truncate;
mod tuple;
mod type_name;
mod update;

pub use begin::Begin;
pub use commit::Commit;
pub use delete::Delete;
pub use insert::Insert;
pub use logical::Logical;
pub use origin::Origin;
pub use relation::{Column, Identity, Relation};
pub use truncate::Truncate;
pub use tuple::{Tuple, Value};
pub use type_name::TypeName;
pub use update::{OldTuple, Update};

use bytes::Bytes;
use reader::Reader;

/// Bytes that are not a pgoutput message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It ends too early.
    #[error("the message is cut short")]
    Short,
    /// Bytes are left over.
    #[error("the message has {0} bytes too many")]
    Long(usize),
    /// Text that is not UTF-8, or without its end.
    #[error("a name is not UTF-8 text")]
    Text,
    /// A byte that stands for nothing.
    #[error("{what} cannot be {byte:#04x}")]
    Byte {
        /// Where it stands.
        what: &'static str,
        /// The byte.
        byte: u8,
    },
}

/// One message of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// `B`
    Begin(Begin),
    /// `C`
    Commit(Commit),
    /// `O`
    Origin(Origin),
    /// `R`
    Relation(Relation),
    /// `Y`
    Type(TypeName),
    /// `I`
    Insert(Insert),
    /// `U`
    Update(Update),
    /// `D`
    Delete(Delete),
    /// `T`
    Truncate(Truncate),
    /// `M`
    Logical(Logical),
}

impl Message {
    /// Reads one message; values are slices of `data`.
    pub fn decode(data: Bytes) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(data);
        let message = match reader.u8()? {
            b'B' => Self::Begin(Begin::read(&mut reader)?),
            b'C' => Self::Commit(Commit::read(&mut reader)?),
            b'O' => Self::Origin(Origin::read(&mut reader)?),
            b'R' => Self::Relation(Relation::read(&mut reader)?),
            b'Y' => Self::Type(TypeName::read(&mut reader)?),
            b'I' => Self::Insert(Insert::read(&mut reader)?),
            b'U' => Self::Update(Update::read(&mut reader)?),
            b'D' => Self::Delete(Delete::read(&mut reader)?),
            b'T' => Self::Truncate(Truncate::read(&mut reader)?),
            b'M' => Self::Logical(Logical::read(&mut reader)?),
            byte => {
                return Err(DecodeError::Byte {
                    what: "the kind of message",
                    byte,
                });
            }
        };
        reader.end()?;
        Ok(message)
    }
}

/// Byte tests share this: a message's bytes are what it decodes from, and none of them may be missing.
#[cfg(test)]
fn check(bytes: &[u8], message: &Message) {
    let data = Bytes::copy_from_slice(bytes);
    assert_eq!(Message::decode(data.clone()).as_ref(), Ok(message));
    for end in 0..bytes.len() {
        assert!(Message::decode(data.slice(..end)).is_err(), "cut at {end}");
    }
    let longer = [bytes, b"\0"].concat();
    assert!(Message::decode(longer.into()).is_err(), "a byte too many");
}
