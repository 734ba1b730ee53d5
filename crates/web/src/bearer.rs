//! The `Authorization` header.

use http::{HeaderMap, header};

/// What an `Authorization` header holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization<'a> {
    /// No header, or one that is not text.
    Missing,
    /// `Bearer <token>`, scheme in any case; the token may be empty.
    Bearer(&'a str),
    /// Any other scheme.
    Other(&'a str),
}

/// Reads the `Authorization` header.
pub fn authorization(headers: &HeaderMap) -> Authorization<'_> {
    let Some(value) = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
    else {
        return Authorization::Missing;
    };
    let value = value.trim();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
            Authorization::Bearer(token.trim())
        }
        None if value.eq_ignore_ascii_case("bearer") => Authorization::Bearer(""),
        _ => Authorization::Other(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: Authorization<'_>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        assert_eq!(authorization(&headers), expected);
    }

    #[test]
    fn schemes_are_told_apart() {
        check("Bearer abc", Authorization::Bearer("abc"));
        check("bearer  abc ", Authorization::Bearer("abc"));
        check("Bearer ", Authorization::Bearer(""));
        check("Basic abc", Authorization::Other("Basic abc"));
        check("abc", Authorization::Other("abc"));
        assert_eq!(authorization(&HeaderMap::new()), Authorization::Missing);
    }
}
