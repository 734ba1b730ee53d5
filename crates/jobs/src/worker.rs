//! Doing the jobs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base::{SharedRandom, Tasks};
use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use pg::{Error, Listener};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
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
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Worker {
    /// Jobs under way at a time.
    const CONCURRENCY: usize = 8;
    /// How often due jobs are looked for without being woken.
    const POLL: Duration = Duration::from_secs(5);
    const FIRST_PAUSE: i64 = 2;
    const LONGEST_PAUSE: i64 = 3 * 60 * 60;
    /// Done jobs are swept every so many polls (about once an hour).
    const SWEEP_EVERY: u32 = 720;

    /// A worker for these kinds of jobs.
    pub fn new(queue: Queue, handlers: Handlers, random: SharedRandom) -> Self {
        Self {
            id: random.uuid(),
            queue,
            handlers: Arc::new(handlers),
            random,
        }
    }

    /// Works until the soft stop, woken by `listener` (which must hear channel `passerelle_jobs`) or by time.
    pub fn start(self, listener: &Listener, tasks: &Tasks) {
        let mut woken = listener.subscribe();
        let soft = tasks.soft();
        tasks.spawn("jobs", async move {
            let mut polls = 0;
            while !soft.is_cancelled() {
                if let Err(error) = self.run_due().await {
                    tracing::warn!(%error, "jobs could not be claimed");
                }
                if polls % Self::SWEEP_EVERY == 0
                    && let Err(error) = self.queue.sweep().await
                {
                    tracing::warn!(%error, "done jobs could not be swept");
                }
                polls += 1;
                tokio::select! {
                    () = soft.cancelled() => {}
                    () = tokio::time::sleep(Self::POLL) => {}
                    // Lagging means having been woken more than once; a closed channel leaves the poll.
                    heard = woken.recv() => if let Err(tokio::sync::broadcast::error::RecvError::Closed) = heard {
                        tokio::time::sleep(Self::POLL).await;
                    },
                }
            }
        });
    }

    /// Does everything that is due now and returns how many attempts were made.
    pub async fn run_due(&self) -> Result<usize, Error> {
        let kinds: Vec<&str> = self.handlers.keys().copied().collect();
        let slots = Arc::new(Semaphore::new(Self::CONCURRENCY));
        let mut running = JoinSet::new();
        let mut attempts = 0;
        loop {
            let slot = Arc::clone(&slots)
                .acquire_owned()
                .await
                .expect("the semaphore is never closed");
            let free = slots.available_permits() + 1;
            let jobs = self.queue.claim(self.id, &kinds, free).await?;
            drop(slot);
            if jobs.is_empty() {
                if running.join_next().await.is_none() {
                    return Ok(attempts);
                }
                continue;
            }
            for job in jobs {
                attempts += 1;
                let slot = Arc::clone(&slots)
                    .acquire_owned()
                    .await
                    .expect("the semaphore is never closed");
                let worker = self.clone();
                running.spawn(async move {
                    worker.attempt(&job).await;
                    drop(slot);
                });
            }
        }
    }

    async fn attempt(&self, job: &Job) {
        let Some(handler) = self.handlers.get(job.kind.as_str()) else {
            return;
        };
        let handled = self.while_renewing(job, handler.handle(job)).await;
        let outcome = match &handled {
            Ok(()) => self.queue.finish(self.id, job).await,
            Err(Failure::Retry(reason)) if job.attempt < job.max_attempts => {
                let next = self.queue.clock().now() + self.pause(job.attempt);
                self.queue.put_back(self.id, job, Some(next), reason).await
            }
            Err(Failure::Retry(reason) | Failure::GiveUp(reason)) => {
                tracing::error!(job = %job.id, kind = job.kind, reason, "job given up");
                self.queue.put_back(self.id, job, None, reason).await
            }
        };
        let result = if handled.is_ok() { "done" } else { "failed" };
        metrics::counter!("jobs_attempts_total", "kind" => job.kind.clone(), "result" => result)
            .increment(1);
        if let Err(error) = outcome {
            // The lease will run out and the job be taken again.
            tracing::warn!(job = %job.id, %error, "a job's outcome could not be written");
        }
    }

    async fn while_renewing<T>(&self, job: &Job, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            match tokio::time::timeout(Queue::LEASE / 3, &mut work).await {
                Ok(output) => return output,
                Err(_) => {
                    if let Err(error) = self.queue.renew(self.id, job.id).await {
                        tracing::warn!(job = %job.id, %error, "a lease could not be renewed");
                    }
                }
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
