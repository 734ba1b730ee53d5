//! Conditional requests and ranges.

use std::ops::Range;

use chrono::{DateTime, Utc};
use http::{HeaderMap, header};

use crate::Error;

/// Whether the client's copy is still good. `If-None-Match` wins over `If-Modified-Since`.
pub(crate) fn is_unchanged(
    headers: &HeaderMap,
    etag: &str,
    last_modified: Option<DateTime<Utc>>,
) -> bool {
    if let Some(wanted) = text(headers, &header::IF_NONE_MATCH) {
        let strong = etag.strip_prefix("W/").unwrap_or(etag);
        return wanted
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == strong);
    }
    match (
        text(headers, &header::IF_MODIFIED_SINCE).and_then(parse_http_date),
        last_modified,
    ) {
        (Some(since), Some(modified)) => modified.timestamp() <= since.timestamp(),
        _ => false,
    }
}

/// The one range asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskedRange {
    From { first: u64, last: Option<u64> },
    Last(u64),
}

impl AskedRange {
    /// Header `Range`; `None` without one. Several ranges, or one that cannot be read, are refused.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, Error> {
        if !headers.contains_key(header::RANGE) {
            return Ok(None);
        }
        text(headers, &header::RANGE)
            .and_then(Self::parse)
            .map(Some)
            .ok_or(Error::Range)
    }

    fn parse(value: &str) -> Option<Self> {
        let (first, last) = value.trim().strip_prefix("bytes=")?.split_once('-')?;
        let (first, last) = (first.trim(), last.trim());
        let number = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| text.parse().ok())
                .flatten()
        };
        if first.is_empty() {
            return number(last).map(Self::Last);
        }
        let first = number(first)?;
        let last = if last.is_empty() {
            None
        } else {
            Some(number(last)?)
        };
        last.is_none_or(|last: u64| first <= last)
            .then_some(Self::From { first, last })
    }

    /// The bytes of something of this size; `None` when there are none.
    pub(crate) fn within(self, size: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From { first, last } => {
                first..last.map_or(size, |last| last.saturating_add(1).min(size))
            }
            Self::Last(count) => size.saturating_sub(count)..size,
        };
        (range.start < range.end).then_some(range)
    }
}

/// A time as headers have it.
pub(crate) fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn parse_http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text)
        .ok()
        .map(|time| time.with_timezone(&Utc))
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn one_range_is_served_and_anything_odd_refused() {
        // STO-DL-16
        let check = |value: &str, size: u64, expected: Option<Range<u64>>| {
            let range = AskedRange::of(&headers(header::RANGE, value))
                .ok()
                .flatten();
            assert_eq!(
                range.and_then(|range| range.within(size)),
                expected,
                "{value} of {size}"
            );
        };
        check("bytes=0-4", 10, Some(0..5));
        check("bytes=5-", 10, Some(5..10));
        check("bytes=-3", 10, Some(7..10));
        check("bytes=-30", 10, Some(0..10));
        check("bytes=5-99", 10, Some(5..10));
        check("bytes=10-", 10, None);
        check("bytes=0-", 0, None);
        check("bytes=-0", 10, None);
        check("bytes=4-2", 10, None);
        check("bytes=0-1,3-4", 10, None);
        check("items=0-1", 10, None);
        check("bytes=+1-2", 10, None);
        check("bytes=-", 10, None);
    }

    #[test]
    fn an_unchanged_copy_is_recognized() {
        // STO-DL-14
        let modified = DateTime::parse_from_rfc3339("2026-01-02T03:04:05.678Z")
            .unwrap()
            .with_timezone(&Utc);
        let check =
            |name, value: &str| is_unchanged(&headers(name, value), "\"abc\"", Some(modified));
        assert!(check(header::IF_NONE_MATCH, "\"abc\""));
        assert!(check(header::IF_NONE_MATCH, "W/\"abc\""));
        assert!(!check(header::IF_NONE_MATCH, "\"abd\""));
        assert!(check(header::IF_MODIFIED_SINCE, &http_date(modified)));
        assert!(!check(
            header::IF_MODIFIED_SINCE,
            "Fri, 02 Jan 2026 03:04:04 GMT"
        ));
        let mut both = headers(header::IF_NONE_MATCH, "\"abd\"");
        both.insert(
            header::IF_MODIFIED_SINCE,
            http_date(modified).parse().unwrap(),
        );
        assert!(!is_unchanged(&both, "\"abc\"", Some(modified)));
    }
}
