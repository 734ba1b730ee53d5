//! Which rows of the root are wanted.

use http::request::Parts;
use http::{Method, header};

use super::query_string::RootWindow;
use crate::error::Error;

/// `limit`, `offset` and `Range`, intersected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RootRange {
    /// Rows to skip.
    pub(crate) offset: i64,
    /// Most rows, the server's cap included; `None`: all.
    pub(crate) limit: Option<i64>,
}

impl RootRange {
    /// REST-RNG-01 to -04. `cap` is what the server allows at most.
    pub(crate) fn resolve(
        window: RootWindow,
        parts: &Parts,
        cap: Option<u64>,
    ) -> Result<Self, Error> {
        if window.limit.is_some_and(|limit| limit < 0) {
            return Err(Error::NegativeLimit);
        }
        let mut offset = window.offset.unwrap_or(0).max(0);
        let mut end = window.limit.map(|limit| offset.saturating_add(limit));
        let explicit_zero = window.limit == Some(0);
        if parts.method == Method::GET
            && let Some((first, last)) = parts
                .headers
                .get(header::RANGE)
                .and_then(|v| header_range(v.to_str().ok()?))
        {
            if last.is_some_and(|last| first > last) {
                return Err(Error::RangeOrder);
            }
            let header_end = last.map(|last| last.saturating_add(1));
            offset = offset.max(first);
            end = match (end, header_end) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            if !explicit_zero && end.is_some_and(|end| end <= offset) {
                return Err(Error::NegativeLimit);
            }
        }
        let limit = end.map(|end| (end - offset).max(0));
        let cap = cap.map(|cap| i64::try_from(cap).unwrap_or(i64::MAX));
        let limit = match (limit, cap) {
            (Some(limit), Some(cap)) => Some(limit.min(cap)),
            (limit, cap) => limit.or(cap),
        };
        Ok(Self { offset, limit })
    }
}

/// `<first>-<last>` or `<first>-`, perhaps after a unit; anything else is ignored.
fn header_range(text: &str) -> Option<(i64, Option<i64>)> {
    let (first, last) = text.trim().split_once('-')?;
    let first = first.parse().ok().filter(|first| *first >= 0)?;
    if last.is_empty() {
        return Some((first, None));
    }
    Some((first, Some(last.parse().ok()?)))
}
