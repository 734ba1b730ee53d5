//! `/bucket`

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use pg::Statement;
use serde_json::{Value, json};
use sql::Fragment;

use super::{json_text, message};
use crate::Error;
use crate::bucket::Bucket;
use crate::json::{Fields, at_least};
use crate::key::check_bucket_name;
use crate::limits::{check_mime_entry, parse_size};
use crate::object::empty;
use crate::object::permit::uuid_of;
use crate::percent::query_value;
use crate::removal::Emptying;
use crate::scope::{Ask, optional, text};
use crate::service::Inner;
use crate::sqlstate::deleting;

/// `GET /bucket`
pub(super) async fn list(service: &Inner, ask: &Ask, parts: &Parts) -> Result<Response, Error> {
    let query = parts.uri.query().unwrap_or_default();
    let number = |name: &str, least: i64| {
        query_value(query, name)
            .map(|text| {
                text.parse()
                    .map_err(|_| Error::invalid(format!("querystring/{name} must be integer")))
            })
            .transpose()?
            .map(|number| at_least("querystring", name, number, least))
            .transpose()
    };
    let (limit, offset) = (number("limit", 1)?, number("offset", 0)?);
    let column = match query_value(query, "sortColumn").as_deref() {
        None | Some("") => None,
        Some("id") => Some("id"),
        Some("name") => Some("name"),
        Some("created_at") => Some("created_at"),
        Some("updated_at") => Some("updated_at"),
        Some(_) => {
            return Err(Error::invalid(
                "querystring/sortColumn must be equal to one of the allowed values",
            ));
        }
    };
    let descending =
        query_value(query, "sortOrder").is_some_and(|order| order.eq_ignore_ascii_case("desc"));

    // What the included text binds first.
    let mut page = Fragment::new();
    page.push("select coalesce(json_agg(b.shown), '[]') from (");
    if knows_types(parts) {
        page.push(include_str!("../sql/list_buckets.sql"));
    } else {
        page.push(include_str!("../sql/list_buckets_untyped.sql"));
    }
    let mut sql = page.text().to_owned();
    sql.push_str(match (column, descending) {
        (None, _) => "",
        (Some("id"), false) => "order by id",
        (Some("id"), true) => "order by id desc",
        (Some("name"), false) => "order by name",
        (Some("name"), true) => "order by name desc",
        (Some("created_at"), false) => "order by created_at, id",
        (Some("created_at"), true) => "order by created_at desc, id desc",
        (Some(_), false) => "order by updated_at, id",
        (Some(_), true) => "order by updated_at desc, id desc",
    });
    sql.push_str("\nlimit $2::bigint offset $3::bigint\n) as b (shown)");
    let params = vec![
        optional(query_value(query, "search").filter(|search| !search.is_empty())),
        optional(limit.map(|limit| limit.to_string())),
        text(offset.unwrap_or(0).to_string()),
    ];
    let result = ask.query(service, Statement::new(sql, params)).await?;
    first(&result)
        .map(json_text)
        .ok_or_else(|| Error::internal("an aggregate gave no row"))
}

/// Older clients of Python refuse fields that they do not know.
fn knows_types(parts: &Parts) -> bool {
    let client = parts
        .headers
        .get("x-client-info")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let older = |name: &str, first: [u32; 3]| {
        client
            .split([' ', ';', ','])
            .filter_map(|word| word.strip_prefix(name))
            .any(|version| {
                let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
                [(); 3].map(|()| numbers.next().unwrap_or(0)) < first
            })
    };
    !older("supabase-py/", [2, 18, 0]) && !older("storage3/", [0, 12, 1])
}

/// `GET /bucket/:b`
pub(super) async fn get(service: &Inner, ask: &Ask, id: &str) -> Result<Response, Error> {
    let statement = Statement::new(include_str!("../sql/get_bucket.sql"), vec![text(id)]);
    let result = ask.query(service, statement).await?;
    first(&result).map(json_text).ok_or(Error::NoSuchBucket)
}

/// `POST /bucket`
pub(super) async fn create(
    service: &Inner,
    ask: &Ask,
    parts: &Parts,
    body: Body,
) -> Result<Response, Error> {
    let fields = Fields::read(parts, body).await?;
    let name = fields.text("name")?;
    let id = fields.optional_text("id")?.unwrap_or_else(|| name.clone());
    if let Some(kind @ ("ANALYTICS" | "VECTOR")) =
        fields.one_of("type", &["STANDARD", "ANALYTICS", "VECTOR"])?
    {
        return Err(Error::FeatureOff(if kind == "VECTOR" {
            "vectorBuckets"
        } else {
            "icebergCatalog"
        }));
    }
    check_bucket_name(&name)?;
    check_bucket_name(&id)?;
    let (size_limit, types) = (size_limit(service, &fields)?, mime_types(&fields)?);
    let owner = ask.asker.owner();
    let params = vec![
        text(&id),
        text(&name),
        optional(owner.and_then(uuid_of).map(|uuid| uuid.to_string())),
        optional(owner),
        text(fields.optional_bool("public")?.unwrap_or(false).to_string()),
        optional(size_limit.map(|limit| limit.to_string())),
        optional(types),
    ];
    ask.query(
        service,
        Statement::new(include_str!("../sql/create_bucket.sql"), params),
    )
    .await?;
    Ok(web::json_response(StatusCode::OK, &json!({ "name": name })))
}

/// `PUT /bucket/:b`
pub(super) async fn update(
    service: &Inner,
    ask: &Ask,
    id: &str,
    parts: &Parts,
    body: Body,
) -> Result<Response, Error> {
    let fields = Fields::read(parts, body).await?;
    let members = ["public", "file_size_limit", "allowed_mime_types"];
    if members.iter().all(|name| fields.get(name).is_none()) {
        return Err(Error::invalid("body must NOT have fewer than 1 properties"));
    }
    let params = vec![
        text(id),
        optional(
            fields
                .optional_bool("public")?
                .map(|public| public.to_string()),
        ),
        text(fields.get("file_size_limit").is_some().to_string()),
        optional(size_limit(service, &fields)?.map(|limit| limit.to_string())),
        text(fields.get("allowed_mime_types").is_some().to_string()),
        optional(mime_types(&fields)?),
    ];
    let result = ask
        .query(
            service,
            Statement::new(include_str!("../sql/update_bucket.sql"), params),
        )
        .await?;
    if result.rows.is_empty() {
        Err(Error::NoSuchBucket)
    } else {
        Ok(message("Successfully updated"))
    }
}

/// `DELETE /bucket/:b`
pub(super) async fn delete(service: &Inner, ask: &Ask, id: &str) -> Result<Response, Error> {
    let mut leftovers_gone = false;
    loop {
        let statement = Statement::new(include_str!("../sql/delete_bucket.sql"), vec![text(id)]);
        match ask.run(service, vec![statement]).await {
            Ok(results) if results[0].rows.is_empty() => return Err(Error::NoSuchBucket),
            Ok(_) => return Ok(message("Successfully deleted")),
            Err(error) if error.violates("objects_bucketId_fkey") => {
                return Err(Error::BucketNotEmpty);
            }
            // The caller may delete it, or the key would not have been checked.
            Err(error) if is_leftover(&error) && !leftovers_gone => {
                let client = service.pool.get().await?;
                client
                    .execute(include_str!("../sql/delete_leftovers.sql"), &[&id])
                    .await?;
                leftovers_gone = true;
            }
            Err(error) => return Err(deleting(error)),
        }
    }
}

fn is_leftover(error: &pg::Error) -> bool {
    let constraint = error.server().and_then(|error| error.constraint.as_deref());
    constraint.is_some_and(|name| name.starts_with("s3_multipart_uploads"))
}

/// `POST /bucket/:b/empty`
pub(super) async fn empty(service: &Arc<Inner>, ask: &Ask, id: &str) -> Result<Response, Error> {
    ask.asker.must_be_service()?;
    Bucket::find(service, id).await?;
    let most = i64::try_from(service.settings.empty_bucket_max).unwrap_or(i64::MAX - 1);
    let (count, until) = empty::count(service, id, most.saturating_add(1)).await?;
    if count > most {
        return Err(Error::BucketTooFull);
    }
    let emptying = Emptying {
        bucket: id.to_owned(),
        until,
    };
    if count <= empty::AT_ONCE {
        let inner = Arc::clone(service);
        service
            .to_the_end("storage empty", async move {
                empty::all(&inner, &emptying).await
            })
            .await?;
    } else {
        let client = service.pool.get().await?;
        service.queue.enqueue(&**client, emptying.job()).await?;
    }
    Ok(message(
        "Empty bucket has been queued. Completion may take up to an hour.",
    ))
}

fn size_limit(service: &Inner, fields: &Fields) -> Result<Option<i64>, Error> {
    let Some(value) = fields.given("file_size_limit") else {
        return Ok(None);
    };
    let limit = parse_size(value)?;
    if u64::try_from(limit).is_ok_and(|limit| limit > service.settings.file_size_limit.0) {
        return Err(Error::TooLarge);
    }
    Ok(Some(limit))
}

/// The list of types, as JSON.
fn mime_types(fields: &Fields) -> Result<Option<String>, Error> {
    if fields.given("allowed_mime_types").is_none() {
        return Ok(None);
    }
    let mut entries = fields.texts("allowed_mime_types", 0, usize::MAX)?;
    entries.retain(|entry| !entry.is_empty());
    entries
        .iter()
        .try_for_each(|entry| check_mime_entry(entry))?;
    Ok(Some(Value::from(entries).to_string()))
}

fn first(result: &pg::ResultSet) -> Option<bytes::Bytes> {
    result.rows.first()?.get(0).cloned()
}
