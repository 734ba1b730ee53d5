//! The tables of schema `cron`.

use chrono::{DateTime, NaiveDateTime, Utc};
use pg::{Error, Pool};
use tokio_postgres::Transaction;
use uuid::Uuid;

use super::job::Job;
use super::minutes::Which;

/// As long as nothing else is set.
const GMT: &str = "GMT";

#[derive(Debug, Clone)]
pub(super) struct Table {
    pool: Pool,
}

/// A run that was written down.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) job_id: i64,
    pub(super) run_id: i64,
}

impl Table {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool }
    }

    pub(super) async fn client(&self) -> Result<pg::Client, Error> {
        self.pool.get().await
    }

    pub(super) async fn is_ours(&self) -> Result<bool, Error> {
        let client = self.pool.get().await?;
        let statement = client
            .prepare_cached(include_str!("sql/is_ours.sql"))
            .await?;
        Ok(client.query_one(&statement, &[]).await?.try_get(0)?)
    }

    /// Whether the substitute stands here and there is any job.
    pub(super) async fn has_work(&self) -> Result<bool, Error> {
        if !self.is_ours().await? {
            return Ok(false);
        }
        let client = self.pool.get().await?;
        let row = client
            .query_one(include_str!("sql/any_job.sql"), &[])
            .await?;
        Ok(row.try_get(0)?)
    }

    /// Writes down who leads, and from which minute: the last one dealt with if it is not before `oldest`. Returns whether
    /// the server was started since the last leader began.
    pub(super) async fn take_over(
        &self,
        leader: Uuid,
        minute: DateTime<Utc>,
        oldest: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let client = self.pool.get().await?;
        let row = client
            .query_one(
                include_str!("sql/take_over.sql"),
                &[&leader, &minute, &oldest],
            )
            .await?;
        Ok(row.try_get(0)?)
    }

    /// Ends what a former leader left behind: its sessions, and its runs as failed.
    pub(super) async fn end_left_behind(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let client = self.pool.get().await?;
        // Where we may not end them they end by themselves.
        if let Err(error) = client
            .execute(include_str!("sql/end_sessions.sql"), &[])
            .await
        {
            tracing::warn!(%error, "sessions of a former leader's jobs could not be ended");
        }
        let failed = client
            .execute(include_str!("sql/fail_left_behind.sql"), &[&now])
            .await?;
        if failed > 0 {
            tracing::warn!(
                runs = failed,
                "runs of a former leader were marked as failed"
            );
        }
        Ok(())
    }

    pub(super) async fn jobs(&self) -> Result<Vec<Job>, Error> {
        let client = self.pool.get().await?;
        let rows = client.query(include_str!("sql/jobs.sql"), &[]).await?;
        rows.iter().map(job).collect()
    }

    /// A run's session is there.
    pub(super) async fn note_running(
        &self,
        run: i64,
        process: i32,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let client = self.pool.get().await?;
        client
            .execute(include_str!("sql/running.sql"), &[&run, &process, &now])
            .await?;
        Ok(())
    }

    /// A run has ended; what the next leader wrote meanwhile stays.
    pub(super) async fn note_end(
        &self,
        run: i64,
        status: &str,
        message: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let client = self.pool.get().await?;
        client
            .execute(
                include_str!("sql/ended.sql"),
                &[&run, &status, &message, &now],
            )
            .await?;
        Ok(())
    }
}

/// One transaction of the leader: nobody else takes the lead while it lasts.
pub(super) struct Turn<'a> {
    transaction: Transaction<'a>,
    last_minute: DateTime<Utc>,
}

impl<'a> Turn<'a> {
    /// `None` when another node has the lead.
    pub(super) async fn begin(
        client: &'a mut tokio_postgres::Client,
        leader: Uuid,
    ) -> Result<Option<Self>, Error> {
        let transaction = client.transaction().await?;
        let row = transaction
            .query_opt(include_str!("sql/turn.sql"), &[&leader])
            .await?;
        let last_minute = match row {
            Some(row) => row.try_get(0)?,
            None => return Ok(None),
        };
        Ok(Some(Self {
            transaction,
            last_minute,
        }))
    }

    pub(super) fn last_minute(&self) -> DateTime<Utc> {
        self.last_minute
    }

    pub(super) async fn jobs(&self) -> Result<Vec<Job>, Error> {
        let rows = self
            .transaction
            .query(include_str!("sql/jobs.sql"), &[])
            .await?;
        rows.iter().map(job).collect()
    }

    /// The minutes in the time zone of the schedules, `cron.timezone`.
    pub(super) async fn local(
        &mut self,
        minutes: &[(DateTime<Utc>, Which)],
    ) -> Result<Vec<NaiveDateTime>, Error> {
        let in_gmt = || minutes.iter().map(|(at, _)| at.naive_utc()).collect();
        if minutes.is_empty() {
            return Ok(Vec::new());
        }
        let zone: Option<String> = self
            .transaction
            .query_one(include_str!("sql/timezone.sql"), &[])
            .await?
            .try_get(0)?;
        let Some(zone) = zone.filter(|zone| !zone.is_empty() && zone != GMT) else {
            return Ok(in_gmt());
        };
        let at: Vec<DateTime<Utc>> = minutes.iter().map(|(at, _)| *at).collect();
        // A zone that does not exist is an error, and must not end this transaction.
        let inner = self.transaction.transaction().await?;
        match inner
            .query(include_str!("sql/local.sql"), &[&at, &zone])
            .await
        {
            Ok(rows) => {
                inner.commit().await?;
                let local = rows.iter().map(|row| Ok(row.try_get(0)?));
                local.collect()
            }
            Err(error) if error.as_db_error().is_some() => {
                inner.rollback().await?;
                tracing::warn!(zone, "cron.timezone is not a time zone; jobs run by GMT");
                Ok(in_gmt())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes down the runs that begin now, one of each job.
    pub(super) async fn write_down(&self, jobs: &[i64]) -> Result<Vec<Begun>, Error> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self
            .transaction
            .query(include_str!("sql/begin_runs.sql"), &[&jobs])
            .await?;
        let begun = rows.iter().map(|row| {
            Ok(Begun {
                job_id: row.try_get(0)?,
                run_id: row.try_get(1)?,
            })
        });
        begun.collect()
    }

    /// All minutes up to this one are dealt with.
    pub(super) async fn reach(&self, minute: DateTime<Utc>) -> Result<(), Error> {
        if minute != self.last_minute {
            self.transaction
                .execute(include_str!("sql/reach.sql"), &[&minute])
                .await?;
        }
        Ok(())
    }

    pub(super) async fn commit(self) -> Result<(), Error> {
        Ok(self.transaction.commit().await?)
    }
}

fn job(row: &tokio_postgres::Row) -> Result<Job, Error> {
    Ok(Job {
        id: row.try_get(0)?,
        schedule: row.try_get(1)?,
        command: row.try_get(2)?,
        node: row.try_get(3)?,
        database: row.try_get(4)?,
        username: row.try_get(5)?,
        active: row.try_get(6)?,
    })
}
