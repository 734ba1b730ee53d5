//! Durations as Go writes them: `300ms`, `1h30m`, `-2.5h`.

use chrono::TimeDelta;

/// Nanoseconds of the greatest duration that Go knows: some 292 years.
#[expect(clippy::cast_precision_loss, reason = "a bound, not a value")]
const GREATEST: f64 = i64::MAX as f64;

/// Reads a duration; `None` if it is none.
#[expect(clippy::cast_possible_truncation, reason = "checked against the bound")]
pub(crate) fn parse(text: &str) -> Option<TimeDelta> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(TimeDelta::zero());
    }
    if rest.is_empty() {
        return None;
    }
    let mut nanos = 0.0;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let value: f64 = rest[..number].parse().ok()?;
        rest = &rest[number..];
        let unit = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        nanos += value
            * match &rest[..unit] {
                "ns" => 1.0,
                "us" | "µs" | "μs" => 1e3,
                "ms" => 1e6,
                "s" => 1e9,
                "m" => 60e9,
                "h" => 3_600e9,
                _ => return None,
            };
        rest = &rest[unit..];
    }
    (nanos < GREATEST).then(|| TimeDelta::nanoseconds((sign * nanos) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_go_does() {
        // AUTH-ADMIN-08
        assert_eq!(parse("1h30m"), Some(TimeDelta::minutes(90)));
        assert_eq!(parse("300ms"), Some(TimeDelta::milliseconds(300)));
        assert_eq!(parse("-1.5h"), Some(TimeDelta::minutes(-90)));
        assert_eq!(parse("876000h"), Some(TimeDelta::hours(876_000)));
        for wrong in ["", "1", "h", "1d", "1h2", "1e9h", "99999999h", "..h", "-"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
