//! What a schedule says: the grammar of `pg_cron`, which is Vixie cron's with seconds and the last day of a month.
//!
//! No crate has exactly this: `$`, steps only after a range or `*`, and Vixie's rule that the two fields for days are
//! joined by *or* unless one of them begins with `*`.

use std::time::Duration;

use chrono::{Datelike as _, Days, NaiveDateTime, Timelike as _};

/// When a job is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Schedule {
    /// `30 seconds`: so long after the last start.
    Every(Duration),
    /// `@reboot`: when the database server was started.
    Reboot,
    /// In every minute that fits.
    Minutes(Fields),
}

/// The five fields; bit *n* is set if the value *n* fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    minutes: u64,
    hours: u64,
    days: u64,
    last_day: bool,
    months: u64,
    weekdays: u64,
    /// A field for days begins with `*`: then a day must fit both.
    any_day: bool,
    /// The field for minutes or hours begins with `*`: a job without a fixed time of day.
    wild: bool,
}

/// A field's bounds and the names of its values, the lowest first.
struct Range {
    low: u32,
    high: u32,
    names: &'static [&'static str],
}

const MINUTES: Range = Range::of_numbers(0, 59);
const HOURS: Range = Range::of_numbers(0, 23);
const DAYS: Range = Range::of_numbers(1, 31);
const MONTHS: Range = Range {
    low: 1,
    high: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
/// Sunday is 0 and 7.
const WEEKDAYS: Range = Range {
    low: 0,
    high: 7,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

impl Schedule {
    /// Reads a schedule; `None` if it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches([' ', '\t', '\n', '\r']);
        if text.starts_with('@') {
            return nickname(&text.to_ascii_lowercase());
        }
        let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
        let five = [
            words.next()?,
            words.next()?,
            words.next().unwrap_or(""),
            words.next().unwrap_or(""),
            words.next().unwrap_or(""),
        ];
        match five {
            [number, unit, "", "", ""] => seconds(number, unit).map(Self::Every),
            fields if words.next().is_none() => Fields::parse(fields).map(Self::Minutes),
            _ => None,
        }
    }
}

fn nickname(name: &str) -> Option<Schedule> {
    let fields = match name {
        "@reboot" => return Some(Schedule::Reboot),
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => return None,
    };
    Schedule::parse(fields)
}

fn seconds(number: &str, unit: &str) -> Option<Duration> {
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    let is_unit = unit.eq_ignore_ascii_case("second") || unit.eq_ignore_ascii_case("seconds");
    let seconds: u64 = number.parse().ok()?;
    (is_number && is_unit && (1..60).contains(&seconds)).then(|| Duration::from_secs(seconds))
}

impl Fields {
    fn parse([minutes, hours, days, months, weekdays]: [&str; 5]) -> Option<Self> {
        let last_day = days == "$";
        let mut sundays = WEEKDAYS.parse(weekdays)?;
        sundays |= (sundays >> 7) & 1;
        Some(Self {
            minutes: MINUTES.parse(minutes)?,
            hours: HOURS.parse(hours)?,
            days: if last_day { 0 } else { DAYS.parse(days)? },
            last_day,
            months: MONTHS.parse(months)?,
            weekdays: sundays,
            any_day: days.starts_with('*') || weekdays.starts_with('*'),
            wild: minutes.starts_with('*') || hours.starts_with('*'),
        })
    }

    /// Whether the job is to run in this minute of the schedule's time zone.
    pub(super) fn fit(&self, minute: NaiveDateTime) -> bool {
        let has = |bits: u64, value: u32| bits >> value & 1 == 1;
        let date = minute.date();
        let is_last = || {
            date.checked_add_days(Days::new(1))
                .is_none_or(|next| next.day() == 1)
        };
        let day = has(self.days, date.day()) || (self.last_day && is_last());
        let weekday = has(self.weekdays, date.weekday().num_days_from_sunday());
        has(self.minutes, minute.minute())
            && has(self.hours, minute.hour())
            && has(self.months, date.month())
            && if self.any_day {
                day && weekday
            } else {
                day || weekday
            }
    }

    /// Whether it has no fixed time of day: such a job is not made up for when the clock jumps.
    pub(super) fn is_wild(&self) -> bool {
        self.wild
    }
}

impl Range {
    const fn of_numbers(low: u32, high: u32) -> Self {
        Self {
            low,
            high,
            names: &[],
        }
    }

    fn parse(&self, field: &str) -> Option<u64> {
        let mut bits = 0;
        for part in field.split(',') {
            bits |= self.part(part)?;
        }
        Some(bits)
    }

    /// `*`, `5`, `mon`, `1-5`, and `*/15`, `1-30/5`.
    fn part(&self, part: &str) -> Option<u64> {
        let (span, step) = match part.split_once('/') {
            Some((span, step)) => (span, Some(number(step).filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (first, last) = match span.split_once('-') {
            _ if span == "*" => (self.low, self.high),
            Some((first, last)) => (self.value(first)?, self.value(last)?),
            // A step needs something to step through.
            None if step.is_some() => return None,
            None => {
                let value = self.value(span)?;
                (value, value)
            }
        };
        if first < self.low || last > self.high || first > last {
            return None;
        }
        let step = usize::try_from(step.unwrap_or(1)).ok()?;
        Some(
            (first..=last)
                .step_by(step)
                .fold(0, |bits, value| bits | 1 << value),
        )
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text));
        match named {
            Some(at) => u32::try_from(at).ok().map(|at| at + self.low),
            None => number(text),
        }
    }
}

/// Up to four digits and nothing else.
fn number(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    (digits && text.len() <= 4)
        .then(|| text.parse().ok())
        .flatten()
}
