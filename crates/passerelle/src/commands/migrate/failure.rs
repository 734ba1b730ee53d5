//! How each failure of the engine is told, and how the command ends then (section 30 of the contract).

use migrate::{Error, Side};

use crate::exit::{ExitCode, Failure};
use crate::messages::{Message, Text};

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Connection { side, error } => connection(side, &error),
            Error::Database(error) => database(&error),
            Error::Object { kind, name, error } => {
                let text = error.to_string();
                Self::tell(
                    ExitCode::Resumable,
                    Message::ObjectFailed {
                        kind,
                        name,
                        error: text,
                    },
                    "passerelle migrate run",
                )
                .named("object")
                .with_database(server(&error))
            }
            Error::Orphan { table, reason } => Self::tell(
                ExitCode::Rejects,
                Message::OrphanStops { table, reason },
                Message::DecideOrphans,
            )
            .named("orphan"),
            Error::Accounting {
                table,
                sent,
                stored,
            } => Self::tell(
                ExitCode::Findings,
                Message::DoesNotBalance {
                    table,
                    sent: sent.to_string(),
                    stored: stored.to_string(),
                },
                "",
            )
            .named("accounting"),
            Error::Locked { holder } => Self::tell(
                ExitCode::Busy,
                Message::MigrationRuns { holder },
                Message::WaitOrStopIt,
            )
            .named("locked"),
            Error::PlanChanged { .. } => Self::tell(
                ExitCode::Drift,
                Message::PlanChanged,
                Message::PlanBackOrRollback,
            )
            .named("plan_changed"),
            Error::OtherSource => Self::tell(
                ExitCode::Drift,
                Message::OtherSource,
                "passerelle migrate plan --replace",
            )
            .named("other_source"),
            Error::Drift => Self::tell(
                ExitCode::Drift,
                Message::SourceChanged,
                "passerelle migrate plan --replace",
            )
            .named("drift"),
            Error::StepChanged(step) => Self::tell(
                ExitCode::Drift,
                Message::StepChanged { step },
                "passerelle migrate rollback",
            )
            .named("step_changed"),
            Error::Undecided(questions) => {
                let mut lines: Vec<Text> = vec![
                    Message::Undecided {
                        count: questions.len().to_string(),
                    }
                    .into(),
                ];
                lines.extend(questions.iter().map(|question| {
                    Text::Plain(format!(
                        "  {} {}: {}",
                        question.line, question.object, question.answers
                    ))
                }));
                Self::tell(
                    ExitCode::Undecided,
                    Text::Lines(lines),
                    Message::DecideInPlan,
                )
                .named("undecided")
            }
            Error::UserFailures { failed, allowed } => Self::tell(
                ExitCode::Rejects,
                Message::UserFailures {
                    failed: failed.to_string(),
                    allowed: allowed.to_string(),
                },
                Message::DecideInPlan,
            )
            .named("user_failures"),
            Error::NoUsers(candidates) => Self::tell(
                ExitCode::Undecided,
                Message::NoUsersTable {
                    candidates: candidates.join(", "),
                },
                "passerelle migrate plan --users schema.table",
            )
            .named("no_users_table"),
            Error::Plan(error) => Self::tell(
                ExitCode::Undecided,
                Message::PlanRefused {
                    error: error.to_string(),
                },
                Message::MendPlan,
            )
            .named("plan"),
            Error::Keyless(table) => Self::tell(
                ExitCode::Preflight,
                Message::Keyless { table },
                Message::KeylessRemedy,
            )
            .named("keyless"),
            Error::Missing(what) => Self::tell(
                ExitCode::Drift,
                Message::SourceLacks { what },
                Message::MendPlan,
            )
            .named("missing"),
            other => Self::tell(
                ExitCode::Resumable,
                other.to_string(),
                "passerelle migrate run",
            )
            .named("failed"),
        }
    }
}

fn server(error: &pg::Error) -> Option<&pg::ServerError> {
    match error {
        pg::Error::Server(error) => Some(error),
        _ => None,
    }
}

fn connection(side: Side, error: &pg::Error) -> Failure {
    let (sentence, remedy) = match side {
        Side::Source => (
            Message::SourceUnreachable {
                error: error.to_string(),
            },
            Text::from(Message::SuchAsSource),
        ),
        Side::Target => (
            Message::TargetUnreachable {
                error: error.to_string(),
            },
            Text::from("passerelle status".to_owned()),
        ),
    };
    Failure::tell(ExitCode::Connection, sentence, remedy)
        .named("connection")
        .with_database(server(error))
}

fn database(error: &pg::Error) -> Failure {
    Failure::tell(
        ExitCode::Resumable,
        error.to_string(),
        "passerelle migrate run",
    )
    .named("database")
    .with_database(server(error))
}
