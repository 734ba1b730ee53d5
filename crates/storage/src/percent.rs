//! Percent-encoding: paths and queries in, file names out.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What JavaScript's `encodeURIComponent` leaves alone.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// As JavaScript's `encodeURIComponent`.
pub(crate) fn encode_component(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// One percent-decoding; `None` when the result is not UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    percent_decode_str(text)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// The first value of a query parameter; an absent `=` gives an empty value.
pub(crate) fn query_value(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let plain = |text: &str| decode(&text.replace('+', " "));
        (plain(key)? == name).then(|| plain(value)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_as_a_browser_does() {
        assert_eq!(
            encode_component("a b/ü!~*'().txt"),
            "a%20b%2F%C3%BC!~*'().txt"
        );
    }

    #[test]
    fn query_values_are_found_and_decoded() {
        assert_eq!(
            query_value("token=a.b&download", "download").as_deref(),
            Some("")
        );
        assert_eq!(
            query_value("download=a%20b+c", "download").as_deref(),
            Some("a b c")
        );
        assert_eq!(query_value("downloads=1", "download"), None);
    }
}
