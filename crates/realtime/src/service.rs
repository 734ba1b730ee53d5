//! What all sockets and routes share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use base::{SharedClock, SharedRandom, Tasks};

use crate::authz::Authority;
use crate::bindings::Engine;
use crate::hub::Hub;
use crate::limits::Limits;
use crate::nodes::Nodes;
use crate::socket::{Alarms, Order};
use crate::token::Tokens;

/// The inside of the running service.
#[derive(Debug)]
pub(crate) struct Service {
    settings: ArcSwap<settings::Realtime>,
    pub(crate) clock: SharedClock,
    pub(crate) random: SharedRandom,
    tokens: ArcSwap<Tokens>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) authority: Authority,
    pub(crate) engine: Engine,
    pub(crate) node: Arc<Nodes>,
    pub(crate) alarms: Alarms,
    pub(crate) tasks: Tasks,
    /// How often all sockets were told to go.
    era: AtomicU64,
}

/// What a service is made of, but for what may be changed while it runs.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) clock: SharedClock,
    pub(crate) random: SharedRandom,
    pub(crate) limits: Arc<Limits>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) authority: Authority,
    pub(crate) engine: Engine,
    pub(crate) node: Arc<Nodes>,
    pub(crate) tasks: Tasks,
}

impl Service {
    /// The service of these parts.
    pub(crate) fn new(settings: settings::Realtime, tokens: Tokens, parts: Parts) -> Self {
        Self {
            settings: ArcSwap::from_pointee(settings),
            clock: parts.clock,
            random: parts.random,
            tokens: ArcSwap::from_pointee(tokens),
            limits: parts.limits,
            hub: parts.hub,
            authority: parts.authority,
            engine: parts.engine,
            node: parts.node,
            alarms: Alarms::default(),
            tasks: parts.tasks,
            era: AtomicU64::new(0),
        }
    }

    /// As configured now.
    pub(crate) fn settings(&self) -> Arc<settings::Realtime> {
        self.settings.load_full()
    }

    /// What reads tokens now.
    pub(crate) fn tokens(&self) -> Arc<Tokens> {
        self.tokens.load_full()
    }

    /// Takes other settings and keys into use. Sockets stay unless something changed that they were admitted by
    /// (RT-CH-11).
    pub(crate) fn reconfigure(&self, settings: settings::Realtime, tokens: Tokens) {
        let (old, old_tokens) = (self.settings(), self.tokens());
        let readmit = old.suspended != settings.suspended
            || old.private_only != settings.private_only
            || !old_tokens.reads_the_same(&tokens);
        self.limits.set(&settings);
        self.settings.store(Arc::new(settings));
        self.tokens.store(Arc::new(tokens));
        if readmit {
            self.end_sockets();
        }
    }

    /// Ends all sockets as an orderly stop does, in waves; their clients come back.
    pub(crate) fn end_sockets(&self) {
        self.era.fetch_add(1, Ordering::Release);
        self.alarms.call_all(&Order::Restart);
    }

    /// Sockets of an earlier era are to go.
    pub(crate) fn era(&self) -> u64 {
        self.era.load(Ordering::Acquire)
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }
}
