//! The engine's task: reads the stream, and keeps what is known of rights and published tables fresh.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base::Tasks;
use futures_util::FutureExt as _;
use replication::message::Relation;
use replication::{Confirm, Event, Options, Slot, Start, Stream, Transaction};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::batch::Batch;
use super::shared::{MESSAGES, PUBLICATION, Shared};

/// How often rights and published tables are looked at (RT-RLS-12, D-13).
const WATCH: Duration = Duration::from_secs(1);
/// In ticks of [`WATCH`]: how much log the slot holds back.
const GUARD_TICKS: u64 = 10;
/// In ticks of [`WATCH`]: partitions of `realtime.messages`.
const PREPARE_TICKS: u64 = 4 * 3600;
/// How much log the slot may hold back when the server sets no bound.
const MAX_RETAINED: u64 = 1024 * 1024 * 1024;
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
}

pub(super) struct Engine {
    shared: Arc<Shared>,
    options: Options,
    tasks: Tasks,
    soft: CancellationToken,
    described: HashMap<u32, Arc<Relation>>,
    rights: Option<String>,
    published: Option<String>,
    /// The stream runs without the users' publication.
    unpublished: bool,
    ticks: u64,
}

impl Engine {
    pub(super) fn new(shared: Arc<Shared>, options: Options, tasks: &Tasks) -> Self {
        Self {
            shared,
            options,
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
        self.prepare().await;
        // After a restart there are no channels: what the slot kept is for nobody (D-04).
        self.options.start = Start::Present;
        loop {
            let mut stream = Stream::start(self.options.clone(), &self.tasks);
            let confirm = stream.confirm();
            match self.read(&mut stream, &confirm).await {
                End::Stopped => return,
                End::Again => self.options.start = Start::At(confirm.position()),
                End::Lost => {
                    drop(stream);
                    self.options.start = Start::Present;
                    self.shared.set_state(false, None);
                    self.shared.lost();
                    self.drop_slot().await;
                }
            }
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
                position, missing, ..
            } => {
                self.described.clear();
                self.unpublished = missing.iter().any(|name| name == PUBLICATION);
                tracing::info!(%position, ?missing, "reading database changes");
                self.shared.set_state(true, None);
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
        if self.ticks.is_multiple_of(PREPARE_TICKS) {
            self.prepare().await;
        }
        if self.ticks.is_multiple_of(GUARD_TICKS) && self.holds_back_too_much().await {
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

    /// The publication and the partitions of `realtime.messages`.
    async fn prepare(&self) {
        let prepared = async {
            let client = self.shared.pool.get().await?;
            client
                .batch_execute(include_str!("sql/prepare.sql"))
                .await?;
            Ok::<(), pg::Error>(())
        };
        if let Err(error) = prepared.await {
            tracing::error!(code = "PartitionCreationFailed", %error, publication = MESSAGES, "realtime.messages is not ready");
        }
    }

    /// RT-DEL-08.
    async fn holds_back_too_much(&self) -> bool {
        let Ok(client) = self.shared.pool.get().await else {
            return false;
        };
        let Ok(Some(slot)) = Slot::find(&client, &self.options.slot).await else {
            return false;
        };
        let most = slot.max_bytes.map_or(MAX_RETAINED, |max| max / 2);
        let too_much = slot.retained_bytes > most && slot.active_pid.is_some();
        if too_much {
            tracing::error!(
                code = "ReplicationSlotLagTooHigh",
                retained = slot.retained_bytes,
                most,
                "the replication slot was given up"
            );
        }
        too_much
    }

    async fn drop_slot(&self) {
        let dropped = async {
            let client = self.shared.pool.get().await?;
            Slot::drop(&client, &self.options.slot).await
        };
        if let Err(error) = dropped.await {
            tracing::warn!(%error, "the replication slot could not be dropped");
        }
    }
}
