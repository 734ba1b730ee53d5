//! `POST /object/sign/:b[/*]` and `/object/upload/sign/:b/*`

use std::collections::HashSet;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use pg::Statement;
use serde_json::{Map, Value, json};

use super::endpoint::At;
use crate::Error;
use crate::backend::Location;
use crate::bucket::Bucket;
use crate::json::Fields;
use crate::key::ObjectKey;
use crate::object::download::find_visible;
use crate::object::incoming::{self, wants_upsert};
use crate::object::permit::{self, Existing, NewRow};
use crate::percent::query_value;
use crate::scope::{Ask, text};
use crate::service::Inner;
use crate::signature::Purpose;

const MOST_PATHS: usize = 1000;
const INVISIBLE: &str = "Either the object does not exist or you do not have access to it";

/// `POST /object/sign/:b/*`
pub(super) async fn one(
    service: &Inner,
    ask: &Ask,
    (bucket, key): &At,
    parts: &Parts,
    body: Body,
) -> Result<Response, Error> {
    let seconds = lifetime(&Fields::read(parts, body).await?)?;
    find_visible(service, ask, bucket, key).await?;
    let url = address(service, &format!("{bucket}/{key}"), seconds);
    Ok(web::json_response(
        StatusCode::OK,
        &json!({ "signedURL": url }),
    ))
}

/// `POST /object/sign/:b`
pub(super) async fn many(
    service: &Inner,
    ask: &Ask,
    bucket: &str,
    parts: &Parts,
    body: Body,
) -> Result<Response, Error> {
    let fields = Fields::read(parts, body).await?;
    let seconds = lifetime(&fields)?;
    let paths = fields.texts("paths", 1, MOST_PATHS)?;
    let list = Value::from(paths.clone()).to_string();
    let statement = Statement::new(
        include_str!("../sql/visible_keys.sql"),
        vec![text(bucket), text(list)],
    );
    let result = ask.query(service, statement).await?;
    let visible: HashSet<&str> = result.rows.iter().filter_map(|row| row.text(0)).collect();
    let signed: Vec<Value> = paths
        .iter()
        .map(|path| {
            if visible.contains(path.as_str()) {
                let url = address(service, &format!("{bucket}/{path}"), seconds);
                json!({ "error": null, "path": path, "signedURL": url })
            } else {
                json!({ "error": INVISIBLE, "path": path, "signedURL": null })
            }
        })
        .collect();
    Ok(web::json_response(StatusCode::OK, &signed))
}

/// `POST /object/upload/sign/:b/*`
pub(super) async fn upload(
    service: &Inner,
    ask: &Ask,
    (bucket, key): At,
    parts: &Parts,
) -> Result<Response, Error> {
    Bucket::find(service, &bucket)
        .await
        .map_err(|error| match error {
            Error::NoSuchBucket => Error::Related,
            other => other,
        })?;
    let key = ObjectKey::parse(&key)?;
    let replaces = wants_upsert(&parts.headers);
    let owner = ask.asker.owner();
    let url = format!("{bucket}/{}", key.as_str());
    let row = NewRow {
        at: Location {
            bucket,
            key: key.as_str().to_owned(),
            version: service.new_version(),
        },
        owner: owner.map(str::to_owned),
        metadata: json!({}),
        user_metadata: incoming::text(&parts.headers, "x-metadata")?
            .map(incoming::decode_metadata)
            .transpose()?,
    };
    permit::ask(
        service,
        ask,
        &row,
        if replaces {
            Existing::Replace
        } else {
            Existing::Refuse
        },
    )
    .await?;

    let mut claims = Map::new();
    if let Some(owner) = owner {
        claims.insert("owner".into(), json!(owner));
    }
    claims.insert("upsert".into(), json!(replaces));
    let seconds =
        i64::try_from(service.settings.signed_upload_lifetime.as_secs()).unwrap_or(i64::MAX);
    let token = service.signer.sign(Purpose::Upload, &url, seconds, claims);
    let reply =
        json!({ "url": format!("/object/upload/sign/{url}?token={token}"), "token": token });
    Ok(web::json_response(StatusCode::OK, &reply))
}

/// The token in a signed address.
pub(super) fn token_of(parts: &Parts) -> Result<String, Error> {
    query_value(parts.uri.query().unwrap_or_default(), "token")
        .ok_or_else(|| Error::invalid("querystring must have required property 'token'"))
}

fn lifetime(fields: &Fields) -> Result<i64, Error> {
    fields
        .optional_integer("expiresIn", 1)?
        .ok_or_else(|| Error::invalid("body must have required property 'expiresIn'"))
}

/// Relative to the service's root, the key as it is: clients put their root before it and encode.
fn address(service: &Inner, url: &str, seconds: i64) -> String {
    let token = service
        .signer
        .sign(Purpose::Download, url, seconds, Map::new());
    format!("/object/sign/{url}?token={token}")
}
