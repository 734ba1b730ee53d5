//! Terms that can be decided without asking PostgreSQL: equality of types whose text form is canonical.

use super::filter::{Operator, Term};
use super::table::Attribute;

/// Whether a value (`None` is null) fulfils a term; `None` when only PostgreSQL can tell.
pub(crate) fn decide(term: &Term, attribute: &Attribute, value: Option<&str>) -> Option<bool> {
    if term.operator == Operator::Is {
        let holds = match (term.value.as_str(), value) {
            ("null" | "unknown", value) => value.is_none(),
            ("true", value) => value == Some("t"),
            ("false", value) => value == Some("f"),
            _ => return None,
        };
        return Some(holds != term.negated);
    }
    let canonical = canonical(attribute, &term.value)?;
    let holds = match (term.operator, value) {
        (Operator::IsDistinct, value) => value != Some(canonical.as_str()),
        // A null column satisfies no comparison, negated or not (RT-FLT-12).
        (Operator::Eq | Operator::Neq, None) => return Some(false),
        (Operator::Eq, Some(value)) => value == canonical,
        (Operator::Neq, Some(value)) => value != canonical,
        _ => return None,
    };
    Some(holds != term.negated)
}

/// A filter's value as PostgreSQL would print it, for types where equal values print equally.
fn canonical(attribute: &Attribute, value: &str) -> Option<String> {
    const INTEGERS: [u32; 3] = [20, 21, 23];
    const UUID: u32 = 2950;
    const TEXT: u32 = 25;
    if attribute.shape == super::render::Shape::of_type(attribute.type_oid) {
        match attribute.type_oid {
            oid if INTEGERS.contains(&oid) => return value.trim().parse::<i64>().ok().map(|number| number.to_string()),
            UUID => return uuid::Uuid::parse_str(value).ok().map(|id| id.to_string()),
            // Only `text` itself: a column of `varchar(n)` or `char(n)` has its own idea of blanks.
            TEXT if attribute.typname == "text" => return Some(value.to_owned()),
            _ => {}
        }
    }
    None
}

/// SQL LIKE without an escape character, case-sensitive (RT-PG-04); `*` alone matches all.
pub(crate) fn is_like(pattern: &str, text: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut retry = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('%') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(c) if *c == '_' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((after, from)) => {
                    retry = Some((after, from + 1));
                    p = after;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '%')
}

#[cfg(test)]
mod tests {
    use super::is_like;

    // RT-PG-04.
    #[test]
    fn names_match_like_patterns() {
        let check = |pattern, text, expected| assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
        check("*", "anything", true);
        check("todos", "todos", true);
        check("todos", "Todos", false);
        check("to_os", "todos", true);
        check("t%s", "todos", true);
        check("t%x", "todos", false);
        check("%", "", true);
        check("a%b%c", "a1b2b3c", true);
        check("a%b%c", "a1b2b3", false);
    }
}
