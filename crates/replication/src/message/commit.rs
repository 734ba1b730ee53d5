//! `C`: the transaction's last message.

use super::DecodeError;
use super::reader::Reader;
use crate::Lsn;

/// The transaction's last message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commit {
    /// Where its commit record stands.
    pub commit_lsn: Lsn,
    /// Where the log goes on after it: what is confirmed once the transaction is taken care of.
    pub end_lsn: Lsn,
    /// When it committed, in microseconds since 2000-01-01 UTC.
    pub commit_micros: i64,
}

impl Commit {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, DecodeError> {
        let _flags = reader.u8()?;
        Ok(Self {
            commit_lsn: reader.lsn()?,
            end_lsn: reader.lsn()?,
            commit_micros: reader.i64()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, check};

    #[test]
    fn commit_is_two_positions_and_a_time() {
        check(
            b"C\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\x03",
            &Message::Commit(Commit {
                commit_lsn: Lsn(1),
                end_lsn: Lsn(2),
                commit_micros: 3,
            }),
        );
    }
}
