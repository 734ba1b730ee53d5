//! Taking requests out of `net.http_request_queue`, putting answers into `net._http_response`.

use std::time::Duration;

use base::SharedClock;
use chrono::{DateTime, TimeDelta, Utc};
use pg::{Error, Pool};
use serde_json::Value;
use uuid::Uuid;

use super::client::Answer;

/// A request that this node has claimed.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: i64,
    pub(super) method: String,
    pub(super) url: String,
    /// Name and value pairs; the order is that of the object.
    pub(super) headers: Option<Value>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) timeout_milliseconds: i32,
}

#[derive(Debug, Clone)]
pub(super) struct Queue {
    pool: Pool,
    clock: SharedClock,
    node: Uuid,
    ttl: TimeDelta,
    /// No request may take longer than this.
    max_timeout: TimeDelta,
}

impl Queue {
    /// How much longer than its own time limit a request may be held: to be written while the database restarts.
    const GRACE: TimeDelta = TimeDelta::seconds(60);
    /// Rows removed in one statement.
    const BATCH: i64 = 5_000;

    pub(super) fn new(
        pool: Pool,
        clock: SharedClock,
        node: Uuid,
        settings: &settings::Extensions,
    ) -> Self {
        let span = |span: Duration| TimeDelta::from_std(span).unwrap_or(TimeDelta::days(36_500));
        Self {
            pool,
            clock,
            node,
            ttl: span(settings.net_ttl),
            max_timeout: span(settings.net_max_timeout),
        }
    }

    pub(super) async fn is_ours(&self) -> Result<bool, Error> {
        let client = self.pool.get().await?;
        let statement = client
            .prepare_cached(include_str!("sql/is_ours.sql"))
            .await?;
        Ok(client.query_one(&statement, &[]).await?.try_get(0)?)
    }

    /// Claims some of what is due; none when nothing is. Where another node was quicker with all that this one chose,
    /// it chooses again: there may be more.
    pub(super) async fn claim(&self, most: usize) -> Result<Vec<Request>, Error> {
        loop {
            let (claimed, lost) = self.try_to_claim(most).await?;
            if !claimed.is_empty() || lost == 0 {
                return Ok(claimed);
            }
        }
    }

    /// What was claimed, and how much of what was chosen another node has.
    async fn try_to_claim(&self, most: usize) -> Result<(Vec<Request>, usize), Error> {
        let now = self.clock.now();
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let grace: DateTime<Utc> = now + Self::GRACE;
        let longest = i32::try_from(self.max_timeout.num_milliseconds()).unwrap_or(i32::MAX);
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(include_str!("sql/claim.sql")).await?;
        let rows = client
            .query(&statement, &[&most, &self.node, &grace, &longest])
            .await?;
        let mut claimed = Vec::with_capacity(rows.len());
        for row in &rows {
            if !row.try_get::<_, bool>(6)? {
                continue;
            }
            claimed.push(Request {
                id: row.try_get(0)?,
                method: row.try_get(1)?,
                url: row.try_get(2)?,
                headers: row.try_get(3)?,
                body: row.try_get(4)?,
                timeout_milliseconds: row.try_get(5)?,
            });
        }
        let lost = rows.len() - claimed.len();
        Ok((claimed, lost))
    }

    /// Writes the answer and takes the request out of the queue; false when it was given up meanwhile.
    pub(super) async fn finish(&self, request: &Request, answer: &Answer) -> Result<bool, Error> {
        let client = self.pool.get().await?;
        let statement = client
            .prepare_cached(include_str!("sql/finish.sql"))
            .await?;
        let written = client
            .execute(
                &statement,
                &[
                    &request.id,
                    &self.node,
                    &self.clock.now(),
                    &answer.status,
                    &answer.content_type,
                    &answer.headers,
                    &answer.content,
                    &answer.timed_out,
                    &answer.error,
                ],
            )
            .await?;
        Ok(written > 0)
    }

    /// Answers the requests whose claim ran out; how many.
    pub(super) async fn give_up(&self) -> Result<u64, Error> {
        let client = self.pool.get().await?;
        let statement = client
            .prepare_cached(include_str!("sql/give_up.sql"))
            .await?;
        Ok(client.execute(&statement, &[&self.clock.now()]).await?)
    }

    /// Removes answers older than their time to live.
    pub(super) async fn forget_old(&self) -> Result<(), Error> {
        let before = self.clock.now() - self.ttl;
        let client = self.pool.get().await?;
        let statement = client
            .prepare_cached(include_str!("sql/forget_old.sql"))
            .await?;
        loop {
            let removed = client.execute(&statement, &[&before, &Self::BATCH]).await?;
            if removed < Self::BATCH.unsigned_abs() {
                return Ok(());
            }
        }
    }
}
