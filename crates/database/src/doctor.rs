//! What of a database differs from what SQL written for Supabase presumes.

use pg::Endpoint;

use crate::Error;
use crate::prepare::connect;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind: `role_missing`, `grant_missing`, `table_without_row_security`, …
    pub code: String,
    /// What it is about.
    pub object: String,
    /// Whether something will fail, or only might.
    pub severe: bool,
    /// What is so, in a sentence.
    pub sentence: String,
    /// The statement that mends it, where one does.
    pub repair: Option<String>,
}

/// Looks for differences in the database at `admin`; changes nothing (DB-GEN-03).
pub async fn doctor(admin: &Endpoint) -> Result<Vec<Finding>, Error> {
    let failed = |error: tokio_postgres::Error| Error::Step {
        step: "doctor",
        source: error.into(),
    };
    let client = connect(admin).await?;
    let rows = client
        .query(include_str!("sql/doctor.sql"), &[])
        .await
        .map_err(failed)?;
    rows.iter()
        .map(|row| {
            Ok(Finding {
                code: row.try_get(0)?,
                object: row.try_get(1)?,
                severe: row.try_get(2)?,
                sentence: row.try_get(3)?,
                repair: row.try_get(4)?,
            })
        })
        .collect::<Result<_, tokio_postgres::Error>>()
        .map_err(failed)
}
