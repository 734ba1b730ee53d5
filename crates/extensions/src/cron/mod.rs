//! Jobs by the clock, run in the place of `pg_cron`.
//!
//! One node leads: it holds an advisory lock, and its name stands in `cron._runner`. The minutes are advanced, and the
//! runs that begin with them written down, in one transaction that finds that name there; so a leader that was
//! overtaken without noticing starts nothing. A run whose leader ended is marked as failed by the next one, never
//! repeated. One run of a job at a time; what becomes due meanwhile waits for its end.

mod job;
mod leader;
mod login;
mod minutes;
mod run;
mod schedule;
mod table;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use base::{Secret, SharedClock, SharedRandom, Tasks};
use chrono::TimeDelta;
use pg::{Endpoint, Error, Listener, Notification, Pool};
use tokio::sync::broadcast::Receiver;
use tokio_util::sync::CancellationToken;

use crate::net::told;
use leader::Leader;
use login::Logins;
use table::Table;

/// The channel that tells of changed jobs.
pub const CHANNEL: &str = "passerelle_cron";

/// Whether a text is a schedule.
pub fn is_schedule(text: &str) -> bool {
    schedule::Schedule::parse(text).is_some()
}

/// Runs the jobs, while it leads.
#[derive(Debug)]
pub struct Cron {
    table: Table,
    endpoint: Endpoint,
    logins: Arc<Logins>,
    clock: SharedClock,
    random: SharedRandom,
    max_running: usize,
    leading: Option<Leader>,
}

/// What a tick found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// No substitute, the real extension, or no job: nothing to lead.
    Idle,
    /// Another node leads.
    Following,
    /// This node leads.
    Leading,
}

impl Cron {
    /// The longest wait before the next look: a clock that was set, a leader that ended without a word.
    const POLL: Duration = Duration::from_secs(10);
    /// And where there is nothing to lead; the channel tells of the first job.
    const IDLE_POLL: Duration = Duration::from_secs(60);
    /// How long runs may go on after the soft stop.
    const LAST_PATIENCE: Duration = Duration::from_secs(5);
    /// The shortest, so that a failing database is not asked in a tight loop.
    const BREATH: Duration = Duration::from_millis(50);

    /// A worker that connects by `pool`, as the owner of schema `cron`. The logins that it makes for the jobs' users get
    /// passwords derived from `role_secret`.
    pub fn new(
        settings: &settings::Extensions,
        pool: Pool,
        role_secret: Secret,
        clock: SharedClock,
        random: SharedRandom,
    ) -> Self {
        let endpoint = pool.endpoint().clone();
        Self {
            table: Table::new(pool.clone()),
            logins: Arc::new(Logins::new(pool, role_secret)),
            endpoint,
            clock,
            random,
            max_running: settings.cron_max_running.max(1),
            leading: None,
        }
    }

    /// Works until the soft stop, woken by `listener` (which must hear [`CHANNEL`]) or by time. Runs that are under way
    /// then have some seconds to end, and are cancelled.
    pub fn start(mut self, listener: &Listener, tasks: &Tasks) {
        let heard = listener.subscribe();
        let soft = tasks.soft();
        tasks.spawn("cron", async move { self.work(heard, &soft).await });
    }

    async fn work(&mut self, mut heard: Receiver<Notification>, soft: &CancellationToken) {
        while !soft.is_cancelled() {
            let standing = self.tick().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the jobs in cron.job could not be looked at");
                Standing::Following
            });
            let wait = self.until_next(standing);
            tokio::select! {
                () = soft.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
                () = ended(self.leading.as_mut()) => {}
                () = told(&mut heard, CHANNEL) => {}
            }
        }
        self.step_down().await;
    }

    /// Gives the lead back, if this node has it.
    pub async fn step_down(&mut self) {
        if let Some(leader) = self.leading.take() {
            leader.step_down(Self::LAST_PATIENCE).await;
        }
    }

    /// Looks at the clock and the jobs once, and starts what is due.
    pub async fn tick(&mut self) -> Result<Standing, Error> {
        // The last job may have been removed while it runs: its leader ends it.
        let busy = self.leading.as_ref().is_some_and(Leader::is_running);
        if !busy && !self.table.has_work().await? {
            self.leave("there are no jobs");
            return Ok(Standing::Idle);
        }
        if self.leading.as_ref().is_some_and(|leader| !leader.holds()) {
            self.leave("the lock was lost");
        }
        if self.leading.is_none() {
            self.leading = self.take_over().await?;
        }
        let now = self.clock.now();
        let Some(leader) = &mut self.leading else {
            return Ok(Standing::Following);
        };
        if leader.advance(now, self.max_running).await? {
            return Ok(Standing::Leading);
        }
        self.leave("another node took over");
        Ok(Standing::Following)
    }

    /// Waits for all runs that have been started, and for those that wait behind them.
    pub async fn settle(&mut self) {
        if let Some(leader) = &mut self.leading {
            leader.settle(self.max_running).await;
        }
    }

    /// Whether the substitute stands in this database and the real extension does not.
    pub async fn is_ours(&self) -> Result<bool, Error> {
        self.table.is_ours().await
    }

    async fn take_over(&self) -> Result<Option<Leader>, Error> {
        Leader::take_over(
            &self.endpoint,
            self.table.clone(),
            Arc::clone(&self.logins),
            Arc::clone(&self.clock),
            self.random.uuid(),
        )
        .await
    }

    /// Ends this node's lead and its runs.
    fn leave(&mut self, why: &str) {
        if self.leading.take().is_some() {
            tracing::info!(why, "this node no longer runs the jobs in cron.job");
        }
    }

    fn until_next(&self, standing: Standing) -> Duration {
        let now = self.clock.now();
        let span = |until: TimeDelta| until.to_std().unwrap_or_default();
        match (standing, &self.leading) {
            (Standing::Idle, _) => Self::IDLE_POLL,
            (Standing::Leading, Some(leader)) => {
                let minute = minutes::minute_of(now) + TimeDelta::minutes(1);
                let next = leader.next_interval().map_or(minute, |at| at.min(minute));
                span(next - now).clamp(Self::BREATH, Self::POLL)
            }
            _ => Self::POLL,
        }
    }
}

/// Resolves when a run has ended and another may take its place.
async fn ended(leader: Option<&mut Leader>) {
    match leader {
        Some(leader) if leader.is_running() => leader.one_ended().await,
        _ => std::future::pending().await,
    }
}
