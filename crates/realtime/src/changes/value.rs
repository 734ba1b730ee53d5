//! A value's text form as the JSON that `to_jsonb` would make of it (section 18).

use super::table::{Kind, Scalar};

/// Appends the JSON of a top-level value; false when PostgreSQL must be asked.
pub(super) fn write(out: &mut String, kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Scalar(scalar) => self::scalar(out, scalar, text, Place::Top),
        Kind::Array { element, delimiter } => {
            return array(out, element, delimiter, text).is_some();
        }
        Kind::Asked => return false,
    }
    true
}

/// Exceptions hold for a column's value, not for elements of an array.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Element,
}

fn scalar(out: &mut String, scalar: Scalar, text: &str, place: Place) {
    match scalar {
        Scalar::Bool => out.push_str(if text == "t" { "true" } else { "false" }),
        Scalar::Integer | Scalar::Json => out.push_str(text),
        Scalar::Numeric | Scalar::Float => match text {
            "NaN" | "Infinity" | "-Infinity" if place == Place::Top => out.push_str("null"),
            "NaN" | "Infinity" | "-Infinity" => string(out, text),
            text => number(out, text),
        },
        Scalar::Bytes if place == Place::Top => {
            string(out, text.strip_prefix("\\x").unwrap_or(text));
        }
        Scalar::Timestamp => timestamp(out, text),
        Scalar::Bytes | Scalar::Text => string(out, text),
    }
}

/// JSON text of a string.
pub(super) fn string(out: &mut String, text: &str) {
    use std::fmt::Write as _;
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') {
        out.push_str(&rest[..at]);
        let c = rest[at..]
            .chars()
            .next()
            .expect("a character was found there");
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
        }
        rest = &rest[at + c.len_utf8()..];
    }
    out.push_str(rest);
    out.push('"');
}

/// Floats of extreme size are printed with an exponent, which `jsonb`, being numeric inside, spells out.
fn number(out: &mut String, text: &str) {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        out.push_str(text);
        return;
    };
    let (Ok(exponent), negative) = (exponent.parse::<i64>(), mantissa.starts_with('-')) else {
        out.push_str(text);
        return;
    };
    let mantissa = mantissa.trim_start_matches('-');
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let point = i64::try_from(whole.len()).unwrap_or(0) + exponent;
    if negative {
        out.push('-');
    }
    match usize::try_from(point) {
        Ok(point) if point >= digits.len() => {
            out.push_str(&digits);
            out.extend(std::iter::repeat_n('0', point - digits.len()));
        }
        Ok(point) if point > 0 => {
            out.push_str(&digits[..point]);
            out.push('.');
            out.push_str(&digits[point..]);
        }
        _ => {
            out.push_str("0.");
            out.extend(std::iter::repeat_n(
                '0',
                usize::try_from(-point).unwrap_or(0),
            ));
            out.push_str(&digits);
        }
    }
}

/// `2024-01-02 03:04:05+09` becomes `2024-01-02T03:04:05+09:00`.
fn timestamp(out: &mut String, text: &str) {
    out.push('"');
    match text.split_once(' ') {
        None => out.push_str(text),
        Some((date, rest)) => {
            out.push_str(date);
            out.push('T');
            let (time, era) = rest
                .split_once(' ')
                .map_or((rest, ""), |(time, _)| (time, " BC"));
            out.push_str(time);
            let zone = time.find(['+', '-']).map(|at| &time[at..]);
            if zone.is_some_and(|zone| !zone.contains(':')) {
                out.push_str(":00");
            }
            out.push_str(era);
        }
    }
    out.push('"');
}

/// `[2:3]={1,NULL}` becomes `[1,null]`.
fn array(out: &mut String, element: Scalar, delimiter: char, text: &str) -> Option<()> {
    let body = match text.strip_prefix('[') {
        Some(rest) => rest.split_once('=')?.1,
        None => text,
    };
    let mut chars = body.char_indices().peekable();
    let mut quoted = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            '{' => out.push('['),
            '}' => out.push(']'),
            c if c == delimiter => out.push(','),
            '"' => {
                quoted.clear();
                loop {
                    match chars.next()?.1 {
                        '\\' => quoted.push(chars.next()?.1),
                        '"' => break,
                        c => quoted.push(c),
                    }
                }
                scalar(out, element, &quoted, Place::Element);
            }
            _ => {
                let mut end = at + c.len_utf8();
                while let Some((at, c)) = chars.next_if(|(_, c)| *c != delimiter && *c != '}') {
                    end = at + c.len_utf8();
                }
                match &body[at..end] {
                    "NULL" => out.push_str("null"),
                    text => scalar(out, element, text, Place::Element),
                }
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Kind, text: &str, json: &str) {
        let mut out = String::new();
        assert!(write(&mut out, kind, text));
        assert_eq!(out, json, "{text}");
    }

    fn check_scalar(scalar: Scalar, text: &str, json: &str) {
        check(Kind::Scalar(scalar), text, json);
    }

    // RT-TYP-01, RT-TYP-02.
    #[test]
    fn numbers_keep_every_digit() {
        check_scalar(
            Scalar::Integer,
            "9223372036854775807",
            "9223372036854775807",
        );
        check_scalar(
            Scalar::Numeric,
            "12345678901234567890.12345",
            "12345678901234567890.12345",
        );
        check_scalar(Scalar::Numeric, "1.50000", "1.50000");
        check_scalar(Scalar::Float, "1e+20", "100000000000000000000");
        check_scalar(Scalar::Float, "-1.25e-07", "-0.000000125");
        check_scalar(Scalar::Float, "1.2345e+02", "123.45");
        for text in ["NaN", "Infinity", "-Infinity"] {
            check_scalar(Scalar::Float, text, "null");
        }
    }

    // RT-TYP-04.
    #[test]
    fn text_is_escaped() {
        check_scalar(Scalar::Text, "a\"b\\c\n\u{1}é", r#""a\"b\\c\n\u0001é""#);
        check_scalar(Scalar::Bytes, "\\xdeadbeef", "\"deadbeef\"");
    }

    #[test]
    fn times_have_a_t_and_a_whole_zone() {
        let timestamp = |text, json| check_scalar(Scalar::Timestamp, text, json);
        timestamp(
            "2024-01-02 03:04:05.678901",
            "\"2024-01-02T03:04:05.678901\"",
        );
        timestamp("2024-01-02 03:04:05+09", "\"2024-01-02T03:04:05+09:00\"");
        timestamp("2024-01-02 03:04:05-03:30", "\"2024-01-02T03:04:05-03:30\"");
        timestamp(
            "0044-03-15 00:00:00+00 BC",
            "\"0044-03-15T00:00:00+00:00 BC\"",
        );
        timestamp("infinity", "\"infinity\"");
    }

    #[test]
    fn arrays_are_nested_and_lose_their_bounds() {
        let array = |element| Kind::Array {
            element,
            delimiter: ',',
        };
        check(array(Scalar::Integer), "{1,NULL,3}", "[1,null,3]");
        check(
            array(Scalar::Integer),
            "[2:3]={{1,2},{3,4}}",
            "[[1,2],[3,4]]",
        );
        check(
            array(Scalar::Text),
            r#"{a,"b,c","d\"e",NULL,"NULL","{}"}"#,
            r#"["a","b,c","d\"e",null,"NULL","{}"]"#,
        );
        check(array(Scalar::Text), "{}", "[]");
        check(
            array(Scalar::Bytes),
            r#"{"\\xdeadbeef"}"#,
            r#"["\\xdeadbeef"]"#,
        );
        check(
            array(Scalar::Float),
            "{NaN,1e+20}",
            r#"["NaN",100000000000000000000]"#,
        );
    }
}
