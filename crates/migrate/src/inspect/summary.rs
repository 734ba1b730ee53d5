//! One page for a person: what was found, how hard the move is and why.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::{Confidence, Finding, Inspection, Severity, TableKindOfUse};
use crate::inventory::{Inventory, Name, TableKind};

/// Bytes of tables that a run moves in a second, on the slow side.
const BYTES_PER_SECOND: u64 = 20 << 20;
/// Users created in a second.
const USERS_PER_SECOND: u64 = 2_000;

/// How hard the move is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Grade {
    /// Nothing to decide.
    A,
    /// Nothing to decide, some things to read.
    B,
    /// A few decisions.
    C,
    /// Many decisions.
    D,
    /// Something blocks the move.
    E,
}

/// The page.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// How hard the move is.
    pub grade: Grade,
    /// Why.
    pub reasons: Vec<String>,
    /// The users table, and the others that may be.
    pub users: Vec<Name>,
    /// Users.
    pub people: u64,
    /// Users per class of password.
    pub password_classes: Vec<(String, u64)>,
    /// References by confidence, with the rows they are in.
    pub references: Vec<(Confidence, String, u64)>,
    /// Tables that are not the application's data.
    pub set_aside: Vec<(Name, TableKindOfUse, String)>,
    /// The ten largest tables: bytes and estimated rows.
    pub largest: Vec<(Name, i64, u64)>,
    /// How long a run takes, roughly.
    pub estimated: Duration,
    /// What a person must know or decide, the gravest first.
    pub findings: Vec<Finding>,
}

impl Summary {
    /// Draws the page up.
    pub fn of(inspection: &Inspection, inventory: &Inventory) -> Self {
        let (grade, reasons) = grade(inspection);
        let people = inspection.people.as_ref();
        let mut largest: Vec<(Name, i64, u64)> = inventory
            .tables
            .iter()
            .filter(|table| table.kind == TableKind::Ordinary)
            .map(|table| {
                (
                    table.name.clone(),
                    table.bytes,
                    super::users::estimated(table),
                )
            })
            .collect();
        let bytes: i64 = largest.iter().map(|(_, bytes, _)| *bytes).sum();
        largest.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
        largest.truncate(10);
        let rows = people.map_or(0, |people| people.rows);
        let seconds = bytes.max(0).unsigned_abs() / BYTES_PER_SECOND + rows / USERS_PER_SECOND;
        Self {
            grade,
            reasons,
            users: inspection
                .users
                .iter()
                .map(|one| one.table.clone())
                .collect(),
            people: rows,
            password_classes: people
                .map(|people| people.password_classes.clone().into_iter().collect())
                .unwrap_or_default(),
            references: inspection
                .references
                .iter()
                .map(|one| (one.confidence, one.name(), one.rows))
                .collect(),
            set_aside: inspection
                .tables
                .iter()
                .filter(|one| one.sort != TableKindOfUse::Application)
                .map(|one| (one.table.clone(), one.sort, one.reason.clone()))
                .collect(),
            largest,
            estimated: Duration::from_secs(seconds.max(1)),
            findings: inspection.findings.clone(),
        }
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        self.page(&Style {
            title: |title| format!("{title}\n"),
            item: "  ",
            code: |code| code.to_owned(),
        })
    }

    /// For a document.
    pub fn markdown(&self) -> String {
        self.page(&Style {
            title: |title| format!("## {title}\n\n"),
            item: "- ",
            code: |code| format!("`{}`", code.replace('`', "'")),
        })
    }

    /// For a program.
    pub fn json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn page(&self, style: &Style) -> String {
        let mut page = String::new();
        let code = style.code;
        let mut part = |title: &str, lines: Vec<String>| {
            if lines.is_empty() {
                return;
            }
            page.push_str(&(style.title)(title));
            for line in lines {
                let _ = writeln!(page, "{}{line}", style.item);
            }
            page.push('\n');
        };
        part(
            &format!("Difficulty {:?}", self.grade),
            self.reasons.clone(),
        );
        let users = self.users.iter().enumerate().map(|(place, name)| {
            let name = code(&name.to_string());
            if place == 0 {
                format!("{name}: {} users", self.people)
            } else {
                format!("{name} may be one too")
            }
        });
        part("Users", users.collect());
        let classes = self.password_classes.iter();
        part(
            "Passwords",
            classes
                .map(|(class, rows)| format!("{class}: {rows}"))
                .collect(),
        );
        for (confidence, title) in [
            (Confidence::Certain, "References declared by foreign keys"),
            (Confidence::Likely, "References without a foreign key"),
            (Confidence::Possible, "References to decide on"),
            (Confidence::Unlikely, "Looked at and left alone"),
        ] {
            let those = self
                .references
                .iter()
                .filter(|(one, ..)| *one == confidence);
            part(
                title,
                those
                    .map(|(_, name, rows)| format!("{} in {rows} rows", code(name)))
                    .collect(),
            );
        }
        let aside = self.set_aside.iter();
        let aside = aside.map(|(name, _, reason)| format!("{}: {reason}", code(&name.to_string())));
        part(
            "Tables that are not the application's data",
            aside.collect(),
        );
        let largest = self.largest.iter();
        let largest = largest.map(|(name, bytes, rows)| {
            format!(
                "{}: {}, about {rows} rows",
                code(&name.to_string()),
                size(*bytes)
            )
        });
        part("Largest tables", largest.collect());
        let findings = self.findings.iter().map(|finding| {
            format!(
                "{} {} {} ({}): {}",
                severity(finding.severity),
                finding.code,
                code(&finding.object),
                finding.count,
                finding.sentence
            )
        });
        part("Findings", findings.collect());
        part("Estimated time", vec![duration(self.estimated)]);
        page
    }
}

/// How a page is written.
struct Style {
    title: fn(&str) -> String,
    item: &'static str,
    code: fn(&str) -> String,
}

fn grade(inspection: &Inspection) -> (Grade, Vec<String>) {
    let count = |severity| {
        inspection
            .findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    };
    let (block, ask, warn) = (
        count(Severity::Block),
        count(Severity::Ask),
        count(Severity::Warn),
    );
    let mut reasons = Vec::new();
    let mut say = |count: usize, one: &str, many: &str| match count {
        0 => {}
        1 => reasons.push(format!("1 {one}")),
        count => reasons.push(format!("{count} {many}")),
    };
    say(block, "finding blocks the move", "findings block the move");
    say(ask, "decision", "decisions");
    say(warn, "thing to read", "things to read");
    if reasons.is_empty() {
        reasons.push("nothing to decide".to_owned());
    }
    let grade = match (block, ask, warn) {
        (1.., _, _) => Grade::E,
        (0, 6.., _) => Grade::D,
        (0, 1.., _) => Grade::C,
        (0, 0, 1..) => Grade::B,
        (0, 0, 0) => Grade::A,
    };
    (grade, reasons)
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warn => "warning",
        Severity::Ask => "decide",
        Severity::Block => "blocks",
    }
}

fn size(bytes: i64) -> String {
    let mut rest = bytes.max(0);
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if rest < 10_240 {
            return format!("{rest} {unit}");
        }
        rest /= 1024;
    }
    format!("{rest} TiB")
}

fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..=9 => "a few seconds".to_owned(),
        10..=119 => format!("about {seconds} seconds"),
        120..=7_199 => format!("about {} minutes", seconds / 60),
        _ => format!("about {} hours", seconds / 3_600),
    }
}
