//! The program under test: the release binary, started as anyone would.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::load;
use super::process::Family;
use crate::run;

/// A running stack with its data in a folder of its own.
#[derive(Debug)]
pub(crate) struct Stack {
    child: Child,
    dir: PathBuf,
    port: u16,
    /// From the start of the process to the first answered request.
    pub(crate) started_in: Duration,
    /// The variables of the keys' file.
    pub(crate) keys: BTreeMap<String, String>,
}

impl Stack {
    /// Builds the release binary; quick when nothing changed, and left out when another program is named.
    pub(crate) fn build() -> Result<()> {
        if named().is_some() {
            return Ok(());
        }
        run::cargo(&["build", "--release", "--quiet", "--package", "passerelle"])
    }

    /// Starts it on `dir` and waits for the first good answer.
    pub(crate) async fn start(dir: &Path, port: u16) -> Result<Self> {
        let started = Instant::now();
        let mut child = Command::new(program())
            .args(["up", "--data-dir"])
            .arg(dir)
            .args(["--port", &port.to_string()])
            .env("PASSERELLE_DATABASE_PORT", "0")
            .env("PASSERELLE_GATEWAY_ADMIN_PORT", "0")
            .env("PASSERELLE_LOG_ACCESS", "false")
            .env("ENABLE_EMAIL_AUTOCONFIRM", "true")
            .env("PASSERELLE_AUTH_RATE_LIMITS", "false")
            .env("PASSERELLE_REALTIME_MAX_CONCURRENT_USERS", "0")
            .env("PASSERELLE_REALTIME_MAX_EVENTS_PER_SECOND", "0")
            .env("PASSERELLE_REALTIME_MAX_JOINS_PER_SECOND", "0")
            .current_dir(dir)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(dir.with_extension("log"))?)
            .spawn()
            .context("the release binary could not be started")?;
        let address = format!("127.0.0.1:{port}");
        let health = load::Request::get("/health", &[]);
        while load::once(&address, &health).await.is_err() {
            if let Some(status) = child.try_wait()? {
                let log = std::fs::read_to_string(dir.with_extension("log")).unwrap_or_default();
                bail!("the program ended with {status}:\n{log}");
            }
            ensure!(
                started.elapsed() < Duration::from_secs(120),
                "it did not become ready"
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let started_in = started.elapsed();
        let text = std::fs::read_to_string(dir.join("keys.env")).context("the keys' file")?;
        let keys = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.trim_matches(['\'', '"']).to_owned()))
            .collect();
        Ok(Self {
            child,
            dir: dir.to_owned(),
            port,
            started_in,
            keys,
        })
    }

    /// Host and port of the API.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A key by its variable's name.
    pub(crate) fn key(&self, name: &str) -> Result<&str> {
        self.keys
            .get(name)
            .map(String::as_str)
            .with_context(|| format!("{name} is in the keys' file"))
    }

    /// The process and what it started.
    pub(crate) fn family(&self) -> Family {
        Family::of(self.child.id())
    }

    /// Folder and port in the name of PostgreSQL's Unix socket.
    pub(crate) fn socket(&self) -> Result<(String, u16)> {
        // It is written a moment after the first answer.
        let path = self.dir.join("passerelle.json");
        let started = Instant::now();
        while !path.exists() && started.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let text = std::fs::read_to_string(path).context("the state file")?;
        let state: serde_json::Value = serde_json::from_str(&text)?;
        let dir = state["socket_dir"]
            .as_str()
            .context("socket_dir in the state file")?;
        let port = state["socket_port"]
            .as_u64()
            .context("socket_port in the state file")?;
        Ok((dir.to_owned(), u16::try_from(port)?))
    }

    /// Stops it as Ctrl-C would and waits.
    pub(crate) fn stop(mut self) -> Result<()> {
        run::command(Command::new("kill").args(["-INT", &self.child.id().to_string()]))?;
        self.child.wait()?;
        Ok(())
    }
}

/// The program that is measured: the release binary, or what `PASSERELLE_BENCH_PROGRAM` names.
pub(crate) fn program() -> PathBuf {
    named().unwrap_or_else(|| run::root().join("target/release/passerelle"))
}

fn named() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a task has no settings: its caller's environment is all there is"
    )]
    let value = std::env::var_os("PASSERELLE_BENCH_PROGRAM");
    value.map(PathBuf::from)
}

impl Drop for Stack {
    fn drop(&mut self) {
        // Only reached with the process still alive when a measurement failed.
        let _ = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .stderr(Stdio::null())
            .status();
        let _ = self.child.wait();
    }
}
