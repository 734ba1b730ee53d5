//! What SQL can read of the HTTP request: `request.headers`, `request.cookies`.

use http::{HeaderMap, header};
use serde_json::{Map, Value};

/// JSON object of the headers, lower-case names, without cookies. Written straight to text: this is part of
/// every request.
pub(crate) fn headers_json(headers: &HeaderMap) -> String {
    let mut text = String::with_capacity(1024);
    // The values of one name follow each other; the last one counts, as in any JSON object.
    let mut rest = headers
        .iter()
        .filter(|(name, _)| *name != header::COOKIE)
        .peekable();
    while let Some((name, value)) = rest.next() {
        if rest.peek().is_some_and(|(next, _)| *next == name) {
            continue;
        }
        text.push(if text.is_empty() { '{' } else { ',' });
        // A header's name holds nothing that JSON would escape.
        text.push('"');
        text.push_str(name.as_str());
        text.push_str("\":");
        push_string(&mut text, &String::from_utf8_lossy(value.as_bytes()));
    }
    if text.is_empty() {
        text.push('{');
    }
    text.push('}');
    text
}

/// `value` as a JSON string.
fn push_string(text: &mut String, value: &str) {
    if value
        .bytes()
        .all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
    {
        text.push('"');
        text.push_str(value);
        text.push('"');
    } else {
        text.push_str(&Value::from(value).to_string());
    }
}

/// JSON object of the cookies.
pub(crate) fn cookies_json(headers: &HeaderMap) -> String {
    if !headers.contains_key(header::COOKIE) {
        return "{}".to_owned();
    }
    let mut object = Map::new();
    for value in headers.get_all(header::COOKIE) {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        for (name, value) in text
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
        {
            object.insert(name.to_owned(), value.into());
        }
    }
    Value::Object(object).to_string()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn check(pairs: &[(&'static str, &'static [u8])], expected: &str) {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value).unwrap(),
            );
        }
        assert_eq!(headers_json(&headers), expected);
        assert!(serde_json::from_str::<Value>(expected).unwrap().is_object());
    }

    // REST-TXN-03.
    #[test]
    fn headers_become_one_object_without_cookies() {
        check(&[], "{}");
        check(&[("cookie", b"a=b")], "{}");
        check(
            &[("accept", b"*/*"), ("cookie", b"a=b"), ("x-two", b"2")],
            r#"{"accept":"*/*","x-two":"2"}"#,
        );
    }

    #[test]
    fn the_last_value_of_a_name_counts_wherever_it_stands() {
        check(
            &[("x-a", b"1"), ("x-b", b"2"), ("x-a", b"3")],
            r#"{"x-a":"3","x-b":"2"}"#,
        );
    }

    #[test]
    fn what_json_escapes_is_escaped() {
        check(
            &[
                ("x-a", br#"say "a\b""#),
                ("x-b", b"tab\there"),
                ("x-c", b"caf\xe9"),
            ],
            "{\"x-a\":\"say \\\"a\\\\b\\\"\",\"x-b\":\"tab\\there\",\"x-c\":\"caf\u{fffd}\"}",
        );
    }
}
