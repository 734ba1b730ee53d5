//! Slots from the outside: how much log they hold back, and getting rid of them.

use tokio_postgres::Client;

use crate::Lsn;

/// How a slot was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotLoss {
    /// It does not exist any more (dropped, or the server was restored or failed over).
    Missing,
    /// The server invalidated it: it held more log than `max_slot_wal_keep_size`.
    Invalidated,
}

/// A slot as the server sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The process that reads it.
    pub active_pid: Option<i32>,
    /// Log held back, in bytes.
    pub retained_bytes: u64,
    /// The most it may hold back; none means no bound.
    pub max_bytes: Option<u64>,
    /// Everything before is confirmed.
    pub confirmed: Lsn,
    /// The server gave it up.
    pub lost: bool,
}

impl Slot {
    /// The slot of this name.
    pub async fn find(client: &Client, name: &str) -> Result<Option<Self>, pg::Error> {
        let row = client
            .query_opt(include_str!("../sql/slot.sql"), &[&name])
            .await?;
        Ok(row.map(|row| Self {
            active_pid: row.get("active_pid"),
            retained_bytes: u64::try_from(row.get::<_, i64>("retained_bytes")).unwrap_or(0),
            max_bytes: row
                .get::<_, Option<i64>>("max_bytes")
                .and_then(|bytes| u64::try_from(bytes).ok()),
            confirmed: row
                .get::<_, Option<String>>("confirmed")
                .and_then(|lsn| lsn.parse().ok())
                .unwrap_or_default(),
            lost: row.get("lost"),
        }))
    }

    /// Drops the slot if it exists, ending whoever reads it; a reader may come back in between, but not for ever.
    pub async fn drop(client: &Client, name: &str) -> Result<(), pg::Error> {
        const IN_USE: &str = "55006";
        const ATTEMPTS: usize = 50;
        for attempt in 1..=ATTEMPTS {
            client
                .execute(include_str!("../sql/end_reader.sql"), &[&name])
                .await?;
            let dropped = client
                .execute(include_str!("../sql/drop_slot.sql"), &[&name])
                .await
                .map_err(pg::Error::from);
            match dropped {
                Err(error) if error.code() == Some(IN_USE) && attempt < ATTEMPTS => {}
                other => return other.map(drop),
            }
        }
        Ok(())
    }
}
