//! The last errors of each service, from the program's log (MIG-DOC-04).

use std::collections::BTreeMap;
use std::path::Path;

use super::super::logs::{since, speaks_of, time_of};
use crate::exit::Failure;
use crate::findings::Finding;
use crate::messages::Message;
use crate::services::SERVICES;

pub(super) fn errors(data_dir: &Path, span: &str) -> Result<Vec<Finding>, Failure> {
    let since = since(span)?;
    let bytes = std::fs::read(data_dir.join("logs/passerelle.log")).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let recent = text
        .lines()
        .filter(|line| is_error(line) && time_of(line).is_some_and(|time| time >= since));
    let mut by_service: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for line in recent {
        let entry = by_service.entry(service_of(line)).or_default();
        *entry = (entry.0 + 1, line);
    }
    let found = by_service.into_iter().map(|(service, (count, last))| {
        let remedy = format!("passerelle logs --service {service} --since {span}");
        let (service, count, span) = (service.to_owned(), count.to_string(), span.to_owned());
        Finding::new(
            "log_errors",
            Message::LogErrors {
                service,
                count,
                span,
            },
            remedy,
        )
        .because(last.trim().to_owned())
        .likely()
    });
    Ok(found.collect())
}

fn is_error(line: &str) -> bool {
    line.contains(" ERROR ") || line.contains("\"level\":\"ERROR\"")
}

fn service_of(line: &str) -> &'static str {
    let rooms = SERVICES
        .into_iter()
        .chain(["gateway", "migrate", "cluster"]);
    rooms
        .into_iter()
        .find(|service| speaks_of(line, service))
        .unwrap_or("passerelle")
}

#[cfg(test)]
mod tests {
    use base::{Clock as _, SystemClock};

    use super::*;
    use crate::messages::Language;

    // MIG-DOC-04: counts by service, the last one as evidence, old ones left out.
    #[test]
    fn errors_are_counted_by_service() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("logs")).unwrap();
        let now = SystemClock.now();
        let line = |minutes: i64, text: &str| {
            let time = now - chrono::TimeDelta::minutes(minutes);
            format!(
                "{} {text}\n",
                time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
            )
        };
        let text = line(60, "ERROR auth::token: long ago")
            + &line(2, "ERROR auth::token: first")
            + &line(1, " WARN rest::plan: no error")
            + &line(1, "ERROR auth::mail: second")
            + &line(1, "ERROR storage::sweep: third");
        std::fs::write(dir.path().join("logs/passerelle.log"), text).unwrap();
        let found = errors(dir.path(), "15m").unwrap();
        let shown: Vec<_> = found
            .iter()
            .map(|finding| finding.sentence.text(Language::English))
            .collect();
        assert_eq!(
            shown,
            [
                "auth: 2 errors in the last 15m",
                "storage: 1 errors in the last 15m"
            ]
        );
        assert!(
            found[0].evidence[0]
                .text(Language::English)
                .ends_with("second")
        );
    }
}
