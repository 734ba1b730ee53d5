//! The migration of the reference input beside `pg_dump | psql` of the same database, both servers being one.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use insight::{Size, Variant};
use pg::Endpoint;

use super::ratio;
use super::stack::Stack;
use crate::run;

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

    let work = dir.join("migration");
    std::fs::create_dir_all(&work)?;
    migrate(&work, dir, &url(SOURCE), &["plan"])?;
    let started = Instant::now();
    let log = migrate(
        &work,
        dir,
        &url(SOURCE),
        &["run", "--yes", "--no-verify", "--json"],
    )?;
    let whole = started.elapsed();
    let started = Instant::now();
    migrate(&work, dir, &url(SOURCE), &["verify"])?;
    let proof = started.elapsed();
    let users = phase(&log, "S03", "S04")?;
    let data = phase(&log, "S05", "S06")?;
    let people = *made.rows.get("public.users").context("users")?;
    Ok(format!(
        "migrate, size {size}: {rows} rows in {:.1} s, pg_dump | psql {:.1} s, ratio {}; rows alone {:.1} s; \
         users over SQL {:.0}/s; verification {:.1} s, ratio to the load {}",
        whole.as_secs_f64(),
        plain.as_secs_f64(),
        ratio(whole.as_secs_f64(), plain.as_secs_f64()),
        data.as_secs_f64(),
        rate(people, users),
        proof.as_secs_f64(),
        ratio(proof.as_secs_f64(), whole.as_secs_f64()),
    ))
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

/// One command of the engine; its output.
fn migrate(work: &Path, data: &Path, source: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(run::root().join("target/release/passerelle"))
        .arg("migrate")
        .args(arguments)
        .arg("--data-dir")
        .arg(data)
        .env("OLD_DATABASE_URL", source)
        .current_dir(work)
        .output()
        .context("the release binary")?;
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
