//! Where a dump's statements belong: to the project, to a house that stands here already, or to nobody here.

use crate::script::{Statement, Subject};

/// Whose a statement's object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The project's: it must be restored.
    Project,
    /// In a schema that the preparation made: what is there already stays as it is.
    House(Subject),
    /// Upstream's private state.
    Upstream(Subject),
}

/// Schemas that stand in a prepared database.
pub(super) const HOUSES: [&str; 13] = [
    "auth",
    "storage",
    "realtime",
    "vault",
    "net",
    "cron",
    "pgmq",
    "pgmq_public",
    "graphql",
    "graphql_public",
    "extensions",
    "supabase_functions",
    "supabase_migrations",
];

/// Schemas of upstream's own programs (DB-SCH-15, DB-ADO-03), and ours of another database.
const UPSTREAM: [&str; 9] = [
    "_realtime",
    "_analytics",
    "_supavisor",
    "pgbouncer",
    "pgsodium",
    "pgsodium_masks",
    "pgtle",
    "supabase_analytics",
    "passerelle",
];

/// Extensions that only upstream's own schemas need; a project that came from there does without (DB-SUB-09).
pub(super) const UPSTREAM_EXTENSIONS: [&str; 3] = ["pgsodium", "pg_tle", "pg_stat_monitor"];

impl Place {
    pub(super) fn of(statement: &Statement<'_>) -> Self {
        match statement.subject() {
            Some(subject) if HOUSES.contains(&subject.schema.as_str()) => Self::House(subject),
            Some(subject) if UPSTREAM.contains(&subject.schema.as_str()) => Self::Upstream(subject),
            _ => Self::Project,
        }
    }
}

/// What becomes of rows of a house's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// They are loaded.
    Load,
    /// Secrets: those that open here.
    Secrets,
    /// Left out; why.
    LeaveOut(&'static str),
}

impl Rows {
    pub(super) fn of(subject: &Subject) -> Self {
        let name = subject.name.as_deref().unwrap_or_default();
        match (subject.schema.as_str(), name) {
            ("auth" | "realtime", "schema_migrations")
            | ("storage" | "supabase_functions", "migrations") => {
                Self::LeaveOut("this database keeps its own ledger")
            }
            ("realtime", "subscription") => Self::LeaveOut("subscriptions end with their sockets"),
            ("realtime", name) if name.starts_with("messages") => {
                Self::LeaveOut("messages are kept for three days only")
            }
            ("vault", "secrets") => Self::Secrets,
            _ => Self::Load,
        }
    }
}

/// Partitions of `realtime.messages`, a table a day.
pub(super) fn is_day_of_messages(subject: &Subject) -> bool {
    let day = subject
        .name
        .as_deref()
        .and_then(|name| name.strip_prefix("messages_2"));
    subject.schema == "realtime" && day.is_some()
}
