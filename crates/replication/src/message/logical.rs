//! `M`: something an application wrote into the log (`pg_logical_emit_message`).

use bytes::Bytes;

use super::DecodeError;
use super::reader::Reader;
use crate::Lsn;

/// Something an application wrote into the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logical {
    /// Whether it belongs to a transaction; otherwise it was sent at once.
    pub transactional: bool,
    /// Where it stands.
    pub lsn: Lsn,
    /// Whose it is.
    pub prefix: String,
    /// What it says.
    pub content: Bytes,
}

impl Logical {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, DecodeError> {
        let transactional = reader.u8()? & 1 != 0;
        Ok(Self {
            transactional,
            lsn: reader.lsn()?,
            prefix: reader.text()?,
            content: reader.counted()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, check};

    #[test]
    fn a_message_has_a_prefix_and_a_content() {
        check(
            b"M\x01\0\0\0\0\0\0\0\x05passerelle\0\0\0\0\x02hi",
            &Message::Logical(Logical {
                transactional: true,
                lsn: Lsn(5),
                prefix: "passerelle".into(),
                content: "hi".into(),
            }),
        );
    }
}
