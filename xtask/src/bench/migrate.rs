//! The migration of the reference input beside `pg_dump | psql` of the same database, both servers being one.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use insight::{Size, Variant};
use pg::Endpoint;

use super::ratio;
use super::stack::Stack;

const SOURCE: &str = "bench_legacy";
const COPY: &str = "bench_copy";

/// Makes the input, copies it with PostgreSQL's own tools, then migrates it.
pub(crate) async fn measure(stack: &Stack, dir: &Path, size: Size) -> Result<String> {
    let (socket, port) = stack.socket()?;
    let password = stack.key("POSTGRES_PASSWORD")?.to_owned();
    let url = |database: &str| {
        format!("host={socket} port={port} user=postgres password={password} dbname={database}")
    };
    let admin = Endpoint::parse(&url("postgres"))?.connect().await?;
    for database in [SOURCE, COPY] {
        admin
            .batch_execute(&format!("drop database if exists {database}"))
            .await?;
        admin
            .batch_execute(&format!("create database {database}"))
            .await?;
    }
    let mut client = Endpoint::parse(&url(SOURCE))?.connect().await?;
    let made = insight::generate(&mut client, Variant::A, size, 1, &mut |_, _| ()).await?;
    client.batch_execute("vacuum (freeze, analyze)").await?;
    let rows: u64 = made.rows.values().sum();

    let plain = dump_and_restore(&url(SOURCE), &url(COPY), &password)?;
    admin
        .batch_execute(&format!("drop database {COPY}"))
        .await?;

    let engine = Engine {
        work: dir.join("migration"),
        data: dir.to_owned(),
        source: url(SOURCE),
        api: format!("http://{}", stack.address()),
        service_key: stack.key("SERVICE_ROLE_KEY")?.to_owned(),
    };
    std::fs::create_dir_all(&engine.work)?;
    engine.succeed(&["plan"])?;
    let started = Instant::now();
    let log = engine.succeed(&RUN)?;
    let whole = started.elapsed();
    let started = Instant::now();
    engine.succeed(&["verify"])?;
    let proof = started.elapsed();
    let people = *made.rows.get("public.users").context("users")?;
    let target = Endpoint::parse(&url("postgres"))?;
    let share = rewriting(&engine, phase(&log, "S05", "S06")?)?;
    let channels = channels(&engine, &target, people, phase(&log, "S03", "S04")?).await?;
    Ok(format!(
        "migrate, size {size}: {rows} rows in {:.1} s, pg_dump | psql {:.1} s, ratio {}; {share}; {channels}; \
         verification {:.1} s, ratio to the load {}",
        whole.as_secs_f64(),
        plain.as_secs_f64(),
        ratio(whole.as_secs_f64(), plain.as_secs_f64()),
        proof.as_secs_f64(),
        ratio(proof.as_secs_f64(), whole.as_secs_f64()),
    ))
}

/// Everything but the proof.
const RUN: [&str; 4] = ["run", "--yes", "--no-verify", "--json"];

/// What rewriting ids costs: the rows alone, with the plan as it is and with one that leaves every reference as it is.
/// Such a plan comes to its end at the keys, which no longer fit: only its rows are looked at.
fn rewriting(engine: &Engine, first: Duration) -> Result<String> {
    let path = engine.work.join("migration.plan.toml");
    let plan = std::fs::read_to_string(&path)?;
    engine.succeed(&["rollback", "--yes"])?;
    let idle = plan.replace("decision = \"include\"", "decision = \"exclude\"");
    ensure!(idle != plan, "the plan converts nothing");
    std::fs::write(&path, &idle)?;
    let log = engine.command(&RUN)?.stdout;
    let without = phase(&String::from_utf8_lossy(&log), "S05", "S06")?;
    engine.succeed(&["rollback", "--yes"])?;
    std::fs::write(&path, &plan)?;
    // Once more, so that neither has the warmer machine.
    let again = phase(&engine.succeed(&RUN)?, "S05", "S06")?;
    engine.succeed(&["rollback", "--yes"])?;
    let with = first.min(again);
    Ok(format!(
        "rows alone {:.1} s, ids left as they are {:.1} s, rewriting costs {:.0} %",
        with.as_secs_f64(),
        without.as_secs_f64(),
        (with.as_secs_f64() / without.as_secs_f64() - 1.0) * 100.0,
    ))
}

/// Users a second by each channel: over SQL within a run, over the API by a command of its own, its reading and judging
/// included.
async fn channels(
    engine: &Engine,
    target: &Endpoint,
    people: u64,
    over_sql: Duration,
) -> Result<String> {
    let client = target.connect().await?;
    let mut told = format!("users over SQL {:.0}/s", rate(people, over_sql));
    for channel in ["bulk", "http"] {
        let started = Instant::now();
        engine.import(channel)?;
        let elapsed = started.elapsed();
        let row = client
            .query_one(
                "select count(*) from auth.users where raw_app_meta_data ? 'legacy'",
                &[],
            )
            .await?;
        let made: i64 = row.get(0);
        ensure!(
            u64::try_from(made)? == people,
            "{channel}: {made} of {people} users were made"
        );
        client
            .batch_execute("delete from auth.users where raw_app_meta_data ? 'legacy'")
            .await?;
        let _ = write!(told, ", {channel} {:.0}/s", rate(people, elapsed));
    }
    Ok(told)
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
fn rate(count: u64, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64()
}

/// `pg_dump | psql`, plain and in one stream.
fn dump_and_restore(from: &str, to: &str, password: &str) -> Result<Duration> {
    let started = Instant::now();
    let mut dump = Command::new("pg_dump")
        .args(["--no-owner", "--dbname", &without_password(from)])
        .env("PGPASSWORD", password)
        .stdout(Stdio::piped())
        .spawn()
        .context("pg_dump")?;
    let stream = dump.stdout.take().context("pg_dump's output")?;
    let restored = Command::new("psql")
        .args([
            "--quiet",
            "--no-psqlrc",
            "--set",
            "ON_ERROR_STOP=1",
            "--dbname",
            &without_password(to),
        ])
        .env("PGPASSWORD", password)
        .stdin(stream)
        .stdout(Stdio::null())
        .status()
        .context("psql")?;
    ensure!(
        restored.success() && dump.wait()?.success(),
        "pg_dump | psql failed"
    );
    Ok(started.elapsed())
}

/// What others may see in the process list.
fn without_password(url: &str) -> String {
    let parts = url.split(' ').filter(|part| !part.starts_with("password="));
    parts.collect::<Vec<_>>().join(" ")
}

/// The engine as a person runs it.
struct Engine {
    /// Where the plan is.
    work: PathBuf,
    /// The stack's data.
    data: PathBuf,
    source: String,
    api: String,
    service_key: String,
}

impl Engine {
    /// One command, however it ends.
    fn command(&self, arguments: &[&str]) -> Result<Output> {
        self.prepared(&self.data, arguments)
            .output()
            .context("the release binary")
    }

    fn prepared(&self, data: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(super::stack::program());
        command
            .arg("migrate")
            .args(arguments)
            .arg("--data-dir")
            .arg(data)
            .env("OLD_DATABASE_URL", &self.source)
            .current_dir(&self.work);
        command
    }

    /// One command that must succeed; its output.
    fn succeed(&self, arguments: &[&str]) -> Result<String> {
        good(arguments, &self.command(arguments)?)
    }

    /// The users over the API, from a machine that has nothing but the key.
    fn import(&self, channel: &str) -> Result<()> {
        let arguments = ["users", "--channel", channel, "--yes"];
        let elsewhere = self.work.join(channel);
        std::fs::create_dir_all(&elsewhere)?;
        let output = self
            .prepared(&elsewhere, &arguments)
            .env("DRY_RUN", "false")
            .env("SUPABASE_URL", &self.api)
            .env("SUPABASE_SERVICE_KEY", &self.service_key)
            .output()
            .context("the release binary")?;
        good(&arguments, &output)?;
        Ok(())
    }
}

fn good(arguments: &[&str], output: &Output) -> Result<String> {
    ensure!(
        output.status.success(),
        "migrate {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// From the beginning of one step to that of another, by the lines' own times.
fn phase(log: &str, from: &str, to: &str) -> Result<Duration> {
    let at = |step: &str| -> Result<chrono::DateTime<chrono::FixedOffset>> {
        let line = log
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .find(|line| line["type"] == "phase" && line["step"] == step)
            .with_context(|| format!("no line of step {step}"))?;
        let text = line["ts"].as_str().context("a line without time")?;
        Ok(chrono::DateTime::parse_from_rfc3339(text)?)
    };
    Ok((at(to)? - at(from)?).to_std()?)
}
