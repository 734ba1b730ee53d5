//! Asking row security: the write is tried as the caller and undone.

use pg::Statement;
use serde_json::Value;
use uuid::Uuid;

use crate::Error;
use crate::backend::Location;
use crate::scope::{Ask, optional, text};
use crate::service::Inner;

/// Whether an object that is there is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    Refuse,
    Replace,
}

/// A row to be written.
#[derive(Debug, Clone)]
pub(crate) struct NewRow {
    pub(crate) at: Location,
    pub(crate) owner: Option<String>,
    pub(crate) metadata: Value,
    pub(crate) user_metadata: Option<Value>,
}

impl NewRow {
    /// Column `owner`, which takes only UUIDs.
    pub(crate) fn owner_uuid(&self) -> Option<Uuid> {
        self.owner.as_deref().and_then(uuid_of)
    }
}

/// The UUID in a subject, if it is one.
pub(crate) fn uuid_of(subject: &str) -> Option<Uuid> {
    Uuid::try_parse(subject).ok()
}

/// Whether the caller may write this row.
pub(crate) async fn ask(
    service: &Inner,
    ask: &Ask,
    row: &NewRow,
    existing: Existing,
) -> Result<(), Error> {
    let sql = match existing {
        Existing::Refuse => include_str!("../sql/permit_insert.sql"),
        Existing::Replace => include_str!("../sql/permit_upsert.sql"),
    };
    let params = vec![
        text(&row.at.bucket),
        text(&row.at.key),
        optional(row.owner_uuid().map(|uuid| uuid.to_string())),
        optional(row.owner.as_deref()),
        text(&row.at.version),
        text(row.metadata.to_string()),
        optional(row.user_metadata.as_ref().map(Value::to_string)),
    ];
    ask.attempt(service, vec![Statement::new(sql, params)])
        .await?;
    Ok(())
}
