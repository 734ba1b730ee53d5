//! `logs`: the program's log file, whole or as it grows.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::time::Duration;

use base::{Clock as _, SystemClock};
use chrono::{DateTime, Utc};
use serde_json::json;

use super::Context;
use crate::cli::Logs;
use crate::exit::{ExitCode, Failure};

pub(crate) fn run(context: &Context, flags: &Logs) -> Result<ExitCode, Failure> {
    let data_dir = context.data_dir()?;
    let service = flags.service.as_deref().or(flags.named.as_deref());
    let name = if service == Some("postgres") {
        "postgres.log"
    } else {
        "passerelle.log"
    };
    let path = data_dir.join("logs").join(name);
    let file = std::fs::File::open(&path).map_err(|error| no_log(&path, &error))?;
    let since = flags.since.as_deref().map(since).transpose()?;
    let mut wanted = Wanted {
        service: service.filter(|service| *service != "postgres"),
        since,
        recent: since.is_none(),
    };
    let mut reader = BufReader::new(file);
    let mut line = String::new();
    loop {
        if reader.read_line(&mut line).map_err(Failure::internal)? == 0 {
            if !flags.follow {
                return Ok(ExitCode::Success);
            }
            std::thread::sleep(Duration::from_millis(200));
            continue;
        }
        // A line that is still being written is shown once it is whole.
        if !line.ends_with('\n') && flags.follow {
            continue;
        }
        if wanted.wants(&line) {
            context.out.result(line.trim_end());
            context
                .out
                .object(&json!({ "type": "step", "step": "log", "line": line.trim_end() }));
        }
        line.clear();
    }
}

fn no_log(path: &Path, error: &std::io::Error) -> Failure {
    let mut failure = Failure::file(path, error).named("no_log");
    failure.remedy = "passerelle up".into();
    failure
}

/// When `15m` ago was.
pub(crate) fn since(text: &str) -> Result<DateTime<Utc>, Failure> {
    Ok(SystemClock.now() - chrono::TimeDelta::seconds(super::lifetime(text)?))
}

/// Which lines are shown.
struct Wanted<'a> {
    service: Option<&'a str>,
    since: Option<DateTime<Utc>>,
    /// Whether the last line with a time was recent; lines without one belong to it.
    recent: bool,
}

impl Wanted<'_> {
    fn wants(&mut self, line: &str) -> bool {
        if let (Some(since), Some(time)) = (self.since, time_of(line)) {
            self.recent = time >= since;
        }
        self.recent && self.service.is_none_or(|service| speaks_of(line, service))
    }
}

/// The time that a line begins with: the program's own form, its JSON, or PostgreSQL's.
pub(crate) fn time_of(line: &str) -> Option<DateTime<Utc>> {
    if let Some(rest) = line.strip_prefix("{\"timestamp\":\"") {
        return rest.split('"').next()?.parse().ok();
    }
    let mut words = line.split(' ');
    let first = words.next()?;
    if let Ok(time) = first.parse::<DateTime<Utc>>() {
        return Some(time);
    }
    format!("{first}T{}Z", words.next()?).parse().ok()
}

/// A line is a service's when its crate wrote it or the access log names it.
pub(crate) fn speaks_of(line: &str, service: &str) -> bool {
    [
        format!(" {service}::"),
        format!(" {service}:"),
        format!("\"{service}\""),
        format!("\"target\":\"{service}::"),
    ]
    .iter()
    .any(|mark| line.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    // MIG-DOC-04: lines by service.
    #[test]
    fn a_line_belongs_to_the_service_that_wrote_it() {
        assert!(speaks_of("2026 WARN storage::sweep: found", "storage"));
        assert!(speaks_of(
            "2026 INFO access: request service=\"rest\" path=/rest/v1/t",
            "rest"
        ));
        assert!(!speaks_of("2026 WARN auth::token: x", "storage"));
    }

    // MIG-DOC-04: `--since` keeps what follows a recent line, and drops what follows an old one.
    #[test]
    fn a_line_is_as_old_as_the_last_time_above_it() {
        let since = "2026-01-01T10:00:00Z".parse().ok();
        let mut wanted = Wanted {
            service: None,
            since,
            recent: false,
        };
        assert!(!wanted.wants("2026-01-01T09:59:59.123456Z  WARN auth: old\n"));
        assert!(!wanted.wants("    of the old line\n"));
        assert!(wanted.wants("2026-01-01T10:00:01.000001Z  WARN auth: new\n"));
        assert!(wanted.wants("    of the new line\n"));
        assert!(!wanted.wants("{\"timestamp\":\"2026-01-01T09:00:00Z\",\"level\":\"INFO\"}"));
        assert!(wanted.wants("2026-01-01 11:00:00.123 UTC [12] LOG:  ready\n"));
    }
}
