//! `id=eq.1,title=not.in.("a,b",c)` (RT-FLT).

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::changes) enum Op {
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

impl Op {
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

    fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, op)| *op)
    }

    pub(in crate::changes) fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, op)| *op == self)
            .map_or("", |(name, _)| name)
    }

    /// In SQL, where there is one of two operands.
    pub(in crate::changes) fn operator(self) -> Option<&'static str> {
        Some(match self {
            Self::Eq => "=",
            Self::Neq => "<>",
            Self::Lt => "<",
            Self::Lte => "<=",
            Self::Gt => ">",
            Self::Gte => ">=",
            Self::Like => "~~",
            Self::Ilike => "~~*",
            Self::Match => "~",
            Self::Imatch => "~*",
            Self::In | Self::Is | Self::IsDistinct => return None,
        })
    }

    /// Whether it wants a text.
    pub(in crate::changes) fn is_textual(self) -> bool {
        matches!(self, Self::Like | Self::Ilike | Self::Match | Self::Imatch)
    }
}

/// A term as written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::changes) struct Parsed {
    pub(in crate::changes) column: String,
    pub(in crate::changes) op: Op,
    /// For `in`, the inside of the parentheses.
    pub(in crate::changes) value: String,
    pub(in crate::changes) negated: bool,
}

impl std::fmt::Display for Parsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // `in` is shown as the array literal it became.
        let value = if self.op == Op::In {
            format!("{{{}}}", self.value)
        } else {
            self.value.clone()
        };
        write!(
            f,
            "{{{:?}, {:?}, {value:?}, {}}}",
            self.column,
            self.op.as_str(),
            self.negated
        )
    }
}

/// Reads a filter; the error is the *R* of "Error parsing `filter` params: R".
pub(in crate::changes) fn parse(text: &str) -> Result<Vec<Parsed>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let terms = split(text);
    if terms.iter().any(|term| term.trim().is_empty()) {
        return Err("filter must not contain empty segments (check for extra commas)".into());
    }
    terms.into_iter().map(|text| term(text.trim())).collect()
}

/// At commas outside quotes and parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut terms, mut start, mut depth) = (Vec::new(), 0_usize, 0_usize);
    let (mut quoted, mut escaped) = (false, false);
    let mut before = '\0';
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if quoted => quoted = false,
            '"' if matches!(before, '.' | '(' | ',') => quoted = closes(&text[at + 1..]),
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                terms.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        before = c;
    }
    terms.push(&text[start..]);
    terms
}

/// Whether a quoted part comes to its end.
fn closes(rest: &str) -> bool {
    let mut escaped = false;
    for c in rest.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return true,
            _ => {}
        }
    }
    false
}

fn term(text: &str) -> Result<Parsed, String> {
    let Some((column, rest)) = text.split_once('=') else {
        return Err(listed(&[text]));
    };
    let (negated, rest) = rest
        .strip_prefix("not.")
        .map_or((false, rest), |rest| (true, rest));
    let Some((name, value)) = rest.split_once('.') else {
        return Err(listed(&[rest]));
    };
    let Some(op) = Op::parse(name) else {
        return Err(listed(&[name, value]));
    };
    let value = if op == Op::In {
        value
            .strip_prefix('(')
            .and_then(|value| value.strip_suffix(')'))
            .ok_or("`in` filter value must be wrapped by parentheses")?
            .to_owned()
    } else {
        unquoted(value)
    };
    Ok(Parsed {
        column: column.to_owned(),
        op,
        value,
        negated,
    })
}

/// A value that is wholly quoted, without its quotes and backslashes.
fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else {
        return value.to_owned();
    };
    let (mut out, mut chars) = (String::with_capacity(inner.len()), inner.chars());
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c) => out.push(c),
                None => return value.to_owned(),
            },
            '"' if chars.as_str().is_empty() => return out,
            '"' => return value.to_owned(),
            c => out.push(c),
        }
    }
    value.to_owned()
}

/// `["foo", "hey"]`.
pub(in crate::changes) fn listed<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<String> = items
        .iter()
        .map(|item| format!("{:?}", item.as_ref()))
        .collect();
    format!("[{}]", items.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let shown = match parse(text) {
            Ok(terms) => terms
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" "),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(shown, expected, "{text}");
    }

    // RT-FLT-01 to RT-FLT-07.
    #[test]
    fn filters_are_read() {
        check("", "");
        check("  ", "");
        check("id=eq.1", r#"{"id", "eq", "1", false}"#);
        check("id=eq.a.b=c", r#"{"id", "eq", "a.b=c", false}"#);
        check(
            " id=eq.1 , t=not.is.null",
            r#"{"id", "eq", "1", false} {"t", "is", "null", true}"#,
        );
        check(
            "id=in.(1,2),t=eq.x",
            r#"{"id", "in", "{1,2}", false} {"t", "eq", "x", false}"#,
        );
        check(
            r#"t=eq."a,b",n=gt.1"#,
            r#"{"t", "eq", "a,b", false} {"n", "gt", "1", false}"#,
        );
        check(r#"t=eq."a\"b""#, r#"{"t", "eq", "a\"b", false}"#);
        check(r#"t=eq."ab"c"#, r#"{"t", "eq", "\"ab\"c", false}"#);
        check(r#"t=eq."ab"#, r#"{"t", "eq", "\"ab", false}"#);
        check(r#"t=in.("a)b",c)"#, r#"{"t", "in", "{\"a)b\",c}", false}"#);
        check("id=eq.", r#"{"id", "eq", "", false}"#);
    }

    #[test]
    fn filters_that_cannot_be_read_say_why() {
        check("undefined", r#"error: ["undefined"]"#);
        check("id=foo.hey", r#"error: ["foo", "hey"]"#);
        for text in ["a=eq.1,,b=eq.2", ",a=eq.1", "a=eq.1,"] {
            check(
                text,
                "error: filter must not contain empty segments (check for extra commas)",
            );
        }
        check(
            "id=in.1,2",
            "error: `in` filter value must be wrapped by parentheses",
        );
    }
}
