//! `/admin/oauth/clients` and `POST /oauth/clients/register`: the applications of the OAuth server.

use axum::response::Response;
use deadpool_postgres::Object;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use super::admin_users::Page;
use super::ok;
use crate::ask::Ask;
use crate::oauth_server::{Change, Client, Registration, enabled, hashed};
use crate::rate::Limit;
use crate::service::Inner;
use crate::{Error, bearer, db};

fn created(body: &Value) -> Response {
    web::json_response_as(crate::error::JSON, StatusCode::CREATED, body)
}

async fn admin(service: &Inner, ask: &Ask) -> Result<Object, Error> {
    enabled(service)?;
    let client = service.pool.get().await?;
    bearer::admin(service, ask, &client).await?;
    Ok(client)
}

pub(super) async fn list(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let client = admin(service, ask).await?;
    let page = Page::read(ask)?;
    let count = db::first(&client, include_str!("../sql/count_oauth_clients.sql"), &[]).await?;
    let total: i64 = count.map_or(Ok(0), |row| row.try_get(0))?;
    let sql = include_str!("../sql/oauth_clients.sql");
    let rows = db::all(&client, sql, &[&page.size, &page.offset()]).await?;
    let clients: Result<Vec<Value>, Error> = rows
        .iter()
        .map(|row| Ok(Client::read(row)?.json(None)))
        .collect();
    let mut body = Map::new();
    let clients = clients?;
    if !clients.is_empty() {
        body.insert("clients".into(), json!(clients));
    }
    let mut response = ok(&Value::Object(body));
    let headers = response.headers_mut();
    headers.insert("x-total-count", HeaderValue::from(total));
    if let Ok(links) = HeaderValue::from_str(&page.links("/admin/oauth/clients", total)) {
        headers.insert("link", links);
    }
    Ok(response)
}

pub(super) async fn create(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let client = admin(service, ask).await?;
    let registration = Registration::of(&ask.json()?)?;
    let (made, secret) = registration.insert(service, &client, "manual").await?;
    Ok(created(&made.json(secret.as_deref())))
}

/// The same for whoever comes, where that is allowed.
pub(super) async fn register(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    enabled(service)?;
    service
        .limits
        .take(Limit::Register, ask.ip(), service.now())?;
    if !service.settings.oauth_server_allow_dynamic_registration {
        return Err(Error::RegistrationDisabled);
    }
    let registration = Registration::of(&ask.json()?)?;
    let client = service.pool.get().await?;
    let (made, secret) = registration.insert(service, &client, "dynamic").await?;
    Ok(created(&made.json(secret.as_deref())))
}

pub(super) async fn get(service: &Inner, ask: &Ask, id: &str) -> Result<Response, Error> {
    let client = admin(service, ask).await?;
    Ok(ok(&Client::of_path(&client, id).await?.json(None)))
}

pub(super) async fn update(service: &Inner, ask: &Ask, id: &str) -> Result<Response, Error> {
    let client = admin(service, ask).await?;
    let old = Client::of_path(&client, id).await?;
    let change: Change = ask.json()?;
    Ok(ok(&change.apply(service, &client, &old).await?.json(None)))
}

pub(super) async fn delete(service: &Inner, ask: &Ask, id: &str) -> Result<Response, Error> {
    let client = admin(service, ask).await?;
    let old = Client::of_path(&client, id).await?;
    let sql = include_str!("../sql/delete_oauth_client.sql");
    db::run(&client, sql, &[&old.id, &service.now()]).await?;
    Ok(super::no_content())
}

pub(super) async fn regenerate(service: &Inner, ask: &Ask, id: &str) -> Result<Response, Error> {
    let client = admin(service, ask).await?;
    let old = Client::of_path(&client, id).await?;
    if old.kind == "public" {
        return Err(Error::validation(
            "Cannot regenerate secret for public client",
        ));
    }
    let secret = service.random.token(32);
    let sql = include_str!("../sql/set_client_secret.sql");
    db::run(&client, sql, &[&old.id, &hashed(&secret), &service.now()]).await?;
    let now = Client::find(&client, old.id)
        .await?
        .ok_or(Error::ClientUnknown)?;
    Ok(ok(&now.json(Some(&secret))))
}
