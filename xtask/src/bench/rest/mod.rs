//! The REST service beside its yardstick: every kind of request at several numbers of connections, against `pgbench`
//! with the same transaction, and against other servers of the same language when they are installed.

mod rival;
mod sql;
mod work;

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::load::{self, Measured, Request};
use super::process::Cpu;
use super::ratio;
use super::stack::Stack;
use rival::Rival;
pub(crate) use sql::Sql;
use work::Work;

/// Connections of the one figure that sums up the service.
const CONNECTIONS: usize = 32;
/// Connections of the matrix.
const MATRIX: [usize; 4] = [1, 8, 32, 256];
/// `pgbench` gets no more sessions than the server has places for.
const MOST_SESSIONS: usize = 64;
const FIXTURE: &str = include_str!("fixture.sql");

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Every kind of request at every number of connections.
    Whole,
    /// Every kind once, shortly: to see that it works, not for a figure.
    Quick,
}

/// What a measurement needs.
struct Bench<'a> {
    stack: &'a Stack,
    sql: Sql,
    caller: Caller,
    rivals: Vec<Rival>,
    span: Duration,
}

/// Who asks: a signed-up user.
#[derive(Debug)]
struct Caller {
    owner: String,
    bearer: String,
    anon_key: String,
}

/// The statement is read from `pg_stat_activity`, which keeps 1 kB of it unless the server is told otherwise
/// before it starts.
pub(crate) fn prepare(dir: &std::path::Path) -> Result<()> {
    use std::io::Write as _;
    let path = dir.join("db/postgresql.auto.conf");
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .with_context(|| path.display().to_string())?;
    writeln!(file, "track_activity_query_size = '32kB'")?;
    Ok(())
}

/// Prints the one figure, then the matrix.
pub(crate) async fn measure(stack: &Stack, span: Duration, extent: Extent) -> Result<()> {
    let caller = Caller::sign_up(stack).await?;
    let sql = Sql::of(stack)?;
    sql.run(&FIXTURE.replace("OWNER", &caller.owner))?;
    let works = work::all(&caller, "/rest/v1");
    for work in &works {
        wait_for(stack, &work.requests[0]).await?;
    }
    let ready = &work::ten_rows(&caller, "").requests[0];
    let rivals = Rival::all(stack, &sql, ready).await?;
    let bench = Bench {
        stack,
        sql,
        caller,
        rivals,
        span,
    };
    let ten_rows = work::ten_rows(&bench.caller, "/rest/v1");
    println!(
        "rest, {} with a token, {CONNECTIONS} connections: {}",
        ten_rows.name,
        bench.line(&ten_rows, None, CONNECTIONS).await?
    );
    println!("rest, matrix (pgbench: at most {MOST_SESSIONS} sessions):");
    let connections = match extent {
        Extent::Whole => &MATRIX[..],
        Extent::Quick => &[8],
    };
    let theirs = work::all(&bench.caller, "");
    for (work, theirs) in works.iter().zip(&theirs) {
        for connections in connections {
            println!(
                "  {}, {connections} connections: {}",
                work.name,
                bench.line(work, Some(theirs), *connections).await?
            );
        }
    }
    Ok(())
}

impl Bench<'_> {
    /// One measurement as a line; rivals are asked `theirs`.
    async fn line(&self, work: &Work, theirs: Option<&Work>, connections: usize) -> Result<String> {
        let address = self.stack.address();
        let body = load::once(&address, &work.requests[0]).await?;
        let (wanted, times) = work.proof;
        ensure!(
            wanted.is_empty() || body.matches(wanted).count() == times,
            "{}: {body}",
            work.name
        );
        let statement = self.sql.last_statement()?;
        let family = || self.stack.family().cpu();

        self.warm_up(&address, work, connections).await?;
        self.reset(work)?;
        let before = family()?;
        let ours = load::run_each(&address, &work.requests, connections, self.span).await?;
        let cpu = family()? - before;

        self.reset(work)?;
        let clients = connections.min(MOST_SESSIONS);
        let before = family()?;
        let (limit, transactions) =
            self.sql
                .pgbench(&self.caller, work, &statement, clients, self.span)?;
        let bare = per_request((family()? - before).postgres, transactions);
        let mut line = format!(
            "{:.0}/s, pgbench {limit:.0}/s, ratio {}; {} ({bare} under pgbench); p50 {}, p99 {}",
            ours.rate(),
            ratio(ours.rate(), limit),
            costs(cpu, &ours),
            millis(ours.percentile(50)),
            millis(ours.percentile(99)),
        );
        for rival in &self.rivals {
            if let Some(theirs) = theirs {
                line.push_str(&self.beside(rival, theirs, connections, ours.rate()).await);
            }
        }
        Ok(line)
    }

    /// What a rival makes of the same requests; what it refuses is said.
    async fn beside(&self, rival: &Rival, work: &Work, connections: usize, ours: f64) -> String {
        match self.rival(rival, work, connections).await {
            Ok((theirs, cpu)) => format!(
                "; {} {:.0}/s, we are {} of it, its CPU {}, p99 {}",
                rival.name,
                theirs.rate(),
                ratio(ours, theirs.rate()),
                per_request(cpu.program, answers(&theirs)),
                millis(theirs.percentile(99)),
            ),
            Err(error) => {
                let reason = error.to_string();
                let line = reason.lines().find(|line| line.starts_with("HTTP/"));
                format!("; {} refuses ({})", rival.name, line.unwrap_or(&reason))
            }
        }
    }

    async fn rival(
        &self,
        rival: &Rival,
        work: &Work,
        connections: usize,
    ) -> Result<(Measured, Cpu)> {
        self.warm_up(&rival.address, work, connections).await?;
        self.reset(work)?;
        let before = rival.family().cpu()?;
        let measured =
            load::run_each(&rival.address, &work.requests, connections, self.span).await?;
        Ok((measured, rival.family().cpu()? - before))
    }

    async fn warm_up(&self, address: &str, work: &Work, connections: usize) -> Result<()> {
        load::run_each(address, &work.requests, connections, self.span / 4)
            .await
            .map(drop)
    }

    fn reset(&self, work: &Work) -> Result<()> {
        work.before
            .map_or(Ok(()), |statement| self.sql.run(statement))
    }
}

impl Caller {
    async fn sign_up(stack: &Stack) -> Result<Self> {
        let anon_key = stack.key("ANON_KEY")?.to_owned();
        let headers = [("apikey", anon_key.as_str())];
        let person = r#"{"email":"bench-rest@example.com","password":"correct-horse-battery"}"#;
        let request = Request::post("/auth/v1/signup", &headers, person);
        let answer = load::once(&stack.address(), &request).await?;
        let session: serde_json::Value =
            serde_json::from_str(&answer).with_context(|| answer.clone())?;
        let text =
            |value: &serde_json::Value| value.as_str().map(str::to_owned).context("a session");
        Ok(Self {
            owner: text(&session["user"]["id"])?,
            bearer: format!("Bearer {}", text(&session["access_token"])?),
            anon_key,
        })
    }

    fn headers(&self) -> Vec<(&str, &str)> {
        vec![
            ("apikey", self.anon_key.as_str()),
            ("authorization", self.bearer.as_str()),
        ]
    }

    /// What the program sets for a transaction of this caller, in its order.
    fn settings(&self, work: &Work) -> Vec<(&'static str, String)> {
        let claims = format!(
            r#"{{"aud":"authenticated","exp":4000000000,"iat":1700000000,"sub":"{}","email":"bench-rest@example.com","role":"authenticated","aal":"aal1","amr":[{{"method":"password","timestamp":1700000000}}],"session_id":"{0}","is_anonymous":false}}"#,
            self.owner
        );
        let headers = serde_json::json!({
            "host": "localhost", "apikey": self.anon_key, "authorization": self.bearer,
        });
        let mut settings = vec![("role", "authenticated".to_owned())];
        if work.reads {
            settings.push(("transaction_read_only", "on".to_owned()));
        }
        settings.extend([
            ("search_path", r#""public", "extensions""#.to_owned()),
            ("statement_timeout", "8s".to_owned()),
            ("request.jwt.claims", claims),
            ("request.method", work.method.to_owned()),
            ("request.path", work.path.to_owned()),
            ("request.headers", headers.to_string()),
            ("request.cookies", "{}".to_owned()),
        ]);
        settings
    }
}

fn costs(cpu: Cpu, measured: &Measured) -> String {
    format!(
        "CPU a request: program {}, PostgreSQL {}",
        per_request(cpu.program, answers(measured)),
        per_request(cpu.postgres, answers(measured))
    )
}

#[expect(clippy::cast_precision_loss, reason = "some hundred thousand requests")]
fn answers(measured: &Measured) -> f64 {
    measured.answers as f64
}

fn per_request(cpu: Duration, requests: f64) -> String {
    format!("{:.0} µs", cpu.as_secs_f64() * 1e6 / requests)
}

fn millis(span: Duration) -> String {
    format!("{:.2} ms", span.as_secs_f64() * 1e3)
}

/// The catalog is read anew after DDL.
async fn wait_for(stack: &Stack, request: &Request) -> Result<()> {
    for _ in 0..100 {
        if load::once(&stack.address(), request).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    load::once(&stack.address(), request).await.map(|_| ())
}
