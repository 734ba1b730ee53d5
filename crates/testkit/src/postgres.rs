//! The private cluster and its databases.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use pg::Endpoint;

/// A running private cluster, shared by all tests of one process.
#[derive(Debug)]
pub struct Postgres {
    dir: PathBuf,
    port: u16,
}

/// One test's own database; dropped with the cluster.
#[derive(Debug)]
pub struct TestDatabase {
    endpoint: Endpoint,
}

impl TestDatabase {
    /// Superuser login to it.
    pub fn admin(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Login as one of the services' or people's roles; the cluster trusts everybody.
    pub fn endpoint_as(&self, role: &str) -> Endpoint {
        self.endpoint.with_login(role, "")
    }

    /// A superuser connection to it; the driver task ends with the client.
    #[expect(
        clippy::disallowed_methods,
        reason = "the driver of a test's own connection"
    )]
    pub async fn connect(&self) -> tokio_postgres::Client {
        let (client, driver) = self
            .endpoint
            .config()
            .connect(tokio_postgres::NoTls)
            .await
            .expect("the test cluster accepts");
        tokio::spawn(async move {
            let _ = driver.await;
        });
        client
    }
}

static SHARED: OnceLock<Postgres> = OnceLock::new();
static NEXT: AtomicU32 = AtomicU32::new(0);
/// Prepared databases to clone from, by the schemas they have.
static TEMPLATES: tokio::sync::Mutex<BTreeMap<Vec<&str>, String>> =
    tokio::sync::Mutex::const_new(BTreeMap::new());

impl Postgres {
    /// The cluster of this process, started on first use.
    pub fn shared() -> &'static Self {
        SHARED.get_or_init(Self::start)
    }

    /// A new, empty database.
    pub async fn database(&self) -> TestDatabase {
        self.clone_of("template1").await
    }

    /// A new Supabase database with these services' schemas: a clone of one that is prepared on first use.
    pub async fn supabase(&self, schemas: &[database::Schema]) -> TestDatabase {
        let names: Vec<&'static str> = schemas.iter().map(|schema| schema.name).collect();
        let mut templates = TEMPLATES.lock().await;
        let template = if let Some(template) = templates.get(&names) {
            template.clone()
        } else {
            let made = self.database().await;
            let template = made.endpoint.database().to_owned();
            database::prepare(&made.endpoint, &test_options(&template), schemas)
                .await
                .unwrap_or_else(|error| panic!("the template cannot be prepared: {error}"));
            templates.insert(names, template.clone());
            template
        };
        // PostgreSQL copies a template for one at a time.
        let clone = self.clone_of(&template).await;
        drop(templates);
        // What belongs to a database rather than stands in it is not copied.
        let name = clone.endpoint.database();
        let of_the_database = format!(
            "alter database {name} owner to postgres; grant all on database {name} to dashboard_user; \
             grant create on database {name} to supabase_storage_admin, supabase_realtime_admin; \
             alter database {name} set app.settings.jwt_exp = '3600'"
        );
        let client = clone.connect().await;
        let done = client.batch_execute(&of_the_database).await;
        done.expect("a superuser may");
        clone
    }

    /// A new database made from `template`, which nobody may be connected to.
    #[expect(
        clippy::disallowed_methods,
        reason = "the driver of a test's own connection"
    )]
    pub async fn clone_of(&self, template: &str) -> TestDatabase {
        let name = format!(
            "t{}_{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let maintenance = self.endpoint("postgres");
        let (client, driver) = maintenance
            .config()
            .connect(tokio_postgres::NoTls)
            .await
            .expect("the test cluster accepts");
        tokio::spawn(async move {
            let _ = driver.await;
        });
        client
            .batch_execute(&format!("create database {name} template {template}"))
            .await
            .expect("a database can be created");
        TestDatabase {
            endpoint: self.endpoint(&name),
        }
    }

    /// Superuser login to a database of the cluster, over its Unix socket.
    pub fn endpoint(&self, database: &str) -> Endpoint {
        let text = format!(
            "host={} port={} user=supabase_admin dbname={database}",
            self.dir.display(),
            self.port
        );
        Endpoint::parse(&text).expect("well formed")
    }

    /// Loopback TCP port, the same as in the socket's name.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn start() -> Self {
        // Somebody else may take a port before the server does: then the next one.
        let mut last = String::new();
        for _ in 0..10 {
            match Self::start_on(free_port()) {
                Ok(started) => return started,
                Err(log) => last = log,
            }
        }
        panic!("the test cluster did not start:\n{last}");
    }

    /// Its log when it ends instead of becoming ready.
    fn start_on(port: u16) -> Result<Self, String> {
        let bin = bin_dir();
        let dir = tempfile::Builder::new()
            .prefix("passerelle-test-")
            .tempdir()
            .expect("a temporary folder")
            .keep();
        let data = dir.join("data");
        let run_as = unprivileged_user();
        if let Some(user) = run_as {
            run(Command::new("chown").arg(user).arg(&dir));
        }
        let initdb = format!(
            "{}/initdb -D {} -U supabase_admin -A trust -E UTF8 --locale=C.UTF-8 --no-sync",
            bin.display(),
            data.display()
        );
        run(&mut shell(&initdb, run_as));
        let options = format!(
            "-k {} -p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c wal_level=logical \
             -c max_connections=200 -c max_replication_slots=60 -c max_wal_senders=60 -c jit=off \
             -c max_worker_processes=8 -c autovacuum=off -c shared_buffers=64MB",
            dir.display()
        );
        // A watcher outlives a killed test run just long enough to stop the server and remove the folder.
        let me = std::process::id();
        let server = format!(
            "exec 0</dev/null >{log} 2>&1; {bin}/postgres -D {data} {options} & server=$!; \
             while [ -d /proc/{me} ] && kill -0 $server 2>/dev/null; do sleep 0.5; done; \
             kill -INT $server 2>/dev/null; wait $server; echo ended > {dir}/ended; \
             while [ -d /proc/{me} ]; do sleep 0.5; done; \
             rm -rf {dir}/data {dir}/.s.PGSQL* {dir}/log {dir}/ended; rmdir {dir}",
            log = dir.join("log").display(),
            bin = bin.display(),
            data = data.display(),
            dir = dir.display(),
        );
        #[expect(
            clippy::zombie_processes,
            reason = "the watcher outlives this process on purpose"
        )]
        shell(&server, run_as)
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("a shell");
        let socket = dir.join(format!(".s.PGSQL.{port}"));
        // However slow the machine: it becomes ready or it ends.
        while !dir.join("ended").exists() {
            if std::os::unix::net::UnixStream::connect(&socket).is_ok() && is_ready(&data) {
                return Ok(Self { dir, port });
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        Err(std::fs::read_to_string(dir.join("log")).unwrap_or_default())
    }
}

fn test_options(database: &str) -> database::Options {
    let mut place = settings::Database::default();
    database.clone_into(&mut place.name);
    let mut keys = settings::Keys::default();
    keys.jwt_secret = base::Secret::new("a-secret-of-at-least-thirty-two-bytes!");
    keys.vault_enc_key = base::Secret::new("a key for the vault that is kept");
    database::Options::from_settings(&place, &keys, 3_600)
}

/// The socket is there before the server lets anybody in; its pid file says when it does.
fn is_ready(data: &std::path::Path) -> bool {
    std::fs::read_to_string(data.join("postmaster.pid")).is_ok_and(|text| {
        text.lines()
            .last()
            .is_some_and(|line| line.trim() == "ready")
    })
}

/// `initdb` refuses to run as root: then the system's own user does it.
fn unprivileged_user() -> Option<&'static str> {
    let output = Command::new("id").arg("-u").output().expect("id");
    if output.stdout.trim_ascii() != b"0" {
        return None;
    }
    ["postgres", "nobody"].into_iter().find(|user| {
        Command::new("id")
            .arg(user)
            .output()
            .is_ok_and(|output| output.status.success())
    })
}

/// Where one of PostgreSQL's programs is, for tests that run a cluster of their own.
pub fn program(name: &str) -> PathBuf {
    bin_dir().join(name)
}

/// A shell command run as the user that PostgreSQL runs as.
pub fn as_server_user(command: &str) -> Command {
    shell(command, unprivileged_user())
}

fn shell(command: &str, user: Option<&str>) -> Command {
    match user {
        None => {
            let mut shell = Command::new("sh");
            shell.args(["-c", command]);
            shell
        }
        Some(user) => {
            let mut shell = Command::new("setpriv");
            shell.args([
                "--reuid",
                user,
                "--regid",
                user,
                "--init-groups",
                "sh",
                "-c",
                command,
            ]);
            shell.current_dir("/");
            shell
        }
    }
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// `PASSERELLE_PG_BIN`, the PATH, then the newest of the distribution's versioned folders.
fn bin_dir() -> PathBuf {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests are told where PostgreSQL is by their runner"
    )]
    if let Ok(dir) = std::env::var("PASSERELLE_PG_BIN") {
        return dir.into();
    }
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .filter(|(_, dir)| has_server(dir))
        .collect();
    found.sort();
    found.pop().map(|(_, dir)| dir).expect(
        "PostgreSQL's server programs are needed: set PASSERELLE_PG_BIN or install package postgresql",
    )
}

fn has_server(dir: &Path) -> bool {
    dir.join("initdb").exists() && dir.join("postgres").exists()
}

/// A loopback port that nobody listens on, for a server that must be told its port. It lies below those that the system
/// gives to outgoing connections and to listeners that leave the choice to it, so that only another caller of this can
/// take it before it is used; callers in other processes begin elsewhere.
pub fn free_port() -> u16 {
    const FIRST: u32 = 12_000;
    const COUNT: u32 = 20_000;
    static TRIED: AtomicU32 = AtomicU32::new(0);
    (0..COUNT)
        .find_map(|_| {
            let turn = TRIED.fetch_add(1, Ordering::Relaxed);
            let start = std::process::id().wrapping_mul(97);
            let port = u16::try_from(FIRST + start.wrapping_add(turn) % COUNT).ok()?;
            std::net::TcpListener::bind(("127.0.0.1", port))
                .is_ok()
                .then_some(port)
        })
        .expect("a free port")
}
