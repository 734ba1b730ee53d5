//! `POST /object/move` and `/object/copy`

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use serde_json::{Map, Value, json};

use super::message;
use crate::Error;
use crate::json::Fields;
use crate::object::incoming::{self, wants_upsert};
use crate::object::permit::Existing;
use crate::object::relocate::{self, Changes, Journey};
use crate::scope::Ask;
use crate::service::Inner;

/// `POST /object/move`
pub(super) async fn move_object(
    service: &Arc<Inner>,
    ask: &Ask,
    parts: &Parts,
    body: Body,
) -> Result<Response, Error> {
    let fields = Fields::read(parts, body).await?;
    relocate::relocate(service, ask, &journey(&fields)?).await?;
    Ok(message("Successfully moved"))
}

/// `POST /object/copy`
pub(super) async fn copy(
    service: &Arc<Inner>,
    ask: &Ask,
    parts: &Parts,
    body: Body,
) -> Result<Response, Error> {
    let fields = Fields::read(parts, body).await?;
    let metadata = fields.optional_object("metadata")?;
    let changes = Changes {
        keeps_metadata: fields.optional_bool("copyMetadata")?.unwrap_or(true),
        cache_control: metadata.optional_text("cacheControl")?,
        mime_type: metadata.optional_text("mimetype")?,
        user_metadata: incoming::text(&parts.headers, "x-metadata")?
            .map(incoming::decode_metadata)
            .transpose()?,
    };
    let existing = if wants_upsert(&parts.headers) {
        Existing::Replace
    } else {
        Existing::Refuse
    };
    let object = relocate::duplicate(service, ask, &journey(&fields)?, changes, existing).await?;
    let mut reply = Map::new();
    reply.insert(
        "Key".into(),
        json!(format!("{}/{}", object.bucket_id, object.name)),
    );
    reply.insert("Id".into(), json!(object.id));
    reply.extend(object.shown());
    Ok(web::json_response(StatusCode::OK, &Value::Object(reply)))
}

fn journey(fields: &Fields) -> Result<Journey, Error> {
    let bucket = fields.text("bucketId")?;
    let from = (bucket.clone(), fields.text("sourceKey")?);
    let to = (
        fields.optional_text("destinationBucket")?.unwrap_or(bucket),
        fields.text("destinationKey")?,
    );
    Ok(Journey { from, to })
}
