//! `DELETE /user/identities/{id}`

use axum::response::Response;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ok;
use crate::account::is_taken;
use crate::ask::Ask;
use crate::audit::{self, Action, Actor};
use crate::mail::{self, Kind, Letter};
use crate::service::Inner;
use crate::user::User;
use crate::{Error, bearer, db};

pub(super) async fn unlink(service: &Inner, ask: &Ask, id: &str) -> Result<Response, Error> {
    if !service.settings.manual_linking_enabled {
        return Err(Error::LinkingDisabled);
    }
    let id = Uuid::try_parse(id).map_err(|_| Error::IdentityIdShape)?;
    let mut client = service.pool.get().await?;
    let tx = client.transaction().await?;
    let signed = bearer::user(service, ask, &tx).await?;
    let user = User::by_id_locked(service, &tx, signed.user.id)
        .await?
        .ok_or(Error::SubjectGone)?;
    let identities = user.identities.as_array().cloned().unwrap_or_default();
    if identities.len() <= 1 {
        return Err(Error::IdentityLast);
    }
    let wanted = id.to_string();
    let (gone, left): (Vec<Value>, Vec<Value>) = identities
        .into_iter()
        .partition(|identity| identity["identity_id"] == wanted.as_str());
    let gone = gone.first().ok_or(Error::IdentityUnknown)?;
    let provider = gone["provider"].as_str().unwrap_or_default().to_owned();
    db::run(&tx, include_str!("../sql/delete_identity.sql"), &[&id]).await?;
    if provider == "phone" {
        db::run(
            &tx,
            include_str!("../sql/drop_phone.sql"),
            &[&user.id, &service.now()],
        )
        .await?;
    } else if !left
        .iter()
        .any(|identity| identity["email"] == user.email.as_str())
    {
        let (email, verified) = promoted(&left);
        let sql = include_str!("../sql/promote_email.sql");
        db::run(&tx, sql, &[&user.id, &email, &verified, &service.now()])
            .await
            .map_err(|error| {
                if is_taken(&error) {
                    Error::IdentityConflict
                } else {
                    error
                }
            })?;
    }
    db::run(&tx, include_str!("../sql/set_providers.sql"), &[&user.id]).await?;
    let traits = json!({ "identity_id": id, "provider": provider, "provider_id": gone["id"] });
    audit::write(
        service,
        &tx,
        Actor::User(&user),
        Action::IdentityUnlinked,
        Some(traits),
    )
    .await?;
    let letter = Letter::new(service, Kind::IdentityUnlinked, &user.email, &user)
        .with("Provider", &provider);
    mail::notify(service, &tx, letter).await;
    tx.commit().await?;
    Ok(ok(&json!({})))
}

/// The address of the identities that are left: a verified one first, then the oldest.
fn promoted(left: &[Value]) -> (Option<String>, bool) {
    let verified = |identity: &&Value| identity["identity_data"]["email_verified"] == json!(true);
    let with_email = || left.iter().filter(|identity| identity["email"].is_string());
    let best = with_email().find(verified).or_else(|| with_email().next());
    match best {
        Some(identity) => (
            identity["email"].as_str().map(str::to_owned),
            verified(&identity),
        ),
        None => (None, false),
    }
}
