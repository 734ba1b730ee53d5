//! `DELETE /object/:b/*` and `/object/:b`

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use serde_json::Value;

use super::endpoint::At;
use super::message;
use crate::Error;
use crate::json::Fields;
use crate::object::remove;
use crate::scope::Ask;
use crate::service::Inner;

const HARD_LIMIT: usize = 1000;

/// `DELETE /object/:b/*`
pub(super) async fn one(
    service: &Arc<Inner>,
    ask: &Ask,
    (bucket, key): At,
) -> Result<Response, Error> {
    let removed = remove::remove(service, ask, &bucket, std::slice::from_ref(&key)).await?;
    if !removed.is_empty() {
        return Ok(message("Successfully deleted"));
    }
    if remove::exists(service, &bucket, &key).await? {
        Err(Error::AccessDenied)
    } else {
        Err(Error::NoSuchKey)
    }
}

/// `DELETE /object/:b`
pub(super) async fn many(
    service: &Arc<Inner>,
    ask: &Ask,
    bucket: &str,
    parts: &Parts,
    body: Body,
) -> Result<Response, Error> {
    let keys = Fields::read(parts, body)
        .await?
        .texts("prefixes", 1, usize::MAX)?;
    if service.settings.bulk_limit && keys.len() > HARD_LIMIT {
        return Err(Error::BulkLimit);
    }
    let removed = remove::remove(service, ask, bucket, &keys).await?;
    let rows: Vec<Value> = removed
        .iter()
        .map(|object| Value::Object(object.shown()))
        .collect();
    Ok(web::json_response(StatusCode::OK, &rows))
}
