//! Functions.

use sql::TypeName;

use crate::ObjectName;

/// What a function may do to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Volatility {
    /// The same answer for ever.
    Immutable,
    /// The same answer within a statement; no writes.
    Stable,
    /// Anything.
    Volatile,
}

/// An input parameter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parameter {
    /// Its name; empty for an unnamed one.
    pub name: String,
    /// Its type.
    pub type_name: TypeName,
    /// Its type as a conversion target: like [`Parameter::type_name`], but `char` and `bit` take any length.
    pub cast_type: TypeName,
    /// Whether it must be given.
    pub required: bool,
    /// Whether it takes all remaining arguments.
    pub variadic: bool,
}

/// The shape of one result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Nothing.
    Void,
    /// One value (also a record whose columns only the call knows).
    Scalar,
    /// A row with known columns.
    Composite,
}

/// What a function returns.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Returns {
    /// Any number of results, or exactly one.
    pub set: bool,
    /// Declared with `ROWS 1`.
    pub one_row: bool,
    /// Each result's shape.
    pub shape: Shape,
    /// The declared type.
    pub type_name: TypeName,
    /// The relation whose rows it returns, if it does.
    pub relation: Option<ObjectName>,
    /// If its type is a domain named like a media type: that domain.
    pub media: Option<MediaDomain>,
}

/// A domain that is named like a media type, or `*/*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MediaDomain {
    /// The media type, as the domain is named.
    pub media: String,
    /// Under all domains, the type that stores the value.
    pub base_type: TypeName,
}

/// An aggregate that makes a media type out of rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MediaAggregate {
    /// The aggregate.
    pub function: ObjectName,
    /// What it makes.
    pub makes: MediaDomain,
    /// The relation whose rows it takes; `None`: any rows.
    pub relation: Option<ObjectName>,
}

/// A function that may be called by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Function {
    /// Its oid.
    pub oid: u32,
    /// Schema and name.
    pub name: ObjectName,
    /// Its comment.
    pub description: Option<String>,
    /// Input parameters in order.
    pub parameters: Vec<Parameter>,
    /// What it returns.
    pub returns: Returns,
    /// What it may do.
    pub volatility: Volatility,
    /// Its own settings (`SET x TO y`), in order.
    pub settings: Vec<(String, String)>,
    /// If it takes exactly one argument and that is a row: of which relation.
    pub row_argument: Option<ObjectName>,
}

impl Function {
    /// Whether it can be called with named arguments.
    pub fn is_named(&self) -> bool {
        self.parameters
            .iter()
            .all(|parameter| !parameter.name.is_empty())
    }

    /// The only parameter, if there is one and it has no name.
    pub fn single_unnamed(&self) -> Option<&Parameter> {
        match self.parameters.as_slice() {
            [parameter] if parameter.name.is_empty() => Some(parameter),
            _ => None,
        }
    }

    /// The parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name == name)
    }
}
