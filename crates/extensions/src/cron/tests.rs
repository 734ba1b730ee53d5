//! Schedules and clocks.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::prelude::*;

use super::minutes::{Progress, Which, minute_of, progress};
use super::schedule::Schedule;

fn at(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
}

fn fits(schedule: &str, minute: NaiveDateTime) -> bool {
    match Schedule::parse(schedule) {
        Some(Schedule::Minutes(fields)) => fields.fit(minute),
        other => panic!("{schedule}: {other:?}"),
    }
}

// DB-SUB-04: lists, ranges, steps, names, `$` = last day.
#[test]
fn fields_fit_the_minutes_that_they_name() {
    let check = |schedule, minute, expected| {
        assert_eq!(
            fits(schedule, at(minute)),
            expected,
            "{schedule} at {minute}"
        );
    };
    // 2026-11-24 is a Tuesday.
    check("* * * * *", "2026-11-24 12:34", true);
    check("*/5 * * * *", "2026-11-24 12:35", true);
    check("*/5 * * * *", "2026-11-24 12:34", false);
    check("5-59/10 12 * * *", "2026-11-24 12:45", true);
    check("0,34 12-13 * Nov TUE", "2026-11-24 12:34", true);
    check("34 12 * * mon-fri", "2026-11-24 12:34", true);
    check("34 12 * * 7", "2026-11-29 12:34", true);
    check("34 12 * * 0", "2026-11-29 12:34", true);
    check("34 12 * * sun", "2026-11-24 12:34", false);
    check("0 0 $ * *", "2026-11-30 00:00", true);
    check("0 0 $ * *", "2026-11-29 00:00", false);
    check("0 0 $ 2 *", "2028-02-29 00:00", true);
    check("  0\t0 1 1 *  ", "2027-01-01 00:00", true);
    check("@hourly", "2026-11-24 12:00", true);
    check("@Daily", "2026-11-24 12:00", false);
}

// DB-SUB-04: two fields for days are joined by `or`, unless one begins with `*`.
#[test]
fn either_day_is_enough_unless_a_field_begins_with_a_star() {
    let check = |schedule, minute, expected| {
        assert_eq!(
            fits(schedule, at(minute)),
            expected,
            "{schedule} at {minute}"
        );
    };
    check("0 0 13 * 5", "2026-11-13 00:00", true);
    check("0 0 13 * 5", "2026-11-20 00:00", true);
    check("0 0 13 * 5", "2026-12-13 00:00", true);
    check("0 0 13 * 5", "2026-12-14 00:00", false);
    check("0 0 */2 * 5", "2026-11-13 00:00", true);
    check("0 0 */2 * 5", "2026-11-20 00:00", false);
}

#[test]
fn seconds_and_nicknames_are_schedules_too() {
    let every = |seconds| Some(Schedule::Every(Duration::from_secs(seconds)));
    assert_eq!(Schedule::parse("1 second"), every(1));
    assert_eq!(Schedule::parse("59 Seconds"), every(59));
    assert_eq!(Schedule::parse("@reboot"), Some(Schedule::Reboot));
    assert_eq!(Schedule::parse("@weekly"), Schedule::parse("0 0 * * sun"));
}

#[test]
fn what_is_no_schedule_is_refused() {
    for text in [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 8",
        "5/10 * * * *",
        "*/0 * * * *",
        "10-5 * * * *",
        "1, * * * *",
        "-1 * * * *",
        "1- * * * *",
        "mon * * * *",
        "* * 1,$ * *",
        "0 seconds",
        "60 seconds",
        "5 minutes",
        "@noon",
        "+5 * * * *",
        "99999 * * * *",
        "1-2-3 * * * *",
        "* * * * ** ",
    ] {
        assert_eq!(Schedule::parse(text), None, "{text:?}");
    }
}

/// One part of a field, and the values that it stands for.
fn part(low: u32, high: u32) -> impl Strategy<Value = (String, Vec<u32>)> {
    let value = low..=high;
    let stepped = |text: String, first: u32, last: u32, step: Option<u32>| match step {
        None => (text, (first..=last).collect()),
        Some(step) => (
            format!("{text}/{step}"),
            (first..=last)
                .filter(|value| (value - first).is_multiple_of(step))
                .collect(),
        ),
    };
    prop_oneof![
        value
            .clone()
            .prop_map(|value| (value.to_string(), vec![value])),
        proptest::option::of(1u32..=high + 3).prop_map(move |step| stepped(
            "*".to_owned(),
            low,
            high,
            step
        )),
        (value.clone(), value, proptest::option::of(1u32..=high + 3)).prop_map(
            move |(one, other, step)| {
                let (first, last) = (one.min(other), one.max(other));
                stepped(format!("{first}-{last}"), first, last, step)
            }
        ),
    ]
}

fn field(low: u32, high: u32) -> impl Strategy<Value = (String, Vec<u32>)> {
    vec(part(low, high), 1..4).prop_map(|parts| {
        let texts: Vec<String> = parts.iter().map(|(text, _)| text.clone()).collect();
        (
            texts.join(","),
            parts.into_iter().flat_map(|(_, values)| values).collect(),
        )
    })
}

fn minute() -> impl Strategy<Value = NaiveDateTime> {
    (0u64..20_000, 0i64..1_440).prop_map(|(days, minutes)| {
        let day = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap() + Days::new(days);
        day.and_hms_opt(0, 0, 0).unwrap() + TimeDelta::minutes(minutes)
    })
}

proptest! {
    // DB-SUB-04: the five fields against what they say, counted out.
    #[test]
    fn a_minute_fits_exactly_when_its_values_are_listed(
        minutes in field(0, 59), hours in field(0, 23), days in field(1, 31), months in field(1, 12),
        weekdays in field(0, 7), minute in minute(),
    ) {
        use chrono::{Datelike as _, Timelike as _};
        let text = format!("{} {} {} {} {}", minutes.0, hours.0, days.0, months.0, weekdays.0);
        let sunday = minute.weekday().num_days_from_sunday();
        let day = days.1.contains(&minute.day());
        let weekday = weekdays.1.contains(&sunday) || (sunday == 0 && weekdays.1.contains(&7));
        let either = !days.0.starts_with('*') && !weekdays.0.starts_with('*');
        let expected = minutes.1.contains(&minute.minute())
            && hours.1.contains(&minute.hour())
            && months.1.contains(&minute.month())
            && if either { day || weekday } else { day && weekday };
        prop_assert_eq!(fits(&text, minute), expected, "{}", text);
    }

    #[test]
    fn the_last_day_is_the_one_before_a_first(minute in minute()) {
        use chrono::Datelike as _;
        let next = minute.date() + Days::new(1);
        prop_assert_eq!(fits("* * $ * *", minute), next.day() == 1);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[-*/,$@0-9a-z \t]{0,40}|.{0,40}") {
        let _ = Schedule::parse(&text);
    }

    // Whatever the clock does in steps of a few minutes, every minute is dealt with once.
    #[test]
    fn a_clock_that_is_late_skips_no_minute_and_repeats_none(steps in vec(0i64..=5, 1..50)) {
        let begin = start();
        let (mut last, mut now, mut seen) = (begin, begin, Vec::new());
        for step in steps {
            now += TimeDelta::minutes(step);
            let found = progress(last, now, None);
            seen.extend(found.minutes);
            last = found.reached;
        }
        let all = (now - begin).num_minutes();
        let expected: Vec<_> =
            (1..=all).map(|n| (begin + TimeDelta::minutes(n), Which::All)).collect();
        prop_assert_eq!(seen, expected);
    }
}

fn start() -> DateTime<Utc> {
    minute_of(at("2026-03-29 00:59").and_utc())
}

#[test]
fn a_clock_that_jumps_ahead_makes_up_for_jobs_with_a_fixed_time_only() {
    let now = start() + TimeDelta::minutes(61);
    let found = progress(start(), now, Some(start()));
    assert_eq!(found.reached, now);
    assert_eq!(found.minutes.len(), 62);
    assert!(
        found.minutes[..61]
            .iter()
            .all(|(_, which)| *which == Which::Fixed)
    );
    assert_eq!(found.minutes[61], (now, Which::Wild));
}

#[test]
fn a_clock_that_is_put_back_repeats_no_job_with_a_fixed_time() {
    let back = start() - TimeDelta::minutes(60);
    let found = progress(start(), back, Some(start()));
    let once = vec![(back, Which::Wild)];
    assert_eq!(
        found,
        Progress {
            minutes: once,
            reached: start()
        }
    );
    assert_eq!(progress(start(), back, Some(back)).minutes, []);
}

#[test]
fn a_clock_that_was_set_goes_on_from_there() {
    for now in [start() + TimeDelta::days(3), start() - TimeDelta::days(3)] {
        let found = progress(start(), now, Some(start()));
        let all = vec![(now, Which::All)];
        assert_eq!(
            found,
            Progress {
                minutes: all,
                reached: now
            }
        );
    }
}
