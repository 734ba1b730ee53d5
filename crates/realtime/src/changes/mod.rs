//! Postgres changes: from one replication stream to the bindings that may see a change.
//!
//! In charge of which bindings are live ([`Changes::subscribe`]), of judging each change as its subscriber's
//! role with its claims, of rendering it once for all who may see the same of it, and of handing rows of
//! `realtime.messages` to broadcast ([`DatabaseBroadcast`]). It knows nothing of sockets: those implement
//! [`ChangeSink`].
//!
//! ```text
//! replication::Stream   committed transactions, in order, nothing lost or doubled
//! index                 groups of equal bindings that a change may concern; by filter value where possible
//! batch                 whatever has arrived: filters, rights, values, in few statements for all
//! judge                 the table's policies on the very version that is sent
//! encode                one `data` for each role and selection
//! ChangeSink            one message for each channel
//! ```

mod ask;
mod batch;
mod binding;
mod catalog;
mod encode;
mod engine;
mod error;
mod filter;
mod hand_over;
mod house;
mod index;
mod item;
mod judge;
mod messages;
mod pairs;
mod place;
mod resolve;
mod row;
mod seam;
mod shared;
mod table;
mod value;
mod who;

use std::sync::Arc;
use std::time::Duration;

use base::Tasks;
use jwt::Caller;
use tokio::sync::watch;

pub use binding::{Binding, EventKind, binding_id};
pub use error::SubscribeError;
pub use seam::{ChangeSink, DatabaseBroadcast, MessagePayload, MessageRow, Peers};

use engine::Engine;
use resolve::Request;
use shared::{MESSAGES, PUBLICATION, Shared};

/// What the engine stands on.
pub struct Deps {
    /// A direct connection with a login that may replicate.
    pub replication: pg::Endpoint,
    /// The service's own login: reads the catalog.
    pub pool: pg::Pool,
    /// Everything that concerns callers is evaluated as their role.
    pub requests: pg::Requests,
    /// Takes rows of `realtime.messages`.
    pub broadcast: Arc<dyn DatabaseBroadcast>,
    /// Takes what nodes tell each other.
    pub peers: Arc<dyn Peers>,
    /// First part of the replication slot's name; one of our own, so that an upstream server may read beside us
    /// (RT-SQL-05). The database's number and that of this node follow.
    pub slot: String,
    /// How long the slot of a node that is gone is kept for it.
    pub keep_slots: Duration,
}

/// The first part of slots' names.
pub const SLOT: &str = "passerelle_realtime";
/// The prefix of messages between nodes in the database's log.
pub const PEERS: &str = "passerelle.realtime";

/// The running engine. Cheap to clone.
#[derive(Clone)]
pub struct Changes {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Changes")
            .field("ready", &*self.shared.ready.borrow())
            .finish_non_exhaustive()
    }
}

impl Changes {
    /// Starts the engine. It never gives up: while the database or a prerequisite is missing it tries again, and
    /// [`Changes::subscribe`] says what is missing (RT-PG-14).
    pub fn start(deps: Deps, tasks: &Tasks) -> Self {
        let shared = Arc::new(Shared::new(
            deps.pool,
            deps.requests,
            deps.broadcast,
            deps.peers,
        ));
        let options =
            replication::Options::new(&deps.replication, &deps.slot, &[PUBLICATION, MESSAGES]);
        let engine = Engine::new(Arc::clone(&shared), options, deps.keep_slots, tasks);
        tasks.spawn("realtime changes", engine.run());
        Self { shared }
    }

    /// Makes bindings live, all or none (RT-SYS-11). When it returns, every change committed from then on is
    /// delivered (D-01).
    pub async fn subscribe(
        &self,
        caller: &Caller,
        bindings: Vec<Binding>,
        sink: Arc<dyn ChangeSink>,
    ) -> Result<Subscription, SubscribeError> {
        let ids = bindings.iter().map(|binding| binding.id).collect();
        let requests = bindings
            .into_iter()
            .map(Request::read)
            .collect::<Result<_, _>>()?;
        let number = self.shared.subscribe(caller, requests, sink).await?;
        Ok(Subscription {
            shared: Arc::clone(&self.shared),
            number,
            ids,
        })
    }

    /// Whether the stream runs; what `replication_ready` waits for.
    pub fn ready(&self) -> watch::Receiver<bool> {
        self.shared.ready.subscribe()
    }
}

/// Live bindings of one channel; dropped, they are live no more.
pub struct Subscription {
    shared: Arc<Shared>,
    number: u64,
    ids: Vec<u64>,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription")
            .field("ids", &self.ids)
            .finish_non_exhaustive()
    }
}

impl Subscription {
    /// The bindings' ids, in the order they were asked for.
    pub fn ids(&self) -> &[u64] {
        &self.ids
    }

    /// Delivers under other claims from now on: each change is judged under the old ones or the new, never under
    /// both or none (RT-TOK-10). When it fails, nothing has changed.
    pub async fn replace_caller(&self, caller: &Caller) -> Result<(), SubscribeError> {
        self.shared.replace(self.number, caller).await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.shared.unsubscribe(self.number);
    }
}
