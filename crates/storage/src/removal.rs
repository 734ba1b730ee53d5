//! Removing bytes that no row names any more: a durable job, enqueued in the transaction that let go of them.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use jobs::{Failure, Handler, Handlers, Job, NewJob};
use serde::{Deserialize, Serialize};

use crate::backend::Location;
use crate::object::empty;
use crate::service::{Inner, Storage};
use crate::{Error, sweep};

const REMOVE: &str = "storage.remove";
const EMPTY: &str = "storage.empty";

/// Versions to be removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Removal {
    bucket: String,
    /// Keys and their versions.
    versions: Vec<(String, String)>,
}

impl Removal {
    pub(crate) fn of_one(at: &Location) -> Self {
        Self {
            bucket: at.bucket.clone(),
            versions: vec![(at.key.clone(), at.version.clone())],
        }
    }

    pub(crate) fn of_many(bucket: &str, versions: Vec<(String, String)>) -> Self {
        Self {
            bucket: bucket.to_owned(),
            versions,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }

    pub(crate) fn job(&self) -> NewJob {
        NewJob::new(
            REMOVE,
            serde_json::to_value(self).expect("a removal is plain JSON"),
        )
    }
}

/// A bucket to be emptied of what it held at some time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Emptying {
    pub(crate) bucket: String,
    pub(crate) until: chrono::DateTime<chrono::Utc>,
}

impl Emptying {
    pub(crate) fn job(&self) -> NewJob {
        let payload = serde_json::to_value(self).expect("it is plain JSON");
        NewJob {
            unique_key: Some(self.bucket.clone()),
            ..NewJob::new(EMPTY, payload)
        }
    }
}

pub(crate) fn handlers(storage: &Storage) -> Handlers {
    let inner = || Arc::clone(&storage.inner);
    Handlers::from([
        (REMOVE, Arc::new(Remover(inner())) as Arc<dyn Handler>),
        (EMPTY, Arc::new(Emptier(inner())) as Arc<dyn Handler>),
    ])
}

struct Remover(Arc<Inner>);

impl Handler for Remover {
    fn handle<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let removal: Removal = read(job)?;
            remove(&self.0, &removal).await.map_err(retry)
        })
    }
}

struct Emptier(Arc<Inner>);

impl Handler for Emptier {
    fn handle<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let emptying: Emptying = read(job)?;
            empty::all(&self.0, &emptying).await.map_err(retry)
        })
    }
}

/// Removes the versions, except what a row names after all.
pub(crate) async fn remove(service: &Inner, removal: &Removal) -> Result<(), Error> {
    let client = service.pool.get().await?;
    let statement = client
        .prepare_cached(include_str!("sql/is_current.sql"))
        .await?;
    for (key, version) in &removal.versions {
        let current: bool = client
            .query_one(&statement, &[&removal.bucket, key, version])
            .await?
            .try_get(0)?;
        if current {
            continue;
        }
        let at = Location {
            bucket: removal.bucket.clone(),
            key: key.clone(),
            version: version.clone(),
        };
        service.backend.remove(&at).await.map_err(Error::internal)?;
    }
    Ok(())
}

/// Removes a version whose row was not committed. Should that fail, the sweep finds it.
pub(crate) async fn discard(service: &Inner, at: &Location) {
    if let Err(error) = service.backend.remove(at).await {
        tracing::warn!(%error, version = at.version, grace = ?sweep::GRACE, "an unused version stays until the sweep");
    }
}

fn read<T: serde::de::DeserializeOwned>(job: &Job) -> Result<T, Failure> {
    serde_json::from_value(job.payload.clone()).map_err(|error| Failure::GiveUp(error.to_string()))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn retry(error: Error) -> Failure {
    use web::Failure as _;
    Failure::Retry(error.cause().unwrap_or_else(|| error.to_string()))
}
