//! Realtime beside the figures that upstream publishes of itself (section 27 of its specification).
//!
//! The load generator shares the machine with what it measures, so that deliveries a second are those of both.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::load::{self, Request};
use super::process::Cpu;
use super::ratio;
use super::rest::Sql;
use super::sockets::{Audience, Frame, Socket};
use super::stack::Stack;
use crate::run;

const IDLE_SOCKETS: usize = 4_000;
const SUBSCRIBERS: usize = 1_000;
/// Connections being opened at a time.
const AT_A_TIME: usize = 32;

/// Upstream's engine under row security with 1,000 distinct claim sets: 24 to 50 changes a second.
const UPSTREAM_SECURED: f64 = 50.0;
/// Its published 64 changes a second to 500 subscribers.
const UPSTREAM_DELIVERIES: f64 = 32_000.0;
/// Its published broadcast fan-out, of a cluster.
const UPSTREAM_FAN_OUT: f64 = 224_000.0;
/// Its published joins a second.
const UPSTREAM_JOINS: f64 = 640.0;
/// The same of private rooms.
const UPSTREAM_PRIVATE_JOINS: f64 = 1_000.0;
/// Its published rows a second of broadcast from the database.
const UPSTREAM_ROWS: f64 = 10_000.0;
/// Its memory a socket, in KiB.
const UPSTREAM_MEMORY: f64 = 100.0;
/// It polls every 100 ms at the best.
const UPSTREAM_POLL: Duration = Duration::from_millis(100);

const FIXTURE: &str = "\
    drop table if exists public.bench_changes, public.bench_open, public.bench_members;\n\
    create table public.bench_members (room int, who uuid, primary key (who, room));\n\
    create table public.bench_changes (id bigint primary key, owner uuid, room int not null, body text not null);\n\
    alter table public.bench_changes enable row level security;\n\
    create policy own on public.bench_changes for select to authenticated using (owner = (select auth.uid()));\n\
    create policy members on public.bench_changes for select to authenticated using (exists (\n\
      select from public.bench_members m where m.room = bench_changes.room and m.who = (select auth.uid())));\n\
    grant select on public.bench_members, public.bench_changes to authenticated;\n\
    create table public.bench_open (id bigint primary key, body text not null);\n\
    drop policy if exists bench on realtime.messages;\n\
    create policy bench on realtime.messages for select to authenticated using (realtime.topic() like 'bench-%');\n\
    grant all on public.bench_open to anon, authenticated, service_role;\n\
    alter publication supabase_realtime add table public.bench_changes, public.bench_open;\n\
    notify pgrst, 'reload schema';\n";

/// All of it, one line each.
pub(crate) async fn measure(stack: &Stack, span: Duration) -> Result<String> {
    allow_files(std::process::id())?;
    allow_files(stack.family().root())?;
    let bench = Bench::new(stack)?;
    bench.sql.run(FIXTURE)?;
    let lines = [
        bench.idle().await?,
        bench.private_joins().await?,
        bench.stored_rows().await?,
        bench.latency().await?,
        bench.secured(10).await?,
        bench.secured(1_000).await?,
        bench.open_table().await?,
        bench.fan_out(span).await?,
    ];
    Ok(lines.join("\n"))
}

/// Lets a process open as many files as it may.
fn allow_files(pid: u32) -> Result<()> {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits"))?;
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .context("the limit of open files")?;
    let most = line.split_whitespace().nth(4).context("the hard limit")?;
    let files = format!("--nofile={most}:");
    run::command(Command::new("prlimit").args(["--pid", &pid.to_string(), &files]))
}

struct Bench<'a> {
    stack: &'a Stack,
    sql: Sql,
    keys: jwt::Keys,
    apikey: String,
}

impl<'a> Bench<'a> {
    fn new(stack: &'a Stack) -> Result<Self> {
        Ok(Self {
            sql: Sql::of(stack)?,
            keys: jwt::Keys::from_secret(stack.key("JWT_SECRET")?)?,
            apikey: stack.key("ANON_KEY")?.to_owned(),
            stack,
        })
    }

    /// The token of a user.
    fn user(&self, who: usize) -> String {
        const EXPIRES: u64 = 4_000_000_000;
        let claims = json!({ "role": "authenticated", "sub": subject(who), "exp": EXPIRES });
        self.keys.sign(&claims)
    }

    /// Opens sockets, each in a room, `AT_A_TIME` at a time.
    async fn open(
        &self,
        count: usize,
        join: impl Fn(usize) -> (String, String, Value),
    ) -> Result<(Vec<Socket>, Duration)> {
        let started = Instant::now();
        let (mut opening, mut open) = (JoinSet::new(), Vec::with_capacity(count));
        for n in 0..count {
            if opening.len() >= AT_A_TIME
                && let Some(opened) = opening.join_next().await
            {
                open.push(opened??);
            }
            let (address, apikey) = (self.stack.address(), self.apikey.clone());
            let (topic, token, config) = join(n);
            opening.spawn(async move {
                let mut socket = Socket::open(&address, &apikey).await?;
                let binds = config.get("postgres_changes").is_some();
                socket.join(&topic, &token, config).await?;
                if binds {
                    socket.subscribed().await?;
                }
                anyhow::Ok(socket)
            });
        }
        while let Some(opened) = opening.join_next().await {
            open.push(opened??);
        }
        Ok((open, started.elapsed()))
    }

    /// RT-PERF-01, RT-PERF-04, RT-PERF-13, RT-PERF-14: what sockets cost that do nothing.
    async fn idle(&self) -> Result<String> {
        let quiet = Duration::from_secs(5);
        tokio::time::sleep(quiet).await;
        let (before, _) = self.stack.family().pss_kib()?;
        let public = |n: usize| (format!("idle-{n}"), self.apikey.clone(), json!({}));
        let (sockets, took) = self.open(IDLE_SOCKETS, public).await?;
        let mut audience = Audience::default();
        for socket in sockets {
            audience.add(socket);
        }
        tokio::time::sleep(quiet).await;
        let (after, _) = self.stack.family().pss_kib()?;
        let each = float(after.saturating_sub(before)) / float(IDLE_SOCKETS as u64);
        let watched = Duration::from_secs(30);
        let start = self.stack.family().cpu()?;
        tokio::time::sleep(watched).await;
        let idle = self.stack.family().cpu()? - start;
        drop(audience);
        let joins = float(IDLE_SOCKETS as u64) / took.as_secs_f64();
        Ok(format!(
            "realtime, {IDLE_SOCKETS} idle sockets with a channel: {each:.1} KiB each, upstream about {UPSTREAM_MEMORY:.0}, ratio {}; \
             CPU with heartbeats: program {:.2} % of a core, PostgreSQL {:.2} %\n\
             realtime, sockets opened and joined: {joins:.0}/s, upstream {UPSTREAM_JOINS:.0}/s, ratio {}",
            ratio(each, UPSTREAM_MEMORY),
            percent(idle.program, watched),
            percent(idle.postgres, watched),
            ratio(joins, UPSTREAM_JOINS),
        ))
    }

    /// RT-PERF-05: joins of private rooms under a simple policy.
    async fn private_joins(&self) -> Result<String> {
        let token = self.user(0);
        let private = |n: usize| {
            let config = json!({ "private": true });
            (format!("bench-{n}"), token.clone(), config)
        };
        let (sockets, took) = self.open(SUBSCRIBERS * 2, private).await?;
        let joins = float(sockets.len() as u64) / took.as_secs_f64();
        Ok(format!(
            "realtime, sockets opened and joined to private rooms: {joins:.0}/s, upstream {UPSTREAM_PRIVATE_JOINS:.0} joins/s, ratio {}",
            ratio(joins, UPSTREAM_PRIVATE_JOINS)
        ))
    }

    /// RT-PERF-06: rows of `realtime.messages` to ten members of one room.
    async fn stored_rows(&self) -> Result<String> {
        const ROWS: u64 = 10_000;
        const MEMBERS: usize = 10;
        let token = self.user(0);
        let member = |_: usize| {
            let config = json!({ "private": true });
            ("bench-rows".to_owned(), token.clone(), config)
        };
        let insert = "perform realtime.send(jsonb_build_object('n', n), 'said', 'bench-rows') from generate_series(0, 99) n";
        let run = self
            .run(MEMBERS, member, insert, ROWS, MEMBERS as u64)
            .await?;
        Ok(format!(
            "realtime, broadcast from the database to {MEMBERS} members: {:.0} rows/s, upstream {UPSTREAM_ROWS:.0}/s, ratio {}; {}",
            run.changes,
            ratio(run.changes, UPSTREAM_ROWS),
            run.cpu(ROWS),
        ))
    }

    /// RT-PERF-07: from the request that inserts a row to the client, one at a time.
    async fn latency(&self) -> Result<String> {
        const ROUNDS: usize = 300;
        let (mut sockets, _) = self
            .open(1, |_| {
                ("latency".into(), self.apikey.clone(), binding("bench_open"))
            })
            .await?;
        let mut socket = sockets.pop().context("one socket")?;
        let service = self.stack.key("SERVICE_ROLE_KEY")?;
        let mut took = Vec::with_capacity(ROUNDS);
        for n in 0..ROUNDS {
            let body = format!(r#"{{"id":{},"body":"x"}}"#, 1_000_000_000 + n);
            let insert = Request::post("/rest/v1/bench_open", &[("apikey", service)], &body);
            let sent = Instant::now();
            load::once(&self.stack.address(), &insert).await?;
            while !matches!(socket.next().await?, frame @ Frame::Text(_) if frame.is_for_all()) {}
            took.push(sent.elapsed());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        took.sort_unstable();
        let (median, late) = (took[ROUNDS / 2], took[ROUNDS * 99 / 100]);
        Ok(format!(
            "realtime, REST insert to subscriber: p50 {:.1} ms, p99 {:.1} ms; upstream polls every {} ms at the best, ratio {}",
            median.as_secs_f64() * 1e3,
            late.as_secs_f64() * 1e3,
            UPSTREAM_POLL.as_millis(),
            ratio(median.as_secs_f64(), UPSTREAM_POLL.as_secs_f64()),
        ))
    }

    /// RT-PERF-09, RT-PERF-10, RT-PERF-22: 1,000 subscribers under two policies, one with a membership look-up. With
    /// 1,000 claim sets each change is for 10 of them in 100 rooms, with 10 for the 100 clients of one.
    async fn secured(&self, claim_sets: usize) -> Result<String> {
        const CHANGES: u64 = 10_000;
        let rooms = (claim_sets / 10).max(10);
        let mut members = String::from(
            "truncate public.bench_members, public.bench_changes; insert into public.bench_members values ",
        );
        for who in 0..claim_sets {
            let separator = if who == 0 { "" } else { ", " };
            write!(members, "{separator}({}, '{}')", who % rooms, subject(who))?;
        }
        self.sql.run(&members)?;
        let tokens: Vec<String> = (0..claim_sets).map(|who| self.user(who)).collect();
        let subscriber = |n: usize| {
            let token = tokens[n % claim_sets].clone();
            (format!("secured-{n}"), token, binding("bench_changes"))
        };
        let insert = format!(
            "insert into public.bench_changes select step * 100 + n, null, (step * 100 + n) % {rooms}, repeat('x', 50) \
             from generate_series(0, 99) n"
        );
        let hearers = (SUBSCRIBERS / rooms) as u64;
        let run = self
            .run(SUBSCRIBERS, subscriber, &insert, CHANGES, hearers)
            .await?;
        Ok(format!(
            "realtime, 1,000 subscribers under row security, {claim_sets} claim sets: {:.0} changes/s, upstream's engine {UPSTREAM_SECURED:.0}, \
             ratio {}; {:.0} deliveries/s; {}",
            run.changes,
            ratio(run.changes, UPSTREAM_SECURED),
            run.deliveries,
            run.cpu(CHANGES),
        ))
    }

    /// RT-PERF-08: 500 subscribers of one table without row security.
    async fn open_table(&self) -> Result<String> {
        const CHANGES: u64 = 4_000;
        const CLIENTS: usize = 500;
        let subscriber = |n: usize| {
            (
                format!("open-{n}"),
                self.apikey.clone(),
                binding("bench_open"),
            )
        };
        let insert = "insert into public.bench_open select step * 100 + n, repeat('x', 50) from generate_series(0, 99) n";
        let run = self
            .run(CLIENTS, subscriber, insert, CHANGES, CLIENTS as u64)
            .await?;
        Ok(format!(
            "realtime, {CLIENTS} subscribers of an open table: {:.0} changes/s, {:.0} deliveries/s, upstream {UPSTREAM_DELIVERIES:.0}/s, ratio {}; {}",
            run.changes,
            run.deliveries,
            ratio(run.deliveries, UPSTREAM_DELIVERIES),
            run.cpu(CHANGES),
        ))
    }

    /// Inserts `changes` rows, a hundred a transaction, and waits until each was heard by `hearers`.
    async fn run(
        &self,
        clients: usize,
        subscriber: impl Fn(usize) -> (String, String, Value),
        insert: &str,
        changes: u64,
        hearers: u64,
    ) -> Result<Run> {
        let (sockets, _) = self.open(clients, subscriber).await?;
        let mut audience = Audience::default();
        for socket in sockets {
            audience.add(socket);
        }
        let block = format!(
            "do $$ begin for step in 0..{} loop {insert}; commit; end loop; end $$",
            changes / 100 - 1
        );
        let before = self.stack.family().cpu()?;
        let started = Instant::now();
        let inserting = self.sql.spawn(&block)?;
        audience.hear(changes * hearers).await?;
        let took = started.elapsed().as_secs_f64();
        inserting.finish()?;
        let cpu = self.stack.family().cpu()? - before;
        Ok(Run {
            changes: float(changes) / took,
            deliveries: float(changes * hearers) / took,
            cpu,
        })
    }

    /// RT-PERF-02, RT-PERF-20: 1 KB broadcasts in rooms of 100, one of whom speaks as fast as it hears itself.
    async fn fan_out(&self, span: Duration) -> Result<String> {
        const ROOM: usize = 100;
        const WINDOW: usize = 8;
        let member = |n: usize| {
            let config = json!({ "broadcast": { "self": n.is_multiple_of(ROOM) } });
            (format!("fan-{}", n / ROOM), self.apikey.clone(), config)
        };
        let mut audience = Audience::default();
        let quiet = |n: usize| member(n / (ROOM - 1) * ROOM + n % (ROOM - 1) + 1);
        let rooms = SUBSCRIBERS / ROOM;
        let (sockets, _) = self.open(rooms * (ROOM - 1), quiet).await?;
        for socket in sockets {
            audience.add(socket);
        }
        let mut speaking = JoinSet::new();
        let started = Instant::now();
        for room in 0..rooms {
            let (mut speakers, _) = self.open(1, |_| member(room * ROOM)).await?;
            let mut socket = speakers.pop().context("one socket")?;
            speaking.spawn(async move {
                let payload = format!(r#"{{"text":"{}"}}"#, "x".repeat(1_000));
                let topic = format!("fan-{room}");
                for _ in 0..WINDOW {
                    socket.say(&topic, payload.as_bytes()).await?;
                }
                let mut heard = 0_u64;
                while started.elapsed() < span {
                    if socket.next().await?.is_for_all() {
                        heard += 1;
                        socket.say(&topic, payload.as_bytes()).await?;
                    }
                }
                anyhow::Ok(heard)
            });
        }
        let before = self.stack.family().cpu()?;
        let mut own = 0;
        while let Some(heard) = speaking.join_next().await {
            own += heard??;
        }
        let took = started.elapsed().as_secs_f64();
        let cpu = self.stack.family().cpu()? - before;
        let heard = audience.heard() + own;
        let deliveries = float(heard) / took;
        Ok(format!(
            "realtime, 1 KB broadcasts in {rooms} rooms of {ROOM}: {deliveries:.0} deliveries/s, upstream (a cluster) {UPSTREAM_FAN_OUT:.0}/s, \
             ratio {}; CPU a delivery: program {:.1} µs",
            ratio(deliveries, UPSTREAM_FAN_OUT),
            micros(cpu.program) / float(heard),
        ))
    }
}

/// What a run measured.
struct Run {
    /// A second.
    changes: f64,
    /// A second.
    deliveries: f64,
    cpu: Cpu,
}

impl Run {
    fn cpu(&self, changes: u64) -> String {
        format!(
            "CPU a change: program {:.0} µs, PostgreSQL {:.0} µs",
            micros(self.cpu.program) / float(changes),
            micros(self.cpu.postgres) / float(changes)
        )
    }
}

fn binding(table: &str) -> Value {
    json!({ "postgres_changes": [{ "event": "*", "schema": "public", "table": table }] })
}

fn subject(who: usize) -> String {
    format!("00000000-0000-4000-8000-{who:012}")
}

fn micros(span: Duration) -> f64 {
    span.as_secs_f64() * 1e6
}

fn percent(used: Duration, of: Duration) -> f64 {
    used.as_secs_f64() / of.as_secs_f64() * 100.0
}

#[expect(clippy::cast_precision_loss, reason = "some millions at most")]
fn float(count: u64) -> f64 {
    count as f64
}
