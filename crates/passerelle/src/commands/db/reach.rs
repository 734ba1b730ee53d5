//! The way to the database, whether a stack runs on it or not.

use base::Tasks;
use database::{Options, Report};
use pg::Endpoint;
use settings::{Layers, Settings};

use crate::commands::{Context, absolute};
use crate::exit::{ExitCode, Failure};
use crate::logging;
use crate::messages::Message;
use crate::services::SCHEMAS;
use crate::stack::{own_server, parse_url, role_secret};
use crate::state::State;

/// What a command asks of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// It is there.
    Existing,
    /// It is prepared, or is made and prepared now.
    Prepared,
}

/// The database, reached as its administrator. Our own PostgreSQL is started for the command where no stack runs.
pub(super) struct Reach {
    pub(super) settings: Settings,
    pub(super) admin: Endpoint,
    /// What the preparation found, where there was one.
    pub(super) report: Option<Report>,
    server: Option<cluster::Server>,
    ground: Tasks,
}

impl Reach {
    pub(super) async fn open(
        context: &Context,
        layers: &Layers,
        need: Need,
    ) -> Result<Self, Failure> {
        let mut layers = layers.clone();
        let settings = Settings::load(&layers)?;
        let data_dir = absolute(&settings.database.data_dir)?;
        layers.set("database.data_dir", data_dir.to_string_lossy());
        let is_there = settings.database.url.is_some() || data_dir.join("db").exists();
        if need == Need::Existing && !is_there {
            let dir = data_dir.display().to_string();
            return Err(Failure::tell(
                ExitCode::Preflight,
                Message::NoDatabase { dir },
                "passerelle init",
            )
            .named("no_database"));
        }
        std::fs::create_dir_all(&data_dir).map_err(|error| Failure::file(&data_dir, &error))?;
        let (settings, _) = context.settings_with_keys_under(&layers)?;
        logging::start(&settings.log, &data_dir)?;
        let ground = Tasks::new();
        let (server, cluster) = if let Some(url) = &settings.database.url {
            (None, parse_url(url)?)
        } else if let Some(admin) = running(&settings, State::read(&data_dir).as_ref()) {
            (None, admin?)
        } else {
            let server = own_server(&settings, &ground).await?;
            let admin = parse_url(&server.admin("postgres"))?;
            (Some(server), admin)
        };
        let admin = cluster.with_database(&settings.database.name);
        let mut reach = Self {
            settings,
            admin,
            report: None,
            server,
            ground,
        };
        if need == Need::Prepared {
            match reach.prepare(&cluster).await {
                Ok(report) => {
                    reach.admin = report.admin.clone();
                    reach.report = Some(report);
                }
                Err(failure) => {
                    reach.close().await?;
                    return Err(failure);
                }
            }
        }
        Ok(reach)
    }

    async fn prepare(&self, cluster: &Endpoint) -> Result<Report, Failure> {
        let settings = &self.settings;
        let jwt_expiry = settings.auth.jwt_expiry.as_secs();
        let options = Options::from_settings(&settings.database, &settings.keys, jwt_expiry);
        Ok(database::prepare(cluster, &options, &SCHEMAS).await?)
    }

    /// Whether PostgreSQL was started for this command alone.
    pub(super) fn is_own(&self) -> bool {
        self.server.is_some()
    }

    /// Stops what was started for this command.
    pub(super) async fn close(self) -> Result<(), Failure> {
        let stopped = match self.server {
            Some(server) => server.stop().await.map_err(Failure::from),
            None => Ok(()),
        };
        self.ground
            .shut_down(std::time::Duration::from_secs(5))
            .await;
        stopped
    }
}

/// The administrator's login to the PostgreSQL of a running stack of ours.
fn running(settings: &Settings, state: Option<&State>) -> Option<Result<Endpoint, Failure>> {
    let state = state?;
    let (dir, port) = (state.socket_dir.as_ref()?, state.socket_port?);
    let password = database::role_password(role_secret(settings), "supabase_admin");
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
    let text = format!(
        "host='{}' port={port} user=supabase_admin password='{}' dbname=postgres",
        quoted(dir),
        quoted(password.expose())
    );
    Some(parse_url(&base::Secret::new(text)))
}
