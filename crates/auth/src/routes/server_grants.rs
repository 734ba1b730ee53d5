//! `GET /oauth/userinfo`, `GET` and `DELETE /user/oauth/grants`: what applications know, and which ones.

use axum::response::Response;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ok;
use crate::ask::Ask;
use crate::oauth_server::{self, Client, enabled};
use crate::service::Inner;
use crate::{Error, bearer, db, time};

pub(super) async fn userinfo(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    enabled(service)?;
    let client = service.pool.get().await?;
    let signed = bearer::user(service, ask, &client).await?;
    let scopes: String = match signed.session {
        Some(session) => {
            let sql = include_str!("../sql/session_scopes.sql");
            let row = db::first(&client, sql, &[&session]).await?;
            row.map_or(Ok(String::new()), |row| row.try_get(0))?
        }
        None => String::new(),
    };
    Ok(ok(&oauth_server::userinfo(&signed.user, &scopes)))
}

pub(super) async fn list(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    enabled(service)?;
    let client = service.pool.get().await?;
    let signed = bearer::user(service, ask, &client).await?;
    let sql = include_str!("../sql/consents.sql");
    let rows = db::all(&client, sql, &[&signed.user.id]).await?;
    let grants: Result<Vec<Value>, Error> = rows
        .iter()
        .map(|row| {
            let scopes: String = row.try_get("scopes")?;
            Ok(json!({
                "client": Client::read(row)?.public_json(),
                "scopes": scopes.split(' ').collect::<Vec<_>>(),
                "granted_at": time::rfc3339(row.try_get("granted_at")?),
            }))
        })
        .collect();
    Ok(ok(&json!(grants?)))
}

pub(super) async fn revoke(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    enabled(service)?;
    let client = service.pool.get().await?;
    let signed = bearer::user(service, ask, &client).await?;
    let id = ask.query("client_id").unwrap_or_default();
    if id.is_empty() {
        return Err(Error::validation("client_id query parameter is required"));
    }
    let id = Uuid::try_parse(&id).map_err(|_| Error::validation("invalid client_id format"))?;
    let sql = include_str!("../sql/revoke_consent.sql");
    let revoked = db::first(&client, sql, &[&signed.user.id, &id, &service.now()]).await?;
    revoked.ok_or(Error::ConsentUnknown)?;
    Ok(super::no_content())
}
