//! `POST /object/list/:b`

use axum::body::Body;
use axum::response::Response;
use http::request::Parts;
use pg::Statement;

use super::json_text;
use crate::Error;
use crate::json::Fields;
use crate::scope::{Ask, text};
use crate::service::Inner;

const COLUMNS: [&str; 4] = ["name", "updated_at", "created_at", "last_accessed_at"];

pub(super) async fn list(
    service: &Inner,
    ask: &Ask,
    bucket: &str,
    parts: &Parts,
    body: Body,
) -> Result<Response, Error> {
    let fields = Fields::read(parts, body).await?;
    let mut prefix = fields.text("prefix")?;
    if !prefix.is_empty() && !prefix.ends_with('/') {
        prefix.push('/');
    }
    let sort = fields.optional_object("sortBy")?;
    let levels = prefix.split('/').count();
    let params = vec![
        text(&prefix),
        text(bucket),
        text(clamp(fields.optional_integer("limit", 1)?.unwrap_or(100))),
        text(levels.to_string()),
        text(clamp(fields.optional_integer("offset", 0)?.unwrap_or(0))),
        text(fields.optional_text("search")?.unwrap_or_default()),
        text(sort.one_of("column", &COLUMNS)?.unwrap_or("name")),
        text(sort.one_of("order", &["asc", "desc"])?.unwrap_or("asc")),
    ];
    let result = ask
        .query(
            service,
            Statement::new(include_str!("../sql/list.sql"), params),
        )
        .await?;
    let list = result.rows.first().and_then(|row| row.get(0)).cloned();
    list.map(json_text)
        .ok_or_else(|| Error::internal("an aggregate gave no row"))
}

/// As large as the function's parameter may be.
fn clamp(number: i64) -> String {
    number.min(i32::MAX.into()).to_string()
}
