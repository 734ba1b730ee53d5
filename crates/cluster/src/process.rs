//! One run of the `postgres` program, from start to end.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::account::Account;
use crate::{Binaries, Error};

const POLL: Duration = Duration::from_millis(20);

/// What does not change from one run of a server to the next.
#[derive(Debug)]
pub(crate) struct Plan {
    /// PostgreSQL's data directory, absolute and without links.
    pub(crate) data: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) binaries: Binaries,
    pub(crate) account: Account,
}

/// A running server. It is told to stop when the program that started it dies.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    ended: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// Starts the server and returns when it takes connections.
    pub(crate) async fn start(plan: &Plan, patience: Duration) -> Result<Self, Error> {
        let log = &plan.log;
        turn_over(log)?;
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(log)
            .map_err(|source| Error::file(log, source))?;
        plan.account.own(log)?;
        let from = file
            .metadata()
            .map_err(|source| Error::file(log, source))?
            .len();
        let copy = file
            .try_clone()
            .map_err(|source| Error::file(log, source))?;
        let mut command = plan.account.command(&plan.binaries.program("postgres"));
        if dies_with_us() {
            command = plan.account.command(Path::new("setpriv"));
            command
                .args(["--pdeathsig", "INT", "--"])
                .arg(plan.binaries.program("postgres"));
        }
        plan.binaries.lend_libraries(&mut command);
        command
            .arg("-D")
            .arg(&plan.data)
            .current_dir("/")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(copy)
            // A terminal's Ctrl-C is for us; we tell the server when to stop.
            .process_group(0);
        let (pid, ended) = launch(command).await?;
        let process = Self { pid, ended };
        process.ready(plan, from, patience).await?;
        Ok(process)
    }

    /// Resolves when the server has ended, for whatever reason.
    pub(crate) async fn ended(&self) -> Option<ExitStatus> {
        let mut ended = self.ended.clone();
        ended
            .wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|status| *status)
    }

    /// Ends open sessions and stops; after `grace`, without tidying up. Returns whether it was tidy.
    pub(crate) async fn stop(self, grace: Duration) -> bool {
        let _ = kill(self.pid, Signal::SIGINT);
        if let Ok(status) = timeout(grace, self.ended()).await {
            return status.is_some_and(|status| status.success());
        }
        let _ = kill(self.pid, Signal::SIGQUIT);
        self.ended().await;
        false
    }

    async fn ready(&self, plan: &Plan, from: u64, patience: Duration) -> Result<(), Error> {
        let until = Instant::now() + patience;
        let pid = self.pid.to_string();
        loop {
            if self.ended.borrow().is_some() {
                return Err(Error::did_not_start(
                    &plan.data,
                    &last_words(&plan.log, from),
                ));
            }
            let text = fs::read_to_string(plan.data.join("postmaster.pid")).unwrap_or_default();
            let mut lines = text.lines().map(str::trim);
            if lines.next() == Some(&pid) && lines.nth(6) == Some("ready") {
                return Ok(());
            }
            if Instant::now() >= until {
                let _ = kill(self.pid, Signal::SIGQUIT);
                self.ended().await;
                return Err(Error::did_not_start(
                    &plan.data,
                    &last_words(&plan.log, from),
                ));
            }
            sleep(POLL).await;
        }
    }
}

impl Drop for Process {
    /// Whatever lets go of a running server lets it end.
    fn drop(&mut self) {
        if self.ended.borrow().is_none() {
            let _ = kill(self.pid, Signal::SIGINT);
        }
    }
}

/// Starts the program from a thread of its own that waits for it: the signal at a parent's death is
/// sent when the *thread* ends, so that one must live as long as the program.
async fn launch(mut command: Command) -> Result<(Pid, watch::Receiver<Option<ExitStatus>>), Error> {
    let program = PathBuf::from(command.get_program());
    let (started, start) = tokio::sync::oneshot::channel();
    let (end, ended) = watch::channel(None);
    std::thread::spawn(move || match command.spawn() {
        Ok(mut child) => {
            let pid = child.id();
            // Whoever wanted it has gone before it was there: nobody else would stop it.
            if started.send(Ok(pid)).is_err() {
                let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGINT);
            }
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
        .map_err(|source| Error::file(&program, source))?;
    Ok((Pid::from_raw(id.cast_signed()), ended))
}

/// A server still running on `data`, told by its working folder rather than by its number alone.
pub(crate) async fn stop_orphan(data: &Path, patience: Duration) -> Result<(), Error> {
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

/// Puts a long log aside, in place of the one put aside before.
fn turn_over(log: &Path) -> Result<(), Error> {
    const LONG: u64 = 16 * 1024 * 1024;
    if fs::metadata(log).is_ok_and(|found| found.len() > LONG) {
        fs::rename(log, log.with_extension("log.1")).map_err(|source| Error::file(log, source))?;
    }
    Ok(())
}

/// The end of what the log has gained since `from`.
pub(crate) fn last_words(log: &Path, from: u64) -> String {
    const ENOUGH: u64 = 16 * 1024;
    let mut bytes = Vec::new();
    let _ = File::open(log).and_then(|mut file| {
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(from.max(length.saturating_sub(ENOUGH))))?;
        file.read_to_end(&mut bytes)
    });
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}

/// Whether the system has the `setpriv` that can tie a program's life to ours.
fn dies_with_us() -> bool {
    static KNOWN: LazyLock<bool> = LazyLock::new(|| {
        Command::new("setpriv")
            .args(["--pdeathsig", "INT", "--", "true"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    });
    *KNOWN
}
