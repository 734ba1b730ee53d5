//! Bytes that a crash left without a row.

use std::collections::HashSet;
use std::time::Duration;

use base::Tasks;
use chrono::TimeDelta;
use futures_util::StreamExt as _;

use crate::Error;
use crate::backend::Stray;
use crate::service::Storage;

/// How old bytes without a row must be: an upload may commit long after its first byte.
pub(crate) const GRACE: TimeDelta = TimeDelta::days(1);
const EVERY: Duration = Duration::from_secs(6 * 60 * 60);

/// What a sweep removed, or would remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Versions that no row names.
    pub versions: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Uploads that broke off with the process.
    pub unfinished: u64,
}

impl Storage {
    /// Looks for bytes older than a day that no row names; removes them unless it is a dry run.
    pub async fn sweep(&self, dry_run: bool) -> Result<Swept, Error> {
        let before = self.inner.clock.now() - GRACE;
        let mut swept = Swept::default();
        let mut portions = self.inner.backend.old_versions(before);
        while let Some(portion) = portions.next().await {
            let portion = portion.map_err(Error::internal)?;
            for stray in self.without_row(portion).await? {
                swept.versions += 1;
                swept.bytes += stray.size;
                if !dry_run {
                    self.inner
                        .backend
                        .remove_stray(&stray)
                        .await
                        .map_err(Error::internal)?;
                }
            }
        }
        if !dry_run {
            swept.unfinished = self
                .inner
                .backend
                .remove_unfinished(before)
                .await
                .map_err(Error::internal)?;
        }
        Ok(swept)
    }

    async fn without_row(&self, portion: Vec<Stray>) -> Result<Vec<Stray>, Error> {
        if portion.is_empty() {
            return Ok(portion);
        }
        let versions: Vec<&str> = portion.iter().map(|stray| stray.version.as_str()).collect();
        let client = self.inner.pool.get().await?;
        let rows = client
            .query(include_str!("sql/current_versions.sql"), &[&versions])
            .await?;
        let current: HashSet<&str> = rows.iter().map(|row| row.get(0)).collect();
        Ok(portion
            .into_iter()
            .filter(|stray| !current.contains(stray.version.as_str()))
            .collect())
    }
}

/// Sweeps now and then, for as long as `tasks` lives.
pub(crate) fn start(storage: &Storage, tasks: &Tasks) {
    let storage = storage.clone();
    let soft = tasks.soft();
    tasks.spawn("storage sweep", async move {
        loop {
            match storage.sweep(false).await {
                Ok(swept) if swept == Swept::default() => {}
                Ok(swept) => tracing::info!(
                    versions = swept.versions,
                    bytes = swept.bytes,
                    unfinished = swept.unfinished,
                    "removed files that no row names"
                ),
                Err(error) => tracing::warn!(%error, "the storage folder could not be swept"),
            }
            tokio::select! {
                () = soft.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    });
}
