//! Moving and copying.

use std::sync::Arc;

use pg::Statement;
use serde_json::{Value, json};

use crate::Error;
use crate::backend::Location;
use crate::bucket::Bucket;
use crate::key::ObjectKey;
use crate::limits::Limits;
use crate::object::permit::{self, Existing, NewRow, uuid_of};
use crate::object::store::{self, Written};
use crate::removal::Removal;
use crate::row::Object;
use crate::scope::{Ask, Scope, optional, text};
use crate::service::Inner;

/// From where to where.
#[derive(Debug, Clone)]
pub(crate) struct Journey {
    pub(crate) from: (String, String),
    pub(crate) to: (String, String),
}

/// Moves an object; it keeps its id and belongs to the caller then.
pub(crate) async fn relocate(
    service: &Arc<Inner>,
    ask: &Ask,
    journey: &Journey,
) -> Result<(), Error> {
    let key = ObjectKey::parse(&journey.to.1)?;
    let version = service.new_version();
    let owner = ask.asker.owner();
    let find = Statement::new(
        include_str!("../sql/find_object.sql"),
        vec![text(&journey.from.0), text(&journey.from.1)],
    );
    let update = Statement::new(
        include_str!("../sql/permit_move.sql"),
        vec![
            text(&journey.from.0),
            text(&journey.from.1),
            text(&journey.to.0),
            text(key.as_str()),
            text(&version),
            optional(owner.and_then(uuid_of).map(|uuid| uuid.to_string())),
            optional(owner),
        ],
    );
    let results = ask
        .attempt(service, vec![find, update])
        .await
        .map_err(|error| taken(error.into()))?;
    let found = results[0].rows.first().and_then(|row| Object::read(row, 0));
    let object = found
        .filter(|_| results[1].affected > 0)
        .ok_or(Error::NoSuchKey)?;
    if journey.from == journey.to {
        return Ok(());
    }

    let inner = Arc::clone(service);
    let (scope, owner) = (ask.scope.clone(), owner.map(str::to_owned));
    let to = Location {
        bucket: journey.to.0.clone(),
        key: key.as_str().to_owned(),
        version,
    };
    service
        .to_the_end("storage move", async move {
            if !inner
                .backend
                .copy(&object.location(), &to)
                .await
                .map_err(Error::internal)?
            {
                return Err(Error::FileGone);
            }
            store::finish(
                &inner,
                &to,
                write_move(&inner, &scope, &object, &to, owner.as_deref()),
            )
            .await
            .map_err(taken)
        })
        .await
}

async fn write_move(
    service: &Inner,
    scope: &Scope,
    object: &Object,
    to: &Location,
    owner: Option<&str>,
) -> Result<(), Written> {
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    store::lock(service, &tx, scope, to).await?;
    let statement = tx
        .prepare_cached(include_str!("../sql/commit_move.sql"))
        .await?;
    let owner_uuid = owner.and_then(uuid_of);
    let moved = tx
        .query_opt(
            &statement,
            &[
                &object.bucket_id,
                &object.name,
                &to.bucket,
                &to.key,
                &to.version,
                &owner_uuid,
                &owner,
                &object.version,
            ],
        )
        .await?;
    // Replaced or removed since it was copied.
    moved.ok_or(Error::NoSuchKey)?;
    service
        .enqueue(&*tx, &Removal::of_one(&object.location()))
        .await?;
    store::commit(tx).await
}

fn taken(error: Error) -> Error {
    match error {
        Error::KeyExists => Error::DestinationExists,
        other => other,
    }
}

/// What a copy changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    /// Whether the source's metadata is taken over.
    pub(crate) keeps_metadata: bool,
    pub(crate) cache_control: Option<String>,
    pub(crate) mime_type: Option<String>,
    pub(crate) user_metadata: Option<Value>,
}

/// Copies an object; the copy belongs to the caller.
pub(crate) async fn duplicate(
    service: &Arc<Inner>,
    ask: &Ask,
    journey: &Journey,
    changes: Changes,
    existing: Existing,
) -> Result<Object, Error> {
    let key = ObjectKey::parse(&journey.to.1)?;
    let find = Statement::new(
        include_str!("../sql/find_object.sql"),
        vec![text(&journey.from.0), text(&journey.from.1)],
    );
    let found = ask.query(service, find).await?;
    let source = found
        .rows
        .first()
        .and_then(|row| Object::read(row, 0))
        .ok_or(Error::NoSuchKey)?;

    let mut metadata = Value::Object(source.metadata.clone());
    metadata["lastModified"] = json!(
        service
            .clock
            .now()
            .to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    );
    let mut user_metadata = source.user_metadata.clone();
    if !changes.keeps_metadata {
        if let Some(cache_control) = changes.cache_control {
            metadata["cacheControl"] = json!(cache_control);
        }
        if let Some(mime_type) = changes.mime_type {
            let bucket = Bucket::find(service, &journey.to.0)
                .await
                .map_err(|_| Error::Related)?;
            let limits = Limits::of(&bucket, &key, service.max_upload_bytes());
            limits.check_type(&mime_type)?;
            limits.check_size(source.size().unwrap_or(0))?;
            metadata["mimetype"] = json!(mime_type);
        }
        user_metadata = changes.user_metadata;
    }
    let at = Location {
        bucket: journey.to.0.clone(),
        key: key.as_str().to_owned(),
        version: service.new_version(),
    };
    let row = NewRow {
        at,
        owner: ask.asker.owner().map(str::to_owned),
        metadata,
        user_metadata,
    };
    permit::ask(service, ask, &row, existing).await?;
    store::copy(service, &ask.scope, source.location(), row, existing).await
}
