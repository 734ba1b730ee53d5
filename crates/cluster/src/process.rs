//! One run of the `postgres` program, from start to end.

use std::fs::{self, DirBuilder, OpenOptions};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::{Account, Binaries, Cluster, Error, Lock};

/// Longest path of a Unix socket.
const SOCKET_PATH_LIMIT: usize = 107;
const POLL: Duration = Duration::from_millis(20);

/// A running server. It is told to stop when the program that started it dies.
#[derive(Debug)]
pub struct Process {
    pid: Pid,
    port: u16,
    socket_dir: PathBuf,
    ended: watch::Receiver<Option<ExitStatus>>,
    _lock: Lock,
}

impl Process {
    /// Starts the server on a loopback port and returns when it takes connections. What an earlier
    /// program left running on the same data is stopped first: we hold the lock, so it is nobody's.
    pub async fn start(
        lock: Lock,
        data_dir: &Path,
        cluster: &Cluster,
        binaries: &Binaries,
        account: Account,
        port: u16,
        patience: Duration,
    ) -> Result<Self, Error> {
        let data = fs::canonicalize(&cluster.path).map_err(|e| Error::file(&cluster.path, e))?;
        stop_orphan(&data, patience).await?;
        let socket_dir = private(&data_dir.join("socket"), account)?;
        let log = private(&data_dir.join("logs"), account)?.join("postgres.log");
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .map_err(|source| Error::file(&log, source))?;
        let copy = file
            .try_clone()
            .map_err(|source| Error::file(&log, source))?;
        let mut command = account.command(Path::new("setpriv"));
        command
            .args(["--pdeathsig", "INT", "--"])
            .arg(binaries.program("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&socket_dir)
            .args(["-p", &port.to_string()])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(copy);
        let (pid, ended) = launch(command).await?;
        let process = Self {
            pid,
            port,
            socket_dir,
            ended,
            _lock: lock,
        };
        process.ready(&data, &log, patience).await?;
        Ok(process)
    }

    /// The server's process id.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Its loopback port, the same as in the socket's name.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its socket, closed to others.
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// Resolves when the server has ended, for whatever reason.
    pub async fn ended(&self) {
        let mut ended = self.ended.clone();
        let _ = ended.wait_for(Option::is_some).await;
    }

    /// Ends open sessions and stops; after `grace`, without tidying up. Returns whether it was tidy.
    pub async fn stop(self, grace: Duration) -> bool {
        let _ = kill(self.pid, Signal::SIGINT);
        if timeout(grace, self.ended()).await.is_err() {
            let _ = kill(self.pid, Signal::SIGQUIT);
            self.ended().await;
        }
        matches!(*self.ended.borrow(), Some(status) if status.success())
    }

    async fn ready(&self, data: &Path, log: &Path, patience: Duration) -> Result<(), Error> {
        let until = Instant::now() + patience;
        let pid = self.pid.to_string();
        loop {
            if self.ended.borrow().is_some() {
                return Err(Error::DidNotStart(last_words(log)));
            }
            let text = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            let mut lines = text.lines().map(str::trim);
            if lines.next() == Some(&pid) && lines.nth(6) == Some("ready") {
                return Ok(());
            }
            if Instant::now() >= until {
                let _ = kill(self.pid, Signal::SIGQUIT);
                self.ended().await;
                return Err(Error::DidNotStart(last_words(log)));
            }
            sleep(POLL).await;
        }
    }
}

/// Starts the program from a thread of its own that waits for it: the signal at a parent's death is
/// sent when the *thread* ends, so that one must live as long as the program.
async fn launch(mut command: Command) -> Result<(Pid, watch::Receiver<Option<ExitStatus>>), Error> {
    let (started, start) = tokio::sync::oneshot::channel();
    let (end, ended) = watch::channel(None);
    std::thread::spawn(move || match command.spawn() {
        Ok(mut child) => {
            let _ = started.send(Ok(child.id()));
            if let Ok(status) = child.wait() {
                end.send_replace(Some(status));
            }
        }
        Err(error) => {
            let _ = started.send(Err(error));
        }
    });
    let id = start
        .await
        .unwrap_or_else(|_| Err(std::io::ErrorKind::BrokenPipe.into()))
        .map_err(|source| Error::file(Path::new("setpriv"), source))?;
    Ok((Pid::from_raw(id.cast_signed()), ended))
}

/// A server still running on `data`, told by its working folder rather than by its number alone.
async fn stop_orphan(data: &Path, patience: Duration) -> Result<(), Error> {
    let text = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    let Some(pid) = text
        .lines()
        .next()
        .and_then(|line| line.trim().parse().ok())
    else {
        return Ok(());
    };
    let folder = PathBuf::from(format!("/proc/{pid}/cwd"));
    let runs = || fs::read_link(&folder).is_ok_and(|cwd| cwd == data);
    for signal in [Signal::SIGINT, Signal::SIGQUIT] {
        if !runs() {
            return Ok(());
        }
        tracing::warn!(pid, %signal, "stopping the PostgreSQL an earlier program left running");
        let _ = kill(Pid::from_raw(pid), signal);
        let until = Instant::now() + patience;
        while runs() && Instant::now() < until {
            sleep(POLL).await;
        }
    }
    if runs() {
        return Err(Error::InUse(data.to_owned()));
    }
    Ok(())
}

/// A folder that only the account may enter.
fn private(path: &Path, account: Account) -> Result<PathBuf, Error> {
    if !path.is_dir() {
        DirBuilder::new()
            .mode(0o700)
            .create(path)
            .map_err(|source| Error::file(path, source))?;
        account.own(path)?;
    }
    let path = fs::canonicalize(path).map_err(|source| Error::file(path, source))?;
    if path.join(".s.PGSQL.65535").as_os_str().len() > SOCKET_PATH_LIMIT {
        return Err(Error::PathTooLong(path));
    }
    Ok(path)
}

fn last_words(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}
