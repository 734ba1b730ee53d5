//! Other servers of the same language, when they are installed: found by name on the path, or where
//! `PASSERELLE_BENCH_<NAME>` says.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::sql::Sql;
use crate::bench::load::{self, Request};
use crate::bench::process::Family;
use crate::bench::stack::Stack;

/// Names of the programs.
const KNOWN: [&str; 2] = ["pg-rest-server", "postrust"];
/// As many connections to PostgreSQL as our own default.
const POOL: &str = "20";

/// A rival that runs.
#[derive(Debug)]
pub(super) struct Rival {
    pub(super) name: &'static str,
    pub(super) address: String,
    child: Child,
}

impl Rival {
    /// Starts every one that is installed; one that does not come up is reported and left out.
    pub(super) async fn all(stack: &Stack, sql: &Sql, ready: &Request) -> Result<Vec<Self>> {
        let mut rivals = Vec::new();
        for name in KNOWN {
            let Some(program) = installed(name) else {
                println!("rest: {name} is not installed and not compared with");
                continue;
            };
            match Self::start(name, &program, stack, sql, ready).await {
                Ok(rival) => rivals.push(rival),
                Err(error) => println!("rest: {name} is not compared with: {error:#}"),
            }
        }
        Ok(rivals)
    }

    async fn start(
        name: &'static str,
        program: &PathBuf,
        stack: &Stack,
        sql: &Sql,
        ready: &Request,
    ) -> Result<Self> {
        // Free a moment ago; if another program takes it meanwhile this rival is left out.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let url = format!(
            "postgres://postgres:{}@{}/postgres?port={}",
            sql.password,
            sql.socket.replace('/', "%2F"),
            sql.port
        );
        let log = std::env::temp_dir().join(format!("passerelle-bench-{name}.log"));
        let file = std::fs::File::create(&log)?;
        let child = Command::new(program)
            .env("DATABASE_URL", &url)
            .env("PGRST_DB_URI", &url)
            .env("PGRST_DB_SCHEMAS", "public")
            .env("PGRST_DB_ANON_ROLE", "anon")
            .env("PGRST_DB_POOL", POOL)
            .env("PGRST_DB_MAX_ROWS", "1000")
            .env("PGRST_JWT_SECRET", stack.key("JWT_SECRET")?)
            .env("PGRST_SERVER_HOST", "127.0.0.1")
            .env("PGRST_SERVER_PORT", port.to_string())
            .env("PGRST_LOG_LEVEL", "crit")
            .env("HOST", "127.0.0.1")
            .env("PORT", port.to_string())
            .stdout(Stdio::from(file.try_clone()?))
            .stderr(Stdio::from(file))
            .spawn()
            .with_context(|| format!("{} could not be started", program.display()))?;
        let mut rival = Self {
            name,
            address: format!("127.0.0.1:{port}"),
            child,
        };
        let started = Instant::now();
        loop {
            let Err(error) = load::once(&rival.address, ready).await else {
                return Ok(rival);
            };
            if let Some(status) = rival.child.try_wait()? {
                bail!("it ended with {status}, see {}", log.display());
            }
            if started.elapsed() > Duration::from_secs(30) {
                return Err(error.context("it does not answer"));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Its processes.
    pub(super) fn family(&self) -> Family {
        Family::of(self.child.id())
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn installed(name: &str) -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a task has no settings: its caller's environment is all there is"
    )]
    let variable = |name: &str| std::env::var_os(name);
    let own = name.to_uppercase().replace('-', "_");
    if let Some(path) = variable(&format!("PASSERELLE_BENCH_{own}")) {
        return Some(path.into());
    }
    let path = variable("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}
