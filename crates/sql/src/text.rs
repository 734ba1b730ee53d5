//! Text that may stand in SQL unquoted, because of where it comes from or what it is made of.

use std::fmt;
use std::sync::Arc;

/// The name of a type as a cast takes it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TypeName(Arc<str>);

impl TypeName {
    /// A name written by a caller: letters, digits, `_`, `$` and spaces, nothing else, so that it cannot
    /// be anything but the name of a type.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | ' '));
        fits.then(|| Self(text.into()))
    }

    /// A name as PostgreSQL's `format_type` printed it.
    pub fn from_catalog(text: impl AsRef<str>) -> Self {
        Self(text.as_ref().into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An expression as PostgreSQL's `pg_get_expr` printed it, with an empty search path.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CatalogExpression(Arc<str>);

impl CatalogExpression {
    /// Wraps what the catalog holds.
    pub fn from_catalog(text: impl AsRef<str>) -> Self {
        Self(text.as_ref().into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CatalogExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_type_name_cannot_be_more_than_a_name() {
        for good in ["int", "double precision", "_int4", "größe"] {
            assert!(TypeName::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            " ",
            "int[]",
            "varchar(3)",
            "public.t",
            "int)--",
            "a;b",
            "a'b",
            "a\"b",
            "a\nb",
        ] {
            assert!(TypeName::parse(bad).is_none(), "{bad}");
        }
    }
}
