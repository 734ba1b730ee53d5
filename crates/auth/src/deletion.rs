//! Deleting a user so that the row and its id remain.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use deadpool_postgres::GenericClient;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::service::Inner;
use crate::user::User;
use crate::{Error, db, session};

/// What stands for a value of a user who is gone.
fn veil(user: Uuid, value: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{user}{value}")))
}

/// Veils addresses and removes everything else that says who it was. A second time changes nothing.
pub(crate) async fn soft(
    service: &Inner,
    client: &impl GenericClient,
    user: &User,
) -> Result<(), Error> {
    if user.times.deleted.is_some() {
        return Ok(());
    }
    let (id, now) = (user.id, service.now());
    let veiled = |value: &str| (!value.is_empty()).then(|| veil(id, value));
    let email = veiled(&user.email);
    let phone = veiled(&user.phone).map(|mut phone| {
        phone.truncate(15);
        phone
    });
    db::run(
        client,
        include_str!("sql/soft_delete_user.sql"),
        &[&id, &email, &phone, &now],
    )
    .await?;
    let found = include_str!("sql/identities_of_user.sql");
    for row in db::all(client, found, &[&id]).await? {
        let (identity, provider_id): (Uuid, String) = (row.try_get(0)?, row.try_get(1)?);
        db::run(
            client,
            include_str!("sql/veil_identity.sql"),
            &[&identity, &veil(id, &provider_id), &now],
        )
        .await?;
    }
    db::run(client, include_str!("sql/delete_secrets.sql"), &[&id]).await?;
    session::end_all(client, id, None).await
}
