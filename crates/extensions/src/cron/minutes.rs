//! Which minutes are to be looked at when the clock has moved on, or jumped. The rules are Vixie cron's.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

/// Which jobs a minute is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// All.
    All,
    /// Those with a fixed time of day.
    Fixed,
    /// Those without one.
    Wild,
}

impl Which {
    pub(super) fn takes(self, wild: bool) -> bool {
        match self {
            Self::All => true,
            Self::Fixed => !wild,
            Self::Wild => wild,
        }
    }
}

/// What a look at the clock found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) minutes: Vec<(DateTime<Utc>, Which)>,
    /// The minute that is dealt with from now on.
    pub(super) reached: DateTime<Utc>,
}

/// A delay: the minutes are made up for one by one.
const DELAY: i64 = 5;
/// A jump, as to and from summer time; beyond, the clock was set.
const JUMP: i64 = 3 * 60;

/// The beginning of the minute.
pub(super) fn minute_of(now: DateTime<Utc>) -> DateTime<Utc> {
    now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now)
}

/// From the last minute dealt with to this one. `looked` is the minute in which the last look was taken: while the
/// clock stands before `last` the jobs without a fixed time run once a minute, those with one wait.
pub(super) fn progress(
    last: DateTime<Utc>,
    now: DateTime<Utc>,
    looked: Option<DateTime<Utc>>,
) -> Progress {
    let passed = (now - last).num_minutes();
    let since = |which| (1..=passed).map(move |n| (last + TimeDelta::minutes(n), which));
    match passed {
        0 => Progress {
            minutes: Vec::new(),
            reached: last,
        },
        1..=DELAY => Progress {
            minutes: since(Which::All).collect(),
            reached: now,
        },
        _ if (1..=JUMP).contains(&passed) => Progress {
            minutes: since(Which::Fixed).chain([(now, Which::Wild)]).collect(),
            reached: now,
        },
        _ if (-JUMP..0).contains(&passed) => Progress {
            minutes: Vec::from_iter((looked != Some(now)).then_some((now, Which::Wild))),
            reached: last,
        },
        _ => Progress {
            minutes: vec![(now, Which::All)],
            reached: now,
        },
    }
}
