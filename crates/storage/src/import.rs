//! Taking over objects of another store, row and bytes together.

use bytes::Bytes;
use futures_util::stream::BoxStream;
use serde_json::{Value, json};

use crate::Error;
use crate::backend::{Location, WriteError};
use crate::bucket::Bucket;
use crate::object::permit::{Existing, NewRow};
use crate::object::store;
use crate::scope::Scope;
use crate::service::Storage;

/// An object to be taken over.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The bucket, which must be there.
    pub bucket: String,
    /// The key, as it was: a store may hold keys that uploads no longer may make.
    pub key: String,
    /// The owner's id.
    pub owner: Option<String>,
    /// The type.
    pub content_type: String,
    /// What caches are told.
    pub cache_control: String,
    /// The application's own metadata.
    pub user_metadata: Value,
}

/// Takes over an object; one of the same name is replaced, so a run may be repeated. Returns the object's id.
pub async fn object(
    storage: &Storage,
    object: Imported,
    body: BoxStream<'_, Result<Bytes, String>>,
) -> Result<String, Error> {
    let service = &storage.inner;
    Bucket::find(service, &object.bucket).await?;
    let pending = service
        .backend
        .write(body, u64::MAX)
        .await
        .map_err(|error| match error {
            WriteError::TooLarge => Error::TooLarge,
            WriteError::Body(cause) => Error::Internal(cause),
            WriteError::Io(error) => Error::internal(error),
        })?;
    let digest = pending.digest();
    let metadata = json!({
        "eTag": format!("\"{}\"", digest.md5),
        "size": digest.size,
        "mimetype": object.content_type,
        "cacheControl": object.cache_control,
        "lastModified": service.clock.now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "contentLength": digest.size,
        "httpStatusCode": 200,
    });
    let row = NewRow {
        at: Location {
            bucket: object.bucket,
            key: object.key,
            version: service.new_version(),
        },
        owner: object.owner,
        metadata,
        user_metadata: Some(object.user_metadata),
    };
    let scope = Scope::of_service("storage.object.upload");
    store::keep(service, &scope, pending, row, Existing::Replace)
        .await
        .map(|object| object.id)
}
