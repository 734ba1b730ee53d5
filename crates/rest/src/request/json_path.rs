//! `->` and `->>`.

use super::cursor::{Cursor, Parsed};
use super::syntax::{Arrow, Field, Operand};

const OPERAND: &str = "\"-\", digit or any non reserved character different from: .,>()";

/// A name and what follows it in arrows.
pub(crate) fn field(cursor: &mut Cursor<'_>) -> Parsed<Field> {
    Ok(Field {
        name: cursor.name()?,
        path: path(cursor)?,
    })
}

/// The arrows alone; perhaps none.
pub(crate) fn path(cursor: &mut Cursor<'_>) -> Parsed<Vec<(Arrow, Operand)>> {
    let mut path = Vec::new();
    loop {
        let arrow = if cursor.eat("->>") {
            Arrow::Text
        } else if cursor.eat("->") {
            Arrow::Json
        } else {
            return Ok(path);
        };
        path.push((arrow, operand(cursor)?));
    }
}

/// REST-JSP-02: an index if it is followed by an arrow, a cast, `.`, `,` or the end; else a key.
fn operand(cursor: &mut Cursor<'_>) -> Parsed<Operand> {
    let mut ahead = *cursor;
    let negative = ahead.eat("-");
    let digits = ahead.take_while(|c| c.is_ascii_digit());
    let rest = ahead.rest();
    let ends = rest.is_empty()
        || ["->", "::", ".", ","]
            .iter()
            .any(|token| rest.starts_with(token));
    if !digits.is_empty() && ends {
        *cursor = ahead;
        return Ok(Operand::Index(format!(
            "{}{digits}",
            if negative { "-" } else { "" }
        )));
    }
    if negative {
        cursor.bump();
        return Err(cursor.expected("digit"));
    }
    if cursor.peek() == Some('"') {
        return cursor.quoted().map(Operand::Key);
    }
    let mut key = String::new();
    loop {
        let word = cursor.take_while(|c| !matches!(c, '(' | '-' | ':' | '.' | ',' | '>' | ')'));
        if word.is_empty() {
            return Err(cursor.expected(OPERAND));
        }
        key.push_str(word);
        let mut ahead = *cursor;
        if !ahead.eat("-") || ahead.peek() == Some('>') {
            return Ok(Operand::Key(key));
        }
        key.push('-');
        *cursor = ahead;
    }
}
