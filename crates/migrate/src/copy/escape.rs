//! COPY's text form: fields between tabs, backslash escapes, `\N` for null.

use std::borrow::Cow;

/// The fields of a line, still escaped. COPY escapes tabs inside values, so a tab always ends a field.
pub(crate) fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let text = rest?;
        if let Some(at) = memchr::memchr(b'\t', text) {
            rest = Some(&text[at + 1..]);
            Some(&text[..at])
        } else {
            rest = None;
            Some(text)
        }
    })
}

/// A field's value; none for null.
pub(crate) fn value(field: &[u8]) -> Option<Cow<'_, str>> {
    if field == b"\\N" {
        return None;
    }
    if memchr::memchr(b'\\', field).is_none() {
        return Some(String::from_utf8_lossy(field));
    }
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        // The server writes one-letter escapes only.
        bytes.push(match rest.next() {
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'v') => 11,
            Some(other) => other,
            None => b'\\',
        });
    }
    Some(match String::from_utf8(bytes) {
        Ok(text) => Cow::Owned(text),
        Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    })
}

/// Writes a value as a field.
pub(crate) fn push_value(out: &mut Vec<u8>, value: Option<&str>) {
    let Some(value) = value else {
        out.extend_from_slice(b"\\N");
        return;
    };
    for byte in value.bytes() {
        let letter = match byte {
            8 => b'b',
            12 => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            11 => b'v',
            b'\\' => b'\\',
            plain => {
                out.push(plain);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', letter]);
    }
}

#[cfg(test)]
mod tests {
    use super::{fields, push_value, value};

    #[test]
    fn what_is_written_reads_back() {
        for text in [
            "",
            "plain",
            "tab\there",
            "line\r\nend \\ back",
            "\u{8}\u{b}\u{c}",
            "\\N",
            "é\u{202e}😀",
        ] {
            let mut out = Vec::new();
            push_value(&mut out, Some(text));
            assert!(!out.contains(&b'\t') && !out.contains(&b'\n'));
            assert_eq!(value(&out).as_deref(), Some(text));
        }
        let mut out = Vec::new();
        push_value(&mut out, None);
        assert_eq!(value(&out), None);
    }

    #[test]
    fn a_line_of_one_empty_field_has_one_field() {
        assert_eq!(fields(b"").count(), 1);
        assert_eq!(
            fields(b"a\t\tb").collect::<Vec<_>>(),
            [b"a".as_slice(), b"", b"b"]
        );
    }
}
