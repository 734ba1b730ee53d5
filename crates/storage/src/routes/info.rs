//! `GET /object/info/…`

use axum::response::Response;
use http::{StatusCode, header};
use serde_json::json;

use super::endpoint::At;
use crate::Error;
use crate::object::conditions::http_date;
use crate::object::download::{find_public, find_readable, set};
use crate::row::Object;
use crate::scope::Ask;
use crate::service::Inner;

/// `GET /object/info/public/:b/*`
pub(super) async fn public(service: &Inner, (bucket, key): &At) -> Result<Response, Error> {
    Ok(describe(&find_public(service, bucket, key).await?))
}

/// `GET /object/info/:b/*` and `/object/info/authenticated/:b/*`
pub(super) async fn authenticated(
    service: &Inner,
    ask: &Ask,
    (bucket, key): &At,
) -> Result<Response, Error> {
    Ok(describe(&find_readable(service, ask, bucket, key).await?))
}

fn describe(object: &Object) -> Response {
    let body = json!({
        "id": object.id,
        "name": object.name,
        "version": object.version,
        "bucket_id": object.bucket_id,
        "size": object.size(),
        "content_type": object.meta("mimetype"),
        "cache_control": object.meta("cacheControl"),
        "etag": object.meta("eTag"),
        "metadata": object.user_metadata,
        "last_modified": object.meta("lastModified").or(object.updated_at.as_deref()),
        "created_at": object.created_at,
    });
    let mut response = web::json_response(StatusCode::OK, &body);
    let headers = response.headers_mut();
    set(headers, header::ETAG, object.etag());
    set(headers, header::CACHE_CONTROL, object.cache_control());
    if let Some(modified) = object.last_modified() {
        set(headers, header::LAST_MODIFIED, http_date(modified));
    }
    response
}
