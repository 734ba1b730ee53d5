//! A request out of any bytes: a line `METHOD target`, headers, an empty line, the body. What no URI may hold is
//! encoded, so that the fuzzer can write names and values as they are meant.

use bytes::Bytes;
use http::Request;
use percent_encoding::{AsciiSet, CONTROLS, percent_encode};

const FORBIDDEN: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The request, if the bytes are one.
#[must_use]
pub fn parse(data: &[u8]) -> Option<Request<Bytes>> {
    let (head, body) = match find(data, b"\n\n") {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (data, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = lines.next()?;
    let space = first.iter().position(|byte| *byte == b' ')?;
    let target = percent_encode(&first[space + 1..], FORBIDDEN).to_string();
    let mut request = Request::builder().method(&first[..space]).uri(target);
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        request = request.header(&line[..colon], line[colon + 1..].trim_ascii());
    }
    request.body(Bytes::copy_from_slice(body)).ok()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
