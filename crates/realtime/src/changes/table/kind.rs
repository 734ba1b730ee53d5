//! How a type's values become JSON.

/// How values of a type become JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::changes) enum Kind {
    /// From the text, here.
    Scalar(Scalar),
    /// An array of such.
    Array {
        /// Of its elements.
        element: Scalar,
        /// Between them.
        delimiter: char,
    },
    /// By PostgreSQL: composites, `json`, types with a cast to json.
    Asked,
}

/// What the text form means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::changes) enum Scalar {
    Bool,
    Integer,
    /// `real` and `double precision`: may have an exponent.
    Float,
    Numeric,
    Bytes,
    /// `timestamp` and `timestamptz`.
    Timestamp,
    Json,
    /// Everything that PostgreSQL itself shows as text.
    Text,
}

impl Scalar {
    /// By the oid of a base type; none when the text does not suffice.
    pub(super) fn of(oid: u32) -> Option<Self> {
        Some(match oid {
            16 => Self::Bool,
            17 => Self::Bytes,
            20 | 21 | 23 => Self::Integer,
            700 | 701 => Self::Float,
            1700 => Self::Numeric,
            1114 | 1184 => Self::Timestamp,
            3802 => Self::Json,
            // `json` loses duplicates, order and blanks; `record` is a composite.
            114 | 2249 => return None,
            _ => Self::Text,
        })
    }
}
