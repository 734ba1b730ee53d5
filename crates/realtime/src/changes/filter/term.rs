//! A validated term, and what of it can be decided without asking PostgreSQL.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::Op;
use crate::changes::row::Cell;
use crate::changes::table::Table;

/// A term, its value in PostgreSQL's own spelling for the column's type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::changes) struct Term {
    pub(in crate::changes) column: String,
    pub(in crate::changes) op: Op,
    pub(in crate::changes) negated: bool,
    /// The type validated against.
    pub(in crate::changes) type_oid: u32,
    /// How that type is compared.
    pub(in crate::changes) compared: Compared,
    /// One value, or those of `in`; null elements are left out, as they equal nothing.
    pub(in crate::changes) values: Vec<String>,
    /// `in` had a null element: what does not match is then unknown.
    pub(in crate::changes) has_null: bool,
}

/// How values of a type can be compared by their text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::changes) enum Compared {
    /// Equal when spelled equally; no order known here.
    Spelling,
    /// Integers.
    Integer,
    /// Only PostgreSQL knows.
    Asked,
}

impl Compared {
    /// By the type beneath domains. Text columns are equal when spelled equally under every deterministic
    /// collation; order is the collation's business.
    pub(in crate::changes) fn of(table: &Table, type_oid: u32) -> Self {
        match table.base(type_oid).map(|base| base.oid) {
            Some(20 | 21 | 23) => Self::Integer,
            Some(16 | 19 | 25 | 1043 | 2950) => Self::Spelling,
            _ => Self::Asked,
        }
    }
}

/// What is known of a term for a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::changes) enum Verdict {
    Yes,
    No,
    Ask,
}

impl From<bool> for Verdict {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl Term {
    /// Whether the row's value satisfies it; `type_oid` is the column's type now.
    pub(in crate::changes) fn judge(&self, cell: &Cell, type_oid: u32) -> Verdict {
        let text = match cell {
            Cell::Missing => return Verdict::No,
            Cell::Null => {
                return match self.op {
                    Op::Is => ((self.values[0] == "null" || self.values[0] == "unknown")
                        != self.negated)
                        .into(),
                    Op::IsDistinct => (!self.negated).into(),
                    _ => Verdict::No,
                };
            }
            Cell::Text(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
        };
        if self.op == Op::Is {
            let holds = match self.values[0].as_str() {
                "true" => text == "t",
                "false" => text == "f",
                _ => false,
            };
            return (holds != self.negated).into();
        }
        if type_oid != self.type_oid || self.compared == Compared::Asked {
            return Verdict::Ask;
        }
        let equal = self.values.iter().any(|value| value == text);
        let ordered = |accept: fn(Ordering) -> bool| {
            if self.compared != Compared::Integer {
                return Verdict::Ask;
            }
            match (text.parse::<i64>(), self.values[0].parse::<i64>()) {
                (Ok(left), Ok(right)) => (accept(left.cmp(&right)) != self.negated).into(),
                _ => Verdict::Ask,
            }
        };
        match self.op {
            Op::Eq => (equal != self.negated).into(),
            Op::Neq | Op::IsDistinct => (equal == self.negated).into(),
            Op::In if equal => (!self.negated).into(),
            Op::In => (self.negated && !self.has_null).into(),
            Op::Lt => ordered(Ordering::is_lt),
            Op::Lte => ordered(Ordering::is_le),
            Op::Gt => ordered(Ordering::is_gt),
            Op::Gte => ordered(Ordering::is_ge),
            Op::Like | Op::Ilike | Op::Match | Op::Imatch | Op::Is => Verdict::Ask,
        }
    }

    /// The spellings by which it can be found, if it demands one of them.
    pub(in crate::changes) fn keys(&self) -> Option<HashSet<&str>> {
        let by_value =
            matches!(self.op, Op::Eq | Op::In) && !self.negated && self.compared != Compared::Asked;
        by_value.then(|| self.values.iter().map(String::as_str).collect())
    }

    /// The condition in SQL for the text `v` of a column's value.
    pub(in crate::changes) fn condition(&self, sql: &mut sql::Fragment, type_name: &sql::TypeName) {
        if self.negated {
            sql.push("not (");
        }
        sql.push("(v::").name(type_name).push(") ");
        match (self.op, self.op.operator()) {
            (Op::In, _) => {
                sql.push("= any (");
                sql.bind_text(array_literal(&self.values))
                    .push("::text[]::")
                    .name(type_name)
                    .push("[])");
            }
            (Op::IsDistinct, _) => {
                sql.push("is distinct from ")
                    .bind_text(&self.values[0])
                    .push("::text::")
                    .name(type_name);
            }
            (_, operator) => {
                let operator = operator.unwrap_or("=");
                sql.push(operator)
                    .push(" ")
                    .bind_text(&self.values[0])
                    .push("::text");
                if !self.op.is_textual() {
                    sql.push("::").name(type_name);
                }
            }
        }
        if self.negated {
            sql.push(")");
        }
    }
}

/// `{"a","b\"c"}`.
pub(in crate::changes) fn array_literal<T: AsRef<str>>(items: &[T]) -> String {
    let mut out = String::from("{");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        quote(&mut out, item.as_ref());
    }
    out.push('}');
    out
}

/// In double quotes, as elements of arrays and members of composites are written.
pub(in crate::changes) fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}
