//! `Y`: the name of a type that is not built in.

use super::DecodeError;
use super::reader::Reader;

/// The name of a type that is not built in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeName {
    /// Its oid.
    pub oid: u32,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
}

impl TypeName {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            oid: reader.u32()?,
            schema: reader.text()?,
            name: reader.text()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, check};

    #[test]
    fn a_type_has_an_oid_a_schema_and_a_name() {
        check(
            b"Y\0\0\x40\x01public\0mood\0",
            &Message::Type(TypeName {
                oid: 0x4001,
                schema: "public".into(),
                name: "mood".into(),
            }),
        );
    }
}
