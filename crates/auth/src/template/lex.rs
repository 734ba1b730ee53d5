//! Text and actions apart, and the words of an action.

use serde_json::{Number, Value};

use super::Fault;

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Action(Vec<Token>),
}

/// A word of an action.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// `if`, `printf`
    Word(String),
    /// `.`
    Dot,
    /// `.Name`; whether a blank stood before it.
    Field(String, bool),
    /// `$name`
    Variable(String),
    Literal(Value),
    Open,
    Close,
    Pipe,
    Comma,
    /// `:=`
    Declare,
    /// `=`
    Assign,
}

/// Splits a template.
pub(super) fn lex(text: &str) -> Result<Vec<Piece>, Fault> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut trim = false;
    while let Some(start) = rest.find("{{") {
        let (before, after) = rest.split_at(start);
        let mut inner = &after[2..];
        let trims_before = inner.starts_with('-') && starts_blank(&inner[1..]);
        push_text(&mut pieces, before, trim, trims_before);
        if trims_before {
            inner = &inner[1..];
        }
        let lead = inner.trim_start();
        if lead.starts_with("/*") {
            let end = lead
                .find("*/")
                .ok_or_else(|| Fault::new("unclosed comment"))?;
            let tail = &lead[end + 2..];
            trim = starts_blank(tail) && tail.trim_start().starts_with("-}}");
            rest = tail
                .trim_start()
                .strip_prefix("-}}")
                .or_else(|| tail.strip_prefix("}}"))
                .ok_or_else(|| Fault::new("comment ends before closing delimiter"))?;
            continue;
        }
        let (tokens, tail, trims_after) = action(inner)?;
        pieces.push(Piece::Action(tokens));
        (rest, trim) = (tail, trims_after);
    }
    push_text(&mut pieces, rest, trim, false);
    Ok(pieces)
}

fn starts_blank(text: &str) -> bool {
    text.starts_with([' ', '\t', '\r', '\n'])
}

fn push_text(pieces: &mut Vec<Piece>, text: &str, trim_start: bool, trim_end: bool) {
    const BLANK: [char; 4] = [' ', '\t', '\r', '\n'];
    let text = if trim_start {
        text.trim_start_matches(BLANK)
    } else {
        text
    };
    let text = if trim_end {
        text.trim_end_matches(BLANK)
    } else {
        text
    };
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

/// The words up to `}}`, what follows it, and whether blanks there are trimmed.
fn action(text: &str) -> Result<(Vec<Token>, &str, bool), Fault> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start();
        let blank = trimmed.len() < rest.len();
        rest = trimmed;
        if let Some(tail) = rest.strip_prefix("}}") {
            return Ok((tokens, tail, false));
        }
        if let (true, Some(tail)) = (blank, rest.strip_prefix("-}}")) {
            return Ok((tokens, tail, true));
        }
        let (token, tail) = token(rest, blank)?;
        tokens.push(token);
        rest = tail;
    }
}

fn token(text: &str, blank: bool) -> Result<(Token, &str), Fault> {
    let first = text
        .chars()
        .next()
        .ok_or_else(|| Fault::new("unclosed action"))?;
    let rest = &text[first.len_utf8()..];
    Ok(match first {
        '(' => (Token::Open, rest),
        ')' => (Token::Close, rest),
        '|' => (Token::Pipe, rest),
        ',' => (Token::Comma, rest),
        '=' => (Token::Assign, rest),
        ':' => (
            Token::Declare,
            rest.strip_prefix('=')
                .ok_or_else(|| Fault::new("expected :="))?,
        ),
        '"' => quoted(rest)?,
        '`' => {
            let (inner, tail) = rest
                .split_once('`')
                .ok_or_else(|| Fault::new("unterminated raw string"))?;
            (Token::Literal(Value::from(inner)), tail)
        }
        '$' => {
            let (name, tail) = word(rest);
            (Token::Variable(name.to_owned()), tail)
        }
        '.' if rest.starts_with(is_letter) => {
            let (name, tail) = word(rest);
            (Token::Field(name.to_owned(), blank), tail)
        }
        '.' if !rest.starts_with(|c: char| c.is_ascii_digit()) => (Token::Dot, rest),
        c if c.is_ascii_digit() || "+-.".contains(c) => number(text)?,
        c if is_letter(c) => {
            let (name, tail) = word(text);
            let token = match name {
                "true" => Token::Literal(Value::Bool(true)),
                "false" => Token::Literal(Value::Bool(false)),
                "nil" => Token::Literal(Value::Null),
                name => Token::Word(name.to_owned()),
            };
            (token, tail)
        }
        other => return Err(Fault::new(format!("unexpected {other:?} in action"))),
    })
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn word(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    text.split_at(end)
}

fn number(text: &str) -> Result<(Token, &str), Fault> {
    let end = text
        .char_indices()
        .find(|(at, c)| {
            !(c.is_ascii_alphanumeric() || ".".contains(*c) || (*at == 0 && "+-".contains(*c)))
        })
        .map_or(text.len(), |(at, _)| at);
    let (digits, tail) = text.split_at(end);
    let value = match digits.parse::<i64>() {
        Ok(whole) => Some(Value::from(whole)),
        Err(_) => digits
            .parse::<f64>()
            .ok()
            .and_then(Number::from_f64)
            .map(Value::Number),
    };
    let value = value.ok_or_else(|| Fault::new(format!("bad number {digits:?}")))?;
    Ok((Token::Literal(value), tail))
}

/// A string in double quotes, whose first is gone.
fn quoted(text: &str) -> Result<(Token, &str), Fault> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((Token::Literal(Value::from(value)), &text[at + 1..])),
            '\n' => break,
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('r') => value.push('\r'),
                Some(c @ ('"' | '\\' | '\'')) => value.push(c),
                Some('u') => {
                    let code: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                    let c = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
                    value.push(c.ok_or_else(|| Fault::new("bad escape in string"))?);
                }
                _ => return Err(Fault::new("bad escape in string")),
            },
            c => value.push(c),
        }
    }
    Err(Fault::new("unterminated quoted string"))
}
