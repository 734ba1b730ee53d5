//! SQL text that cannot be wrong: identifiers, literals and fragments with their parameters.
//!
//! One of the two modules that assemble SQL at run time (the other is `rest::query`). A name goes
//! through [`Ident`], a value is a parameter of a [`Fragment`]; a literal ([`quote_literal`]) is for
//! the few statements that take no parameters (DDL, `SET`, `ALTER ROLE`).

mod fragment;
mod ident;
mod text;

pub use fragment::{Fragment, Param};
pub use ident::{Ident, QualifiedName, quote_literal};
pub use text::{CatalogExpression, TypeName};
