//! `select=`, `columns=`, `on_conflict=`.

use super::cursor::{Cursor, FIELD_NAME, Parsed, is_identifier_character};
use super::json_path::field;
use super::syntax::{Aggregate, Embed, JoinType, SelectItem};

/// Embeds nested deeper than this are refused, long before the stack is.
const DEEPEST: usize = 64;

/// The whole parameter; empty means `*`.
pub(crate) fn select(text: &str) -> Parsed<Vec<SelectItem>> {
    let mut cursor = Cursor::new(text);
    if text.trim().is_empty() {
        return Ok(vec![SelectItem::Star]);
    }
    let items = items(&mut cursor, 0)?;
    if cursor.at_end() {
        Ok(items)
    } else {
        Err(cursor.expected("\",\" or end of input"))
    }
}

fn items(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Vec<SelectItem>> {
    if depth > DEEPEST {
        return Err(cursor.expected("fewer levels of embedding"));
    }
    let mut items = Vec::new();
    loop {
        cursor.skip_spaces();
        items.push(item(cursor, depth)?);
        cursor.skip_spaces();
        if !cursor.eat(",") {
            return Ok(items);
        }
    }
}

fn item(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<SelectItem> {
    if cursor.eat("*") {
        return Ok(SelectItem::Star);
    }
    let spread = cursor.eat("...");
    let alias = if spread { None } else { alias(cursor) };
    if cursor.eat("count()") {
        return Ok(SelectItem::CountRows {
            alias,
            cast: cast(cursor)?,
        });
    }
    if let Some(embed) = embed(cursor, alias.clone(), spread, depth)? {
        return Ok(SelectItem::Embed(embed));
    }
    let field = field(cursor)?;
    let input_cast = cast(cursor)?;
    let aggregate = match aggregate(cursor) {
        Some(function) => Some((function, cast(cursor)?)),
        None => None,
    };
    Ok(SelectItem::Field {
        alias,
        field,
        cast: input_cast,
        aggregate,
    })
}

/// `name:` but not `name::`.
fn alias(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut ahead = *cursor;
    let name = ahead.name().ok()?;
    if !ahead.eat(":") || ahead.peek() == Some(':') {
        return None;
    }
    *cursor = ahead;
    Some(name)
}

fn embed(
    cursor: &mut Cursor<'_>,
    alias: Option<String>,
    spread: bool,
    depth: usize,
) -> Parsed<Option<Embed>> {
    let mut ahead = *cursor;
    let Ok(name) = ahead.name() else {
        return if spread {
            Err(ahead.expected(FIELD_NAME))
        } else {
            Ok(None)
        };
    };
    let (mut hint, mut join) = (None, None);
    while ahead.eat("!") {
        let word = ahead.name()?;
        match word.as_str() {
            "inner" if join.is_none() => join = Some(JoinType::Inner),
            "left" if join.is_none() => join = Some(JoinType::Left),
            _ if hint.is_none() => hint = Some(word),
            _ => return Err(ahead.expected("\"(\"")),
        }
    }
    if !ahead.eat("(") {
        return if spread || hint.is_some() || join.is_some() {
            Err(ahead.expected("\"(\""))
        } else {
            Ok(None)
        };
    }
    ahead.skip_spaces();
    let select = if ahead.peek() == Some(')') {
        Vec::new()
    } else {
        items(&mut ahead, depth + 1)?
    };
    ahead.require(")", "\",\" or \")\"")?;
    *cursor = ahead;
    Ok(Some(Embed {
        alias,
        name,
        hint,
        join,
        spread,
        select,
    }))
}

fn cast(cursor: &mut Cursor<'_>) -> Parsed<Option<String>> {
    if !cursor.eat("::") {
        return Ok(None);
    }
    let name = cursor.take_while(is_identifier_character).trim();
    if name.is_empty() {
        Err(cursor.expected("letter, digit, \"_\" or \"$\""))
    } else {
        Ok(Some(name.to_owned()))
    }
}

fn aggregate(cursor: &mut Cursor<'_>) -> Option<Aggregate> {
    let functions = [
        (".sum()", Aggregate::Sum),
        (".avg()", Aggregate::Avg),
        (".max()", Aggregate::Max),
        (".min()", Aggregate::Min),
        (".count()", Aggregate::Count),
    ];
    functions
        .into_iter()
        .find(|(text, _)| cursor.eat(text))
        .map(|(_, function)| function)
}

/// `columns=` and `on_conflict=`: names between commas.
pub(crate) fn names(text: &str) -> Parsed<Vec<String>> {
    let mut cursor = Cursor::new(text);
    let mut names = Vec::new();
    loop {
        cursor.skip_spaces();
        names.push(cursor.name()?);
        cursor.skip_spaces();
        if cursor.at_end() {
            return Ok(names);
        }
        cursor.require(",", "\",\" or end of input")?;
    }
}
