//! Realtime: sockets, channels, broadcast, presence and Postgres changes.
//!
//! In charge of the protocol of Supabase Realtime: frames and sockets, the rooms between them, the rights of
//! private rooms, broadcast over HTTP and from the database. Which database changes a binding sees is decided in
//! [`changes`]. Tokens are made elsewhere, and who may see a row only PostgreSQL says.

mod authz;
mod bindings;
pub mod changes;
mod channel;
mod database;
mod error;
mod frames;
mod hub;
mod limits;
mod nodes;
mod replay;
mod routes;
mod schema;
mod service;
mod socket;
mod source;
mod token;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use base::{SharedClock, SharedRandom, Tasks};

pub use schema::SCHEMA;

use authz::Authority;
use bindings::Engine;
use hub::Hub;
use limits::Limits;
use nodes::{Listener, Nodes};
use service::{Parts, Service};
use token::Tokens;

/// What the service stands on.
#[derive(Debug)]
pub struct Deps {
    /// Connections for callers.
    pub requests: pg::Requests,
    /// The service's own login: writes `realtime.messages` past its policies and may become any caller's role.
    pub pool: pg::Pool,
    /// A login that may replicate.
    pub replication: pg::Endpoint,
    /// Checks tokens.
    pub verifier: jwt::Verifier,
    /// What time it is.
    pub clock: SharedClock,
    /// Ids and references.
    pub random: SharedRandom,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting cannot be used; the text says which.
    #[error("{0}")]
    Setting(String),
}

/// The running service.
#[derive(Debug, Clone)]
pub struct Realtime {
    service: Arc<Service>,
}

/// How often deadlines of sockets are looked at.
const TICK: Duration = Duration::from_millis(250);

/// Starts the service. The database may come later: public channels, broadcast and presence need none.
#[expect(
    clippy::unused_async,
    reason = "the door is the same for every service"
)]
pub async fn start(
    settings: &settings::Realtime,
    deps: Deps,
    tasks: &Tasks,
) -> Result<Realtime, StartError> {
    let secret = deps.verifier.keys().secret().cloned().unwrap_or_default();
    let nodes = Arc::new(Nodes::new(secret.expose(), &*deps.random));
    let tokens =
        Tokens::new(deps.verifier, &settings.claim_validators).map_err(StartError::Setting)?;
    let limits = Arc::new(Limits::new(settings, &deps.clock));
    let hub = Arc::new(Hub::new(Arc::clone(&limits), nodes.clone()));
    let authority = Authority::new(
        deps.requests.clone(),
        &deps.pool,
        settings.authorization_timeout,
        Arc::clone(&deps.random),
    );
    let broadcast = database::FromDatabase {
        hub: Arc::clone(&hub),
        limits: Arc::clone(&limits),
    };
    let listener = Listener {
        nodes: Arc::clone(&nodes),
        hub: Arc::clone(&hub),
    };
    let letters = nodes::emit(
        Arc::clone(&nodes),
        Arc::clone(&hub),
        deps.pool.clone(),
        tasks.soft(),
    );
    tasks.spawn("realtime letters", letters);
    let changes = changes::Changes::start(
        changes::Deps {
            replication: deps.replication,
            pool: deps.pool,
            requests: deps.requests,
            broadcast: Arc::new(broadcast),
            peers: Arc::new(listener),
            slot: slot_base(&settings.slot_name_suffix)?,
            keep_slots: settings.keep_slots,
        },
        tasks,
    );
    let engine = Engine(Arc::new(changes));
    let parts = Parts {
        clock: deps.clock,
        random: deps.random,
        limits,
        hub,
        authority,
        engine,
        node: nodes,
        tasks: tasks.clone(),
    };
    let service = Arc::new(Service::new(settings.clone(), tokens, parts));
    spawn_tasks(&service, tasks);
    Ok(Realtime { service })
}

/// The first part of the slot's name.
fn slot_base(suffix: &str) -> Result<String, StartError> {
    let fits = |byte: u8| byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if suffix.len() > 20 || !suffix.bytes().all(fits) {
        let problem = "realtime.slot_name_suffix is not made of a-z, 0-9 and _, at most 20";
        return Err(StartError::Setting(problem.into()));
    }
    if suffix.is_empty() {
        return Ok(changes::SLOT.into());
    }
    Ok(format!("{}_{suffix}", changes::SLOT))
}

fn spawn_tasks(service: &Arc<Service>, tasks: &Tasks) {
    let (hub, soft) = (Arc::clone(&service.hub), tasks.soft());
    tasks.spawn("realtime presence", async move {
        soft.run_until_cancelled(hub.send_diffs()).await;
    });
    let (service, soft) = (Arc::clone(service), tasks.soft());
    tasks.spawn("realtime deadlines", async move {
        let mut tick = tokio::time::interval(TICK);
        while soft.run_until_cancelled(tick.tick()).await.is_some() {
            service.alarms.ring(service.now());
        }
    });
}

impl Realtime {
    /// Takes other limits, switches and keys into use. All sockets end, as at an orderly stop, when the keys, the claims
    /// demanded of tokens, `private_only` or `suspended` changed; limits change under them (RT-CH-11). What tasks were
    /// started with (timeouts of the database, names) stays.
    pub fn reconfigure(
        &self,
        settings: &settings::Realtime,
        verifier: jwt::Verifier,
    ) -> Result<(), StartError> {
        let tokens =
            Tokens::new(verifier, &settings.claim_validators).map_err(StartError::Setting)?;
        self.service.reconfigure(settings.clone(), tokens);
        Ok(())
    }

    /// Sockets connected now.
    pub fn sockets(&self) -> usize {
        self.service.limits.sockets.now()
    }
}

impl web::Service for Realtime {
    fn name(&self) -> &'static str {
        "realtime"
    }

    fn router(&self) -> axum::Router {
        routes::router(Arc::clone(&self.service))
    }

    fn health(&self) -> Pin<Box<dyn Future<Output = web::Health> + Send + '_>> {
        Box::pin(async move {
            match self.service.authority.own().0.health().await {
                Ok(()) => web::Health::Ready,
                Err(_) => web::Health::Down("the database does not answer".into()),
            }
        })
    }
}
