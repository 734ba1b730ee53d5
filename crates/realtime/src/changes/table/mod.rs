//! What is known of a table: its columns, key, types and policies, and what each role may see of it.

mod kind;
mod load;

pub(super) use kind::{Kind, Scalar};
pub(super) use load::{load_published, load_role, load_table};

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

/// A published table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Published {
    pub(super) oid: u32,
    pub(super) schema: String,
    pub(super) name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct TypeFacts {
    pub(super) oid: u32,
    /// `int8`, `_text`.
    pub(super) name: String,
    /// As a cast takes it, without any length.
    pub(super) written: String,
    /// As people read it: `integer`.
    pub(super) shown: String,
    kind: char,
    base: u32,
    element: u32,
    delimiter: char,
    pub(super) textual: bool,
    json_cast: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct ColumnFacts {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) type_oid: u32,
    pub(super) generated: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Policy {
    pub(super) oid: u32,
    pub(super) permissive: bool,
    /// None lets nothing pass, like PostgreSQL.
    pub(super) expression: Option<String>,
    /// The columns of the table that it reads.
    pub(super) columns: Vec<String>,
    /// Whether claims may be put in as values.
    pub(super) transparent: bool,
}

/// A table as the catalog has it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Table {
    #[serde(skip)]
    pub(super) oid: u32,
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) row_security: bool,
    pub(super) primary_key: Vec<String>,
    /// Live columns in attribute order.
    pub(super) columns: Vec<ColumnFacts>,
    #[serde(rename = "types", deserialize_with = "by_oid")]
    types: HashMap<u32, TypeFacts>,
    pub(super) policies: Vec<Policy>,
}

fn by_oid<'de, D: serde::Deserializer<'de>>(input: D) -> Result<HashMap<u32, TypeFacts>, D::Error> {
    let types = Vec::<TypeFacts>::deserialize(input)?;
    Ok(types.into_iter().map(|facts| (facts.oid, facts)).collect())
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct RolePolicy {
    pub(super) oid: u32,
    pub(super) applies: bool,
    /// It reads no other table whose rows depend on the caller.
    pub(super) plain: bool,
}

/// What a role may see of a table.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RoleFacts {
    /// Columns it may select.
    pub(super) columns: HashSet<String>,
    /// Row security holds for it.
    pub(super) secured: bool,
    /// One for each of the table's policies.
    pub(super) policies: Vec<RolePolicy>,
}

impl RoleFacts {
    /// Whether both were read of the same policies.
    pub(super) fn belong_to(&self, table: &Table) -> bool {
        let of_table = table.policies.iter().map(|policy| policy.oid);
        of_table.eq(self.policies.iter().map(|policy| policy.oid))
    }
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&ColumnFacts> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub(super) fn type_facts(&self, oid: u32) -> Option<&TypeFacts> {
        self.types.get(&oid)
    }

    /// The type beneath domains.
    pub(super) fn base(&self, oid: u32) -> Option<&TypeFacts> {
        let mut facts = self.types.get(&oid)?;
        while facts.kind == 'd' {
            facts = self.types.get(&facts.base)?;
        }
        Some(facts)
    }

    /// How values of a type become JSON.
    pub(super) fn kind(&self, oid: u32) -> Kind {
        let Some(facts) = self.types.get(&oid) else {
            return Kind::Asked;
        };
        // A cast to json of the domain's base counts, as for to_jsonb of the base type.
        let Some(base) = self.base(oid) else {
            return Kind::Asked;
        };
        if facts.json_cast || base.json_cast || base.kind == 'c' {
            return Kind::Asked;
        }
        if base.element == 0 {
            return Scalar::of(base.oid).map_or(Kind::Asked, Kind::Scalar);
        }
        match self.kind(base.element) {
            Kind::Scalar(element) => Kind::Array {
                element,
                delimiter: base.delimiter,
            },
            Kind::Array { .. } | Kind::Asked => Kind::Asked,
        }
    }
}
