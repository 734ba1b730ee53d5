//! The auth service: sign-ins beside reads, refreshes, and who somebody is.
//!
//! Each figure stands beside its yardstick of the same run: reads without the sign-ins, and `pgbench` with as many
//! statements of the same kind on the same PostgreSQL.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::load::{self, Measured, Request};
use super::process::Cpu;
use super::ratio;
use super::stack::Stack;

/// Connections that sign in, and that read beside them.
const SIGNING: usize = 8;
const READING: usize = 4;
/// Connections that refresh, each with a session of its own, and that ask who somebody is.
const ASKING: usize = 16;

/// What a read, a refresh and a question cost at least: the statements alone.
const TABLE: &str = "
create table if not exists public.bench_auth (id bigint primary key, token text not null, at timestamptz not null);
alter table public.bench_auth enable row level security;
drop policy if exists all_may on public.bench_auth;
create policy all_may on public.bench_auth for select using (true);
grant select on public.bench_auth to anon, authenticated;
create table if not exists public.bench_auth_tokens (id bigserial primary key, of bigint, token text);
insert into public.bench_auth select n, md5(n::text), now() from generate_series(1, 1000) as n on conflict do nothing;
notify pgrst, 'reload schema'";
const REFRESH: &str = "\\set id random(1, 1000)
begin;
select token from public.bench_auth where id = :id for update;
update public.bench_auth set at = now() where id = :id;
insert into public.bench_auth_tokens (of, token) values (:id, md5(random()::text));
commit;
";
const QUESTION: &str = "\\set id random(1, 1000)
select to_jsonb(b) from public.bench_auth as b where id = :id;
";

/// Three lines.
pub(crate) async fn measure(stack: &Stack, span: Duration) -> Result<String> {
    psql(stack, TABLE)?;
    let apikey = stack.key("ANON_KEY")?.to_owned();
    let lines = [
        storm(stack, &apikey, span).await?,
        refreshes(stack, &apikey, span).await?,
        questions(stack, &apikey, span).await?,
    ];
    Ok(lines.join("\n"))
}

fn person(number: usize) -> String {
    json!({ "email": format!("bench-auth-{number}@example.com"), "password": "correct-horse-battery" }).to_string()
}

async fn sign_up(stack: &Stack, apikey: &str, number: usize) -> Result<Value> {
    let headers = [("apikey", apikey)];
    let body = person(number);
    let known = Request::post("/auth/v1/token?grant_type=password", &headers, &body);
    let text = if let Ok(text) = load::once(&stack.address(), &known).await {
        text
    } else {
        let new = Request::post("/auth/v1/signup", &headers, &body);
        load::once(&stack.address(), &new).await?
    };
    Ok(serde_json::from_str(&text)?)
}

fn token(session: &Value, name: &str) -> Result<String> {
    let text = session[name]
        .as_str()
        .with_context(|| format!("no {name} in {session}"))?;
    Ok(text.to_owned())
}

/// Reads by themselves, then beside as many sign-ins as can be.
async fn storm(stack: &Stack, apikey: &str, span: Duration) -> Result<String> {
    sign_up(stack, apikey, 0).await?;
    let headers = [("apikey", apikey)];
    let address = stack.address();
    let read = Request::get("/rest/v1/bench_auth?id=eq.7&select=token", &headers);
    wait_for(&address, &read).await?;
    let sign_in = Request::post("/auth/v1/token?grant_type=password", &headers, &person(0));
    let alone = load::run(&address, &read, READING, span).await?;
    let (beside, signed) = tokio::join!(
        load::run(&address, &read, READING, span),
        load::run(&address, &sign_in, SIGNING, span),
    );
    let (beside, signed) = (beside?, signed?);
    let p99 = |measured: &Measured| measured.percentile(99).as_secs_f64() * 1e3;
    Ok(format!(
        "auth: reads beside {:.1} sign-ins/s: p99 {:.2} ms, alone {:.2} ms, ratio {} (at most 1.5)",
        signed.rate(),
        p99(&beside),
        p99(&alone),
        ratio(p99(&beside), p99(&alone)),
    ))
}

/// The table has to be known first.
async fn wait_for(address: &str, read: &Request) -> Result<()> {
    let started = Instant::now();
    while let Err(error) = load::once(address, read).await {
        ensure!(started.elapsed() < Duration::from_secs(60), "{error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Each connection refreshes its own session again and again.
async fn refreshes(stack: &Stack, apikey: &str, span: Duration) -> Result<String> {
    let mut tokens = Vec::new();
    for number in 0..ASKING {
        tokens.push(token(
            &sign_up(stack, apikey, number).await?,
            "refresh_token",
        )?);
    }
    let before = stack.family().cpu()?;
    let started = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for token in tokens {
        let (address, apikey) = (stack.address(), apikey.to_owned());
        workers.spawn(async move { chain(&address, &apikey, token, span).await });
    }
    let mut count = 0;
    while let Some(worker) = workers.join_next().await {
        count += worker??;
    }
    let elapsed = started.elapsed();
    let cost = per_answer(stack.family().cpu()? - before, count);
    let bare = pgbench(stack, REFRESH, span)?;
    let rate = per_second(count, elapsed);
    Ok(format!(
        "auth: {rate:.0} refreshes/s (at least 5000), 3 statements and a commit {bare:.0}/s, ratio {}; {cost}",
        ratio(rate, bare),
    ))
}

/// Who somebody is, from a token.
async fn questions(stack: &Stack, apikey: &str, span: Duration) -> Result<String> {
    let session = sign_up(stack, apikey, 0).await?;
    let bearer = format!("Bearer {}", token(&session, "access_token")?);
    let headers = [("apikey", apikey), ("authorization", bearer.as_str())];
    let ask = Request::get("/auth/v1/user", &headers);
    let before = stack.family().cpu()?;
    let measured = load::run(&stack.address(), &ask, ASKING, span).await?;
    let cost = per_answer(stack.family().cpu()? - before, measured.answers);
    let bare = pgbench(stack, QUESTION, span)?;
    Ok(format!(
        "auth: GET /user {:.0}/s (at least 10000), one statement {bare:.0}/s, ratio {}; p99 {:.1} ms; {cost}",
        measured.rate(),
        ratio(measured.rate(), bare),
        measured.percentile(99).as_secs_f64() * 1e3,
    ))
}

#[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
fn per_second(count: u64, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}

#[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
fn per_answer(cpu: Cpu, count: u64) -> String {
    let each = |span: Duration| span.as_secs_f64() * 1e6 / (count.max(1) as f64);
    format!(
        "{:.0} µs CPU of our own and {:.0} µs of PostgreSQL's each",
        each(cpu.program),
        each(cpu.postgres)
    )
}

/// One refresh after the other over one connection; how many.
async fn chain(address: &str, apikey: &str, first: String, span: Duration) -> Result<u64> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let (started, mut count, mut refresh_token) = (Instant::now(), 0, first);
    while started.elapsed() < span {
        let body = json!({ "refresh_token": refresh_token }).to_string();
        let request = format!(
            "POST /auth/v1/token?grant_type=refresh_token HTTP/1.1\r\nhost: localhost\r\napikey: {apikey}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.get_mut().write_all(request.as_bytes()).await?;
        let answer = answer(&mut stream).await?;
        refresh_token = token(&answer, "refresh_token")?;
        count += 1;
    }
    Ok(count)
}

/// The JSON of a good answer, whose length is told.
async fn answer(stream: &mut BufReader<TcpStream>) -> Result<Value> {
    let (mut length, mut first) = (0, String::new());
    loop {
        let mut line = String::new();
        ensure!(
            stream.read_line(&mut line).await? > 0,
            "the server closed the connection"
        );
        let line = line.trim_end().to_ascii_lowercase();
        if first.is_empty() {
            first.clone_from(&line);
        }
        if let Some(text) = line.strip_prefix("content-length: ") {
            length = text.trim().parse()?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    if !first.starts_with("http/1.1 2") {
        bail!("{first}: {}", String::from_utf8_lossy(&body));
    }
    Ok(serde_json::from_slice(&body)?)
}

/// A client program of PostgreSQL's on the stack's socket.
fn program(stack: &Stack, name: &str) -> Result<Command> {
    let mut bins: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin").join(name))
        .filter(|path| path.exists())
        .collect();
    bins.sort();
    let path = bins
        .pop()
        .with_context(|| format!("{name}: install package postgresql"))?;
    let (socket, port) = stack.socket()?;
    let mut command = Command::new(path);
    command
        .args(["-h", &socket, "-p", &port.to_string(), "-U", "postgres"])
        .env("PGPASSWORD", stack.key("POSTGRES_PASSWORD")?);
    Ok(command)
}

fn psql(stack: &Stack, sql: &str) -> Result<()> {
    let mut command = program(stack, "psql")?;
    command.args(["-qX", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-c", sql]);
    ensure!(
        command.status()?.success(),
        "the tables of the benchmark cannot be made"
    );
    Ok(())
}

/// Transactions a second of a script, over as many connections as the service is asked.
fn pgbench(stack: &Stack, script: &str, span: Duration) -> Result<f64> {
    let seconds = span.as_secs().max(1).to_string();
    let clients = ASKING.to_string();
    let mut child = program(stack, "pgbench")?
        .args([
            "-n", "-M", "prepared", "-c", &clients, "-j", "2", "-T", &seconds, "-f", "-",
            "postgres",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    child
        .stdin
        .take()
        .context("a pipe to pgbench")?
        .write_all(script.as_bytes())?;
    let output = child.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "pgbench: {text}");
    text.lines()
        .filter_map(|line| line.strip_prefix("tps = "))
        .filter_map(|rest| rest.split_whitespace().next()?.parse().ok())
        .next_back()
        .with_context(|| format!("pgbench said no rate: {text}"))
}
