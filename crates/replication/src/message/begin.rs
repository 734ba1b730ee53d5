//! `B`: a transaction begins; it has already committed.

use super::DecodeError;
use super::reader::Reader;
use crate::Lsn;

/// A transaction begins; it has already committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begin {
    /// Where its commit record stands.
    pub commit_lsn: Lsn,
    /// When it committed, in microseconds since 2000-01-01 UTC.
    pub commit_micros: i64,
    /// The transaction's id.
    pub xid: u32,
}

impl Begin {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            commit_lsn: reader.lsn()?,
            commit_micros: reader.i64()?,
            xid: reader.u32()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, check};

    #[test]
    fn begin_is_position_time_and_id() {
        check(
            b"B\0\0\0\x01\0\0\0\x02\0\0\0\0\0\0\0\x03\0\0\0\x04",
            &Message::Begin(Begin {
                commit_lsn: Lsn(0x1_0000_0002),
                commit_micros: 3,
                xid: 4,
            }),
        );
    }
}
