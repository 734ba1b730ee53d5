//! `order=`.

use super::cursor::{Cursor, Parsed};
use super::json_path::field;
use super::syntax::{Direction, Nulls, OrderTerm};

/// The whole parameter.
pub(crate) fn order(text: &str) -> Parsed<Vec<OrderTerm>> {
    let mut cursor = Cursor::new(text);
    let mut terms = Vec::new();
    loop {
        cursor.skip_spaces();
        terms.push(term(&mut cursor)?);
        cursor.skip_spaces();
        if cursor.at_end() {
            return Ok(terms);
        }
        cursor.require(",", "\",\" or end of input")?;
    }
}

fn term(cursor: &mut Cursor<'_>) -> Parsed<OrderTerm> {
    let mut ahead = *cursor;
    let mut relation = None;
    if let Ok(name) = ahead.name()
        && ahead.eat("(")
    {
        relation = Some(name);
        *cursor = ahead;
    }
    let field = field(cursor)?;
    if relation.is_some() {
        cursor.require(")", "\")\"")?;
    }
    let direction = if cursor.eat(".asc") {
        Some(Direction::Ascending)
    } else if cursor.eat(".desc") {
        Some(Direction::Descending)
    } else {
        None
    };
    let nulls = if cursor.eat(".nullsfirst") {
        Some(Nulls::First)
    } else if cursor.eat(".nullslast") {
        Some(Nulls::Last)
    } else {
        None
    };
    if cursor.peek() == Some('.') {
        return Err(cursor.expected("\",\" or end of input"));
    }
    Ok(OrderTerm {
        relation,
        field,
        direction,
        nulls,
    })
}
