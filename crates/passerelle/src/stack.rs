//! The whole stack, started in order and stopped in reverse.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base::{Secret, SharedClock, SharedRandom, Tasks};
use gateway::{Door, Gateway, Listeners};
use jwt::{ApiKeys, Keys, Verifier};
use metrics_exporter_prometheus::PrometheusHandle;
use pg::Endpoint;
use settings::Settings;
use tokio::sync::OnceCell;

use crate::exit::{ExitCode, Failure};
use crate::messages::Message;
use crate::mounts::{Backends, CLASSIC_PORTS, mounts};
use crate::services::{Given, SCHEMAS, Services, Slot, chosen, health_check};

/// What a test may put in the place of the machine's own.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What time it is.
    pub clock: SharedClock,
    /// Randomness.
    pub random: SharedRandom,
    /// Where `/metrics` reads from; one recorder a process.
    pub metrics: Option<PrometheusHandle>,
}

impl Parts {
    /// The machine's clock and generator, no metrics.
    pub fn of_the_machine() -> Self {
        Self {
            clock: Arc::new(base::SystemClock),
            random: Arc::new(base::OsRandom),
            metrics: None,
        }
    }
}

/// A running stack.
pub struct Stack {
    settings: Arc<Settings>,
    gateway: Gateway,
    door: Arc<Door>,
    report: database::Report,
    server: Option<cluster::Server>,
    tasks: Tasks,
    front: Tasks,
    ground: Tasks,
}

impl std::fmt::Debug for Stack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stack")
            .field("api", &self.gateway.bound.api)
            .finish_non_exhaustive()
    }
}

impl Stack {
    /// Starts everything: listeners first (503 until ready), then PostgreSQL, the database's contents, the
    /// services. On a failure what was started is stopped again.
    pub async fn start(settings: Settings, parts: Parts) -> Result<Self, Failure> {
        let keys = Keys::from_settings(&settings.keys)?;
        let verifier = Verifier::new(keys, Arc::clone(&parts.clock));
        let services = chosen(&settings.gateway)?;
        let classic: Vec<_> = CLASSIC_PORTS
            .into_iter()
            .filter(|(service, _)| services.contains(service))
            .collect();
        let listeners = Listeners::bind(&settings.gateway, &classic)
            .await
            .map_err(|error| Failure::listener(error, &settings.gateway))?;
        let bound = listeners.bound.clone();
        let slot: Slot = Arc::new(OnceCell::new());
        let api_keys = ApiKeys::from_settings(&settings.keys, &verifier, parts.clock.unix());
        let door = Door::new(
            &settings.gateway,
            api_keys,
            mounts(&Backends::starting(&services)),
            health_check(&slot),
            &parts.random,
            settings.log.access,
        )
        .map_err(|sentence| Failure::new(ExitCode::Usage, sentence, "passerelle config check"))?;
        let door = Arc::new(door);
        // The front is stopped before what it leads to, PostgreSQL's watcher last.
        let (front, tasks, ground) = (Tasks::new(), Tasks::new(), Tasks::new());
        let gateway = Gateway::serve(
            listeners,
            &door,
            &settings.gateway,
            parts.metrics.clone(),
            &front,
        );
        let public_url = settings
            .gateway
            .public_url
            .clone()
            .unwrap_or_else(|| local_url(bound.api, settings.gateway.port));
        let given = Given {
            settings: Arc::new(settings),
            verifier,
            clock: parts.clock,
            random: parts.random,
            public_url: public_url.trim_end_matches('/').to_owned(),
        };
        match Self::start_behind(&given, &slot, &tasks, &ground).await {
            Ok((server, report, services)) => {
                door.set_mounts(mounts(&services.backends()));
                wait_until_ready(&door).await;
                Ok(Self {
                    settings: given.settings,
                    gateway,
                    door,
                    report,
                    server,
                    tasks,
                    front,
                    ground,
                })
            }
            Err(failure) => {
                front.shut_down(Duration::from_secs(1)).await;
                Err(failure)
            }
        }
    }

    async fn start_behind(
        given: &Given,
        slot: &Slot,
        tasks: &Tasks,
        ground: &Tasks,
    ) -> Result<(Option<cluster::Server>, database::Report, Services), Failure> {
        let settings = &given.settings;
        let (server, admin) = if let Some(url) = &settings.database.url {
            (None, parse_url(url)?)
        } else {
            let server = own_server(settings, ground).await?;
            let admin = parse_url(&server.admin("postgres"))?;
            (Some(server), admin)
        };
        let started = async {
            let jwt_expiry = settings.auth.jwt_expiry.as_secs();
            let options =
                database::Options::from_settings(&settings.database, &settings.keys, jwt_expiry);
            let report = database::prepare(&admin, &options, &SCHEMAS).await?;
            let services = Services::start(given, &report, tasks).await?;
            let _ = slot.set(services.clone());
            Ok((report, services))
        };
        match started.await {
            Ok((report, services)) => Ok((server, report, services)),
            Err(failure) => {
                tasks.shut_down(Duration::from_secs(1)).await;
                if let Some(server) = server
                    && let Err(error) = server.stop().await
                {
                    tracing::warn!(%error, "PostgreSQL did not stop cleanly");
                }
                Err(failure)
            }
        }
    }

    /// `http://127.0.0.1:8000`: the API from this machine.
    pub fn api_url(&self) -> String {
        local_url(self.gateway.bound.api, self.settings.gateway.port)
    }

    /// The addresses that were bound.
    pub fn bound(&self) -> &gateway::Bound {
        &self.gateway.bound
    }

    /// The services that run here.
    pub fn services(&self) -> Vec<String> {
        let services = chosen(&self.settings.gateway).unwrap_or_default();
        services.into_iter().map(str::to_owned).collect()
    }

    /// The settings it runs with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The administrator's login to the database.
    pub fn admin(&self) -> &Endpoint {
        &self.report.admin
    }

    /// Our own PostgreSQL, unless a cluster was given.
    pub fn server(&self) -> Option<&cluster::Server> {
        self.server.as_ref()
    }

    /// Asks every service whether it can work now.
    pub async fn is_ready(&self) -> bool {
        (self.door.health())().await.is_ready()
    }

    /// Stops in reverse order: the door (requests under way get the grace), the services, PostgreSQL.
    pub async fn stop(self) -> Result<(), Failure> {
        let grace = self.settings.gateway.shutdown_grace;
        // Sockets end by the services' own stop, which the door waits for.
        let (front, services) =
            tokio::join!(self.front.shut_down(grace), self.tasks.shut_down(grace));
        if !front || !services {
            tracing::warn!("some tasks were cut off");
        }
        let stopped = match self.server {
            Some(server) => server.stop().await.map_err(Failure::internal),
            None => Ok(()),
        };
        self.ground.shut_down(Duration::from_secs(5)).await;
        stopped
    }
}

/// Services start at once and become ready one by one: the catalog is read, the stream connects. Who is told
/// "ready" may rely on it. One that stays down is health's business, not a reason to stop the others.
async fn wait_until_ready(door: &Door) {
    const PATIENCE: Duration = Duration::from_secs(60);
    let ready = async {
        while !(door.health())().await.is_ready() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, ready).await.is_err() {
        tracing::warn!(
            "a service did not become ready within {} seconds",
            PATIENCE.as_secs()
        );
    }
}

fn local_url(bound: SocketAddr, wanted: u16) -> String {
    let port = if wanted == 0 { bound.port() } else { wanted };
    let host = if bound.ip().is_unspecified() {
        "127.0.0.1".to_owned()
    } else {
        bound.ip().to_string()
    };
    format!("http://{host}:{port}")
}

/// The address and the login that somebody gave.
pub(crate) fn parse_url(url: &Secret) -> Result<Endpoint, Failure> {
    Endpoint::parse(url.expose()).map_err(|error| {
        let sentence = error.to_string();
        Failure::tell(ExitCode::Usage, sentence, Message::DatabaseUrlSyntax).named("database_url")
    })
}

/// Starts our own PostgreSQL.
pub(crate) async fn own_server(
    settings: &Settings,
    tasks: &Tasks,
) -> Result<cluster::Server, Failure> {
    let database = &settings.database;
    let data_dir: PathBuf = std::path::absolute(&database.data_dir).map_err(Failure::internal)?;
    let options = cluster::Options {
        data_dir,
        bin_dir: database.bin_dir.clone(),
        port: database.port,
        port_is_explicit: database.port != 5432 && database.port != 0,
        admin_password: database::role_password(role_secret(settings), "supabase_admin"),
        start_timeout: database.start_timeout,
    };
    cluster::Server::start(options, tasks)
        .await
        .map_err(Failure::from)
}

/// From which what every node must know alike is derived.
pub(crate) fn role_secret(settings: &Settings) -> &Secret {
    if settings.database.role_secret.is_empty() {
        &settings.keys.jwt_secret
    } else {
        &settings.database.role_secret
    }
}
