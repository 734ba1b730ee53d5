//! Filters: the text of section 16 made terms, and terms made a condition over a row image.

use sql::{Fragment, Ident, TypeName};

use crate::changes::SubscribeError;

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Term {
    pub(crate) column: String,
    pub(crate) negated: bool,
    pub(crate) operator: Operator,
    pub(crate) value: String,
}

/// What can be asked of a column (RT-FLT-03).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operator {
    Eq,
    Neq,
    Lt,
    Lte,
    Gt,
    Gte,
    In,
    Like,
    Ilike,
    Is,
    Match,
    Imatch,
    IsDistinct,
}

impl Operator {
    const ALL: [(&'static str, Self); 13] = [
        ("eq", Self::Eq),
        ("neq", Self::Neq),
        ("lt", Self::Lt),
        ("lte", Self::Lte),
        ("gt", Self::Gt),
        ("gte", Self::Gte),
        ("in", Self::In),
        ("like", Self::Like),
        ("ilike", Self::Ilike),
        ("is", Self::Is),
        ("match", Self::Match),
        ("imatch", Self::Imatch),
        ("isdistinct", Self::IsDistinct),
    ];

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, operator)| operator)
    }

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, operator)| *operator == self).map_or("", |(name, _)| name)
    }

    /// Whether it compares patterns, which only text-like types have.
    pub(crate) fn is_pattern(self) -> bool {
        matches!(self, Self::Like | Self::Ilike | Self::Match | Self::Imatch)
    }
}

/// Reads a filter (RT-FLT-01 to 06).
pub(crate) fn parse(text: &str) -> Result<Vec<Term>, SubscribeError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let failed = |reason: &str| SubscribeError::Filter(reason.to_owned());
    split(text)
        .into_iter()
        .map(|segment| {
            let segment = segment.trim();
            if segment.is_empty() {
                return Err(failed("filter must not contain empty segments (check for extra commas)"));
            }
            term(segment)
        })
        .collect()
}

fn term(segment: &str) -> Result<Term, SubscribeError> {
    let undefined = |parts: &[&str]| SubscribeError::Filter(listed(parts));
    let (column, rest) = segment.split_once('=').ok_or_else(|| undefined(&[segment]))?;
    let (negated, rest) = match rest.strip_prefix("not.") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (name, value) = rest.split_once('.').ok_or_else(|| undefined(&[rest]))?;
    let operator = Operator::parse(name).ok_or_else(|| undefined(&[name, value]))?;
    let value = if operator == Operator::In {
        let inside = value.strip_prefix('(').and_then(|value| value.strip_suffix(')'));
        let wrong = || SubscribeError::Filter("`in` filter value must be wrapped by parentheses".to_owned());
        inside.ok_or_else(wrong)?.to_owned()
    } else {
        unquoted(value)
    };
    Ok(Term { column: column.trim().to_owned(), negated, operator, value })
}

/// `["foo", "hey"]`, as upstream prints a list.
fn listed(parts: &[&str]) -> String {
    let quoted: Vec<String> = parts.iter().map(|part| format!("{part:?}")).collect();
    format!("[{}]", quoted.join(", "))
}

/// At commas outside quotes and parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_i32);
    let mut before = ',';
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if quoted {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => quoted = false,
                _ => {}
            }
        } else {
            match c {
                '"' if matches!(before, '.' | '(' | ',') => quoted = true,
                '(' => depth += 1,
                ')' => depth -= 1,
                ',' if depth <= 0 => {
                    parts.push(&text[start..at]);
                    start = at + 1;
                }
                _ => {}
            }
        }
        before = c;
    }
    parts.push(&text[start..]);
    parts
}

/// A value that is wholly quoted loses its quotes and backslashes (RT-FLT-05).
fn unquoted(value: &str) -> String {
    let Some(inside) = value.strip_prefix('"') else {
        return value.to_owned();
    };
    let mut text = String::new();
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next()),
            '"' if chars.as_str().is_empty() => return text,
            '"' => return value.to_owned(),
            c => text.push(c),
        }
    }
    value.to_owned()
}

/// `[{"id", "eq", "hey", false}]`, as error texts show filters.
pub(crate) fn shown(terms: &[Term]) -> String {
    let each: Vec<String> = terms
        .iter()
        .map(|term| {
            format!("{{{:?}, {:?}, {:?}, {}}}", term.column, term.operator.name(), term.value, term.negated)
        })
        .collect();
    format!("[{}]", each.join(", "))
}

/// Appends the condition of one term over columns in scope. The value is cast to the column's type by
/// PostgreSQL's own input rules; a null column satisfies nothing but `is` and `isdistinct` (RT-FLT-12).
pub(crate) fn condition(out: &mut Fragment, term: &Term, type_name: &TypeName) {
    let column = Ident::new(&term.column);
    if term.operator == Operator::Is {
        out.name(&column).push(if term.negated { " is not " } else { " is " });
        out.push(match term.value.as_str() {
            "true" => "true",
            "false" => "false",
            "unknown" => "unknown",
            _ => "null",
        });
        return;
    }
    out.push(if term.negated { "not (" } else { "(" });
    out.name(&column);
    out.push(match term.operator {
        Operator::Eq => " = ",
        Operator::Neq => " <> ",
        Operator::Lt => " < ",
        Operator::Lte => " <= ",
        Operator::Gt => " > ",
        Operator::Gte => " >= ",
        Operator::In => " = any (",
        Operator::Like => " like ",
        Operator::Ilike => " ilike ",
        Operator::Match => " ~ ",
        Operator::Imatch => " ~* ",
        Operator::IsDistinct | Operator::Is => " is distinct from ",
    });
    if term.operator == Operator::In {
        out.bind_text(format!("{{{}}}", term.value)).push("::").name(type_name).push("[])");
    } else if term.operator.is_pattern() {
        out.bind_text(&term.value).push("::text");
    } else {
        out.bind_text(&term.value).push("::").name(type_name);
    }
    out.push(")");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, bool, Operator, &str)]) {
        let terms = parse(text).unwrap();
        let found: Vec<_> =
            terms.iter().map(|t| (t.column.as_str(), t.negated, t.operator, t.value.as_str())).collect();
        assert_eq!(found, expected, "{text}");
    }

    fn refused(text: &str, expected: &str) {
        assert_eq!(parse(text), Err(SubscribeError::Filter(expected.into())), "{text}");
    }

    // RT-FLT-01, RT-FLT-02, RT-FLT-03, RT-FLT-05, RT-FLT-06.
    #[test]
    fn filters_are_read_term_by_term() {
        check("", &[]);
        check("id=eq.1", &[("id", false, Operator::Eq, "1")]);
        check("a=not.eq.x.y, b=gt.2", &[("a", true, Operator::Eq, "x.y"), ("b", false, Operator::Gt, "2")]);
        check("id=in.(1,2)", &[("id", false, Operator::In, "1,2")]);
        check(r#"t=eq."a,b",u=is.null"#, &[("t", false, Operator::Eq, "a,b"), ("u", false, Operator::Is, "null")]);
        check(r#"t=eq."a\"b""#, &[("t", false, Operator::Eq, "a\"b")]);
        check(r#"t=eq."open"#, &[("t", false, Operator::Eq, "\"open")]);
    }

    // RT-FLT-04 and the table of errors in section 16.1.
    #[test]
    fn unreadable_filters_are_refused_in_upstreams_words() {
        refused("id", r#"["id"]"#);
        refused("id=foo.hey", r#"["foo", "hey"]"#);
        refused("id=in.1,2", "`in` filter value must be wrapped by parentheses");
        refused("a=eq.1,,b=eq.2", "filter must not contain empty segments (check for extra commas)");
    }

    #[test]
    fn values_are_parameters_cast_to_the_columns_type() {
        let mut sql = Fragment::new();
        let terms = parse("id=not.in.(1,2)").unwrap();
        condition(&mut sql, &terms[0], &TypeName::from_catalog("integer"));
        assert_eq!(sql.text(), r#"not ("id" = any ($1::integer[]))"#);
    }
}
