//! The place of this node among those that serve one database.
//!
//! Each node reads a slot of its own. Places are numbered, and held by an advisory lock for as long as the node
//! lives: a node that starts takes the first free one, and with it the slot that a dead node may have left, so that
//! slots never outnumber the nodes that ever ran at one time. What dead nodes left and nobody took is removed by those
//! who live ([`Dead`]).

use std::collections::HashMap;
use std::time::Duration;

use pg::{Endpoint, Lock, Pool};
use replication::Slot;
use tokio::time::Instant;

/// Most nodes of one database.
const MOST: i32 = 64;

/// A place as the server has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) number: u32,
    /// Its owner lives.
    pub(super) held: bool,
    /// It has a slot.
    pub(super) slot: bool,
    /// The slot is being read.
    active: bool,
    /// Log that the slot holds back.
    retained_bytes: u64,
}

/// What slots of this database are called, but for the number.
#[derive(Debug, Clone)]
pub(super) struct Names(String);

impl Names {
    /// `base` is the first part of the names.
    pub(super) async fn read(pool: &Pool, base: &str) -> Result<Self, pg::Error> {
        let client = pool.get().await?;
        let row = client
            .query_one(include_str!("sql/database_oid.sql"), &[])
            .await?;
        Ok(Self(format!("{base}_{}_", row.get::<_, i64>(0))))
    }

    pub(super) fn slot(&self, number: u32) -> String {
        format!("{}{number}", self.0)
    }

    /// The places that are held or have a slot.
    pub(super) async fn places(&self, pool: &Pool) -> Result<Vec<Found>, pg::Error> {
        let client = pool.get().await?;
        let rows = client
            .query(include_str!("sql/places.sql"), &[&self.0, &MOST])
            .await?;
        let found = rows.iter().map(|row| Found {
            number: u32::try_from(row.get::<_, i32>("number")).unwrap_or_default(),
            held: row.get("held"),
            slot: row.get("slot"),
            active: row.get("active"),
            retained_bytes: u64::try_from(row.get::<_, i64>("retained_bytes")).unwrap_or_default(),
        });
        Ok(found.collect())
    }
}

/// A place that this node holds.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) number: u32,
    pub(super) slot: String,
    lock: Option<Lock>,
}

impl Place {
    /// Takes the first place that nobody holds; none when all are taken.
    pub(super) async fn take(
        names: &Names,
        pool: &Pool,
        endpoint: &Endpoint,
    ) -> Result<Option<Self>, pg::Error> {
        let places = names.places(pool).await?;
        for number in 1..=MOST.unsigned_abs() {
            // Who reads a slot without holding its place is about to take the place again.
            let taken = places
                .iter()
                .any(|one| one.number == number && (one.held || one.active));
            let slot = names.slot(number);
            if !taken && let Some(lock) = Lock::try_acquire(endpoint, &slot).await? {
                return Ok(Some(Self {
                    number,
                    slot,
                    lock: Some(lock),
                }));
            }
        }
        Ok(None)
    }

    /// Holds on to the place after its connection was lost. False: another node has it.
    pub(super) async fn keep(&mut self, endpoint: &Endpoint) -> Result<bool, pg::Error> {
        if self.lock.as_ref().is_some_and(Lock::is_held) {
            return Ok(true);
        }
        self.lock = None;
        self.lock = Lock::try_acquire(endpoint, &self.slot).await?;
        Ok(self.lock.is_some())
    }
}

/// Slots whose nodes do not live, and since when that is known.
#[derive(Debug, Default)]
pub(super) struct Dead(HashMap<u32, Instant>);

impl Dead {
    /// Drops slots that have had no owner for `patience`, or hold back more than `most` bytes without one.
    pub(super) async fn bury(
        &mut self,
        found: &[Found],
        names: &Names,
        (pool, endpoint): (&Pool, &Endpoint),
        (patience, most): (Duration, u64),
    ) {
        let ownerless = |one: &&Found| one.slot && !one.held && !one.active;
        self.0.retain(|number, _| {
            found
                .iter()
                .filter(ownerless)
                .any(|one| one.number == *number)
        });
        let now = Instant::now();
        for one in found.iter().filter(ownerless) {
            let since = *self.0.entry(one.number).or_insert(now);
            if now.duration_since(since) < patience && one.retained_bytes <= most {
                continue;
            }
            let slot = names.slot(one.number);
            match drop_ownerless(&slot, pool, endpoint).await {
                Ok(true) => {
                    tracing::warn!(
                        slot,
                        retained = one.retained_bytes,
                        "the slot of a node that is gone was dropped"
                    );
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(slot, %error, "the slot of a node that is gone could not be dropped");
                }
            }
        }
    }
}

/// Holding its place meanwhile, so that nobody takes it over in that moment.
async fn drop_ownerless(slot: &str, pool: &Pool, endpoint: &Endpoint) -> Result<bool, pg::Error> {
    let Some(lock) = Lock::try_acquire(endpoint, slot).await? else {
        return Ok(false);
    };
    let client = pool.get().await?;
    let dropped = Slot::drop(&client, slot).await;
    lock.release().await?;
    dropped.map(|()| true)
}
