//! A REST read under row security with a user's token, against the same transaction by `pgbench`.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::load::{self, Request};
use super::process::Cpu;
use super::ratio;
use super::stack::Stack;

const CONNECTIONS: usize = 32;

/// Ten rows of the caller's own out of a hundred thousand.
const FIXTURE: &str = "\
    create table if not exists public.bench (id bigint primary key, owner uuid not null, body text not null);\n\
    alter table public.bench enable row level security;\n\
    drop policy if exists own on public.bench;\n\
    create policy own on public.bench for select to authenticated using ((select auth.uid()) = owner);\n\
    create index if not exists bench_owner on public.bench (owner);\n\
    insert into public.bench select n, case when n <= 10 then 'OWNER'::uuid else gen_random_uuid() end, 'row ' || n \
      from generate_series(1, 100000) n on conflict do nothing;\n\
    analyze public.bench;\n\
    notify pgrst, 'reload schema';\n";

/// The same transaction as the REST service runs it: settings and query, prepared, in one round trip.
const TRANSACTION: &str = "\
    \\startpipeline\n\
    begin;\n\
    select set_config('search_path', 'public, extensions', true), set_config('request.jwt.claims', 'CLAIMS', true), \
      set_config('request.method', 'GET', true), set_config('request.path', '/bench', true), \
      set_config('statement_timeout', '8s', true), set_config('role', 'authenticated', true);\n\
    select coalesce(json_agg(t), '[]')::text from (select id, body from public.bench) t;\n\
    commit;\n\
    \\endpipeline\n";

/// Reads over 32 connections, then pgbench with as many clients.
pub(crate) async fn measure(stack: &Stack, span: Duration) -> Result<String> {
    let (owner, token) = sign_up(stack).await?;
    let psql = Sql::of(stack)?;
    psql.run(&FIXTURE.replace("OWNER", &owner))?;
    let bearer = format!("Bearer {token}");
    let headers = [
        ("apikey", stack.key("ANON_KEY")?),
        ("authorization", bearer.as_str()),
    ];
    let read = Request::get("/rest/v1/bench?select=id,body", &headers);
    wait_for(stack, &read).await?;
    let body = load::once(&stack.address(), &read).await?;
    ensure!(
        body.matches("\"id\"").count() == 10,
        "the caller's ten rows are read: {body}"
    );

    load::run(&stack.address(), &read, CONNECTIONS, Duration::from_secs(2)).await?;
    let before = stack.family().cpu()?;
    let measured = load::run(&stack.address(), &read, CONNECTIONS, span).await?;
    let cpu = stack.family().cpu()? - before;
    let limit = psql.pgbench(&owner, span)?;
    Ok(format!(
        "rest, ten rows under row security with a token, {CONNECTIONS} connections: {:.0}/s, pgbench {limit:.0}/s, \
         ratio {}; {}; p50 {:.2} ms, p99 {:.2} ms",
        measured.rate(),
        ratio(measured.rate(), limit),
        per_request(cpu, measured.answers),
        measured.percentile(50).as_secs_f64() * 1e3,
        measured.percentile(99).as_secs_f64() * 1e3,
    ))
}

#[expect(clippy::cast_precision_loss, reason = "some hundred thousand requests")]
fn per_request(cpu: Cpu, answers: u64) -> String {
    let micros = |span: Duration| span.as_secs_f64() * 1e6 / answers as f64;
    format!(
        "CPU a request: program {:.0} µs, PostgreSQL {:.0} µs",
        micros(cpu.program),
        micros(cpu.postgres)
    )
}

async fn sign_up(stack: &Stack) -> Result<(String, String)> {
    let headers = [("apikey", stack.key("ANON_KEY")?)];
    let person = r#"{"email":"bench-rest@example.com","password":"correct-horse-battery"}"#;
    let answer = load::once(
        &stack.address(),
        &Request::post("/auth/v1/signup", &headers, person),
    )
    .await?;
    let session: serde_json::Value =
        serde_json::from_str(&answer).with_context(|| answer.clone())?;
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned).context("a session");
    Ok((
        text(&session["user"]["id"])?,
        text(&session["access_token"])?,
    ))
}

async fn wait_for(stack: &Stack, request: &Request) -> Result<()> {
    for _ in 0..100 {
        if load::once(&stack.address(), request).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    load::once(&stack.address(), request).await.map(|_| ())
}

/// SQL under way.
pub(super) struct Running(std::process::Child);

impl Running {
    /// Waits for its good end.
    pub(super) fn finish(mut self) -> Result<()> {
        ensure!(self.0.wait()?.success(), "the statement failed");
        Ok(())
    }
}

/// PostgreSQL's own client programs on the stack's socket.
pub(super) struct Sql {
    bin: PathBuf,
    socket: String,
    port: u16,
    password: String,
}

impl Sql {
    pub(super) fn of(stack: &Stack) -> Result<Self> {
        let (socket, port) = stack.socket()?;
        let mut bins: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path().join("bin"))
            .filter(|bin| bin.join("pgbench").exists())
            .collect();
        bins.sort();
        let bin = bins
            .pop()
            .context("pgbench is the yardstick: install package postgresql")?;
        Ok(Self {
            bin,
            socket,
            port,
            password: stack.key("POSTGRES_PASSWORD")?.to_owned(),
        })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command
            .args([
                "-h",
                &self.socket,
                "-p",
                &self.port.to_string(),
                "-U",
                "postgres",
            ])
            .env("PGPASSWORD", &self.password);
        command
    }

    pub(super) fn run(&self, sql: &str) -> Result<()> {
        let output = self
            .command("psql")
            .args(["-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-c", sql])
            .output()?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    /// Starts `sql` and does not wait for it.
    pub(super) fn spawn(&self, sql: &str) -> Result<Running> {
        let child = self
            .command("psql")
            .args(["-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-c", sql])
            .spawn()?;
        Ok(Running(child))
    }

    /// Transactions a second.
    fn pgbench(&self, owner: &str, span: Duration) -> Result<f64> {
        let claims = format!(r#"{{"sub":"{owner}","role":"authenticated"}}"#);
        let script =
            std::env::temp_dir().join(format!("passerelle-bench-{}.sql", std::process::id()));
        std::fs::write(&script, TRANSACTION.replace("CLAIMS", &claims))?;
        let clients = CONNECTIONS.to_string();
        let seconds = span.as_secs().to_string();
        let output = self
            .command("pgbench")
            .args([
                "-n", "-M", "prepared", "-c", &clients, "-j", "2", "-T", &seconds, "-f",
            ])
            .arg(&script)
            .arg("postgres")
            .output()?;
        let _ = std::fs::remove_file(&script);
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.success(),
            "{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let line = text
            .lines()
            .find(|line| line.starts_with("tps = "))
            .context("pgbench's tps")?;
        line["tps = ".len()..]
            .split(' ')
            .next()
            .context("a number")?
            .parse()
            .context("a number")
    }
}
