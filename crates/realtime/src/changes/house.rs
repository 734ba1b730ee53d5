//! The engine's housekeeping: its place among the nodes, its slot, and what `realtime.messages` needs.

use std::time::Duration;

use replication::Slot;

use super::engine::Engine;
use super::place::{Names, Place};
use super::shared::MESSAGES;

/// How much log a slot may hold back when the server sets no bound.
const MAX_RETAINED: u64 = 1024 * 1024 * 1024;
/// How long an orderly stop waits for the slot to go.
const LEAVING: Duration = Duration::from_secs(10);

impl Engine {
    /// Tries until it has a place. False: the program is stopping.
    pub(super) async fn take_place(&mut self) -> bool {
        let mut pause = Duration::from_millis(100);
        loop {
            self.prepare().await;
            let problem = match self.try_to_take_place().await {
                Ok(Some(place)) => {
                    self.options.slot.clone_from(&place.slot);
                    self.place = Some(place);
                    // The database may have come only after we looked.
                    if !self.prepared {
                        self.prepare().await;
                    }
                    return true;
                }
                Ok(None) => "too many nodes serve this database".to_owned(),
                Err(error) => error.to_string(),
            };
            tracing::warn!(problem, "no place among the nodes of the database");
            self.shared.set_state(false, Some(problem));
            let waited = tokio::time::sleep(pause);
            if self.soft.run_until_cancelled(waited).await.is_none() {
                return false;
            }
            pause = (pause * 2).min(self.options.max_pause);
        }
    }

    async fn try_to_take_place(&mut self) -> Result<Option<Place>, pg::Error> {
        let names = if let Some(names) = &self.names {
            names
        } else {
            let names = Names::read(&self.shared.pool, &self.base).await?;
            self.names.insert(names)
        };
        Place::take(names, &self.shared.pool, &self.options.endpoint).await
    }

    /// False: another node has our place. What cannot be asked is asked again later.
    pub(super) async fn keeps_place(&mut self) -> bool {
        match &mut self.place {
            Some(place) => place.keep(&self.options.endpoint).await.unwrap_or(true),
            None => false,
        }
    }

    /// Looks at all nodes and their slots. True: our own slot holds back too much log and is to be given up
    /// (RT-DEL-08).
    pub(super) async fn look_around(&mut self) -> bool {
        let Some(names) = &self.names else {
            return false;
        };
        let (pool, endpoint) = (&self.shared.pool, &self.options.endpoint);
        let looked = async {
            let places = names.places(pool).await?;
            let client = pool.get().await?;
            let own = Slot::find(&client, &self.options.slot).await?;
            Ok::<_, pg::Error>((places, own))
        };
        let (places, own) = match looked.await {
            Ok(looked) => looked,
            Err(error) => {
                tracing::debug!(%error, "nodes and slots could not be looked at");
                return false;
            }
        };
        let bound = own.as_ref().and_then(|slot| slot.max_bytes);
        let most = bound.map_or(MAX_RETAINED, |max| max / 2);
        let bounds = (self.keep_slots, most);
        self.dead
            .bury(&places, names, (pool, endpoint), bounds)
            .await;
        let alive: Vec<u32> = places
            .iter()
            .filter(|one| one.held)
            .map(|one| one.number)
            .collect();
        self.shared.peers.alive(&alive);
        let too_much = own.filter(|slot| slot.retained_bytes > most && slot.active_pid.is_some());
        if let Some(slot) = &too_much {
            tracing::error!(
                code = "ReplicationSlotLagTooHigh",
                retained = slot.retained_bytes,
                most,
                "the replication slot was given up"
            );
        }
        too_much.is_some()
    }

    /// The publication and the partitions of `realtime.messages` (RT-DB-13).
    pub(super) async fn prepare(&mut self) {
        let prepared = async {
            let client = self.shared.pool.get().await?;
            client
                .batch_execute(include_str!("sql/prepare.sql"))
                .await?;
            let row = client
                .query_one(include_str!("sql/prepared.sql"), &[&MESSAGES])
                .await?;
            Ok::<bool, pg::Error>(row.get(0))
        };
        let problem = match prepared.await {
            Ok(prepared) => {
                self.prepared = prepared;
                (!prepared).then(|| "see the database's log".to_owned())
            }
            Err(error) => {
                self.prepared = false;
                Some(error.to_string())
            }
        };
        if let Some(problem) = problem {
            tracing::error!(
                code = "PartitionCreationFailed",
                problem,
                "realtime.messages is not ready"
            );
        }
    }

    pub(super) async fn drop_slot(&self) {
        let dropped = async {
            let client = self.shared.pool.get().await?;
            Slot::drop(&client, &self.options.slot).await
        };
        if let Err(error) = dropped.await {
            tracing::warn!(%error, "the replication slot could not be dropped");
        }
    }

    /// An orderly stop.
    pub(super) async fn leave(self) {
        if tokio::time::timeout(LEAVING, self.drop_slot())
            .await
            .is_err()
        {
            tracing::warn!("the replication slot is left behind");
        }
    }
}
