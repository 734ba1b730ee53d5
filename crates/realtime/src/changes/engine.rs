//! The engine's task: reads the stream, and keeps what is known of rights and published tables fresh.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base::Tasks;
use futures_util::FutureExt as _;
use replication::message::Relation;
use replication::{Confirm, Event, Options, Start, Stream, Transaction};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::PEERS;
use super::batch::Batch;
use super::place::{Dead, Names, Place};
use super::shared::{PUBLICATION, Shared};

/// How often rights and published tables are looked at (RT-RLS-12, D-13).
const WATCH: Duration = Duration::from_secs(1);
/// In ticks of [`WATCH`]: how much log slots hold back, and which nodes live.
const GUARD_TICKS: u64 = 10;
/// The same when there are other nodes.
const PEER_TICKS: u64 = 4;
/// In ticks of [`WATCH`]: partitions of `realtime.messages`.
const PREPARE_TICKS: u64 = 4 * 3600;
/// In ticks of [`WATCH`]: partitions again, when they could not be made.
const RETRY_TICKS: u64 = 5;
/// How long a commit may be in the stream and not yet visible: a synchronous standby is waited for meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);
/// Changes judged together at most.
const BATCH: usize = 1000;

/// Why reading a stream ended.
enum End {
    Stopped,
    /// Begin anew at the present; channels were told.
    Lost,
    /// Begin anew where it was: a publication appeared.
    Again,
    /// Another node has our place: take another, begin anew at the present; channels were told.
    Displaced,
}

pub(super) struct Engine {
    pub(super) shared: Arc<Shared>,
    pub(super) options: Options,
    tasks: Tasks,
    pub(super) soft: CancellationToken,
    /// The first part of slots' names.
    pub(super) base: String,
    /// Known once the database was reached.
    pub(super) names: Option<Names>,
    pub(super) place: Option<Place>,
    pub(super) dead: Dead,
    pub(super) keep_slots: Duration,
    /// `realtime.messages` has its partitions.
    pub(super) prepared: bool,
    described: HashMap<u32, Arc<Relation>>,
    rights: Option<String>,
    published: Option<String>,
    /// The stream runs without the users' publication.
    unpublished: bool,
    ticks: u64,
}

impl Engine {
    pub(super) fn new(
        shared: Arc<Shared>,
        options: Options,
        keep_slots: Duration,
        tasks: &Tasks,
    ) -> Self {
        Self {
            shared,
            base: options.slot.clone(),
            options,
            names: None,
            place: None,
            dead: Dead::default(),
            keep_slots,
            prepared: false,
            soft: tasks.soft(),
            tasks: tasks.clone(),
            described: HashMap::new(),
            rights: None,
            published: None,
            unpublished: false,
            ticks: 0,
        }
    }

    pub(super) async fn run(mut self) {
        // After a restart there are no channels: what the slot kept is for nobody (D-04).
        self.options.start = Start::Present;
        loop {
            if self.place.is_none() && !self.take_place().await {
                return;
            }
            let mut stream = Stream::start(self.options.clone(), &self.tasks);
            let confirm = stream.confirm();
            let end = self.read(&mut stream, &confirm).await;
            drop(stream);
            match end {
                End::Again => {
                    self.options.start = Start::At(confirm.position());
                    continue;
                }
                // A server that is stopped holds no log back (RT-DEL-05).
                End::Stopped => return self.leave().await,
                End::Lost => self.drop_slot().await,
                End::Displaced => self.place = None,
            }
            self.options.start = Start::Present;
            self.shared.set_state(false, None);
            self.shared.lost();
        }
    }

    async fn read(&mut self, stream: &mut Stream, confirm: &Confirm) -> End {
        let mut watch = tokio::time::interval(WATCH);
        watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let soft = self.soft.clone();
        loop {
            let event = tokio::select! {
                () = soft.cancelled() => return End::Stopped,
                _ = watch.tick() => match self.watch().await {
                    Some(end) => return end,
                    None => continue,
                },
                event = stream.next() => event,
            };
            // Whatever has arrived meanwhile is judged together.
            let (mut next, mut ended) = (event, None);
            let (mut transactions, mut count) = (Vec::new(), 0);
            while let Some(event) = next.take() {
                match event {
                    Event::Transaction(transaction) => {
                        count += transaction.changes.len();
                        transactions.push(transaction);
                        if count < BATCH {
                            next = stream.next().now_or_never().flatten();
                        }
                    }
                    other => ended = Some(other),
                }
            }
            if transactions.is_empty() && ended.is_none() {
                // The stream ends by itself only when the tasks are stopping.
                return End::Stopped;
            }
            self.take(&transactions).await;
            if let Some(lsn) = transactions.iter().rev().find_map(|one| one.end_lsn) {
                confirm.confirm(lsn);
            }
            if let Some(end) = ended.and_then(|event| self.handle(event)) {
                return end;
            }
        }
    }

    /// Delivers what these transactions did.
    async fn take(&mut self, transactions: &[Arc<Transaction>]) {
        for (_, message) in transactions.iter().flat_map(|one| &one.messages) {
            if message.prefix == PEERS {
                self.shared.peers.heard(message.content.clone());
            }
        }
        let watched = {
            let index = self.shared.index();
            let mut changes = transactions.iter().flat_map(|one| &one.changes);
            changes.any(|change| index.watches(change.relation.oid))
        };
        if watched {
            self.settle(transactions).await;
        }
        let mut batch = Batch::new(&self.shared);
        for transaction in transactions {
            batch.add(transaction, &mut self.described).await;
        }
        batch.deliver().await;
    }

    /// Waits until other sessions see these transactions. Policies and rights that came with them, and rows that
    /// policies look up, would otherwise be those of before.
    async fn settle(&self, transactions: &[Arc<Transaction>]) {
        let mut ids: Vec<i64> = transactions.iter().map(|one| i64::from(one.xid)).collect();
        ids.dedup();
        let mut pause = Duration::from_micros(500);
        let mut waited = Duration::ZERO;
        while waited < PATIENCE && !self.soft.is_cancelled() {
            match self.is_settled(&ids).await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => {
                    tracing::debug!(%error, "it cannot be asked whether commits are visible");
                }
            }
            tokio::time::sleep(pause).await;
            waited += pause;
            pause = (pause * 2).min(Duration::from_millis(100));
        }
        tracing::warn!("commits have been in the stream for long without being visible");
        self.shared.catalog.forget_all();
    }

    async fn is_settled(&self, ids: &[i64]) -> Result<bool, pg::Error> {
        let client = self.shared.pool.get().await?;
        let row = client
            .query_one(include_str!("sql/settled.sql"), &[&ids])
            .await?;
        Ok(row.get(0))
    }

    /// Everything that is no transaction.
    fn handle(&mut self, event: Event) -> Option<End> {
        match event {
            Event::Connected {
                position,
                missing,
                fresh,
            } => {
                self.described.clear();
                self.unpublished = missing.iter().any(|name| name == PUBLICATION);
                tracing::info!(%position, ?missing, "reading database changes");
                self.shared.set_state(true, None);
                let number = self.place.as_ref().map_or(0, |place| place.number);
                self.shared.peers.connected(number, fresh);
            }
            Event::Interrupted(error) => {
                tracing::warn!(%error, "the replication stream was interrupted");
                // A stream that ran is being connected again and loses nothing; one that never did has a reason
                // that people should hear (RT-SYS-10).
                if error.needs_attention() || !*self.shared.ready.borrow() {
                    self.shared.set_state(false, Some(error.to_string()));
                }
            }
            Event::Skipped { to } => {
                tracing::error!(%to, "changes could not be decoded and were left out");
                self.shared.lost();
            }
            Event::SlotLost(loss) => {
                tracing::error!(?loss, "the replication slot was lost");
                return Some(End::Lost);
            }
            Event::Message(_) | Event::Transaction(_) => {}
        }
        None
    }

    /// What the stream does not tell.
    async fn watch(&mut self) -> Option<End> {
        self.ticks += 1;
        let unprepared = !self.prepared && self.ticks.is_multiple_of(RETRY_TICKS);
        if unprepared || self.ticks.is_multiple_of(PREPARE_TICKS) {
            self.prepare().await;
        }
        if !self.keeps_place().await {
            return Some(End::Displaced);
        }
        let has_peers = self.shared.peers.are_known();
        let due = self.ticks.is_multiple_of(GUARD_TICKS)
            || (has_peers && self.ticks.is_multiple_of(PEER_TICKS));
        if due && self.look_around().await {
            return Some(End::Lost);
        }
        if self.shared.is_idle() && !self.unpublished {
            // Nobody's rights are in question; whoever comes is told the truth of then.
            (self.rights, self.published) = (None, None);
            self.shared.catalog.forget_all();
            return None;
        }
        match self.look().await {
            Ok(end) => end,
            Err(error) => {
                // What cannot be checked is not to be relied on.
                self.shared.catalog.forget_all();
                tracing::debug!(%error, "rights could not be looked at");
                None
            }
        }
    }

    async fn look(&mut self) -> Result<Option<End>, pg::Error> {
        let row = {
            let client = self.shared.pool.get().await?;
            client
                .query_one(include_str!("sql/fingerprint.sql"), &[&PUBLICATION])
                .await?
        };
        let (rights, published): (String, String) = (row.get("rights"), row.get("published"));
        if self.rights.as_ref() != Some(&rights) {
            self.shared.catalog.forget_all();
            self.rights = Some(rights);
        }
        if self.published.as_ref() != Some(&published) {
            self.shared.republish().await?;
            self.published = Some(published);
        }
        let appeared = self.unpublished && row.get::<_, bool>("exists");
        Ok(appeared.then_some(End::Again))
    }
}
