//! `T`: tables were emptied.

use super::DecodeError;
use super::reader::Reader;

/// Tables were emptied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truncate {
    /// `CASCADE` was given.
    pub cascade: bool,
    /// `RESTART IDENTITY` was given.
    pub restart_identity: bool,
    /// The tables.
    pub relations: Vec<u32>,
}

impl Truncate {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, DecodeError> {
        let count = reader.u32()?;
        let options = reader.u8()?;
        let relations = (0..count).map(|_| reader.u32()).collect::<Result<_, _>>()?;
        Ok(Self {
            cascade: options & 1 != 0,
            restart_identity: options & 2 != 0,
            relations,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, check};

    #[test]
    fn truncate_names_its_tables() {
        check(
            b"T\0\0\0\x02\x03\0\0\0\x01\0\0\0\x02",
            &Message::Truncate(Truncate {
                cascade: true,
                restart_identity: true,
                relations: vec![1, 2],
            }),
        );
    }
}
