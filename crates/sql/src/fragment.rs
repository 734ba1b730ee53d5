//! A piece of SQL with its parameters, kept together so that numbering cannot go wrong.

use std::fmt::Display;
use std::fmt::Write as _;

use bytes::Bytes;

/// A parameter in PostgreSQL's text format; `None` is NULL.
pub type Param = Option<Bytes>;

/// SQL text with the parameters that its `$n` refer to.
///
/// Text enters by [`Fragment::push`] (`&'static str`, from the program) or by [`Fragment::name`]
/// (anything that quotes itself); values enter by [`Fragment::bind`]. There is no way to append a
/// caller's string as SQL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fragment {
    text: String,
    params: Vec<Param>,
}

impl Fragment {
    /// An empty fragment.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends SQL written in the program.
    pub fn push(&mut self, sql: &'static str) -> &mut Self {
        self.text.push_str(sql);
        self
    }

    /// Appends a name that quotes itself: [`crate::Ident`] or [`crate::QualifiedName`].
    pub fn name(&mut self, name: &(impl Quoted + ?Sized)) -> &mut Self {
        let _ = write!(self.text, "{name}");
        self
    }

    /// Appends `value` as a literal, for the places where a parameter would keep an index from being used.
    pub fn literal(&mut self, value: &str) -> &mut Self {
        self.text.push_str(&crate::quote_literal(value));
        self
    }

    /// Appends a number.
    pub fn number(&mut self, number: impl Into<i64>) -> &mut Self {
        let _ = write!(self.text, "{}", number.into());
        self
    }

    /// Appends `$n` for a new parameter.
    pub fn bind(&mut self, value: Param) -> &mut Self {
        self.params.push(value);
        let _ = write!(self.text, "${}", self.params.len());
        self
    }

    /// Appends `$n` for a new text parameter.
    pub fn bind_text(&mut self, value: impl AsRef<str>) -> &mut Self {
        self.bind(Some(Bytes::copy_from_slice(value.as_ref().as_bytes())))
    }

    /// The SQL.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The parameters, first one is `$1`.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// Text and parameters.
    pub fn into_parts(self) -> (String, Vec<Param>) {
        (self.text, self.params)
    }
}

/// Types whose `Display` is safe SQL. Sealed: only this crate says so.
pub trait Quoted: Display + sealed::Sealed {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::Ident {}
    impl Sealed for crate::QualifiedName {}
    impl Sealed for crate::TypeName {}
    impl Sealed for crate::CatalogExpression {}
}

impl Quoted for crate::Ident {}
impl Quoted for crate::QualifiedName {}
impl Quoted for crate::TypeName {}
impl Quoted for crate::CatalogExpression {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Ident;

    #[test]
    fn parameters_are_numbered_in_order() {
        let mut sql = Fragment::new();
        sql.push("select ")
            .name(&Ident::new("a\"b"))
            .push(" where x = ")
            .bind_text("1");
        sql.push(" and y = ").bind(None);
        assert_eq!(sql.text(), r#"select "a""b" where x = $1 and y = $2"#);
        assert_eq!(sql.params(), [Some(Bytes::from_static(b"1")), None]);
    }
}
