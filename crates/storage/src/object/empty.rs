//! Emptying a bucket.

use chrono::{DateTime, Utc};

use crate::Error;
use crate::removal::{Emptying, Removal};
use crate::scope::Scope;
use crate::service::Inner;

/// Objects that one transaction deletes.
const PORTION: i64 = 500;

/// A bucket with no more objects than this is emptied before the reply.
pub(crate) const AT_ONCE: i64 = 5_000;

/// How many objects a bucket holds, counted up to `limit`, and the database's time: rows are dated by that.
pub(crate) async fn count(
    service: &Inner,
    bucket: &str,
    limit: i64,
) -> Result<(i64, DateTime<Utc>), Error> {
    let client = service.pool.get().await?;
    let row = client
        .query_one(include_str!("../sql/count_objects.sql"), &[&bucket, &limit])
        .await?;
    Ok((row.try_get(0)?, row.try_get(1)?))
}

/// Deletes everything that was in the bucket at that time. May be done again.
pub(crate) async fn all(service: &Inner, emptying: &Emptying) -> Result<(), Error> {
    let scope = Scope::of_service("storage.bucket.empty");
    while portion(service, &scope, emptying).await? > 0 {}
    Ok(())
}

async fn portion(service: &Inner, scope: &Scope, emptying: &Emptying) -> Result<usize, Error> {
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let (names, values) = service.acting(scope.as_service());
    tx.query_one(include_str!("../sql/begin.sql"), &[&names, &values])
        .await?;
    let rows = tx
        .query(
            include_str!("../sql/empty_bucket.sql"),
            &[&emptying.bucket, &emptying.until, &PORTION],
        )
        .await?;
    let versions = rows
        .iter()
        .filter_map(|row| Some((row.get(0), row.get::<_, Option<String>>(1)?)))
        .collect();
    let removal = Removal::of_many(&emptying.bucket, versions);
    if !removal.is_empty() {
        service.enqueue(&*tx, &removal).await?;
    }
    tx.commit().await?;
    Ok(rows.len())
}
