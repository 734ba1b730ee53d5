//! One run of a job, in a session of its own.

use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use base::SharedClock;
use futures_util::FutureExt as _;
use pg::{Completed, Error, ServerError, Session};
use tokio_util::sync::CancellationToken;

use super::job::Job;
use super::login::{Logins, NoLogin};
use super::table::Table;

/// How such a session shows in `pg_stat_activity`; sql/end_sessions.sql looks for it.
const APPLICATION_NAME: &str = "passerelle cron";
/// How long the session may take to be there.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often an end is tried to be written, and how long a cancelled statement may take to end.
const WRITES: u32 = 6;

/// One run, written down as `starting`.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: i64,
    pub(super) job: Job,
    pub(super) table: Table,
    pub(super) logins: Arc<Logins>,
    pub(super) clock: SharedClock,
    pub(super) cancel: CancellationToken,
}

/// Why a run failed, in the words of `pg_cron` and libpq.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("connection failed: {0}")]
    Connection(String),
    #[error("{}", libpq(.0))]
    Statement(Box<ServerError>),
    #[error("connection lost")]
    Lost,
    #[error("{0}")]
    Other(String),
    #[error("job cancelled")]
    Cancelled,
    #[error("the job's node is {0}; only jobs of this server (localhost) are run")]
    OtherServer(String),
}

impl Run {
    /// Runs the command and writes down how it went.
    pub(super) async fn execute(self) {
        let outcome = AssertUnwindSafe(self.outcome()).catch_unwind().await;
        let outcome =
            outcome.unwrap_or_else(|_| Err(Failure::Other("the runner panicked".to_owned())));
        let (status, message) = match outcome {
            Ok(completed) => ("succeeded", told(&completed)),
            Err(failure) => ("failed", failure.to_string()),
        };
        metrics::counter!("cron_runs_total", "result" => status).increment(1);
        tracing::debug!(job = self.job.id, run = self.id, status, "a job has run");
        self.write(status, &message).await;
    }

    async fn outcome(&self) -> Result<Completed, Failure> {
        if !is_this_server(&self.job.node) {
            return Err(Failure::OtherServer(self.job.node.clone()));
        }
        tokio::select! {
            session = self.open() => self.work(session?).await,
            () = self.cancel.cancelled() => Err(Failure::Cancelled),
        }
    }

    /// A session of the job's user in the job's database, with that user's settings.
    async fn open(&self) -> Result<Session, Failure> {
        let mut trusted = true;
        loop {
            let login = self.logins.of(&self.job.username, trusted).await?;
            let endpoint = login.with_database(&self.job.database);
            match Session::open(&endpoint, APPLICATION_NAME, PATIENCE).await {
                Ok(mut session) => {
                    let settings = include_str!("sql/settings.sql");
                    session.run(settings).await.map_err(Failure::from)?;
                    return Ok(session);
                }
                // The role may have been dropped, or given another password, since we made it.
                Err(_) if trusted => trusted = false,
                Err(error) => return Err(Failure::Connection(bare(&error))),
            }
        }
    }

    async fn work(&self, mut session: Session) -> Result<Completed, Failure> {
        let noted = self
            .table
            .note_running(self.id, session.process_id(), self.clock.now())
            .await;
        if let Err(error) = noted {
            return Err(Failure::Other(format!(
                "the run could not be written down: {error}"
            )));
        }
        let canceller = session.canceller();
        let command = session.run(&self.job.command);
        tokio::pin!(command);
        tokio::select! {
            ended = &mut command => Ok(ended?),
            () = self.cancel.cancelled() => {
                if let Err(error) = canceller.cancel().await {
                    tracing::warn!(job = self.job.id, %error, "a job's statement could not be cancelled");
                }
                let _ = tokio::time::timeout(PATIENCE, command).await;
                Err(Failure::Cancelled)
            }
        }
    }

    async fn write(&self, status: &str, message: &str) {
        let mut pause = Duration::from_millis(250);
        for attempt in 1..=WRITES {
            let now = self.clock.now();
            match self.table.note_end(self.id, status, message, now).await {
                Ok(()) => return,
                // The next leader will mark it.
                Err(error) => {
                    tracing::warn!(run = self.id, attempt, %error, "a run's end is not written yet");
                }
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
}

/// `pg_cron` connects to the node that the job names. We have a login to one server only.
fn is_this_server(node: &str) -> bool {
    matches!(node, "localhost" | "127.0.0.1" | "::1" | "") || node.starts_with('/')
}

/// What `pg_cron` notes of a success: the rows of a query, else the command tag.
fn told(completed: &Completed) -> String {
    match completed.rows {
        Some(1) => "1 row".to_owned(),
        Some(rows) => format!("{rows} rows"),
        None => completed.tag.clone(),
    }
}

/// An error as libpq prints it, without the line of the statement.
fn libpq(error: &ServerError) -> String {
    let severity = if error.fatal { "FATAL" } else { "ERROR" };
    let mut text = format!("{severity}:  {}\n", error.message);
    for (name, value) in [
        ("DETAIL", &error.detail),
        ("HINT", &error.hint),
        ("CONTEXT", &error.context),
    ] {
        if let Some(value) = value {
            let _ = writeln!(text, "{name}:  {value}");
        }
    }
    text
}

/// What went wrong, without the introduction.
fn bare(error: &Error) -> String {
    match error {
        Error::Connect(text) => text.clone(),
        other => other.to_string(),
    }
}

impl From<NoLogin> for Failure {
    fn from(error: NoLogin) -> Self {
        Self::Connection(error.to_string())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Server(error) => Self::Statement(error),
            Error::Lost(_) => Self::Lost,
            Error::Protocol(text) | Error::Unsendable(text) => Self::Other(text),
            other => Self::Other(other.to_string()),
        }
    }
}
