//! The server as the rest of the program sees it: started, watched, stopped.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base::{Secret, Tasks};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::account::Account;
use crate::configuration::{Configuration, memory_mb};
use crate::initialise::{SUPERUSER, initialise};
use crate::lock::Lock;
use crate::place::{self, Place};
use crate::process::{Plan, Process, stop_orphan};
use crate::{Binaries, Error, find, watch};

/// The number in the socket's name when there is no loopback port.
const SOCKET_PORT: u16 = 5432;
/// What PostgreSQL says of a server that was killed a moment ago.
const LEFT_BEHIND: [&str; 2] = ["shared memory block", "\"postmaster.pid\" already exists"];
/// Between two looks at what a killed server left behind.
const PAUSE: Duration = Duration::from_millis(200);
/// How many ports above the wanted one are tried.
const PORTS_TRIED: u16 = 100;

/// How to run it.
#[derive(Debug, Clone)]
pub struct Options {
    /// Ours alone; made if it is not there.
    pub data_dir: PathBuf,
    /// The folder of PostgreSQL's programs; without it they are looked for.
    pub bin_dir: Option<PathBuf>,
    /// The loopback port; 0 for the socket only.
    pub port: u16,
    /// Whether `port` is meant as said: otherwise the next free one will do.
    pub port_is_explicit: bool,
    /// The password of `supabase_admin`, for a new data directory.
    pub admin_password: Secret,
    /// How long a start may take, recovery included.
    pub start_timeout: Duration,
}

/// A running PostgreSQL that is started again when it ends by itself.
#[derive(Debug)]
pub struct Server {
    plan: Arc<Plan>,
    socket_dir: PathBuf,
    socket_port: u16,
    tcp_port: Option<u16>,
    password: Secret,
    stop: oneshot::Sender<()>,
    stopped: oneshot::Receiver<()>,
    /// Not the program's tasks, which end before the database does.
    _own: Tasks,
    _lock: Arc<Lock>,
}

impl Server {
    /// Makes the data directory if there is none, and starts the server on it. What an earlier program
    /// left running there is stopped first: we hold the lock, so it is nobody's.
    ///
    /// A soft stop of `tasks` ends a start that is under way. Once started, the server stays until
    /// [`Server::stop`], as others need the database until their own end.
    pub async fn start(options: Options, tasks: &Tasks) -> Result<Self, Error> {
        let data_dir = data_dir(&options.data_dir)?;
        let lock = Arc::new(Lock::take(&data_dir)?);
        let binaries = find(options.bin_dir.as_deref(), &data_dir)?;
        let account = Account::choose_for(&data_dir)?;
        let place = Place::prepare(&data_dir, account)?;
        let (plan, password) = {
            let (lock, place) = (Arc::clone(&lock), place.clone());
            let password = options.admin_password.clone();
            blocking(move || {
                let cluster = initialise(&lock, &place.home, &binaries, account, &password)?;
                place::link(&data_dir, &place.home)?;
                let data = fs::canonicalize(&cluster.path)
                    .map_err(|source| Error::file(&cluster.path, source))?;
                let log = place.log;
                Ok((
                    Plan {
                        data,
                        log,
                        binaries,
                        account,
                    },
                    password,
                ))
            })
            .await?
        };
        stop_orphan(&plan.data, options.start_timeout).await?;
        let soft = tasks.soft();
        let (port, process) = tokio::select! {
            biased;
            started = start_on_a_port(&plan, &place.socket_dir, &options) => started?,
            () = soft.cancelled() => return Err(Error::Interrupted),
        };
        let plan = Arc::new(plan);
        let (stop, told) = oneshot::channel();
        let (tell, stopped) = oneshot::channel();
        let watcher = watch::Watch {
            plan: Arc::clone(&plan),
            patience: options.start_timeout,
            lock: Arc::clone(&lock),
        };
        let own = Tasks::new();
        own.spawn("postgres", watcher.run(process, told, tell));
        Ok(Self {
            plan,
            socket_dir: place.socket_dir,
            socket_port: port.unwrap_or(SOCKET_PORT),
            tcp_port: port,
            password,
            stop,
            stopped,
            _own: own,
            _lock: lock,
        })
    }

    /// How to reach `database` as its superuser, in libpq's words.
    pub fn admin(&self, database: &str) -> Secret {
        Secret::new(format!(
            "host={} port={} user={SUPERUSER} password={} dbname={}",
            quote(&self.socket_dir.to_string_lossy()),
            self.socket_port,
            quote(self.password.expose()),
            quote(database),
        ))
    }

    /// The folder of its socket, closed to others.
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// The number in the socket's name.
    pub fn socket_port(&self) -> u16 {
        self.socket_port
    }

    /// Its loopback port, if it has one.
    pub fn tcp_port(&self) -> Option<u16> {
        self.tcp_port
    }

    /// The programs it runs with.
    pub fn binaries(&self) -> &Binaries {
        &self.plan.binaries
    }

    /// Ends open sessions and stops, with everything on disk; returns when it has ended.
    pub async fn stop(self) -> Result<(), Error> {
        let _ = self.stop.send(());
        let _ = self.stopped.await;
        Ok(())
    }
}

/// Writes the settings and starts. The port can be lost between looking and binding, so that "in use"
/// is an answer to try the next one on.
async fn start_on_a_port(
    plan: &Plan,
    socket_dir: &Path,
    options: &Options,
) -> Result<(Option<u16>, Process), Error> {
    let mut wanted = options.port;
    let until = Instant::now() + options.start_timeout;
    loop {
        let port = choose_port(wanted, options.port_is_explicit)?;
        let configuration = Configuration {
            memory_mb: memory_mb(),
            loopback: port.is_some(),
            port: port.unwrap_or(SOCKET_PORT),
            socket_dir,
        };
        configuration.write(&plan.data, plan.account)?;
        match (Process::start(plan, options.start_timeout).await, port) {
            (Ok(process), port) => return Ok((port, process)),
            (Err(Error::DidNotStart(words)), Some(port))
                if words.contains("Address already in use") =>
            {
                if options.port_is_explicit || port == u16::MAX {
                    return Err(Error::PortTaken(port));
                }
                wanted = port + 1;
            }
            // A killed server's number is free once it is reaped, and its sessions end once they notice.
            (Err(Error::DidNotStart(words)), _)
                if LEFT_BEHIND.iter().any(|mark| words.contains(mark))
                    && Instant::now() < until =>
            {
                sleep(PAUSE).await;
            }
            (Err(error), _) => return Err(error),
        }
    }
}

fn choose_port(wanted: u16, explicit: bool) -> Result<Option<u16>, Error> {
    if wanted == 0 {
        return Ok(None);
    }
    let tries = if explicit { 0 } else { PORTS_TRIED };
    (wanted..=wanted.saturating_add(tries))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .map(Some)
        .ok_or(Error::PortTaken(wanted))
}

/// Absolute and without links: `initdb` and `postgres` run in another folder than we do.
fn data_dir(path: &Path) -> Result<PathBuf, Error> {
    fs::create_dir_all(path)
        .and_then(|()| fs::canonicalize(path))
        .map_err(|source| Error::file(path, source))
}

/// A value of a connection string.
fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Error::Initdb(error.to_string())))
}
