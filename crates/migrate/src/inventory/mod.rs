//! What the source holds: only what is, no opinion.

mod load;
mod others;

pub(crate) use load::server;
mod objects;
mod table;

pub use objects::{
    Extension, Function, Grant, Grantee, Leftover, Other, Policy, PolicyCommand, Publication,
    Remark, Schema, Sequence, Setting, Stage, Trigger, TypeDefinition, TypeKind, View,
};
pub use table::{
    Action, Column, Constraint, ConstraintKind, ForeignKey, Generation, Index, Partitioning,
    ReplicaIdentity, Table, TableKind,
};

use std::fmt;

use serde::{Deserialize, Serialize};

/// A schema-qualified name as the catalog has it, unquoted. Shown as `schema.name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// The schema.
    pub schema: String,
    /// The object.
    pub name: String,
}

impl Name {
    /// A name from its parts.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
        }
    }

    /// For statements: both parts quoted.
    pub fn quoted(&self) -> sql::QualifiedName {
        sql::QualifiedName::new(self.schema.as_str(), self.name.as_str())
    }

    /// Reads what [`fmt::Display`] writes; a part in double quotes may hold dots and doubled quotes. A name
    /// without a schema is in `public`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = vec![String::new()];
        let mut quoted = false;
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            let part = parts.last_mut()?;
            match char {
                '"' if quoted && chars.peek() == Some(&'"') => {
                    chars.next();
                    part.push('"');
                }
                '"' => quoted = !quoted,
                '.' if !quoted => parts.push(String::new()),
                other => part.push(other),
            }
        }
        if quoted || parts.iter().any(String::is_empty) {
            return None;
        }
        match parts.as_slice() {
            [name] => Some(Self::new("public", name)),
            [schema, name] => Some(Self::new(schema, name)),
            _ => None,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |text: &str| {
            if text.contains(['.', '"']) {
                format!("\"{}\"", text.replace('"', "\"\""))
            } else {
                text.to_owned()
            }
        };
        write!(f, "{}.{}", part(&self.schema), part(&self.name))
    }
}

impl Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("\"{text}\" is not schema.name")))
    }
}

/// Which database this is, whatever name it is reached by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// `server_version_num`.
    pub version: i32,
    /// The version as people write it, such as `14.11`.
    pub version_text: String,
    /// The cluster's system identifier, a colon, the database's oid; the identifier is 0 where it cannot be read.
    pub fingerprint: String,
    /// The database's name.
    pub database: String,
    /// Its encoding, such as `UTF8`.
    pub encoding: String,
    /// The server's time zone.
    pub time_zone: String,
}

/// Everything that may have to move. Sorted by name where order carries no meaning.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// The database.
    pub server: Server,
    /// Its own schemas, the system's and extensions' left out.
    pub schemas: Vec<Schema>,
    /// Installed extensions.
    pub extensions: Vec<Extension>,
    /// Enums, composites, domains and ranges, in an order in which they can be created.
    pub types: Vec<TypeDefinition>,
    /// Tables; a partitioned table before its partitions.
    pub tables: Vec<Table>,
    /// Sequences, identity columns' ones included.
    pub sequences: Vec<Sequence>,
    /// Views and materialized views, in an order in which they can be created.
    pub views: Vec<View>,
    /// Functions and procedures.
    pub functions: Vec<Function>,
    /// Triggers that are not a constraint's own.
    pub triggers: Vec<Trigger>,
    /// Row security policies.
    pub policies: Vec<Policy>,
    /// Privileges on tables, sequences, views, functions and schemas.
    pub grants: Vec<Grant>,
    /// Publications.
    pub publications: Vec<Publication>,
    /// What is made as it is, in an order in which it can be.
    pub others: Vec<Other>,
    /// Comments on what does not bring its own.
    pub remarks: Vec<Remark>,
    /// Small settings of tables.
    pub settings: Vec<Setting>,
    /// What stays behind.
    pub leftovers: Vec<Leftover>,
}

impl Inventory {
    /// Reads the catalog; one consistent view when `client` is in a repeatable-read transaction.
    pub async fn read(client: &tokio_postgres::Client) -> Result<Self, crate::Error> {
        load::inventory(client).await
    }

    /// A table by its name.
    pub fn table(&self, name: &Name) -> Option<&Table> {
        self.tables.iter().find(|table| &table.name == name)
    }

    /// SHA-256 over every definition, in hex: what a plan was made for.
    pub fn digest(&self) -> String {
        load::digest(self)
    }
}

#[cfg(test)]
mod tests;
