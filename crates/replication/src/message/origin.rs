//! `O`: the transaction was itself replicated from elsewhere.

use super::DecodeError;
use super::reader::Reader;
use crate::Lsn;

/// The transaction was itself replicated from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its commit position there.
    pub commit_lsn: Lsn,
    /// The name of that place.
    pub name: String,
}

impl Origin {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            commit_lsn: reader.lsn()?,
            name: reader.text()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, check};

    #[test]
    fn origin_is_a_position_and_a_name() {
        check(
            b"O\0\0\0\0\0\0\0\x09elsewhere\0",
            &Message::Origin(Origin {
                commit_lsn: Lsn(9),
                name: "elsewhere".into(),
            }),
        );
    }
}
