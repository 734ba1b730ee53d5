//! Identities by e-mail and phone.

use deadpool_postgres::GenericClient;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::body::Object;
use crate::service::Inner;
use crate::{Error, db};

/// What an identity says of a user. The submitted data cannot overwrite what is known.
pub(crate) fn data(
    user: Uuid,
    email: Option<&str>,
    phone: Option<&str>,
    verified: bool,
    submitted: &Object,
) -> Object {
    let mut data = submitted.clone();
    data.retain(|_, value| !value.is_null());
    for name in ["sub", "email", "phone", "email_verified", "phone_verified"] {
        data.shift_remove(name);
    }
    data.insert("sub".into(), json!(user));
    if let Some(email) = email {
        data.insert("email".into(), json!(email));
    }
    if let Some(phone) = phone {
        data.insert("phone".into(), json!(phone));
    }
    data.insert("email_verified".into(), json!(verified && email.is_some()));
    data.insert("phone_verified".into(), json!(verified && phone.is_some()));
    data
}

/// Writes an identity whose provider's id is the user's own.
pub(crate) async fn insert(
    service: &Inner,
    client: &impl GenericClient,
    user: Uuid,
    provider: &str,
    data: &Object,
) -> Result<(), Error> {
    let (id, now) = (service.random.uuid(), service.now());
    let data = Value::Object(data.clone());
    db::run(
        client,
        include_str!("sql/insert_identity.sql"),
        &[&id, &user, &provider, &data, &now],
    )
    .await?;
    Ok(())
}

/// Gives a user's identity of a provider another address, or makes it; then `app_metadata` names all
/// providers.
pub(crate) async fn set(
    service: &Inner,
    client: &impl GenericClient,
    user: Uuid,
    provider: &str,
    address: &str,
    verified: bool,
) -> Result<(), Error> {
    let (email, phone) = match provider {
        "email" => (Some(address), None),
        _ => (None, Some(address)),
    };
    let data = Value::Object(data(user, email, phone, verified, &Object::new()));
    let (id, now) = (service.random.uuid(), service.now());
    db::run(
        client,
        include_str!("sql/set_identity.sql"),
        &[&id, &user, &provider, &data, &now],
    )
    .await?;
    db::run(client, include_str!("sql/set_providers.sql"), &[&user]).await?;
    Ok(())
}

/// Marks a user's identity of a provider, and the user's metadata, as verified.
pub(crate) async fn verify(
    client: &impl GenericClient,
    user: Uuid,
    provider: &str,
) -> Result<(), Error> {
    let flag = format!("{provider}_verified");
    db::run(
        client,
        include_str!("sql/verify_identity.sql"),
        &[&user, &provider, &flag],
    )
    .await?;
    Ok(())
}
