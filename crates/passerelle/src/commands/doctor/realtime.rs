//! Whether changes flow at all: publication, slot, lag, tables whose updates fail (MIG-DOC-03).

use pg::Endpoint;
use tokio_postgres::{Client, Error};

use super::database::statement;
use crate::findings::Finding;
use crate::messages::Message;

/// Bytes of log kept for a reader that is behind.
const MUCH: i64 = 256 << 20;

pub(super) async fn stream(client: &Client, endpoint: &Endpoint) -> Result<Vec<Finding>, Error> {
    let row = client
        .query_one(include_str!("../../sql/doctor_stream.sql"), &[])
        .await?;
    let (published, slots, active, behind, keyless): (bool, i64, i64, i64, String) =
        (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4));
    let mut found = Vec::new();
    if !published {
        let remedy = "create publication supabase_realtime";
        let finding = Finding::new("publication_missing", Message::PublicationMissing, remedy);
        found.push(finding.fixed_by(statement(endpoint, remedy.to_owned())));
    }
    if slots > 0 && active == 0 {
        found.push(
            Finding::new(
                "slot_idle",
                Message::SlotIdle,
                "passerelle logs --service realtime",
            )
            .likely(),
        );
    }
    if behind > MUCH {
        let mib = (behind >> 20).to_string();
        let remedy = "passerelle logs --service realtime";
        found.push(Finding::new(
            "slot_behind",
            Message::SlotBehind { mib },
            remedy,
        ));
    }
    if !keyless.is_empty() {
        let message = Message::TablesWithoutKey { tables: keyless };
        found.push(Finding::new(
            "published_without_key",
            message,
            Message::GiveKey,
        ));
    }
    Ok(found)
}
