//! Filters of bindings.

mod parse;
mod term;

pub(super) use parse::{Op, Parsed, listed, parse};
pub(super) use term::{Compared, Term, Verdict, array_literal, quote};
