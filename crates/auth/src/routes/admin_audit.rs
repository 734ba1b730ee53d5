//! `GET /admin/audit`

use axum::response::Response;
use chrono::{DateTime, Utc};
use http::HeaderValue;
use serde_json::{Value, json};
use uuid::Uuid;

use super::admin_users::Page;
use super::ok;
use crate::ask::Ask;
use crate::service::Inner;
use crate::{Error, bearer, db, time};

pub(super) async fn list(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let client = service.pool.get().await?;
    bearer::admin(service, ask, &client).await?;
    let page = Page::read(ask)?;
    let (scope, wanted) = scope(ask)?;
    let counted = db::first(
        &client,
        include_str!("../sql/count_audit.sql"),
        &[&scope, &wanted],
    )
    .await?;
    let total: i64 = counted
        .ok_or_else(|| Error::Internal("a count gave no row".into()))?
        .try_get(0)?;
    let (size, offset) = (page.size, page.offset());
    let sql = include_str!("../sql/list_audit.sql");
    let rows = db::all(&client, sql, &[&scope, &wanted, &size, &offset]).await?;
    let entries = rows
        .iter()
        .map(|row| {
            let (id, payload): (Uuid, Option<Value>) = (row.try_get(0)?, row.try_get(1)?);
            let created: Option<DateTime<Utc>> = row.try_get(2)?;
            let ip: String = row.try_get(3)?;
            Ok(json!({
                "id": id, "payload": payload, "created_at": created.map(time::rfc3339), "ip_address": ip,
            }))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let mut response = ok(&Value::Array(entries));
    let links = page.links(ask.parts.uri.path(), total);
    let headers = response.headers_mut();
    headers.insert("x-total-count", HeaderValue::from(total));
    if let Ok(links) = HeaderValue::from_str(&links) {
        headers.insert("link", links);
    }
    Ok(response)
}

/// `author:ada` and the like.
fn scope(ask: &Ask) -> Result<(String, String), Error> {
    let query = ask.query("query").unwrap_or_default();
    if query.is_empty() {
        return Ok((String::new(), String::new()));
    }
    let wrong = || Error::validation(format!("Invalid query scope: {query}"));
    let (scope, wanted) = query.split_once(':').ok_or_else(wrong)?;
    if !["author", "action", "type"].contains(&scope) || wanted.contains('\0') {
        return Err(wrong());
    }
    Ok((scope.to_owned(), format!("%{wanted}%")))
}
