//! `GET /admin/users`, `GET` and `DELETE /admin/users/{id}`

use axum::response::Response;
use http::HeaderValue;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ok;
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::service::Inner;
use crate::user::User;
use crate::{Error, bearer, db, deletion};

/// The id in a path.
pub(super) fn user_id(text: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(text).map_err(|_| Error::UserIdShape)
}

pub(super) async fn get(service: &Inner, ask: &Ask, id: &str) -> Result<Response, Error> {
    let client = service.pool.get().await?;
    bearer::admin(service, ask, &client).await?;
    let user = User::by_id(service, &client, user_id(id)?).await?;
    Ok(ok(&user.ok_or(Error::UserNotFound)?.json()))
}

/// Which part of a list is wanted.
pub(super) struct Page {
    number: i64,
    pub(super) size: i64,
}

impl Page {
    pub(super) fn read(ask: &Ask) -> Result<Self, Error> {
        let number = |name: &str, default: i64| match ask.query(name).filter(|t| !t.is_empty()) {
            None => Ok(default),
            Some(text) => text
                .parse::<u32>()
                .map(i64::from)
                .map_err(|error| Error::validation(format!("Bad Pagination Parameters: {error}"))),
        };
        let page = Self {
            number: number("page", 1)?.max(1),
            size: number("per_page", 50)?,
        };
        if page.size == 0 {
            return Err(Error::validation(
                "Bad Pagination Parameters: per_page must be greater than 0",
            ));
        }
        Ok(page)
    }

    pub(super) fn offset(&self) -> i64 {
        (self.number - 1).saturating_mul(self.size)
    }

    /// `Link`, as auth-js reads it: the query's keys in alphabetical order.
    pub(super) fn links(&self, path: &str, total: i64) -> String {
        let last = ((total + self.size - 1) / self.size).max(1);
        let link = |page: i64, relation: &str| {
            format!(
                "<{path}?page={page}&per_page={}>; rel=\"{relation}\"",
                self.size
            )
        };
        if self.number < last {
            format!("{}, {}", link(self.number + 1, "next"), link(last, "last"))
        } else {
            link(last, "last")
        }
    }
}

/// `created_at desc` and the like, as SQL.
fn order(ask: &Ask) -> Result<&'static str, Error> {
    let sort = ask.query("sort").unwrap_or_default();
    let bad = |why: &str| Err(Error::validation(format!("Bad Sort Parameters: {why}")));
    let words: Vec<&str> = sort.split_whitespace().collect();
    match words.as_slice() {
        [] | ["created_at"] => Ok("order by u.created_at desc, u.id"),
        ["created_at", direction] if direction.eq_ignore_ascii_case("desc") => {
            Ok("order by u.created_at desc, u.id")
        }
        ["created_at", direction] if direction.eq_ignore_ascii_case("asc") => {
            Ok("order by u.created_at asc, u.id")
        }
        ["created_at", direction] => bad(&format!("bad direction for sort \"{direction}\"")),
        [field, ..] => bad(&format!("bad field for sort \"{field}\"")),
    }
}

pub(super) async fn list(service: &Inner, ask: &Ask) -> Result<Response, Error> {
    let client = service.pool.get().await?;
    bearer::admin(service, ask, &client).await?;
    let audience = bearer::audience(service, ask);
    let page = Page::read(ask)?;
    let order = order(ask)?;
    let filter = ask.query("filter").filter(|filter| !filter.is_empty());
    if filter.as_ref().is_some_and(|filter| filter.contains('\0')) {
        return Err(Error::validation("Bad filter"));
    }
    let filter = filter.map(|filter| format!("%{filter}%"));
    let (aud, role) = service.defaults();
    let counted = include_str!("../sql/count_users.sql");
    let total: i64 = db::first(&client, counted, &[&aud, &audience, &filter])
        .await?
        .ok_or_else(|| Error::Internal("a count gave no row".into()))?
        .try_get(0)?;
    let sql = format!(
        "{}{}{order}\nlimit $5 offset $6",
        include_str!("../sql/user.sql"),
        include_str!("../sql/list_users.sql"),
    );
    let (size, offset) = (page.size, page.offset());
    let rows = db::all(
        &client,
        &sql,
        &[&aud, &role, &audience, &filter, &size, &offset],
    )
    .await?;
    let users = rows
        .iter()
        .map(|row| {
            let mut user = User::read(row)?;
            user.identities = Value::Null;
            user.factors = json!([]);
            Ok(user.json())
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let mut response = ok(&json!({ "users": users, "aud": audience }));
    let links = page.links(ask.parts.uri.path(), total);
    let headers = response.headers_mut();
    headers.insert("x-total-count", HeaderValue::from(total));
    if let Ok(links) = HeaderValue::from_str(&links) {
        headers.insert("link", links);
    }
    Ok(response)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Deletion {
    should_soft_delete: Option<bool>,
}

pub(super) async fn delete(service: &Inner, ask: &Ask, id: &str) -> Result<Response, Error> {
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let role = bearer::admin(service, ask, &tx).await?;
    let id = user_id(id)?;
    let wish: Deletion = if ask.body.is_empty() {
        Deletion::default()
    } else {
        ask.json()?
    };
    let user = User::by_id_locked(service, &tx, id)
        .await?
        .ok_or(Error::UserNotFound)?;
    let traits = json!({ "user_id": id, "user_email": user.email, "user_phone": user.phone });
    let actor = Actor::Role(&role);
    audit::write(service, &tx, actor, Action::UserDeleted, Some(traits)).await?;
    if wish.should_soft_delete.unwrap_or_default() {
        deletion::soft(service, &tx, &user).await?;
    } else {
        db::run(&tx, include_str!("../sql/delete_user.sql"), &[&id])
            .await
            .map_err(|error| error.trying("Database error deleting user"))?;
    }
    tx.commit().await?;
    Ok(ok(&json!({})))
}
