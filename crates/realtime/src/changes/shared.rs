//! What the engine's task and its handles share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use pg::{Pool, Requests};
use replication::Lsn;
use replication::message::{Relation, Tuple};
use tokio::sync::watch;

use super::catalog::Catalog;
use super::index::{Entry, Index, Subscriber};
use super::resolve::{Refusal, Request};
use super::table::{self, Published};
use super::who::{Callers, Who};
use super::{ChangeSink, DatabaseBroadcast, Peers, SubscribeError};

/// The publication that users edit (RT-PG-01).
pub(super) const PUBLICATION: &str = "supabase_realtime";
/// That of `realtime.messages`.
pub(super) const MESSAGES: &str = "supabase_realtime_messages_publication";

/// A channel's bindings as asked for, to be resolved anew when the published tables change.
#[derive(Clone)]
struct Registration {
    subscriber: Arc<Subscriber>,
    requests: Arc<[Request]>,
    who: Arc<Who>,
}

/// What the engine's task and its handles share.
pub(super) struct Shared {
    pub(super) pool: Pool,
    pub(super) requests: Requests,
    pub(super) catalog: Catalog,
    callers: Callers,
    broadcast: Arc<dyn DatabaseBroadcast>,
    pub(super) peers: Arc<dyn Peers>,
    index: Mutex<Index>,
    registered: Mutex<HashMap<u64, Registration>>,
    next: AtomicU64,
    /// Counts changes of the published tables.
    published: AtomicU64,
    pub(super) ready: watch::Sender<bool>,
    /// What keeps the stream from running.
    problem: Mutex<Option<String>>,
}

const NO_PANIC: &str = "nothing panics while it is held";

impl Shared {
    pub(super) fn new(
        pool: Pool,
        requests: Requests,
        broadcast: Arc<dyn DatabaseBroadcast>,
        peers: Arc<dyn Peers>,
    ) -> Self {
        Self {
            catalog: Catalog::new(&pool),
            pool,
            requests,
            callers: Callers::default(),
            broadcast,
            peers,
            index: Mutex::default(),
            registered: Mutex::default(),
            next: AtomicU64::new(1),
            published: AtomicU64::new(0),
            ready: watch::Sender::new(false),
            problem: Mutex::default(),
        }
    }

    pub(super) fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().expect(NO_PANIC)
    }

    fn registered(&self) -> MutexGuard<'_, HashMap<u64, Registration>> {
        self.registered.lock().expect(NO_PANIC)
    }

    /// The stream runs, or does not and why.
    pub(super) fn set_state(&self, ready: bool, problem: Option<String>) {
        *self.problem.lock().expect(NO_PANIC) = problem;
        self.ready.send_replace(ready);
    }

    fn check_ready(&self) -> Result<(), SubscribeError> {
        if *self.ready.borrow() {
            return Ok(());
        }
        match self.problem.lock().expect(NO_PANIC).clone() {
            Some(text) => Err(SubscribeError::Unavailable(text)),
            None => Err(SubscribeError::NotConnected),
        }
    }

    /// Makes bindings live; returns the subscriber's number.
    pub(super) async fn subscribe(
        &self,
        caller: &jwt::Caller,
        requests: Vec<Request>,
        sink: Arc<dyn ChangeSink>,
    ) -> Result<u64, SubscribeError> {
        self.check_ready()?;
        let unavailable = |error: pg::Error| SubscribeError::Unavailable(error.to_string());
        let live_from = {
            let client = self.pool.get().await.map_err(unavailable)?;
            let row = client
                .query_one("select pg_catalog.pg_current_wal_lsn()::text", &[])
                .await;
            let row = row.map_err(|error| unavailable(error.into()))?;
            row.get::<_, &str>(0).parse().unwrap_or(Lsn(0))
        };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let registration = Registration {
            subscriber: Arc::new(Subscriber::new(number, sink, live_from)),
            requests: requests.into(),
            who: self.callers.intern(&self.requests, caller).await,
        };
        self.establish(registration).await?;
        Ok(number)
    }

    /// The same bindings under other claims, from one change to the next.
    pub(super) async fn replace(
        &self,
        number: u64,
        caller: &jwt::Caller,
    ) -> Result<(), SubscribeError> {
        let registration = self.registered().get(&number).cloned();
        let Some(mut registration) = registration else {
            return Err(SubscribeError::NotConnected);
        };
        registration.who = self.callers.intern(&self.requests, caller).await;
        self.establish(registration).await
    }

    async fn establish(&self, registration: Registration) -> Result<(), SubscribeError> {
        loop {
            let version = self.published.load(Ordering::Acquire);
            let client = self
                .pool
                .get()
                .await
                .map_err(|error| SubscribeError::Unavailable(error.to_string()))?;
            let published = table::load_published(&client, PUBLICATION).await;
            drop(client);
            let published =
                published.map_err(|error| SubscribeError::Unavailable(error.to_string()))?;
            let mut entries = Vec::new();
            for request in registration.requests.iter() {
                let before = entries.len();
                for table in published.iter().filter(|table| request.means(table)) {
                    entries.push(self.resolve(request, &registration.who, table).await?);
                }
                if entries.len() == before {
                    return Err(request.not_published());
                }
            }
            {
                let mut registered = self.registered();
                self.index().set(&registration.subscriber, entries);
                registered.insert(registration.subscriber.number, registration.clone());
            }
            // Tables published meanwhile are taken in by whoever noticed them, if we were registered by then.
            if version == self.published.load(Ordering::Acquire) {
                return Ok(());
            }
        }
    }

    async fn resolve(
        &self,
        request: &Request,
        who: &Arc<Who>,
        table: &Published,
    ) -> Result<Entry, SubscribeError> {
        let entry = request
            .resolve(&self.catalog, &self.requests, who, table)
            .await;
        entry.map_err(|refusal| request.refused(refusal))
    }

    pub(super) fn unsubscribe(&self, number: u64) {
        let gone = self.registered().remove(&number);
        if let Some(registration) = gone {
            registration.subscriber.leave();
        }
        self.index().remove(number);
    }

    /// Whether nobody has bindings.
    pub(super) fn is_idle(&self) -> bool {
        self.registered().is_empty()
    }

    /// The published tables changed: wildcards gain and lose some (RT-PG-09).
    pub(super) async fn republish(&self) -> Result<(), pg::Error> {
        self.published.fetch_add(1, Ordering::AcqRel);
        let published = {
            let client = self.pool.get().await?;
            table::load_published(&client, PUBLICATION).await?
        };
        let all: Vec<Registration> = self.registered().values().cloned().collect();
        for registration in all {
            let mut entries = Vec::new();
            for request in registration.requests.iter() {
                for table in published.iter().filter(|table| request.means(table)) {
                    match request
                        .resolve(&self.catalog, &self.requests, &registration.who, table)
                        .await
                    {
                        Ok(entry) => entries.push(entry),
                        Err(Refusal::Raised(code, message)) => {
                            tracing::debug!(code, message, table = %table.name, "a newly published table does not fit a binding");
                        }
                        Err(Refusal::Unavailable(text)) => return Err(pg::Error::Connect(text)),
                    }
                }
            }
            let registered = self.registered();
            let number = registration.subscriber.number;
            // Unless it left, or took other claims, meanwhile.
            if registered
                .get(&number)
                .is_some_and(|now| Arc::ptr_eq(&now.who, &registration.who))
            {
                self.index().set(&registration.subscriber, entries);
            }
        }
        Ok(())
    }

    /// Changes were lost: every channel with bindings has to know.
    pub(super) fn lost(&self) {
        let subscribers: Vec<_> = self
            .registered()
            .values()
            .map(|one| Arc::clone(&one.subscriber))
            .collect();
        for subscriber in subscribers {
            subscriber.sink.lost();
        }
    }

    /// A row of `realtime.messages`.
    pub(super) fn broadcast(&self, relation: &Relation, row: &Tuple) {
        match super::messages::read(relation, row) {
            Ok(row) => self.broadcast.broadcast(row),
            Err(column) => {
                tracing::warn!(
                    code = "UnableToBroadcastChanges",
                    column,
                    "a row of realtime.messages lacks a column"
                );
            }
        }
    }
}
