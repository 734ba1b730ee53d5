//! Points in time without a clock: the application lived from January 2024 to June 2026.

use std::fmt;

use chrono::DateTime;

/// A timestamp without time zone, meant in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    micros: i64,
}

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

impl Moment {
    /// 2024-01-01: the first conversation.
    pub(crate) const OPENING: Self = Self {
        micros: 1_704_067_200 * SECOND,
    };
    /// 2026-06-30: the last one.
    pub(crate) const PRESENT: Self = Self {
        micros: 1_782_777_600 * SECOND,
    };
    /// 2026-03-15 09:00: when the earlier attempt at a migration stopped halfway.
    pub(crate) const ATTEMPT: Self = Self {
        micros: 1_773_565_200 * SECOND,
    };

    /// When row `index` of `total` was written: the rows are spread evenly, in order, each with its own microseconds.
    pub(crate) fn of_row(index: u64, total: u64) -> Self {
        let span = u128::try_from(Self::PRESENT.micros - Self::OPENING.micros).expect("in order");
        let share = span * u128::from(index) / u128::from(total.max(1));
        let offset = i64::try_from(share).expect("within the span");
        Self {
            micros: Self::OPENING.micros + offset,
        }
    }

    pub(crate) fn plus_days(self, days: i64) -> Self {
        Self {
            micros: self.micros + days * DAY,
        }
    }

    pub(crate) fn plus_seconds(self, seconds: i64) -> Self {
        Self {
            micros: self.micros + seconds * SECOND,
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let utc = DateTime::from_timestamp_micros(self.micros).expect("a year of four digits");
        write!(f, "{}", utc.naive_utc())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_dates_are_what_their_comments_say() {
        assert_eq!(Moment::OPENING.to_string(), "2024-01-01 00:00:00");
        assert_eq!(Moment::PRESENT.to_string(), "2026-06-30 00:00:00");
        assert_eq!(Moment::ATTEMPT.to_string(), "2026-03-15 09:00:00");
    }

    #[test]
    fn rows_are_spread_in_order() {
        assert_eq!(Moment::of_row(0, 60_000_000), Moment::OPENING);
        assert!(Moment::of_row(1, 60_000_000) > Moment::OPENING);
        assert!(Moment::of_row(59_999_999, 60_000_000) < Moment::PRESENT);
    }
}
