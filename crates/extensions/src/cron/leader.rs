//! The node that runs the jobs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::SharedClock;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use pg::{Endpoint, Error, Lock};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::job::{Job, Known};
use super::login::Logins;
use super::minutes::{Which, minute_of, progress};
use super::run::Run;
use super::schedule::Schedule;
use super::table::{Begun, Table, Turn};

/// The name of the lock that the leader holds.
const LOCK: &str = "passerelle cron";
/// A gap between two leaders up to this long is made up for; after a longer one it goes on from now, as after a start.
const GAP: TimeDelta = TimeDelta::minutes(5);

/// The lead, and all that is known while it lasts. Dropped, it ends the runs.
#[derive(Debug)]
pub(super) struct Leader {
    id: Uuid,
    lock: Lock,
    table: Table,
    logins: Arc<Logins>,
    clock: SharedClock,
    jobs: BTreeMap<i64, Known>,
    running: JoinSet<i64>,
    /// The minute of the last look.
    looked: Option<DateTime<Utc>>,
}

impl Leader {
    /// Takes the lead if nobody has it.
    pub(super) async fn take_over(
        endpoint: &Endpoint,
        table: Table,
        logins: Arc<Logins>,
        clock: SharedClock,
        id: Uuid,
    ) -> Result<Option<Self>, Error> {
        let Some(lock) = Lock::try_acquire(endpoint, LOCK).await? else {
            return Ok(None);
        };
        let now = clock.now();
        let minute = minute_of(now);
        let server_restarted = table.take_over(id, minute, minute - GAP).await?;
        table.end_left_behind(now).await?;
        tracing::info!("this node runs the jobs in cron.job");
        let mut leader = Self {
            id,
            lock,
            table,
            logins,
            clock,
            jobs: BTreeMap::new(),
            running: JoinSet::new(),
            looked: Some(minute),
        };
        leader.learn(leader.table.jobs().await?, now);
        if server_restarted {
            for known in leader.jobs.values_mut() {
                if known.schedule == Some(Schedule::Reboot) {
                    known.add(1, now);
                }
            }
        }
        Ok(Some(leader))
    }

    /// Whether the lock is held, as far as this side knows.
    pub(super) fn holds(&self) -> bool {
        self.lock.is_held()
    }

    /// Gives the lead back. Runs get the time to end that `patience` allows, then they are cancelled.
    pub(super) async fn step_down(mut self, patience: Duration) {
        let ended = async {
            while self.is_running() {
                self.one_ended().await;
            }
        };
        if tokio::time::timeout(patience, ended).await.is_err() {
            self.jobs.values().for_each(Known::cancel);
            while self.is_running() {
                self.one_ended().await;
            }
        }
        if let Err(error) = self.lock.release().await {
            tracing::debug!(%error, "the lock went with its connection");
        }
    }

    /// Deals with all minutes up to now and starts what is due; false when another node has the lead.
    pub(super) async fn advance(
        &mut self,
        now: DateTime<Utc>,
        max_running: usize,
    ) -> Result<bool, Error> {
        self.reap();
        let mut client = self.table.client().await?;
        let Some(mut turn) = Turn::begin(&mut client, self.id).await? else {
            return Ok(false);
        };
        self.learn(turn.jobs().await?, now);
        let minute = minute_of(now);
        let progress = progress(turn.last_minute(), minute, self.looked);
        let local = turn.local(&progress.minutes).await?;
        let times = progress.minutes.iter().map(|(_, which)| *which).zip(local);
        let due = self.due(&times.collect::<Vec<_>>(), now);
        let begun = turn.write_down(&self.next(&due, max_running)).await?;
        turn.reach(progress.reached).await?;
        turn.commit().await?;
        // Only now it has happened.
        self.looked = Some(minute);
        for (id, times) in due {
            if let Some(known) = self.jobs.get_mut(&id) {
                known.add(times, now);
            }
        }
        for Begun { job_id, run_id } in begun {
            self.start(job_id, run_id);
        }
        Ok(true)
    }

    /// How often each job is due: in these minutes of its time zone, or because its interval is over.
    fn due(&self, minutes: &[(Which, NaiveDateTime)], now: DateTime<Utc>) -> BTreeMap<i64, usize> {
        let times = |known: &Known| {
            let by_minutes = minutes
                .iter()
                .filter(|(which, local)| known.fits(*local, *which))
                .count();
            by_minutes + usize::from(known.interval_is_over(now))
        };
        let all = self.jobs.iter().map(|(id, known)| (*id, times(known)));
        all.filter(|(_, times)| *times > 0).collect()
    }

    /// The jobs whose next run can begin, as far as there is room.
    fn next(&self, due: &BTreeMap<i64, usize>, max_running: usize) -> Vec<i64> {
        let room = max_running.saturating_sub(self.running.len());
        let waits = |(id, known): &(&i64, &Known)| {
            known.running.is_none() && (known.pending > 0 || due.contains_key(*id))
        };
        let next = self.jobs.iter().filter(waits).map(|(id, _)| *id);
        next.take(room).collect()
    }

    /// Starts pending runs as far as there is room; false when another node has the lead.
    async fn start_pending(&mut self, max_running: usize) -> Result<bool, Error> {
        let next = self.next(&BTreeMap::new(), max_running);
        if next.is_empty() {
            return Ok(true);
        }
        let mut client = self.table.client().await?;
        let Some(turn) = Turn::begin(&mut client, self.id).await? else {
            return Ok(false);
        };
        let begun = turn.write_down(&next).await?;
        turn.commit().await?;
        for Begun { job_id, run_id } in begun {
            self.start(job_id, run_id);
        }
        Ok(true)
    }

    fn start(&mut self, job_id: i64, run_id: i64) {
        let Some(known) = self.jobs.get_mut(&job_id) else {
            return;
        };
        let cancel = CancellationToken::new();
        known.pending -= 1;
        known.running = Some(cancel.clone());
        let run = Run {
            id: run_id,
            job: known.job.clone(),
            table: self.table.clone(),
            logins: Arc::clone(&self.logins),
            clock: Arc::clone(&self.clock),
            cancel,
        };
        self.running.spawn(async move {
            run.execute().await;
            job_id
        });
    }

    /// Takes over what the table says; runs of jobs that are gone or inactive are ended.
    fn learn(&mut self, jobs: Vec<Job>, now: DateTime<Utc>) {
        let mut before = std::mem::take(&mut self.jobs);
        for job in jobs {
            let known = match before.remove(&job.id) {
                Some(mut known) => {
                    known.update(job, now);
                    known
                }
                None => Known::new(job, now),
            };
            self.jobs.insert(known.job.id, known);
        }
        for gone in before.values() {
            gone.cancel();
        }
    }

    /// The next end of an interval.
    pub(super) fn next_interval(&self) -> Option<DateTime<Utc>> {
        self.jobs.values().filter_map(Known::interval_ends).min()
    }

    pub(super) fn is_running(&self) -> bool {
        !self.running.is_empty()
    }

    /// Waits for the end of any run.
    pub(super) async fn one_ended(&mut self) {
        if let Some(Ok(job_id)) = self.running.join_next().await {
            self.note_end(job_id);
        }
    }

    /// Waits for the end of all runs, pending ones included.
    pub(super) async fn settle(&mut self, max_running: usize) {
        while self.is_running() {
            self.one_ended().await;
            match self.start_pending(max_running).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, "pending runs could not be started"),
            }
        }
    }

    fn reap(&mut self) {
        while let Some(ended) = self.running.try_join_next() {
            if let Ok(job_id) = ended {
                self.note_end(job_id);
            }
        }
    }

    fn note_end(&mut self, job_id: i64) {
        if let Some(known) = self.jobs.get_mut(&job_id) {
            known.running = None;
        }
    }
}
