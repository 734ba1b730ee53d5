//! Users from elsewhere, with the hashes of their passwords: for the migration engine, which has no other way to
//! tables of schema `auth`. Nothing is mailed, no hook runs.

use base::Secret;
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_postgres::GenericClient;
use tokio_postgres::Transaction;
use uuid::Uuid;

pub use crate::password::legacy::{Algorithm, Legacy, Refusal, Transform, TransformDigest};

/// A user to be stored as given.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The id, chosen by the caller.
    pub id: Uuid,
    /// The address, lower case.
    pub email: Option<String>,
    /// The number, digits only.
    pub phone: Option<String>,
    /// The hash, byte for byte as it will be verified: one that [`accepts_hash`], or [`Legacy::stored`].
    pub password_hash: Option<Secret>,
    /// When the address was confirmed.
    pub email_confirmed_at: Option<DateTime<Utc>>,
    /// When the number was confirmed.
    pub phone_confirmed_at: Option<DateTime<Utc>>,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// The last sign-in.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// Sign-in is refused until then.
    pub banned_until: Option<DateTime<Utc>>,
    /// What only servers may change; an object.
    pub app_metadata: Value,
    /// What the person may change; an object.
    pub user_metadata: Value,
}

/// A user that is there already.
#[derive(Debug, Clone)]
pub struct Present {
    /// The id.
    pub id: Uuid,
    /// The address.
    pub email: Option<String>,
    /// The address is confirmed.
    pub confirmed: bool,
    /// Where an earlier import took it from.
    pub source: Option<String>,
    /// Its id there.
    pub legacy_id: Option<String>,
    /// The import that made it.
    pub run: Option<Uuid>,
}

/// Whether the password hash is one that the password grant verifies as it is.
pub fn accepts_hash(stored: &str) -> bool {
    crate::password::is_known(stored)
}

/// Whether a stored hash is of the kinds that replace a [`Legacy`] one at the first sign-in. Passwords set since then
/// are of another kind (`$2a$`).
pub fn is_renewed(stored: &Secret) -> bool {
    crate::password::is_renewed(stored.expose())
}

/// Whether a hash is a [`Legacy`] one in its stored form, within the limits.
pub fn accepts_legacy(stored: &str) -> bool {
    crate::password::legacy::is_stored_form(stored)
}

/// Whether this database's users are looked after by an auth service that checks [`Legacy`] hashes: this one.
pub async fn checks_legacy(client: &impl GenericClient) -> Result<bool, pg::Error> {
    let row = client
        .query_one(include_str!("sql/import_native.sql"), &[])
        .await?;
    Ok(row.get(0))
}

/// How many users have a [`Legacy`] hash still, by [`Legacy::kind`].
pub async fn legacy_left(client: &impl GenericClient) -> Result<Vec<(String, u64)>, pg::Error> {
    let rows = client
        .query(include_str!("sql/import_legacy.sql"), &[])
        .await?;
    let named = |row: &tokio_postgres::Row| {
        let kind: Option<String> = row.get(0);
        let count = u64::try_from(row.get::<_, i64>(1)).unwrap_or(0);
        (kind.unwrap_or_default(), count)
    };
    Ok(rows.iter().map(named).collect())
}

/// Stores users and their identities in the caller's transaction.
pub async fn write(tx: &Transaction<'_>, users: &[Imported]) -> Result<(), pg::Error> {
    fn each<'a, T>(users: &'a [Imported], field: impl Fn(&'a Imported) -> T) -> Vec<T> {
        users.iter().map(field).collect()
    }
    let ids = each(users, |user| user.id);
    tx.execute(
        include_str!("sql/import_users.sql"),
        &[
            &ids,
            &each(users, |user| user.email.as_deref()),
            &each(users, |user| user.phone.as_deref()),
            &each(users, |user| {
                user.password_hash.as_ref().map_or("", Secret::expose)
            }),
            &each(users, |user| user.email_confirmed_at),
            &each(users, |user| user.phone_confirmed_at),
            &each(users, |user| user.created_at),
            &each(users, |user| user.updated_at),
            &each(users, |user| user.last_sign_in_at),
            &each(users, |user| user.banned_until),
            &each(users, |user| user.app_metadata.to_string()),
            &each(users, |user| user.user_metadata.to_string()),
        ],
    )
    .await?;
    tx.execute(include_str!("sql/import_identities.sql"), &[&ids])
        .await?;
    Ok(())
}

/// What the users look like now, for [`delete_unchanged`].
pub async fn digests(
    client: &impl GenericClient,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, String)>, pg::Error> {
    let rows = client
        .query(include_str!("sql/import_digests.sql"), &[&ids])
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Deletes those of the users that nobody has changed since their digest was taken; how many.
pub async fn delete_unchanged(
    client: &impl GenericClient,
    users: &[(Uuid, String)],
) -> Result<u64, pg::Error> {
    let (ids, digests): (Vec<Uuid>, Vec<&str>) = users
        .iter()
        .map(|(id, digest)| (*id, digest.as_str()))
        .unzip();
    Ok(client
        .execute(
            include_str!("sql/import_delete_unchanged.sql"),
            &[&ids, &digests],
        )
        .await?)
}

/// Users that have one of these ids or addresses already.
pub async fn present(
    client: &impl GenericClient,
    ids: &[Uuid],
    emails: &[&str],
) -> Result<Vec<Present>, pg::Error> {
    let rows = client
        .query(include_str!("sql/import_present.sql"), &[&ids, &emails])
        .await?;
    Ok(rows
        .iter()
        .map(|row| Present {
            id: row.get(0),
            email: row.get(1),
            confirmed: row.get(2),
            source: row.get(3),
            legacy_id: row.get(4),
            run: row
                .get::<_, Option<&str>>(5)
                .and_then(|run| run.parse().ok()),
        })
        .collect())
}

/// How many users there are.
pub async fn count(client: &impl GenericClient) -> Result<u64, pg::Error> {
    let row = client
        .query_one("select count(*) from auth.users", &[])
        .await?;
    Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))
}

/// An address in the form in which it is stored; none when the server would refuse it.
pub fn email(text: &str) -> Option<String> {
    crate::address::email(text).ok()
}

/// A number in the form in which it is stored; none when the server would refuse it.
pub fn phone(text: &str) -> Option<String> {
    crate::address::phone(text).ok()
}

/// A user as stored, for proving an import.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The id.
    pub id: Uuid,
    /// The address.
    pub email: Option<String>,
    /// The hash; empty when there is none.
    pub password_hash: Secret,
    /// Sign-in is refused now.
    pub banned: bool,
    /// An identity is there.
    pub has_identity: bool,
    /// The address is confirmed.
    pub confirmed: bool,
}

/// The users with these ids, as they are stored.
pub async fn stored(client: &impl GenericClient, ids: &[Uuid]) -> Result<Vec<Stored>, pg::Error> {
    let rows = client
        .query(include_str!("sql/import_state.sql"), &[&ids])
        .await?;
    Ok(rows
        .iter()
        .map(|row| Stored {
            id: row.get(0),
            email: row.get(1),
            password_hash: Secret::new(row.get::<_, String>(2)),
            banned: row.get(3),
            has_identity: row.get(4),
            confirmed: row.get(5),
        })
        .collect())
}
