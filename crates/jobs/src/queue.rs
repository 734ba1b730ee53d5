//! Putting jobs in, taking them out.

use std::time::Duration;

use base::SharedClock;
use chrono::{DateTime, Utc};
use pg::{Error, Pool};
use serde_json::Value;
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;
use uuid::Uuid;

/// A job to be enqueued.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// What kind of work; decides the handler.
    pub kind: &'static str,
    /// What the handler needs to know. No secrets: the table is readable by operators.
    pub payload: Value,
    /// Not before; `None` is at once.
    pub run_at: Option<DateTime<Utc>>,
    /// Attempts before it is given up.
    pub max_attempts: i32,
    /// While a job of this kind and key waits or runs, no second one is made.
    pub unique_key: Option<String>,
}

impl NewJob {
    /// A job to be done at once, given up after 20 attempts (about a day and a half).
    pub fn new(kind: &'static str, payload: Value) -> Self {
        Self {
            kind,
            payload,
            run_at: None,
            max_attempts: 20,
            unique_key: None,
        }
    }
}

/// A job that was claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: Uuid,
    /// Its kind.
    pub kind: String,
    /// What it was given.
    pub payload: Value,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    /// How many there will be at most.
    pub max_attempts: i32,
}

/// The queue. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Queue {
    pool: Pool,
    clock: SharedClock,
}

impl Queue {
    /// How long a worker may hold a job without renewing its lease.
    pub(crate) const LEASE: Duration = Duration::from_secs(60);
    /// How long done jobs are kept, days.
    const KEEP_DONE_DAYS: i64 = 1;
    /// How much of a failure's reason is kept.
    const REASON_CHARS: usize = 2_000;

    /// A queue whose workers connect through `pool` (as the owner of schema `passerelle`).
    pub fn new(pool: Pool, clock: SharedClock) -> Self {
        Self { pool, clock }
    }

    /// Enqueues a job on the caller's connection, inside the caller's transaction if there is one. Returns the
    /// job's id, or that of the job that has the same unique key.
    pub async fn enqueue(&self, client: &impl GenericClient, job: NewJob) -> Result<Uuid, Error> {
        let now = self.clock.now();
        let run_at = job.run_at.unwrap_or(now);
        // With the types named there is nothing to prepare: one round trip.
        let row = client
            .query_typed_one(
                include_str!("sql/enqueue.sql"),
                &[
                    (&job.kind, Type::TEXT),
                    (&job.payload, Type::JSONB),
                    (&run_at, Type::TIMESTAMPTZ),
                    (&job.max_attempts, Type::INT4),
                    (&job.unique_key, Type::TEXT),
                    (&now, Type::TIMESTAMPTZ),
                ],
            )
            .await?;
        Ok(row.try_get(0)?)
    }

    pub(crate) fn clock(&self) -> &SharedClock {
        &self.clock
    }

    pub(crate) async fn claim(
        &self,
        worker: Uuid,
        kinds: &[&str],
        most: usize,
    ) -> Result<Vec<Job>, Error> {
        let now = self.clock.now();
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(include_str!("sql/claim.sql")).await?;
        let rows = client
            .query(
                &statement,
                &[&now, &kinds, &most, &(now + Self::LEASE), &worker],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Job {
                    id: row.try_get(0)?,
                    kind: row.try_get(1)?,
                    payload: row.try_get(2)?,
                    attempt: row.try_get(3)?,
                    max_attempts: row.try_get(4)?,
                })
            })
            .collect()
    }

    /// Takes jobs away from workers that let their lease run out; how many.
    pub(crate) async fn release(&self) -> Result<u64, Error> {
        let client = self.pool.get().await?;
        let statement = client
            .prepare_cached(include_str!("sql/release.sql"))
            .await?;
        Ok(client.execute(&statement, &[&self.clock.now()]).await?)
    }

    /// How long until the next job is due; `None` when none waits.
    pub(crate) async fn until_next(&self, kinds: &[&str]) -> Result<Option<Duration>, Error> {
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(include_str!("sql/next.sql")).await?;
        let next: Option<DateTime<Utc>> = client.query_one(&statement, &[&kinds]).await?.get(0);
        Ok(next.map(|next| (next - self.clock.now()).to_std().unwrap_or_default()))
    }

    pub(crate) async fn finish(&self, worker: Uuid, job: &Job) -> Result<(), Error> {
        let client = self.pool.get().await?;
        let statement = client
            .prepare_cached(include_str!("sql/finish.sql"))
            .await?;
        let now = self.clock.now();
        client
            .execute(&statement, &[&job.id, &worker, &job.attempt, &now])
            .await?;
        Ok(())
    }

    /// Puts a job back to be run at `next`, or gives it up when there is no next time.
    pub(crate) async fn put_back(
        &self,
        worker: Uuid,
        job: &Job,
        next: Option<DateTime<Utc>>,
        reason: &str,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        let state = if next.is_some() { "waiting" } else { "dead" };
        let given_up = next.is_none().then_some(now);
        let run_at = next.unwrap_or(now);
        let reason: String = reason.chars().take(Self::REASON_CHARS).collect();
        let client = self.pool.get().await?;
        let statement = client
            .prepare_cached(include_str!("sql/put_back.sql"))
            .await?;
        client
            .execute(
                &statement,
                &[
                    &job.id,
                    &worker,
                    &job.attempt,
                    &state,
                    &run_at,
                    &reason,
                    &given_up,
                ],
            )
            .await?;
        Ok(())
    }

    /// Extends the lease of a job; false when somebody else has it by now.
    pub(crate) async fn renew(&self, worker: Uuid, job: &Job) -> Result<bool, Error> {
        let client = self.pool.get().await?;
        let until = self.clock.now() + Self::LEASE;
        let statement = client.prepare_cached(include_str!("sql/renew.sql")).await?;
        let held = client
            .execute(&statement, &[&job.id, &worker, &job.attempt, &until])
            .await?;
        Ok(held > 0)
    }

    /// Removes jobs that were done long ago.
    pub(crate) async fn sweep(&self) -> Result<u64, Error> {
        let before = self.clock.now() - chrono::TimeDelta::days(Self::KEEP_DONE_DAYS);
        let client = self.pool.get().await?;
        Ok(client
            .execute(include_str!("sql/sweep.sql"), &[&before])
            .await?)
    }
}
