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
use crate::messages::Message;
use crate::mounts::Backends;

/// The schemas of all services, in the order in which they are made.
pub const SCHEMAS: [database::Schema; 4] = [
    jobs::SCHEMA,
    auth::SCHEMA,
    storage::SCHEMA,
    realtime::SCHEMA,
];

/// All services, in the order in which they start.
pub(crate) const SERVICES: [&str; 5] = ["auth", "rest", "realtime", "storage", "extensions"];

/// The services that this node runs: all, unless `gateway.services` names some.
pub(crate) fn chosen(settings: &settings::Gateway) -> Result<Vec<&'static str>, Failure> {
    let wanted = &settings.services;
    if let Some(name) = wanted
        .iter()
        .find(|name| !SERVICES.contains(&name.as_str()))
    {
        let (name, known) = (name.clone(), SERVICES.join(", "));
        let sentence = Message::UnknownService { name, known };
        return Err(
            Failure::tell(ExitCode::Usage, sentence, Message::SuchAsOnly).named("unknown_service"),
        );
    }
    let runs = |name: &&str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    Ok(SERVICES.into_iter().filter(runs).collect())
}

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
    /// Starts the services that this node runs.
    pub(crate) async fn start(
        given: &Given,
        report: &database::Report,
        tasks: &Tasks,
    ) -> Result<Self, Failure> {
        let pools = Pools {
            settings: &given.settings,
            report,
        };
        let workers = pools.admin("passerelle workers")?;
        let start = Start {
            given,
            report,
            requests: pools.requests(),
            queue: jobs::Queue::new(workers.clone(), Arc::clone(&given.clock)),
            listener: Listener::start(&report.admin, &channels(), tasks),
            workers,
            pools,
            tasks,
        };
        let mut handlers: jobs::Handlers = BTreeMap::new();
        let mut services: Vec<Arc<dyn Service>> = Vec::new();
        for name in chosen(&given.settings.gateway)? {
            services.push(match name {
                "auth" => {
                    let auth = start.auth().await?;
                    handlers.extend(auth.handlers());
                    Arc::new(auth)
                }
                "rest" => Arc::new(start.rest().await?),
                "storage" => {
                    let storage = start.storage().await?;
                    handlers.extend(storage.handlers());
                    Arc::new(storage)
                }
                "extensions" => Arc::new(start.extensions()?),
                _ => Arc::new(start.realtime().await?),
            });
        }
        jobs::Worker::new(start.queue, handlers, Arc::clone(&given.random))
            .start(&start.listener, tasks);
        Ok(Self(services))
    }

    /// What answers for each service, for the gateway's table.
    pub(crate) fn backends(&self) -> Backends {
        let names: Vec<_> = self.0.iter().map(|service| service.name()).collect();
        let mut backends = Backends::starting(&names);
        for service in &self.0 {
            backends.ready(service.name(), service.router());
        }
        backends
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

/// One start: what all services are made from.
struct Start<'a> {
    given: &'a Given,
    report: &'a database::Report,
    pools: Pools<'a>,
    requests: Requests,
    queue: jobs::Queue,
    /// Connections of the administrator for background work, and what tells of it.
    workers: Pool,
    listener: Listener,
    tasks: &'a Tasks,
}

impl Start<'_> {
    async fn auth(&self) -> Result<auth::Auth, Failure> {
        let given = self.given;
        let deps = auth::Deps {
            pool: self.pools.service("supabase_auth_admin")?,
            keys: given.verifier.keys().clone(),
            verifier: given.verifier.clone(),
            queue: self.queue.clone(),
            clock: Arc::clone(&given.clock),
            random: Arc::clone(&given.random),
            secret: crate::stack::role_secret(&given.settings).clone(),
            providers: given.settings.providers.clone(),
            public_url: given.public_url.clone(),
        };
        auth::start(&given.settings.auth, deps, self.tasks)
            .await
            .map_err(failed)
    }

    async fn rest(&self) -> Result<rest::Rest, Failure> {
        let deps = rest::Deps {
            requests: self.requests.clone(),
            catalog: self.pools.service("authenticator")?,
            listener: self.report.logins.endpoint("authenticator"),
            verifier: self.given.verifier.clone(),
            max_body_bytes: MAX_REST_BODY,
        };
        let rest = rest::start(&self.given.settings.rest, deps, self.tasks)
            .await
            .map_err(failed)?;
        crate::service_role::keep_in(self.report, rest.catalog(), self.tasks);
        Ok(rest)
    }

    async fn storage(&self) -> Result<storage::Storage, Failure> {
        let given = self.given;
        let deps = storage::Deps {
            requests: self.requests.clone(),
            pool: self.pools.service("supabase_storage_admin")?,
            verifier: given.verifier.clone(),
            keys: given.verifier.keys().clone(),
            queue: self.queue.clone(),
            clock: Arc::clone(&given.clock),
            random: Arc::clone(&given.random),
            data_dir: given.settings.database.data_dir.clone(),
        };
        storage::start(&given.settings.storage, deps, self.tasks)
            .await
            .map_err(failed)
    }

    async fn realtime(&self) -> Result<realtime::Realtime, Failure> {
        let given = self.given;
        let deps = realtime::Deps {
            requests: self.requests.clone(),
            pool: self.pools.service("supabase_replication_admin")?,
            replication: self.report.logins.endpoint("supabase_replication_admin"),
            verifier: given.verifier.clone(),
            clock: Arc::clone(&given.clock),
            random: Arc::clone(&given.random),
        };
        realtime::start(&given.settings.realtime, deps, self.tasks)
            .await
            .map_err(failed)
    }

    fn extensions(&self) -> Result<extensions::Extensions, Failure> {
        let given = self.given;
        let deps = extensions::Deps {
            pool: self.workers.clone(),
            listener: self.listener.clone(),
            role_secret: crate::stack::role_secret(&given.settings).clone(),
            clock: Arc::clone(&given.clock),
            random: Arc::clone(&given.random),
        };
        extensions::start(&given.settings.extensions, deps, self.tasks).map_err(failed)
    }
}

/// What one listener hears for all background work.
fn channels() -> Vec<&'static str> {
    [jobs::Worker::CHANNEL]
        .into_iter()
        .chain(extensions::CHANNELS)
        .collect()
}

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
