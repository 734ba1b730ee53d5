//! Names and literals.

use std::fmt;
use std::sync::Arc;

/// A PostgreSQL identifier: displays itself quoted, whatever it holds.
///
/// Names are kept as the catalog has them (case kept, at most 63 bytes there); nothing is folded.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ident(Arc<str>);

impl Ident {
    /// Wraps a raw name. NUL bytes, which PostgreSQL cannot hold, are removed.
    pub fn new(name: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        if name.contains('\0') {
            Self(name.replace('\0', "").into())
        } else {
            Self(name.into())
        }
    }

    /// The raw name, unquoted.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        let mut rest = self.as_str();
        while let Some(at) = rest.find('"') {
            f.write_str(&rest[..=at])?;
            f.write_str("\"")?;
            rest = &rest[at + 1..];
        }
        f.write_str(rest)?;
        f.write_str("\"")
    }
}

impl fmt::Debug for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<&str> for Ident {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Ident {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

/// `"schema"."name"`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct QualifiedName {
    /// The schema.
    pub schema: Ident,
    /// The relation, function or type in it.
    pub name: Ident,
}

impl QualifiedName {
    /// `schema.name` from raw names.
    pub fn new(schema: impl Into<Ident>, name: impl Into<Ident>) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// `value` as a string literal that means the same whatever `standard_conforming_strings` says.
/// NUL bytes, which PostgreSQL cannot hold, are removed.
pub fn quote_literal(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 3);
    if value.contains('\\') {
        text.push_str(" E");
    }
    text.push('\'');
    for c in value.chars() {
        match c {
            '\0' => {}
            '\'' => text.push_str("''"),
            '\\' => text.push_str("\\\\"),
            c => text.push(c),
        }
    }
    text.push('\'');
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(name: &str, quoted: &str) {
        assert_eq!(Ident::new(name).to_string(), quoted);
    }

    #[test]
    fn identifiers_are_always_quoted() {
        check("users", r#""users""#);
        check("Weird Name", r#""Weird Name""#);
        check(r#"a"b"#, r#""a""b""#);
        check(r#"""#, r#""""""#);
        check("a\0b", r#""ab""#);
        check("", r#""""#);
    }

    #[test]
    fn literals_survive_quotes_and_backslashes() {
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal(r"a\b"), r" E'a\\b'");
    }

    proptest! {
        #[test]
        fn no_name_escapes_its_quotes(name in "\\PC*") {
            let quoted = Ident::new(&name).to_string();
            let inner = &quoted[1..quoted.len() - 1];
            prop_assert_eq!(inner.replace("\"\"", "").matches('"').count(), 0);
            prop_assert_eq!(inner.replace("\"\"", "\""), name);
        }
    }
}
