//! `GET /admin/users/{id}/factors`, `PUT` and `DELETE /admin/users/{id}/factors/{factor}`

use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::admin_users::user_id;
use super::ok;
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::body::Text;
use crate::factor::{self, Factor};
use crate::service::Inner;
use crate::user::User;
use crate::{Error, address, bearer, db};

pub(super) async fn list(service: &Inner, ask: &Ask, id: &str) -> Result<Response, Error> {
    let client = service.pool.get().await?;
    bearer::admin(service, ask, &client).await?;
    let user = User::by_id(service, &client, user_id(id)?)
        .await?
        .ok_or(Error::UserNotFound)?;
    Ok(ok(&user.factors))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    friendly_name: Text,
    phone: Text,
}

pub(super) async fn update(
    service: &Inner,
    ask: &Ask,
    id: &str,
    factor: &str,
) -> Result<Response, Error> {
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let role = bearer::admin(service, ask, &tx).await?;
    let user = User::by_id_locked(service, &tx, user_id(id)?)
        .await?
        .ok_or(Error::UserNotFound)?;
    let factor = Factor::of_path(&tx, user.id, factor).await?;
    let body: Body = ask.json()?;
    let phone = match body.phone.filled() {
        Some(phone) if factor.kind == factor::Kind::Phone => Some(address::phone(phone)?),
        _ => None,
    };
    let (name, now) = (body.friendly_name.filled(), service.now());
    let sql = include_str!("../sql/update_factor.sql");
    db::run(&tx, sql, &[&factor.id, &name, &phone, &now])
        .await
        .map_err(|error| {
            if error.violates("mfa_factors_user_friendly_name_unique") {
                return Error::FactorName(name.unwrap_or_default().to_owned());
            }
            if error.violates("unique_phone_factor_per_user") {
                Error::FactorExists
            } else {
                error
            }
        })?;
    let traits =
        json!({ "user_id": user.id, "factor_id": factor.id, "factor_type": factor.kind.name() });
    audit::write(
        service,
        &tx,
        Actor::Role(&role),
        Action::FactorUpdated,
        Some(traits),
    )
    .await?;
    let user = User::by_id(service, &tx, user.id)
        .await?
        .ok_or(Error::UserNotFound)?;
    tx.commit().await?;
    Ok(ok(&factor::shown(&user, factor.id)))
}

pub(super) async fn delete(
    service: &Inner,
    ask: &Ask,
    id: &str,
    factor: &str,
) -> Result<Response, Error> {
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let role = bearer::admin(service, ask, &tx).await?;
    let user = User::by_id_locked(service, &tx, user_id(id)?)
        .await?
        .ok_or(Error::UserNotFound)?;
    let factor = Factor::of_path(&tx, user.id, factor).await?;
    factor::remove(service, &tx, &factor).await?;
    let traits = json!({ "user_id": user.id, "factor_id": factor.id });
    audit::write(
        service,
        &tx,
        Actor::Role(&role),
        Action::FactorDeleted,
        Some(traits),
    )
    .await?;
    tx.commit().await?;
    Ok(ok(&factor::shown(&user, factor.id)))
}
