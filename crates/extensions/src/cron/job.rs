//! A job, and what its leader remembers of it.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::minutes::Which;
use super::schedule::Schedule;

/// A row of `cron.job`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) id: i64,
    pub(super) schedule: String,
    pub(super) command: String,
    pub(super) node: String,
    pub(super) database: String,
    pub(super) username: String,
    pub(super) active: bool,
}

/// A job as its leader knows it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) job: Job,
    /// `None`: not a schedule.
    pub(super) schedule: Option<Schedule>,
    /// Runs that are due and have not begun.
    pub(super) pending: usize,
    /// Ends the run that is under way.
    pub(super) running: Option<CancellationToken>,
    /// From when the interval of `N seconds` counts.
    counted_from: DateTime<Utc>,
}

impl Known {
    /// What waits behind a run that takes longer than its interval; more is dropped, as it would never be caught up.
    const MOST_PENDING: usize = 5;

    pub(super) fn new(job: Job, now: DateTime<Utc>) -> Self {
        let schedule = Schedule::parse(&job.schedule);
        if schedule.is_none() {
            tracing::warn!(
                job = job.id,
                "a job's schedule cannot be read; it never runs"
            );
        }
        Self {
            job,
            schedule,
            pending: 0,
            running: None,
            counted_from: now,
        }
    }

    /// Takes over what was changed in the table.
    pub(super) fn update(&mut self, job: Job, now: DateTime<Utc>) {
        if job.schedule != self.job.schedule || job.active != self.job.active {
            let running = self.running.take();
            *self = Self {
                running,
                ..Self::new(job, now)
            };
        } else {
            self.job = job;
        }
        // A clock that was set back must not stop an interval until it has caught up.
        self.counted_from = self.counted_from.min(now);
        if !self.job.active {
            self.pending = 0;
            self.cancel();
        }
    }

    pub(super) fn cancel(&self) {
        if let Some(run) = &self.running {
            run.cancel();
        }
    }

    /// So many more runs are due; an interval counts from now on.
    pub(super) fn add(&mut self, times: usize, now: DateTime<Utc>) {
        self.counted_from = now;
        if self.job.active {
            self.pending = (self.pending + times).min(Self::MOST_PENDING);
        }
    }

    /// Whether a minute of its time zone is one of its own.
    pub(super) fn fits(&self, minute: NaiveDateTime, which: Which) -> bool {
        match &self.schedule {
            Some(Schedule::Minutes(fields)) => {
                self.job.active && which.takes(fields.is_wild()) && fields.fit(minute)
            }
            _ => false,
        }
    }

    /// When its interval is over, if it has one and neither runs nor waits.
    pub(super) fn interval_ends(&self) -> Option<DateTime<Utc>> {
        match self.schedule {
            Some(Schedule::Every(span))
                if self.job.active && self.running.is_none() && self.pending == 0 =>
            {
                Some(self.counted_from + TimeDelta::from_std(span).ok()?)
            }
            _ => None,
        }
    }

    pub(super) fn interval_is_over(&self, now: DateTime<Utc>) -> bool {
        self.interval_ends().is_some_and(|ends| ends <= now)
    }
}
