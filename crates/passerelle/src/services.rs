//! The services on a prepared database: their logins, their pools, their start.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{SharedClock, SharedRandom, Tasks};
use gateway::{HealthCheck, HealthReport, ServiceHealth};
use pg::{Listener, Pool, PoolOptions, RequestOptions, Requests};
use settings::Settings;
use tokio::sync::OnceCell;
use web::Service;

use crate::exit::{ExitCode, Failure};
use crate::mounts::Routers;

/// The schemas of all services, in the order in which they are made.
pub const SCHEMAS: [database::Schema; 4] = [
    jobs::SCHEMA,
    auth::SCHEMA,
    storage::SCHEMA,
    realtime::SCHEMA,
];

/// What every service is given.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) settings: Arc<Settings>,
    pub(crate) verifier: jwt::Verifier,
    pub(crate) clock: SharedClock,
    pub(crate) random: SharedRandom,
    /// `http://host:port` under which clients reach the gateway.
    pub(crate) public_url: String,
}

/// The running services.
#[derive(Clone, Default)]
pub(crate) struct Services(Vec<Arc<dyn Service>>);

/// Filled once the services run; health says "starting" before.
pub(crate) type Slot = Arc<OnceCell<Services>>;

impl Services {
    /// Starts every service.
    pub(crate) async fn start(
        given: &Given,
        report: &database::Report,
        tasks: &Tasks,
    ) -> Result<Self, Failure> {
        let settings = &given.settings;
        let pools = Pools { settings, report };
        let requests = pools.requests();
        let queue = jobs::Queue::new(pools.admin("passerelle jobs")?, Arc::clone(&given.clock));
        let wake = Listener::start(&report.admin, &[jobs::Worker::CHANNEL], tasks);
        let mut handlers: jobs::Handlers = BTreeMap::new();

        let auth_deps = auth::Deps {
            pool: pools.service("supabase_auth_admin")?,
            keys: given.verifier.keys().clone(),
            verifier: given.verifier.clone(),
            queue: queue.clone(),
            clock: Arc::clone(&given.clock),
            random: Arc::clone(&given.random),
            secret: crate::stack::role_secret(settings).clone(),
            public_url: given.public_url.clone(),
        };
        let auth = auth::start(&settings.auth, auth_deps, tasks)
            .await
            .map_err(failed)?;
        handlers.extend(auth.handlers());

        let rest_deps = rest::Deps {
            requests: requests.clone(),
            catalog: pools.service("authenticator")?,
            listener: report.logins.endpoint("authenticator"),
            verifier: given.verifier.clone(),
            max_body_bytes: MAX_REST_BODY,
        };
        let rest = rest::start(&settings.rest, rest_deps, tasks)
            .await
            .map_err(failed)?;

        let storage_deps = storage::Deps {
            requests: requests.clone(),
            pool: pools.service("supabase_storage_admin")?,
            verifier: given.verifier.clone(),
            keys: given.verifier.keys().clone(),
            queue: queue.clone(),
            clock: Arc::clone(&given.clock),
            random: Arc::clone(&given.random),
            data_dir: settings.database.data_dir.clone(),
        };
        let storage = storage::start(&settings.storage, storage_deps, tasks)
            .await
            .map_err(failed)?;
        handlers.extend(storage.handlers());

        let realtime_deps = realtime::Deps {
            requests,
            pool: pools.service("supabase_replication_admin")?,
            replication: report.logins.endpoint("supabase_replication_admin"),
            verifier: given.verifier.clone(),
            clock: Arc::clone(&given.clock),
            random: Arc::clone(&given.random),
        };
        let realtime = realtime::start(&settings.realtime, realtime_deps, tasks)
            .await
            .map_err(failed)?;

        jobs::Worker::new(queue, handlers, Arc::clone(&given.random)).start(&wake, tasks);
        Ok(Self(vec![
            Arc::new(auth),
            Arc::new(rest),
            Arc::new(realtime),
            Arc::new(storage),
        ]))
    }

    /// Their routers, for the gateway's table.
    pub(crate) fn routers(&self) -> Routers {
        let router = |name: &str| {
            self.0
                .iter()
                .find(|service| service.name() == name)
                .map(|s| s.router())
        };
        Routers {
            auth: router("auth"),
            rest: router("rest"),
            realtime: router("realtime"),
            storage: router("storage"),
        }
    }

    async fn health(&self) -> HealthReport {
        let checks = self.0.iter().map(|service| async move {
            ServiceHealth {
                service: service.name(),
                health: service.health().await,
            }
        });
        HealthReport {
            services: futures_util::future::join_all(checks).await,
        }
    }
}

/// A check that says "starting" until the slot is filled.
pub(crate) fn health_check(slot: &Slot) -> HealthCheck {
    let slot = Arc::clone(slot);
    Arc::new(move || {
        let slot = Arc::clone(&slot);
        Box::pin(async move {
            match slot.get() {
                Some(services) => services.health().await,
                None => HealthReport {
                    services: vec![ServiceHealth {
                        service: "passerelle",
                        health: web::Health::Down("the services are starting".to_owned()),
                    }],
                },
            }
        })
    })
}

/// Greatest body of a REST request: bulk inserts of a hundred thousand rows fit.
const MAX_REST_BODY: usize = 64 << 20;

struct Pools<'a> {
    settings: &'a Settings,
    report: &'a database::Report,
}

impl Pools<'_> {
    fn requests(&self) -> Requests {
        let database = &self.settings.database;
        let options = RequestOptions {
            size: database.request_pool,
            acquire_timeout: database.acquire_timeout,
            pooler_mode: database.pooler_mode,
            ..RequestOptions::default()
        };
        Requests::new(&self.report.logins.endpoint("authenticator"), &options)
    }

    fn service(&self, role: &str) -> Result<Pool, Failure> {
        let endpoint = self.report.logins.endpoint(role);
        Pool::new(&endpoint, &self.options(role)).map_err(Failure::internal)
    }

    fn admin(&self, name: &str) -> Result<Pool, Failure> {
        Pool::new(&self.report.admin, &self.options(name)).map_err(Failure::internal)
    }

    fn options(&self, name: &str) -> PoolOptions {
        PoolOptions {
            application_name: name.to_owned(),
            size: self.settings.database.service_pool,
            acquire_timeout: self.settings.database.acquire_timeout,
        }
    }
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(ExitCode::Preflight, error, "passerelle doctor")
}
