//! Writing the row: one transaction, in which the key is locked and the replaced version is let go of.

use std::sync::Arc;

use crate::Error;
use crate::backend::{Location, Pending};
use crate::object::permit::{Existing, NewRow};
use crate::removal::{Removal, discard};
use crate::row::Object;
use crate::scope::Scope;
use crate::service::Inner;

/// How long a commit waits for another one of the same key.
const LOCK_TIMEOUT_MS: &str = "5000";

/// Names the bytes and writes their row, to the end; on failure the bytes are removed.
pub(crate) async fn keep(
    service: &Arc<Inner>,
    scope: &Scope,
    pending: Box<dyn Pending>,
    row: NewRow,
    existing: Existing,
) -> Result<Object, Error> {
    let inner = Arc::clone(service);
    let scope = scope.clone();
    service
        .to_the_end("storage commit", async move {
            pending.keep(&row.at).await.map_err(Error::internal)?;
            finish(&inner, &row.at, write(&inner, &scope, &row, existing)).await
        })
        .await
}

/// Gives bytes that are there a further version and writes its row, to the end.
pub(crate) async fn copy(
    service: &Arc<Inner>,
    scope: &Scope,
    from: Location,
    row: NewRow,
    existing: Existing,
) -> Result<Object, Error> {
    let inner = Arc::clone(service);
    let scope = scope.clone();
    service
        .to_the_end("storage copy", async move {
            if !inner
                .backend
                .copy(&from, &row.at)
                .await
                .map_err(Error::internal)?
            {
                return Err(Error::FileGone);
            }
            finish(&inner, &row.at, write(&inner, &scope, &row, existing)).await
        })
        .await
}

/// Removes the version again when its row was not written.
pub(crate) async fn finish<T>(
    service: &Inner,
    at: &Location,
    write: impl Future<Output = Result<T, Written>>,
) -> Result<T, Error> {
    match write.await {
        Ok(value) => Ok(value),
        Err(Written::No(error)) => {
            discard(service, at).await;
            Err(error)
        }
        // The row may have been committed: only the sweep can tell.
        Err(Written::Unknown(error)) => Err(error),
    }
}

/// A commit that did not succeed.
#[derive(Debug)]
pub(crate) enum Written {
    /// Nothing was written.
    No(Error),
    /// The connection broke during the commit.
    Unknown(Error),
}

impl<E: Into<Error>> From<E> for Written {
    fn from(error: E) -> Self {
        Self::No(error.into())
    }
}

async fn write(
    service: &Inner,
    scope: &Scope,
    row: &NewRow,
    existing: Existing,
) -> Result<Object, Written> {
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    lock(service, &tx, scope, &row.at).await?;
    let sql = match existing {
        Existing::Refuse => include_str!("../sql/commit_insert.sql"),
        Existing::Replace => include_str!("../sql/commit_upsert.sql"),
    };
    let statement = tx.prepare_cached(sql).await?;
    let at = &row.at;
    let owner = row.owner_uuid();
    let made = tx
        .query_opt(
            &statement,
            &[
                &at.bucket,
                &at.key,
                &owner,
                &row.owner,
                &at.version,
                &row.metadata,
                &row.user_metadata,
            ],
        )
        .await?
        .ok_or(Error::KeyExists)?;
    let object =
        Object::read(&made, 0).ok_or_else(|| Error::internal("a written row has no id"))?;
    if existing == Existing::Replace
        && let Some(version) = made.try_get::<_, Option<String>>(Object::COLUMNS)?
    {
        let replaced = Location {
            version,
            ..at.clone()
        };
        service.enqueue(&*tx, &Removal::of_one(&replaced)).await?;
    }
    commit(tx).await?;
    Ok(object)
}

/// Commits; a broken connection leaves open whether it did.
pub(crate) async fn commit(tx: deadpool_postgres::Transaction<'_>) -> Result<(), Written> {
    match pg_error(tx.commit().await) {
        Ok(()) => Ok(()),
        Err(error @ pg::Error::Server(_)) => Err(Written::No(error.into())),
        Err(error) => Err(Written::Unknown(error.into())),
    }
}

/// Begins to act as the service and locks a key until the end of the transaction.
pub(crate) async fn lock(
    service: &Inner,
    tx: &deadpool_postgres::Transaction<'_>,
    scope: &Scope,
    at: &Location,
) -> Result<(), Error> {
    let (mut names, mut values) = service.acting(scope.as_service());
    names.push("lock_timeout".into());
    values.push(LOCK_TIMEOUT_MS.into());
    let statement = tx
        .prepare_cached(include_str!("../sql/begin_locked.sql"))
        .await?;
    let key = format!("storage:{}/{}", at.bucket, at.key);
    match pg_error(tx.query_one(&statement, &[&names, &values, &key]).await) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == Some(pg::Kind::LockNotAvailable) => Err(Error::LockTimeout),
        Err(error) => Err(error.into()),
    }
}

fn pg_error<T>(result: Result<T, tokio_postgres::Error>) -> Result<T, pg::Error> {
    result.map_err(pg::Error::from)
}
