//! `R`: what a table looks like, sent before its first change and after anything about it changed
//! (columns, publication, and privileges and policies too).

use super::DecodeError;
use super::reader::Reader;

/// Which columns of the old row a change carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Those of the primary key.
    Default,
    /// None.
    Nothing,
    /// All.
    Full,
    /// Those of an index.
    Index,
}

/// A published column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_oid: u32,
    /// `atttypmod`.
    pub type_modifier: i32,
    /// Whether it belongs to the replica identity.
    pub key: bool,
}

/// A published table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Its oid.
    pub oid: u32,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its replica identity.
    pub identity: Identity,
    /// The published columns, in order.
    pub columns: Vec<Column>,
}

impl Relation {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, DecodeError> {
        let oid = reader.u32()?;
        // `pg_catalog` is sent as an empty name.
        let schema = match reader.text()? {
            schema if schema.is_empty() => "pg_catalog".to_owned(),
            schema => schema,
        };
        let name = reader.text()?;
        let identity = match reader.u8()? {
            b'd' => Identity::Default,
            b'n' => Identity::Nothing,
            b'f' => Identity::Full,
            b'i' => Identity::Index,
            byte => {
                return Err(DecodeError::Byte {
                    what: "a replica identity",
                    byte,
                });
            }
        };
        let count = reader.u16()?;
        let columns = (0..count)
            .map(|_| {
                let key = reader.u8()? & 1 != 0;
                Ok(Column {
                    key,
                    name: reader.text()?,
                    type_oid: reader.u32()?,
                    type_modifier: reader.i32()?,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            oid,
            schema,
            name,
            identity,
            columns,
        })
    }

    /// Where the column of this name stands.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns
            .iter()
            .position(|candidate| candidate.name == column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, check};

    #[test]
    fn relation_lists_its_columns() {
        check(
            b"R\0\0\x40\0public\0todos\0d\0\x02\x01id\0\0\0\0\x17\xff\xff\xff\xff\0title\0\0\0\x04\x13\0\0\0\x24",
            &Message::Relation(Relation {
                oid: 0x4000,
                schema: "public".into(),
                name: "todos".into(),
                identity: Identity::Default,
                columns: vec![
                    Column { name: "id".into(), type_oid: 23, type_modifier: -1, key: true },
                    Column { name: "title".into(), type_oid: 1043, type_modifier: 36, key: false },
                ],
            }),
        );
    }

    #[test]
    fn an_empty_schema_is_the_catalog() {
        let data = bytes::Bytes::from_static(b"R\0\0\0\x01\0t\0f\0\0");
        let Ok(Message::Relation(relation)) = Message::decode(data) else {
            panic!("a relation")
        };
        assert_eq!(relation.schema, "pg_catalog");
    }
}
