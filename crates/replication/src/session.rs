//! One replication connection, from the login to the running stream.

use pgwire_replication::ReplicationClient;

use crate::error::sqlstate;
use crate::options::{self, Options, SlotKind};
use crate::{Error, Lsn, SlotLoss};

/// A slot as the server has it.
#[derive(Debug)]
struct Found {
    plugin: String,
    database: String,
    temporary: bool,
    lost: bool,
    /// What was confirmed.
    confirmed: Lsn,
}

/// Logged in, not streaming yet: SQL and replication commands can be given.
pub(crate) struct Session {
    client: ReplicationClient,
}

/// A slot that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedSlot {
    /// Everything committed before is in the snapshot, everything after comes in the stream.
    pub consistent_point: Lsn,
    /// The exported snapshot (`set transaction snapshot`), usable until the stream starts.
    pub snapshot: Option<String>,
}

/// Why no stream started.
#[derive(Debug)]
pub(crate) enum Refusal {
    Error(Error),
    Lost(SlotLoss),
}

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl Session {
    /// Logs in and checks what can be checked. `start` and the publications are part of the login's settings, so a
    /// first look for them is taken on a connection of its own.
    pub(crate) async fn open(
        options: &Options,
        publications: &[String],
        start: Lsn,
    ) -> Result<Self, Error> {
        let config = options::connection(options, publications, start)?;
        let mut session = Self {
            client: ReplicationClient::connect_gated(config).await?,
        };
        let wal_level = session.value("show wal_level").await?.unwrap_or_default();
        if wal_level != "logical" {
            return Err(Error::WalLevel(wal_level));
        }
        Ok(session)
    }

    /// The first column of the first row.
    async fn value(&mut self, sql: &str) -> Result<Option<String>, Error> {
        let rows = self.client.simple_query(sql).await?;
        Ok(rows.into_iter().next().and_then(|row| text(row.first())))
    }

    /// Which of the wanted publications exist.
    pub(crate) async fn publications(&mut self, wanted: &[String]) -> Result<Vec<String>, Error> {
        let rows = self
            .client
            .simple_query("select pubname from pg_catalog.pg_publication")
            .await?;
        let existing: Vec<String> = rows
            .into_iter()
            .filter_map(|row| text(row.first()))
            .collect();
        Ok(wanted
            .iter()
            .filter(|name| existing.contains(name))
            .cloned()
            .collect())
    }

    /// The end of the log now.
    pub(crate) async fn present(&mut self) -> Result<Lsn, Error> {
        let text = self
            .value("select pg_catalog.pg_current_wal_lsn()")
            .await?
            .unwrap_or_default();
        text.parse()
            .map_err(|_| Error::Protocol("no log position".into()))
    }

    async fn find(&mut self, slot: &str) -> Result<Option<Found>, Error> {
        let sql = format!(
            "select plugin, database, temporary, wal_status = 'lost', confirmed_flush_lsn \
             from pg_catalog.pg_replication_slots where slot_name = {}",
            literal(slot)
        );
        let Some(row) = self.client.simple_query(&sql).await?.into_iter().next() else {
            return Ok(None);
        };
        Ok(Some(Found {
            plugin: text(row.first()).unwrap_or_default(),
            database: text(row.get(1)).unwrap_or_default(),
            temporary: text(row.get(2)).as_deref() == Some("t"),
            lost: text(row.get(3)).as_deref() == Some("t"),
            confirmed: text(row.get(4))
                .and_then(|lsn| lsn.parse().ok())
                .unwrap_or_default(),
        }))
    }

    /// Sees to it that the slot is there and fit. `known`: it was there before, so its absence is a loss.
    /// Returns the confirmed position and whether the slot is new.
    pub(crate) async fn prepare(
        &mut self,
        options: &Options,
        known: bool,
    ) -> Result<(Lsn, bool), Refusal> {
        let found = match options.kind {
            SlotKind::Permanent => self.find(&options.slot).await?,
            SlotKind::Temporary => None,
        };
        match found {
            None if known && options.kind == SlotKind::Permanent => {
                Err(Refusal::Lost(SlotLoss::Missing))
            }
            None => {
                let created = self.create(options, false).await?;
                Ok((created.consistent_point, true))
            }
            Some(found) if found.lost => Err(Refusal::Lost(SlotLoss::Invalidated)),
            Some(found) => {
                let reason = if found.plugin != "pgoutput" {
                    Some(format!("uses {}", found.plugin))
                } else if found.database != options.endpoint.database() {
                    Some(format!("belongs to database {}", found.database))
                } else if found.temporary {
                    Some("it is another session's temporary slot".to_owned())
                } else {
                    None
                };
                match reason {
                    Some(reason) => Err(Refusal::Error(Error::SlotForeign {
                        slot: options.slot.clone(),
                        reason,
                    })),
                    None => Ok((found.confirmed, false)),
                }
            }
        }
    }

    /// Makes the slot.
    pub(crate) async fn create(
        &mut self,
        options: &Options,
        snapshot: bool,
    ) -> Result<CreatedSlot, Error> {
        let temporary = if options.kind == SlotKind::Temporary {
            " TEMPORARY"
        } else {
            ""
        };
        let export = if snapshot {
            "EXPORT_SNAPSHOT"
        } else {
            "NOEXPORT_SNAPSHOT"
        };
        let name = sql::Ident::new(&options.slot);
        let rows = self
            .client
            .simple_query(&format!(
                "CREATE_REPLICATION_SLOT {name}{temporary} LOGICAL pgoutput {export}"
            ))
            .await?;
        let row = rows
            .into_iter()
            .next()
            .ok_or_else(|| Error::Protocol("no slot was described".into()))?;
        let consistent_point = text(row.get(1))
            .and_then(|lsn| lsn.parse().ok())
            .ok_or_else(|| Error::Protocol("the slot has no position".into()))?;
        Ok(CreatedSlot {
            consistent_point,
            snapshot: text(row.get(2)).filter(|name| !name.is_empty()),
        })
    }

    /// Starts the stream.
    pub(crate) async fn start(mut self) -> Result<ReplicationClient, Error> {
        self.client.start().await?;
        self.client.wait_started().await?;
        Ok(self.client)
    }
}

/// Whether a stream ended because a publication did not exist at the point it was decoding: publications are looked up
/// in the past, so one that was dropped and made anew stops every change committed in between.
pub(crate) fn is_publication_gap(error: &Error) -> bool {
    match error {
        Error::Server(text) => sqlstate(text) == Some("42704") && text.contains("publication"),
        _ => false,
    }
}

fn text(value: Option<&Option<bytes::Bytes>>) -> Option<String> {
    let bytes = value?.as_ref()?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}

fn literal(value: &str) -> String {
    sql::quote_literal(value)
}
