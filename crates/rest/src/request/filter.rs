//! Filters: `[not.]<operator>.<value>`, alone or inside `and`/`or`.

use super::cursor::{Cursor, FIELD_NAME, Parsed, is_identifier_character};
use super::json_path::field;
use super::syntax::{Filter, FullText, IsValue, Junctor, Logic, Operator, Quantifier, Test};
use super::values::{ValueId, Values, array_literal};

const OPERATOR: &str = "operator (eq, gt, ...)";
const NOT_OR_OPERATOR: &str = "\"not\" or operator (eq, gt, ...)";
const CONDITION: &str =
    "field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)";

/// Conditions nested deeper than this are refused, long before the stack is.
const DEEPEST: usize = 64;

/// How the last, free part of a filter ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The value of a parameter: to the end of it.
    Alone,
    /// Inside `and`/`or`: to the next `,` or `)`.
    InGroup,
}

/// A parameter's value: negation and test.
pub(crate) fn operation(text: &str, values: &mut Values) -> Parsed<(bool, Test)> {
    operation_at(&mut Cursor::new(text), Place::Alone, values)
}

fn operation_at(
    cursor: &mut Cursor<'_>,
    place: Place,
    values: &mut Values,
) -> Parsed<(bool, Test)> {
    let start = *cursor;
    let negated = cursor.eat("not.");
    let word_start = *cursor;
    let word = cursor.take_while(|c| c.is_ascii_lowercase());
    let wanted = if negated { OPERATOR } else { NOT_OR_OPERATOR };
    let test = match word {
        "in" => {
            cursor.require(".", "\".\"")?;
            Test::In {
                list: list(cursor, values)?,
            }
        }
        "is" => {
            cursor.require(".", "\".\"")?;
            is(cursor)?
        }
        "isdistinct" => {
            cursor.require(".", "\".\"")?;
            Test::IsDistinct(value(cursor, place, values))
        }
        "fts" | "plfts" | "phfts" | "wfts" => full_text(word, cursor, place, values)?,
        _ => {
            let Some(operator) = Operator::parse(word) else {
                return Err(if negated { word_start } else { start }.expected(wanted));
            };
            compare(operator, cursor, place, values)?
        }
    };
    Ok((negated, test))
}

fn compare(
    operator: Operator,
    cursor: &mut Cursor<'_>,
    place: Place,
    values: &mut Values,
) -> Parsed<Test> {
    let mut quantifier = None;
    if operator.takes_quantifier() && cursor.eat("(") {
        quantifier = if cursor.eat("any)") {
            Some(Quantifier::Any)
        } else if cursor.eat("all)") {
            Some(Quantifier::All)
        } else {
            return Err(cursor.expected("\"any\" or \"all\""));
        };
    }
    cursor.require(".", "\".\"")?;
    let pattern = matches!(operator, Operator::Like | Operator::ILike);
    let text = value_text(cursor, place);
    // REST-FLT-04: `*` stands for `%`.
    let value = if pattern {
        values.add_text(&text.replace('*', "%"))
    } else {
        values.add_text(&text)
    };
    Ok(Test::Compare {
        operator,
        quantifier,
        value,
    })
}

fn full_text(
    word: &str,
    cursor: &mut Cursor<'_>,
    place: Place,
    values: &mut Values,
) -> Parsed<Test> {
    let kind = match word {
        "plfts" => FullText::PlainTo,
        "phfts" => FullText::Phrase,
        "wfts" => FullText::Web,
        _ => FullText::Plain,
    };
    let mut language = None;
    if cursor.eat("(") {
        let name = cursor.take_while(is_identifier_character);
        if name.is_empty() {
            return Err(cursor.expected("letter, digit, \"_\" or \"$\""));
        }
        language = Some(name.to_owned());
        cursor.require(")", "\")\"")?;
    }
    cursor.require(".", "\".\"")?;
    Ok(Test::FullText {
        kind,
        language,
        value: value(cursor, place, values),
    })
}

/// REST-FLT-05: in any letter case; what follows the word does not count.
fn is(cursor: &mut Cursor<'_>) -> Parsed<Test> {
    const WORDS: [(&str, IsValue); 5] = [
        ("not_null", IsValue::NotNull),
        ("null", IsValue::Null),
        ("true", IsValue::True),
        ("false", IsValue::False),
        ("unknown", IsValue::Unknown),
    ];
    let rest = cursor.rest();
    for (word, value) in WORDS {
        if rest
            .get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
        {
            cursor.eat(&rest[..word.len()]);
            return Ok(Test::Is(value));
        }
    }
    Err(cursor.expected("isVal: (null, not_null, true, false, unknown)"))
}

/// REST-FLT-06: `(a,b,"c,d")` as an array literal.
fn list(cursor: &mut Cursor<'_>, values: &mut Values) -> Parsed<ValueId> {
    cursor.require("(", "\"(\"")?;
    cursor.skip_spaces();
    let mut elements = Vec::new();
    loop {
        let element = match cursor.quoted_element() {
            Some(text) => text,
            None => cursor.take_while(|c| !matches!(c, ',' | ')')).to_owned(),
        };
        elements.push(element);
        if cursor.eat(",") {
            continue;
        }
        cursor.skip_spaces();
        cursor.require(")", "\",\" or \")\"")?;
        cursor.skip_spaces();
        break;
    }
    // REST-FLT-07: one empty element is no element.
    if elements.len() == 1 && elements[0].is_empty() {
        elements.clear();
    }
    Ok(values.add(array_literal(elements)))
}

fn value(cursor: &mut Cursor<'_>, place: Place, values: &mut Values) -> ValueId {
    values.add_text(&value_text(cursor, place))
}

fn value_text(cursor: &mut Cursor<'_>, place: Place) -> String {
    if place == Place::Alone {
        return cursor.take_rest().to_owned();
    }
    if let Some(text) = cursor.quoted_element() {
        return text;
    }
    let mut ahead = *cursor;
    if ahead.eat("{") {
        let inner = ahead.take_while(|c| !matches!(c, '{' | '}'));
        if ahead.eat("}") {
            *cursor = ahead;
            return format!("{{{inner}}}");
        }
    }
    cursor.take_while(|c| !matches!(c, ',' | ')')).to_owned()
}

/// `(cond,cond,…)`, the value of a parameter `and` or `or`.
pub(crate) fn group(
    text: &str,
    negated: bool,
    junctor: Junctor,
    values: &mut Values,
) -> Parsed<Logic> {
    let mut cursor = Cursor::new(text);
    cursor.skip_spaces();
    let members = members(&mut cursor, values, 0)?;
    Ok(Logic::Group {
        negated,
        junctor,
        members,
    })
}

fn members(cursor: &mut Cursor<'_>, values: &mut Values, depth: usize) -> Parsed<Vec<Logic>> {
    if depth > DEEPEST {
        return Err(cursor.expected("fewer levels of conditions"));
    }
    cursor.require("(", "\"(\"")?;
    let mut members = Vec::new();
    loop {
        cursor.skip_spaces();
        members.push(condition(cursor, values, depth)?);
        cursor.skip_spaces();
        if cursor.eat(",") {
            continue;
        }
        cursor.require(")", "\",\" or \")\"")?;
        return Ok(members);
    }
}

fn condition(cursor: &mut Cursor<'_>, values: &mut Values, depth: usize) -> Parsed<Logic> {
    if let Some((negated, junctor)) = nested(cursor) {
        return Ok(Logic::Group {
            negated,
            junctor,
            members: members(cursor, values, depth + 1)?,
        });
    }
    let start = *cursor;
    let field = field(cursor).map_err(|error| {
        if error.wanted == FIELD_NAME {
            start.expected(CONDITION)
        } else {
            error
        }
    })?;
    cursor.skip_spaces();
    cursor.require(".", "\".\"")?;
    let (negated, test) = operation_at(cursor, Place::InGroup, values)?;
    Ok(Logic::Filter(Filter {
        field,
        negated,
        test,
    }))
}

/// `[not.]and(` or `[not.]or(`, up to the parenthesis.
fn nested(cursor: &mut Cursor<'_>) -> Option<(bool, Junctor)> {
    let mut ahead = *cursor;
    let negated = ahead.eat("not.");
    let junctor = if ahead.eat("and") {
        Junctor::And
    } else if ahead.eat("or") {
        Junctor::Or
    } else {
        return None;
    };
    ahead.skip_spaces();
    if ahead.peek() != Some('(') {
        return None;
    }
    *cursor = ahead;
    Some((negated, junctor))
}
