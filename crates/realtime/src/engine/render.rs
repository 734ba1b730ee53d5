//! Values as JSON: what `to_jsonb` would give, from PostgreSQL's text form, digit for digit.

use serde_json::Value;

/// How a type's text form becomes JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `t` and `f`.
    Bool,
    /// Digits as they are; NaN and the infinities are null (RT-TYP-01).
    Number,
    /// The value itself.
    Json,
    /// Hexadecimal digits without `\x`.
    Bytes,
    /// A `T` between date and time.
    Timestamp,
    /// The same, with an offset of hours and minutes.
    TimestampTz,
    /// Text.
    Text,
    /// Elements of a shape, separated by this character.
    Array(Box<Shape>, char),
}

impl Shape {
    /// The shape of a built-in scalar type; every other type is its text.
    pub(crate) fn of_type(oid: u32) -> Self {
        match oid {
            16 => Self::Bool,
            20 | 21 | 23 | 700 | 701 | 1700 => Self::Number,
            114 | 3802 => Self::Json,
            17 => Self::Bytes,
            1114 => Self::Timestamp,
            1184 => Self::TimestampTz,
            _ => Self::Text,
        }
    }
}

/// Appends `text` as JSON.
pub(crate) fn append(out: &mut Vec<u8>, text: &str, shape: &Shape) {
    match shape {
        Shape::Bool => out.extend_from_slice(if text == "t" { b"true" } else { b"false" }),
        Shape::Number if matches!(text, "NaN" | "Infinity" | "-Infinity") => out.extend_from_slice(b"null"),
        Shape::Number => out.extend_from_slice(text.as_bytes()),
        // `json` keeps line breaks and double members that `to_jsonb` drops, and a frame must be one line of
        // valid JSON whatever was stored.
        Shape::Json => match serde_json::from_str::<Value>(text) {
            Ok(_) if is_plain(text) => out.extend_from_slice(text.as_bytes()),
            Ok(value) => serde_json::to_writer(out, &value).expect("writing to memory cannot fail"),
            Err(_) => append_text(out, text),
        },
        Shape::Bytes => append_text(out, text.strip_prefix("\\x").unwrap_or(text)),
        Shape::Timestamp => append_text(out, &text.replacen(' ', "T", 1)),
        Shape::TimestampTz => append_text(out, &with_minutes(&text.replacen(' ', "T", 1))),
        Shape::Text => append_text(out, text),
        Shape::Array(element, delimiter) => append_array(out, text, element, *delimiter),
    }
}

/// `jsonb` prints itself canonically; a number too large for a 64-bit float must not be parsed.
fn is_plain(text: &str) -> bool {
    !text.bytes().any(|byte| byte < 0x20)
}

fn append_text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("writing to memory cannot fail");
}

/// PostgreSQL leaves out the minutes of a whole-hour offset; JSON has them.
fn with_minutes(text: &str) -> String {
    let sign = text.rfind(['+', '-']).filter(|at| *at > 10);
    match sign {
        Some(at) if !text[at..].contains(':') && !text.contains("BC") => format!("{text}:00"),
        _ => text.to_owned(),
    }
}

/// An array literal; elements in their own shape, except that bytes keep their `\x`.
fn append_array(out: &mut Vec<u8>, text: &str, element: &Shape, delimiter: char) {
    // Lower bounds, `[2:3]={…}`, are lost.
    let text = match text.find('{') {
        Some(at) => &text[at..],
        None => text,
    };
    let element = if *element == Shape::Bytes { &Shape::Text } else { element };
    let mut chars = text.chars().peekable();
    let mut first = true;
    while let Some(c) = chars.next() {
        match c {
            '{' => {
                comma(out, &mut first);
                out.push(b'[');
                first = true;
            }
            '}' => {
                out.push(b']');
                first = false;
            }
            c if c == delimiter => {}
            '"' => {
                let mut value = String::new();
                while let Some(c) = chars.next() {
                    match c {
                        '\\' => value.extend(chars.next()),
                        '"' => break,
                        c => value.push(c),
                    }
                }
                comma(out, &mut first);
                append(out, &value, element);
            }
            c => {
                let mut value = String::from(c);
                while let Some(next) = chars.next_if(|next| *next != delimiter && *next != '}') {
                    value.push(next);
                }
                comma(out, &mut first);
                if value == "NULL" { out.extend_from_slice(b"null") } else { append(out, &value, element) }
            }
        }
    }
}

fn comma(out: &mut Vec<u8>, first: &mut bool) {
    if !std::mem::replace(first, false) {
        out.push(b',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, shape: &Shape, expected: &str) {
        let mut out = Vec::new();
        append(&mut out, text, shape);
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    // RT-TYP-01, RT-TYP-02, RT-TYP-04.
    #[test]
    fn values_look_as_to_jsonb_makes_them() {
        check("t", &Shape::Bool, "true");
        check("9223372036854775807", &Shape::Number, "9223372036854775807");
        check("1.50000", &Shape::Number, "1.50000");
        check("NaN", &Shape::Number, "null");
        check("\\xdeadbeef", &Shape::Bytes, "\"deadbeef\"");
        check("2024-01-02 03:04:05.678901", &Shape::Timestamp, "\"2024-01-02T03:04:05.678901\"");
        check("2024-01-01 22:04:05+00", &Shape::TimestampTz, "\"2024-01-01T22:04:05+00:00\"");
        check("2024-01-01 22:04:05+05:30", &Shape::TimestampTz, "\"2024-01-01T22:04:05+05:30\"");
        check("infinity", &Shape::TimestampTz, "\"infinity\"");
        check("a\"b\\\n", &Shape::Text, r#""a\"b\\\n""#);
        check(r#"{"a": 12345678901234567890123}"#, &Shape::Json, r#"{"a": 12345678901234567890123}"#);
    }

    #[test]
    fn arrays_keep_their_nesting_and_nulls() {
        let of = |shape| Shape::Array(Box::new(shape), ',');
        check("{1,2,NULL}", &of(Shape::Number), "[1,2,null]");
        check("{{1,2},{3,4}}", &of(Shape::Number), "[[1,2],[3,4]]");
        check("{}", &of(Shape::Text), "[]");
        check(r#"{a,"b,c","d\"e","NULL"}"#, &of(Shape::Text), r#"["a","b,c","d\"e","NULL"]"#);
        check("[2:3]={7,8}", &of(Shape::Number), "[7,8]");
        check(r#"{"\\xde"}"#, &of(Shape::Bytes), r#"["\\xde"]"#);
    }
}
