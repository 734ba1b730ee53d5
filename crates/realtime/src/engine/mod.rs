//! One stream, many subscriptions: every change is matched, judged, made once and handed over in commit order.

mod filter;
mod judge;
mod local;
mod message;
mod render;
mod rows;
mod subscribe;
mod table;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use base::Tasks;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use jwt::Caller;
use pg::{Endpoint, Pool, Requests};
use replication::{Change, Event, Stream, Transaction};
use tokio::sync::watch;

use crate::bindings::{Live, Source};
use crate::changes::{Binding, ChangeSink, DatabaseBroadcast, EventKind, SubscribeError};

use self::judge::Question;
use self::subscribe::Compiled;
use self::table::{Table, View};

/// What the engine is given.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    /// Reads the catalog.
    pub(crate) pool: Pool,
    /// Judges rows as callers.
    pub(crate) requests: Requests,
    /// A login that may replicate.
    pub(crate) replication: Endpoint,
}

/// The engine. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Changes(Arc<Inner>);

struct Inner {
    given: Given,
    subscriptions: Mutex<Subscriptions>,
    state: watch::Sender<State>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Connecting,
    Running,
    /// What is missing, for people.
    Missing(String),
}

#[derive(Default)]
struct Subscriptions {
    next: u64,
    live: Vec<Arc<Subscription>>,
}

struct Subscription {
    number: u64,
    caller: RwLock<Caller>,
    bindings: Vec<Compiled>,
    sink: Arc<dyn ChangeSink>,
}

/// A live subscription; dropping it ends it.
pub(crate) struct Handle {
    engine: Changes,
    subscription: Arc<Subscription>,
}

/// The slot that all nodes' engines derive theirs from.
const SLOT: &str = "passerelle_realtime";
const PUBLICATIONS: [&str; 2] = ["supabase_realtime", "supabase_realtime_messages_publication"];
/// How long a judgement may take (RT-RLS-15).
const PATIENCE: Duration = Duration::from_secs(2);
/// Judgements under way at a time.
const AT_ONCE: usize = 8;

impl Changes {
    /// Starts reading; never fails, says what is missing when somebody subscribes (RT-PG-14).
    pub(crate) fn start(given: Given, broadcast: Arc<dyn DatabaseBroadcast>, tasks: &Tasks) -> Self {
        let (state, _) = watch::channel(State::Connecting);
        let engine = Self(Arc::new(Inner { given, subscriptions: Mutex::default(), state }));
        let mut options = replication::Options::new(&engine.0.given.replication, SLOT, &PUBLICATIONS);
        // No channel survives a restart, so what the slot kept concerns nobody; and an idle database must hold
        // nothing back. The slot lives as long as the connection.
        options.kind = replication::SlotKind::Temporary;
        options.slot = format!("{SLOT}_{}", std::process::id());
        let (reader, soft, own) = (engine.clone(), tasks.soft(), tasks.clone());
        tasks.spawn("realtime changes", async move {
            soft.run_until_cancelled(reader.read(options, broadcast, &own)).await;
        });
        engine
    }

    /// Validates and registers; every change committed after it returns is delivered (D-01).
    async fn register(
        &self,
        caller: Caller,
        bindings: Vec<Binding>,
        sink: Arc<dyn ChangeSink>,
    ) -> Result<Handle, SubscribeError> {
        match self.0.state.borrow().clone() {
            State::Running => {}
            State::Connecting => return Err(SubscribeError::NotConnected),
            State::Missing(text) => return Err(SubscribeError::Unavailable(text)),
        }
        let given = &self.0.given;
        let bindings = subscribe::compile(&given.pool, &given.requests, &caller, bindings).await?;
        let mut subscriptions = self.0.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        subscriptions.next += 1;
        let subscription =
            Arc::new(Subscription { number: subscriptions.next, caller: RwLock::new(caller), bindings, sink });
        subscriptions.live.push(Arc::clone(&subscription));
        Ok(Handle { engine: self.clone(), subscription })
    }

    /// Resolves when the stream runs.
    async fn running(&self) {
        let mut state = self.0.state.subscribe();
        let _ = state.wait_for(|state| *state == State::Running).await;
    }

    fn live(&self) -> Vec<Arc<Subscription>> {
        self.0.subscriptions.lock().unwrap_or_else(PoisonError::into_inner).live.clone()
    }

    fn remove(&self, number: u64) {
        let mut subscriptions = self.0.subscriptions.lock().unwrap_or_else(PoisonError::into_inner);
        subscriptions.live.retain(|subscription| subscription.number != number);
    }

    async fn read(self, options: replication::Options, broadcast: Arc<dyn DatabaseBroadcast>, tasks: &Tasks) {
        loop {
            self.ensure_messages().await;
            let mut stream = Stream::start(options.clone(), tasks);
            let confirm = stream.confirm();
            let mut tables = Tables::default();
            let mut was_connected = false;
            while let Some(event) = stream.next().await {
                match event {
                    Event::Connected { fresh, .. } => {
                        if fresh && std::mem::replace(&mut was_connected, true) {
                            self.tell_lost();
                        }
                        self.0.state.send_replace(State::Running);
                    }
                    Event::Transaction(transaction) => {
                        self.hand_over(&mut tables, &transaction, &*broadcast).await;
                        if let Some(end) = transaction.end_lsn {
                            confirm.confirm(end);
                        }
                    }
                    Event::Interrupted(error) => {
                        tracing::warn!(%error, "the replication stream is interrupted");
                        let next =
                            if error.needs_attention() { State::Missing(error.to_string()) } else { State::Connecting };
                        self.0.state.send_replace(next);
                    }
                    Event::Skipped { .. } | Event::SlotLost(_) => self.tell_lost(),
                    Event::Message(_) => {}
                }
            }
            self.0.state.send_replace(State::Connecting);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Today's partitions of `realtime.messages` and its publication.
    async fn ensure_messages(&self) {
        let made = match self.0.given.pool.get().await {
            Ok(client) => client.batch_execute(include_str!("sql/messages.sql")).await.map_err(pg::Error::from),
            Err(error) => Err(error),
        };
        if let Err(error) = made {
            tracing::warn!(%error, "partitions of realtime.messages could not be made");
        }
    }

    /// Changes were lost: clients must rejoin and reload.
    fn tell_lost(&self) {
        for subscription in self.live() {
            subscription.sink.lost();
        }
    }

    async fn hand_over(&self, tables: &mut Tables, transaction: &Transaction, broadcast: &dyn DatabaseBroadcast) {
        let subscriptions = self.live();
        let mut batch = Batch { engine: self, transaction, deliveries: Vec::new(), questions: HashMap::new() };
        for (at, change) in transaction.changes.iter().enumerate() {
            if rows::is_message(&change.relation) {
                if let Some(row) = rows::message(change) {
                    broadcast.broadcast(row);
                }
            } else if !subscriptions.is_empty()
                && let Err(error) = batch.match_change(tables, at, change, &subscriptions).await
            {
                tracing::warn!(%error, table = change.relation.name, "a change could not be matched");
            }
        }
        batch.deliver(tables).await;
    }
}

impl Source for Changes {
    fn subscribe(
        &self,
        caller: Caller,
        bindings: Vec<Binding>,
        sink: Arc<dyn ChangeSink>,
    ) -> BoxFuture<'static, Result<Arc<dyn Live>, SubscribeError>> {
        let engine = self.clone();
        Box::pin(async move {
            let handle = engine.register(caller, bindings, sink).await?;
            Ok(Arc::new(handle) as Arc<dyn Live>)
        })
    }

    fn ready(&self) -> BoxFuture<'static, ()> {
        let engine = self.clone();
        Box::pin(async move { engine.running().await })
    }
}

impl Live for Handle {
    /// Delivers under these claims from the next change on.
    fn replace_caller(&self, caller: Caller) -> BoxFuture<'static, Result<(), SubscribeError>> {
        *self.subscription.caller.write().unwrap_or_else(PoisonError::into_inner) = caller;
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.engine.remove(self.subscription.number);
    }
}

/// Tables as the stream last described them.
#[derive(Default)]
struct Tables(HashMap<u32, Table>);

impl Tables {
    async fn get(&mut self, pool: &Pool, change: &Change) -> Result<&mut Table, pg::Error> {
        let oid = change.relation.oid;
        let current = self.0.get(&oid).is_some_and(|table| Arc::ptr_eq(&table.relation, &change.relation));
        if !current {
            self.0.insert(oid, Table::read(pool, Arc::clone(&change.relation)).await?);
        }
        Ok(self.0.get_mut(&oid).expect("just inserted"))
    }
}

/// One binding that fits one change, unless PostgreSQL says no.
struct Candidate {
    change: usize,
    subscription: Arc<Subscription>,
    binding: usize,
    view: Arc<View>,
    /// What must be answered first.
    question: Option<QuestionKey>,
}

/// Equal questions are asked once: same table, role, claims and terms.
type QuestionKey = (u32, Arc<str>, Arc<str>, usize, bool);

struct Pending {
    caller: Caller,
    terms_of: Compiled,
    judged: bool,
    rows: Vec<usize>,
}

struct Batch<'a> {
    engine: &'a Changes,
    transaction: &'a Transaction,
    deliveries: Vec<Candidate>,
    questions: HashMap<QuestionKey, Pending>,
}

impl Batch<'_> {
    async fn match_change(
        &mut self,
        tables: &mut Tables,
        at: usize,
        change: &Change,
        subscriptions: &[Arc<Subscription>],
    ) -> Result<(), pg::Error> {
        let (kind, _, _) = message::parts(change);
        let fits = |compiled: &Compiled| {
            let binding = &compiled.binding;
            (binding.event == EventKind::All || binding.event.as_str() == kind)
                && kind != "TRUNCATE"
                && local::is_like(&binding.schema, &change.relation.schema)
                && local::is_like(&binding.table, &change.relation.name)
        };
        for subscription in subscriptions {
            for (index, compiled) in subscription.bindings.iter().enumerate().filter(|(_, compiled)| fits(compiled)) {
                let pool = &self.engine.0.given.pool;
                let caller = subscription.caller.read().unwrap_or_else(PoisonError::into_inner).clone();
                let table = tables.get(pool, change).await?;
                let Some(view) = table.view(pool, &caller.role).await? else { continue };
                let refused = message::is_refused(table, &view, kind);
                let judged = kind != "DELETE" && view.condition.is_some() && !refused;
                let open = if refused { Some(true) } else { decide(table, change, compiled) };
                if open == Some(false) {
                    continue;
                }
                let question = (open.is_none() || judged).then(|| {
                    let (role, claims) = judge::caller_key(&caller);
                    let terms = if open.is_none() { Arc::as_ptr(subscription).addr() ^ index } else { 0 };
                    (change.relation.oid, role, claims, terms, judged)
                });
                if let Some(key) = &question {
                    let pending = self.questions.entry(key.clone()).or_insert_with(|| Pending {
                        caller,
                        terms_of: if open.is_none() { compiled.clone() } else { Compiled { terms: Vec::new(), ..compiled.clone() } },
                        judged,
                        rows: Vec::new(),
                    });
                    if pending.rows.last() != Some(&at) {
                        pending.rows.push(at);
                    }
                }
                self.deliveries.push(Candidate {
                    change: at,
                    subscription: Arc::clone(subscription),
                    binding: index,
                    view,
                    question,
                });
            }
        }
        Ok(())
    }

    async fn deliver(self, tables: &Tables) {
        let Self { engine, transaction, deliveries, questions } = self;
        let given = &engine.0.given;
        let asked = questions.into_iter().flat_map(|(key, pending)| {
            let table = tables.0.get(&key.0);
            table.into_iter().flat_map(move |table| ask(table, transaction, &key, &pending)).collect::<Vec<_>>()
        });
        let answers: HashMap<QuestionKey, Vec<usize>> = futures_util::stream::iter(asked)
            .map(|(key, question)| async move { (key, question.ask(&given.requests, PATIENCE).await) })
            .buffer_unordered(AT_ONCE)
            .fold(HashMap::new(), |mut answers: HashMap<QuestionKey, Vec<usize>>, (key, rows)| async move {
                answers.entry(key).or_default().extend(rows);
                answers
            })
            .await;
        let allowed = |candidate: &Candidate| match &candidate.question {
            None => true,
            Some(key) => answers.get(key).is_some_and(|rows| rows.contains(&candidate.change)),
        };
        // Candidates stand in order of change, then subscription, then binding: neighbours with the same
        // selection are one message.
        let mut made: HashMap<(usize, usize, Option<Vec<String>>), Bytes> = HashMap::new();
        let mut messages: Vec<(usize, Arc<Subscription>, Bytes, Vec<u64>)> = Vec::new();
        for candidate in deliveries.into_iter().filter(allowed) {
            let change = &transaction.changes[candidate.change];
            let Some(table) = tables.0.get(&change.relation.oid) else { continue };
            let binding = &candidate.subscription.bindings[candidate.binding].binding;
            let key = (candidate.change, Arc::as_ptr(&candidate.view).addr(), binding.select.clone());
            let data = made
                .entry(key)
                .or_insert_with(|| {
                    message::render(change, table, &candidate.view, binding.select.as_deref(), transaction.unix_micros())
                })
                .clone();
            let same = messages.iter_mut().rev().take_while(|(at, ..)| *at == candidate.change).find(
                |(_, subscription, shared, _)| {
                    subscription.number == candidate.subscription.number && shared.as_ptr() == data.as_ptr()
                },
            );
            match same {
                Some((.., ids)) if ids.contains(&binding.id) => {}
                Some((.., ids)) => ids.push(binding.id),
                None => messages.push((candidate.change, Arc::clone(&candidate.subscription), data, vec![binding.id])),
            }
        }
        for (_, subscription, data, ids) in messages {
            if !subscription.sink.deliver(&ids, &data) {
                engine.remove(subscription.number);
            }
        }
    }
}

/// What can be said of a binding's terms without asking; `None` when PostgreSQL must be asked.
fn decide(table: &Table, change: &Change, compiled: &Compiled) -> Option<bool> {
    let values = rows::judged_values(change);
    let mut open = Some(true);
    for term in &compiled.terms {
        let attribute = table.attributes.iter().find(|attribute| attribute.name == term.column);
        // A column that has gone, or whose value is not in the change, fulfils nothing (RT-PG-11, RT-FLT-16, 17).
        let Some(attribute) = attribute.filter(|attribute| rows::is_present(table, attribute, change, &values)) else {
            return Some(false);
        };
        match local::decide(term, attribute, Table::value(attribute, &values).text()) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => open = None,
        }
    }
    open
}

/// The statements of one question: rows with whole images together, the others by key.
fn ask(
    table: &Table,
    transaction: &Transaction,
    key: &QuestionKey,
    pending: &Pending,
) -> Vec<(QuestionKey, Question)> {
    let terms: Vec<_> = pending
        .terms_of
        .terms
        .iter()
        .filter_map(|term| Some((term, table.attributes.iter().find(|attribute| attribute.name == term.column)?)))
        .collect();
    let condition = table_condition(table, &pending.caller, pending.judged);
    let (whole, partial): (Vec<usize>, Vec<usize>) =
        pending.rows.iter().partition(|at| !pending.judged || rows::is_whole(&transaction.changes[**at]));
    let images = |rows: &[usize]| -> Vec<String> {
        let image = |at: &usize| judge::image(&table.attributes, &rows::judged_values(&transaction.changes[*at]));
        rows.iter().map(image).collect()
    };
    let mut questions = Vec::new();
    if !whole.is_empty() {
        let statement = judge::over_images(table, &images(&whole), &terms, condition.as_deref());
        questions.push((key.clone(), Question { caller: pending.caller.clone(), statement, rows: whole }));
    }
    if !partial.is_empty() {
        let statement = judge::by_key(table, &images(&partial), &terms);
        questions.push((key.clone(), Question { caller: pending.caller.clone(), statement, rows: partial }));
    }
    questions
}

fn table_condition(table: &Table, caller: &Caller, judged: bool) -> Option<Arc<table::Condition>> {
    if !judged {
        return None;
    }
    table.condition_of(&caller.role)
}
