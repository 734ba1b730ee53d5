//! An upload from end to end.

use std::sync::Arc;

use axum::body::Body;
use http::request::Parts;

use crate::Error;
use crate::backend::{Location, WriteError};
use crate::bucket::Bucket;
use crate::key::ObjectKey;
use crate::limits::Limits;
use crate::object::incoming::Incoming;
use crate::object::permit::{self, Existing, NewRow};
use crate::object::store;
use crate::row::Object;
use crate::scope::{Ask, Scope};
use crate::service::Inner;

/// On whose behalf bytes are taken in.
#[derive(Debug)]
pub(crate) enum Uploader {
    /// Row security is asked.
    Caller(Ask),
    /// It was asked when the address was signed.
    Signed {
        /// The signer's subject.
        owner: Option<String>,
        /// The request.
        scope: Scope,
    },
}

impl Uploader {
    fn owner(&self) -> Option<&str> {
        match self {
            Self::Caller(ask) => ask.asker.owner(),
            Self::Signed { owner, .. } => owner.as_deref(),
        }
    }

    fn scope(&self) -> &Scope {
        match self {
            Self::Caller(ask) => &ask.scope,
            Self::Signed { scope, .. } => scope,
        }
    }
}

/// Takes in an object.
pub(crate) async fn upload(
    service: &Arc<Inner>,
    uploader: &Uploader,
    (bucket_id, key): (String, String),
    existing: Existing,
    (parts, body): (&Parts, Body),
) -> Result<Object, Error> {
    // The bucket first, whoever asks: that it is missing is said before any answer about rights.
    let bucket = Bucket::find(service, &bucket_id).await?;
    let key = ObjectKey::parse(&key)?;
    let limits = Limits::of(&bucket, &key, service.max_upload_bytes());
    let mut incoming = Incoming::open(parts, body).await?;
    incoming.check(&limits)?;

    let at = Location {
        bucket: bucket_id,
        key: key.as_str().to_owned(),
        version: service.new_version(),
    };
    let mut row = NewRow {
        at,
        owner: uploader.owner().map(str::to_owned),
        metadata: incoming.declared(),
        user_metadata: Some(incoming.user_metadata.clone()),
    };
    if let Uploader::Caller(ask) = uploader {
        permit::ask(service, ask, &row, existing).await?;
    }

    let pending = service
        .backend
        .write(incoming.bytes(), limits.max_bytes)
        .await
        .map_err(refused)?;
    incoming.finish().await?;
    limits.check_type(&incoming.content_type)?;
    row.metadata = incoming.metadata(pending.digest(), service.clock.now());
    row.user_metadata = Some(incoming.user_metadata);
    store::keep(service, uploader.scope(), pending, row, existing).await
}

fn refused(error: WriteError) -> Error {
    match error {
        WriteError::TooLarge => Error::TooLarge,
        WriteError::Body(cause) => {
            tracing::debug!(cause, "an upload broke off");
            Error::NoContent
        }
        WriteError::Io(error) => Error::internal(error),
    }
}
