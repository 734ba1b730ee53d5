//! `POST /object/list-v2/:b`

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use pg::Statement;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::Error;
use crate::json::Fields;
use crate::object::cursor::{COLUMNS, Cursor};
use crate::scope::{Ask, optional, text};
use crate::service::Inner;

const MOST: i64 = 1000;

pub(super) async fn list(
    service: &Inner,
    ask: &Ask,
    bucket: &str,
    parts: &Parts,
    body: Body,
) -> Result<Response, Error> {
    let fields = Fields::read(parts, body).await?;
    let prefix = fields.optional_text("prefix")?.unwrap_or_default();
    let limit = fields
        .optional_integer("limit", 1)?
        .unwrap_or(MOST)
        .min(MOST);
    let folded = fields.optional_bool("with_delimiter")?.unwrap_or(false);
    let sort = fields.optional_object("sortBy")?;
    let column = sort.one_of("column", &COLUMNS)?.unwrap_or("name");
    let descending = sort.one_of("order", &["asc", "desc"])? == Some("desc");
    // A cursor keeps the order in which it was made.
    let place = match fields
        .optional_text("cursor")?
        .filter(|cursor| !cursor.is_empty())
    {
        Some(cursor) => Cursor::decode(&cursor)?,
        None => Cursor {
            last: String::new(),
            descending,
            column,
            after: None,
        },
    };

    // One more than asked for tells whether there is more.
    let statement = if folded {
        fold(&prefix, bucket, limit + 1, &place)
    } else {
        flat(&prefix, bucket, limit + 1, &place)
    };
    let mut rows = ask.query(service, statement).await?.rows;
    let more = i64::try_from(rows.len()).is_ok_and(|count| count > limit);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));

    let (mut folders, mut objects) = (Vec::new(), Vec::new());
    for row in &rows {
        let entry: Box<RawValue> =
            serde_json::from_str(row.text(2).unwrap_or("null")).map_err(Error::internal)?;
        if row.text(1) == Some("t") {
            folders.push(entry);
        } else {
            objects.push(entry);
        }
    }
    let mut page = Map::new();
    page.insert("hasNext".into(), json!(more));
    if let (true, Some(last)) = (more, rows.last()) {
        let name = last.text(0).unwrap_or_default().to_owned();
        let time = if place.column == "updated_at" {
            last.text(4)
        } else {
            last.text(3)
        };
        let after = (place.column != "name")
            .then(|| time.map(str::to_owned))
            .flatten();
        page.insert("nextCursorKey".into(), json!(name));
        let cursor = Cursor {
            last: name,
            after,
            ..place
        };
        page.insert("nextCursor".into(), json!(cursor.encode()));
    }
    page.insert("folders".into(), entries(&folders)?);
    page.insert("objects".into(), entries(&objects)?);
    Ok(web::json_response(StatusCode::OK, &Value::Object(page)))
}

fn entries(list: &[Box<RawValue>]) -> Result<Value, Error> {
    list.iter()
        .map(|entry| serde_json::from_str(entry.get()).map_err(Error::internal))
        .collect::<Result<Vec<Value>, Error>>()
        .map(Value::Array)
}

fn order(place: &Cursor) -> &'static str {
    if place.descending { "desc" } else { "asc" }
}

fn fold(prefix: &str, bucket: &str, limit: i64, place: &Cursor) -> Statement {
    let params = vec![
        text(prefix),
        text(bucket),
        text(limit.to_string()),
        text(prefix.split('/').count().to_string()),
        text(&place.last),
        text(order(place)),
        text(place.column),
        text(place.after.as_deref().unwrap_or_default()),
    ];
    Statement::new(include_str!("../sql/list_folders.sql"), params)
}

fn flat(prefix: &str, bucket: &str, limit: i64, place: &Cursor) -> Statement {
    let mut sql = include_str!("../sql/list_flat.sql").to_owned();
    sql.push_str(match (place.column, place.descending) {
        ("name", false) => include_str!("../sql/list_flat_by_name.sql"),
        ("name", true) => include_str!("../sql/list_flat_by_name_desc.sql"),
        ("updated_at", false) => include_str!("../sql/list_flat_by_updated.sql"),
        ("updated_at", true) => include_str!("../sql/list_flat_by_updated_desc.sql"),
        (_, false) => include_str!("../sql/list_flat_by_created.sql"),
        (_, true) => include_str!("../sql/list_flat_by_created_desc.sql"),
    });
    let last = (!place.last.is_empty()).then_some(place.last.as_str());
    let mut params = vec![
        text(prefix),
        text(bucket),
        text(limit.to_string()),
        optional(last),
    ];
    if place.column != "name" {
        params.push(optional(place.after.as_deref()));
    }
    Statement::new(sql, params)
}
