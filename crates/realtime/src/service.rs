//! What all sockets and routes share.

use std::sync::Arc;

use base::{SharedClock, SharedRandom, Tasks};

use crate::authz::Authority;
use crate::bindings::Engine;
use crate::hub::Hub;
use crate::limits::Limits;
use crate::socket::Alarms;
use crate::token::Tokens;

/// The inside of the running service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) settings: settings::Realtime,
    pub(crate) clock: SharedClock,
    pub(crate) random: SharedRandom,
    pub(crate) tokens: Tokens,
    pub(crate) limits: Arc<Limits>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) authority: Authority,
    pub(crate) engine: Engine,
    pub(crate) alarms: Alarms,
    pub(crate) tasks: Tasks,
}

impl Service {
    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now().timestamp_millis()
    }
}
