//! PostgreSQL's own client programs, and the yardstick: `pgbench` with the very statement that the program sends.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::Caller;
use super::work::{Parameter, Work};
use crate::bench::stack::Stack;

/// Its sessions begin with nothing planned; a shorter run would measure that.
const LEAST_SECONDS: u64 = 3;

/// SQL under way.
pub(crate) struct Running(std::process::Child);

impl Running {
    /// Waits for its good end.
    pub(crate) fn finish(mut self) -> Result<()> {
        ensure!(self.0.wait()?.success(), "the statement failed");
        Ok(())
    }
}

/// PostgreSQL's own client programs on the stack's socket.
pub(crate) struct Sql {
    bin: PathBuf,
    pub(super) socket: String,
    pub(super) port: u16,
    pub(super) password: String,
}

impl Sql {
    pub(crate) fn of(stack: &Stack) -> Result<Self> {
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

    fn psql(&self, sql: &str) -> Command {
        let mut command = self.command("psql");
        command.args([
            "-qXAt",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            "postgres",
            "-c",
            sql,
        ]);
        command
    }

    /// What SQL answers, as plain lines.
    pub(crate) fn ask(&self, sql: &str) -> Result<String> {
        let output = self.psql(sql).output()?;
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        ensure!(output.status.success(), "{err}");
        Ok(out.trim_end().to_owned())
    }

    pub(crate) fn run(&self, sql: &str) -> Result<()> {
        self.ask(sql).map(drop)
    }

    /// Starts `sql` and does not wait for it.
    pub(crate) fn spawn(&self, sql: &str) -> Result<Running> {
        Ok(Running(self.psql(sql).spawn()?))
    }

    /// The main statement of the request that was served last, as the program sent it.
    pub(super) fn last_statement(&self) -> Result<String> {
        let text = self.ask(
            "select query from pg_stat_activity where usename = 'authenticator' and query like '%pgrst_%' \
             order by query_start desc limit 1",
        )?;
        ensure!(
            !text.is_empty() && text.ends_with("*/"),
            "the program's statement cannot be read whole from pg_stat_activity: {text}"
        );
        Ok(text)
    }

    /// Transactions a second, and transactions, of `clients` sessions that do what the program does for `work`.
    pub(super) fn pgbench(
        &self,
        caller: &Caller,
        work: &Work,
        statement: &str,
        clients: usize,
        span: Duration,
    ) -> Result<(f64, f64)> {
        let script = Script::of(caller, work, statement)?;
        let file =
            std::env::temp_dir().join(format!("passerelle-bench-{}.sql", std::process::id()));
        std::fs::write(&file, &script.text)?;
        let mut command = self.command("pgbench");
        command
            .args(["-n", "-M", "prepared", "-j", "2"])
            .args(["-c", &clients.to_string()])
            .args(["-T", &span.as_secs().max(LEAST_SECONDS).to_string()]);
        for (name, value) in &script.values {
            command.arg("-D").arg(format!("{name}={value}"));
        }
        let output = command.arg("-f").arg(&file).arg("postgres").output()?;
        let _ = std::fs::remove_file(&file);
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.success(),
            "{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let number = |label: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(label));
            let word = line.and_then(|line| line.split([' ', '/']).next());
            word.and_then(|word| word.parse().ok())
                .with_context(|| format!("`{label}` in {text}"))
        };
        Ok((
            number("tps = ")?,
            number("number of transactions actually processed: ")?,
        ))
    }
}

/// A script for pgbench and the values of its variables.
struct Script {
    text: String,
    values: Vec<(String, String)>,
}

impl Script {
    /// Settings and statement in one implicit transaction and one round trip, as the program does it.
    fn of(caller: &Caller, work: &Work, statement: &str) -> Result<Self> {
        let mut script = Self {
            text: String::new(),
            values: Vec::new(),
        };
        let mut same = 0;
        for (at, parameter) in work.parameters.iter().enumerate() {
            match parameter {
                Parameter::Text(value) => script.values.push((format!("p{at}"), value.clone())),
                Parameter::UpTo(most) => {
                    let _ = writeln!(script.text, "\\set p{at} random(1, {most})");
                    same = at;
                }
                Parameter::Same => {
                    let _ = writeln!(script.text, "\\set p{at} :p{same}");
                }
            }
        }
        script.text.push_str("\\startpipeline\n");
        script.settings(&caller.settings(work));
        script.statement(statement, work.parameters.len())?;
        script.text.push_str("\\endpipeline\n");
        Ok(script)
    }

    fn settings(&mut self, settings: &[(&str, String)]) {
        self.text.push_str("select pg_catalog.num_nulls(");
        for (at, (name, value)) in settings.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            let _ = write!(
                self.text,
                "{comma}pg_catalog.set_config(:n{at}, :v{at}, true)"
            );
            self.values.push((format!("n{at}"), (*name).to_owned()));
            self.values.push((format!("v{at}"), value.clone()));
        }
        self.text.push_str(");\n");
    }

    /// `$1` becomes `:p0`. There are no dollars in it but those.
    fn statement(&mut self, statement: &str, parameters: usize) -> Result<()> {
        let mut highest = 0;
        let mut parts = statement.split('$');
        self.text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let digits = part
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(part.len());
            let number: usize = part[..digits].parse().context("a parameter's number")?;
            highest = highest.max(number);
            let _ = write!(self.text, ":p{}{}", number - 1, &part[digits..]);
        }
        ensure!(
            highest == parameters,
            "the program's statement has {highest} parameters, not {parameters}: {statement}"
        );
        self.text.push_str(";\n");
        Ok(())
    }
}
