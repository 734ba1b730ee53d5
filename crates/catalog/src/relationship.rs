//! How relations are related: what may be embedded in what.

use crate::ObjectName;

/// How many of the one belong to how many of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cardinality {
    /// The target refers to the origin.
    OneToMany,
    /// The origin refers to the target.
    ManyToOne,
    /// One refers to the other by a unique key.
    OneToOne,
    /// Through a junction.
    ManyToMany,
}

impl Cardinality {
    /// As the wire says it.
    pub fn text(self) -> &'static str {
        match self {
            Self::OneToMany => "one-to-many",
            Self::ManyToOne => "many-to-one",
            Self::OneToOne => "one-to-one",
            Self::ManyToMany => "many-to-many",
        }
    }

    /// Whether at most one row is on the other side.
    pub fn is_to_one(self) -> bool {
        matches!(self, Self::ManyToOne | Self::OneToOne)
    }
}

/// Pairs of columns that must be equal.
pub type ColumnPairs = Vec<(String, String)>;

/// The table between the two ends of a many-to-many relationship.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Junction {
    /// The table or view.
    pub relation: ObjectName,
    /// The foreign key to the origin.
    pub origin_constraint: String,
    /// The foreign key to the target.
    pub target_constraint: String,
    /// Origin column, junction column.
    pub origin_columns: ColumnPairs,
    /// Junction column, target column.
    pub target_columns: ColumnPairs,
}

/// A relationship, seen from its origin.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Relationship {
    /// Where it starts.
    pub origin: ObjectName,
    /// Where it leads.
    pub target: ObjectName,
    /// How many.
    pub cardinality: Cardinality,
    /// The foreign key (empty for many-to-many).
    pub constraint: String,
    /// Origin column, target column (empty for many-to-many).
    pub columns: ColumnPairs,
    /// The junction of a many-to-many relationship.
    pub junction: Option<Junction>,
    /// Whether the target is a view.
    pub target_is_view: bool,
    /// Whether the foreign key is the origin's.
    pub holds_key: bool,
}

impl Relationship {
    /// Whether origin and target are the same relation.
    pub fn is_self(&self) -> bool {
        self.origin == self.target
    }
}

/// A relationship made by a function from a row of one relation to rows of another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ComputedRelationship {
    /// The function, which also names the relationship.
    pub function: ObjectName,
    /// Whose row it takes.
    pub origin: ObjectName,
    /// Whose rows it returns.
    pub target: ObjectName,
    /// Whether it returns at most one.
    pub to_one: bool,
}
