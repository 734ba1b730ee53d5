//! `POST` and `PUT /object/:b/*`, `PUT /object/upload/sign/:b/*`

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use serde_json::{Value, json};

use super::endpoint::At;
use super::sign::token_of;
use crate::Error;
use crate::object::incoming::wants_upsert;
use crate::object::permit::Existing;
use crate::object::upload::{Uploader, upload};
use crate::row::Object;
use crate::scope::{Ask, Scope};
use crate::service::Inner;
use crate::signature::Purpose;

/// `POST /object/:b/*`
pub(super) async fn create(
    service: &Arc<Inner>,
    ask: Ask,
    at: At,
    parts: &Parts,
    body: Body,
) -> Result<Response, Error> {
    let existing = if wants_upsert(&parts.headers) {
        Existing::Replace
    } else {
        Existing::Refuse
    };
    let object = upload(service, &Uploader::Caller(ask), at, existing, (parts, body)).await?;
    Ok(uploaded(&object))
}

/// `PUT /object/:b/*`
pub(super) async fn replace(
    service: &Arc<Inner>,
    ask: Ask,
    at: At,
    parts: &Parts,
    body: Body,
) -> Result<Response, Error> {
    let object = upload(
        service,
        &Uploader::Caller(ask),
        at,
        Existing::Replace,
        (parts, body),
    )
    .await?;
    Ok(uploaded(&object))
}

/// `PUT /object/upload/sign/:b/*`
pub(super) async fn signed(
    service: &Arc<Inner>,
    at: At,
    parts: &Parts,
    body: Body,
    operation: &'static str,
) -> Result<Response, Error> {
    let url = format!("{}/{}", at.0, at.1);
    let claims = service
        .signer
        .check(Purpose::Upload, &url, &token_of(parts)?)?;
    let replaces = claims
        .get("upsert")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let existing = if replaces {
        Existing::Replace
    } else {
        Existing::Refuse
    };
    let owner = claims.text("owner").map(str::to_owned);
    let uploader = Uploader::Signed {
        owner,
        scope: Scope::new(parts, operation),
    };
    let object = upload(service, &uploader, at, existing, (parts, body)).await?;
    Ok(web::json_response(
        StatusCode::OK,
        &json!({ "Key": full_key(&object) }),
    ))
}

fn uploaded(object: &Object) -> Response {
    web::json_response(
        StatusCode::OK,
        &json!({ "Key": full_key(object), "Id": object.id }),
    )
}

fn full_key(object: &Object) -> String {
    format!("{}/{}", object.bucket_id, object.name)
}
