//! Deleting objects: their rows as the caller, their bytes afterwards.

use std::sync::Arc;

use pg::Statement;

use crate::Error;
use crate::removal::Removal;
use crate::row::Object;
use crate::scope::{Ask, text};
use crate::service::Inner;
use crate::sqlstate::deleting;

/// Keys that one statement deletes.
const BATCH: usize = 500;

/// Deletes what the caller may delete of these; returns it.
pub(crate) async fn remove(
    service: &Arc<Inner>,
    ask: &Ask,
    bucket: &str,
    keys: &[String],
) -> Result<Vec<Object>, Error> {
    let inner = Arc::clone(service);
    let (ask, bucket, keys) = (ask.clone(), bucket.to_owned(), keys.to_vec());
    service
        .to_the_end("storage delete", async move {
            let mut removed = Vec::new();
            for batch in keys.chunks(BATCH) {
                removed.extend(remove_batch(&inner, &ask, &bucket, batch).await?);
            }
            Ok(removed)
        })
        .await
}

async fn remove_batch(
    service: &Inner,
    ask: &Ask,
    bucket: &str,
    keys: &[String],
) -> Result<Vec<Object>, Error> {
    let list = serde_json::to_string(keys).expect("texts are JSON");
    let statement = Statement::new(
        include_str!("../sql/delete_objects.sql"),
        vec![text(bucket), text(list)],
    );
    let results = ask.run(service, vec![statement]).await.map_err(deleting)?;
    let objects: Vec<Object> = results[0]
        .rows
        .iter()
        .filter_map(|row| Object::read(row, 0))
        .collect();
    let versions = objects
        .iter()
        .filter_map(|object| Some((object.name.clone(), object.version.clone()?)))
        .collect();
    let removal = Removal::of_many(bucket, versions);
    if !removal.is_empty() {
        let client = service.pool.get().await?;
        service.queue.enqueue(&**client, removal.job()).await?;
    }
    Ok(objects)
}

/// Whether an object is there, whoever asks.
pub(crate) async fn exists(service: &Inner, bucket: &str, key: &str) -> Result<bool, Error> {
    let client = service.pool.get().await?;
    let statement = client
        .prepare_cached(include_str!("../sql/object_exists.sql"))
        .await?;
    Ok(client
        .query_opt(&statement, &[&bucket, &key])
        .await?
        .is_some())
}
