//! Who an old id became, and the way back (MIG-MAP-05).

use serde::Serialize;
use uuid::Uuid;

use crate::Error;
use crate::session::Target;

/// A line of the mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The old id.
    pub old_id: String,
    /// The new one.
    pub uuid: Uuid,
    /// The address.
    pub email: String,
    /// What became of the user.
    pub status: String,
    /// What became of the password.
    pub password_status: String,
    /// The users table it came from.
    pub source_table: String,
}

/// Looks in the mapping by whatever is given; addresses without regard to case.
pub async fn find(
    target: &Target,
    email: Option<&str>,
    old_id: Option<&str>,
    uuid: Option<&str>,
) -> Result<Vec<Found>, Error> {
    let client = target.session().await?;
    let there: bool = client
        .query_one(
            "select to_regclass('public.user_id_mapping') is not null",
            &[],
        )
        .await?
        .get(0);
    if !there {
        return Ok(Vec::new());
    }
    let rows = client
        .query(include_str!("sql/lookup.sql"), &[&email, &old_id, &uuid])
        .await?;
    Ok(rows
        .iter()
        .map(|row| Found {
            old_id: row.get(0),
            uuid: row.get(1),
            email: row.get(2),
            status: row.get(3),
            password_status: row.get(4),
            source_table: row.get(5),
        })
        .collect())
}
