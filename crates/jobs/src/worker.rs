//! Doing the jobs.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use base::{SharedRandom, Tasks};
use chrono::TimeDelta;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use pg::{Error, Listener, Notification};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Job, Queue};

/// Why an attempt failed. The reason is kept with the job: no secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Another attempt may succeed.
    Retry(String),
    /// No attempt will: the job is dead at once.
    GiveUp(String),
}

/// Does the jobs of one kind. A job may be given twice: after a crash, the same one again.
pub trait Handler: Send + Sync {
    /// Does one job.
    fn handle<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<(), Failure>>;
}

/// Handlers by kind.
pub type Handlers = BTreeMap<&'static str, Arc<dyn Handler>>;

/// Claims and does jobs until the soft stop; finishes what is under way.
#[derive(Clone)]
pub struct Worker {
    id: Uuid,
    queue: Queue,
    handlers: Arc<Handlers>,
    random: SharedRandom,
    concurrency: usize,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The attempts under way. Dropping them leaves their leases to run out.
type Running = JoinSet<()>;

impl Worker {
    /// The channel that tells of new jobs; the listener given to [`Worker::start`] must hear it.
    pub const CHANNEL: &str = "passerelle_jobs";

    /// Longest time between two looks at the queue without being woken.
    const POLL: Duration = Duration::from_secs(5);
    /// Shortest: jobs of which somebody else is about to take the last are not asked for in a tight loop.
    const BREATH: Duration = Duration::from_millis(100);
    const FIRST_PAUSE: i64 = 2;
    const LONGEST_PAUSE: i64 = 3 * 60 * 60;
    /// Done jobs are swept this often.
    const SWEEP: Duration = Duration::from_secs(60 * 60);

    /// A worker for these kinds of jobs, eight at a time.
    pub fn new(queue: Queue, handlers: Handlers, random: SharedRandom) -> Self {
        Self {
            id: random.uuid(),
            queue,
            handlers: Arc::new(handlers),
            random,
            concurrency: 8,
        }
    }

    /// The same, so many jobs at a time.
    #[must_use]
    pub fn with_concurrency(mut self, jobs: usize) -> Self {
        self.concurrency = jobs.max(1);
        self
    }

    /// Works until the soft stop, woken by `listener` (which must hear [`Worker::CHANNEL`]) or by time.
    pub fn start(self, listener: &Listener, tasks: &Tasks) {
        let woken = listener.subscribe();
        let soft = tasks.soft();
        tasks.spawn("jobs", async move { self.work(woken, &soft).await });
    }

    async fn work(&self, mut woken: Receiver<Notification>, soft: &CancellationToken) {
        let mut running = Running::new();
        let mut sweep = tokio::time::interval(Self::SWEEP);
        let mut listening = true;
        while !soft.is_cancelled() {
            let next_look = self.look(&mut running).await;
            tokio::select! {
                () = soft.cancelled() => {}
                () = tokio::time::sleep(next_look) => {}
                // A place became free.
                Some(_) = running.join_next() => {}
                _ = sweep.tick() => if let Err(error) = self.queue.sweep().await {
                    tracing::warn!(%error, "done jobs could not be swept");
                },
                heard = heard(&mut woken), if listening => {
                    listening = heard;
                    // Many jobs at once are one reason to look.
                    while woken.try_recv().is_ok() {}
                }
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Starts what is due, as far as there is room, and says when to look again.
    async fn look(&self, running: &mut Running) -> Duration {
        let looked = async {
            self.queue.release().await?;
            self.take_up(running).await?;
            if running.len() >= self.concurrency {
                return Ok(Self::POLL);
            }
            let next = self.queue.until_next(&self.kinds()).await?;
            Ok(next.map_or(Self::POLL, |next| next.clamp(Self::BREATH, Self::POLL)))
        };
        looked.await.unwrap_or_else(|error: Error| {
            tracing::warn!(%error, "jobs could not be claimed");
            Self::POLL
        })
    }

    /// Does everything that is due now and returns how many attempts were made.
    pub async fn run_due(&self) -> Result<usize, Error> {
        let mut running = Running::new();
        let mut attempts = 0;
        self.queue.release().await?;
        loop {
            let taken = self.take_up(&mut running).await?;
            attempts += taken;
            if taken == 0 && running.join_next().await.is_none() {
                return Ok(attempts);
            }
        }
    }

    fn kinds(&self) -> Vec<&str> {
        self.handlers.keys().copied().collect()
    }

    /// Claims as many due jobs as there is room for and starts them.
    async fn take_up(&self, running: &mut Running) -> Result<usize, Error> {
        while running.try_join_next().is_some() {}
        let room = self.concurrency.saturating_sub(running.len());
        if room == 0 {
            return Ok(0);
        }
        let jobs = self.queue.claim(self.id, &self.kinds(), room).await?;
        let taken = jobs.len();
        for job in jobs {
            let worker = self.clone();
            running.spawn(async move { worker.attempt(&job).await });
        }
        Ok(taken)
    }

    async fn attempt(&self, job: &Job) {
        let Some(handler) = self.handlers.get(job.kind.as_str()) else {
            return;
        };
        // A handler that panics has failed like any other; the worker goes on.
        let work = AssertUnwindSafe(async { handler.handle(job).await }).catch_unwind();
        let Some(handled) = self.while_held(job, work).await else {
            tracing::warn!(job = %job.id, kind = job.kind, "a job was taken away, its lease having run out");
            count(job, "lost");
            return;
        };
        let handled =
            handled.unwrap_or_else(|_| Err(Failure::Retry("the handler panicked".into())));
        let outcome = match &handled {
            Ok(()) => {
                count(job, "done");
                self.queue.finish(self.id, job).await
            }
            Err(Failure::Retry(reason)) if job.attempt < job.max_attempts => {
                count(job, "failed");
                let next = self.queue.clock().now() + self.pause(job.attempt);
                self.queue.put_back(self.id, job, Some(next), reason).await
            }
            Err(Failure::Retry(reason) | Failure::GiveUp(reason)) => {
                count(job, "dead");
                tracing::error!(job = %job.id, kind = job.kind, reason, "job given up");
                self.queue.put_back(self.id, job, None, reason).await
            }
        };
        if let Err(error) = outcome {
            // The lease will run out and the job be taken again.
            tracing::warn!(job = %job.id, %error, "a job's outcome could not be written");
        }
    }

    /// Does the work and renews the lease meanwhile; `None` when the job was lost to another worker.
    async fn while_held<T>(&self, job: &Job, work: impl Future<Output = T>) -> Option<T> {
        tokio::pin!(work);
        loop {
            if let Ok(output) = tokio::time::timeout(Queue::LEASE / 3, &mut work).await {
                return Some(output);
            }
            match self.queue.renew(self.id, job).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => tracing::warn!(job = %job.id, %error, "a lease could not be renewed"),
            }
        }
    }

    /// 2 s, 4 s, 8 s … to 3 h, each up to a quarter longer, so that what failed together does not return together.
    fn pause(&self, attempt: i32) -> TimeDelta {
        let doublings = u32::try_from(attempt - 1).unwrap_or(0).min(20);
        let seconds = (Self::FIRST_PAUSE << doublings).min(Self::LONGEST_PAUSE);
        let mut byte = [0];
        self.random.fill(&mut byte);
        TimeDelta::milliseconds(seconds * 1_000 + seconds * 250 * i64::from(byte[0]) / 255)
    }
}

/// Returns when jobs were told of, or something may have been missed; false when nothing will be heard any more.
async fn heard(woken: &mut Receiver<Notification>) -> bool {
    loop {
        match woken.recv().await {
            // The listener may hear other channels too.
            Ok(Notification::Notify { channel, .. }) if channel != Worker::CHANNEL => {}
            Ok(_) | Err(RecvError::Lagged(_)) => return true,
            Err(RecvError::Closed) => return false,
        }
    }
}

fn count(job: &Job, result: &'static str) {
    metrics::counter!("jobs_attempts_total", "kind" => job.kind.clone(), "result" => result)
        .increment(1);
}
