//! Times as JSON tells them.

use chrono::{DateTime, Utc};
use serde_json::Value;

/// RFC 3339 in UTC with up to six digits behind the point.
pub(crate) fn rfc3339(time: DateTime<Utc>) -> String {
    let mut text = time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    text.push('Z');
    text
}

/// A time that PostgreSQL wrote into JSON, rewritten; anything else stays.
pub(crate) fn rewrite(value: &mut Value) {
    if let Some(time) = value
        .as_str()
        .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
    {
        *value = Value::String(rfc3339(time.to_utc()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone as _;
    use serde_json::json;

    #[test]
    fn zeros_at_the_end_are_dropped() {
        let time = Utc.with_ymd_and_hms(2026, 8, 1, 10, 20, 30).unwrap();
        assert_eq!(rfc3339(time), "2026-08-01T10:20:30Z");
        let later = time + chrono::TimeDelta::microseconds(120_300);
        assert_eq!(rfc3339(later), "2026-08-01T10:20:30.1203Z");
        let mut written = json!("2026-08-01T12:20:30.5+02:00");
        rewrite(&mut written);
        assert_eq!(written, "2026-08-01T10:20:30.5Z");
    }
}
