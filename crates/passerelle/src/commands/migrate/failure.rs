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
            Error::Rejects {
                table,
                allowed,
                refused,
                more,
                file,
            } => rejects(&table, allowed, &refused, more, file.as_deref()),
            Error::Reading(error) => Self::tell(
                ExitCode::Resumable,
                Message::SourceBroke {
                    error: error.to_string(),
                },
                Message::SourceBackThenRun,
            )
            .named("source_lost")
            .with_database(server(&error)),
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

/// Refused rows shown on the terminal; all of them are in the file.
const SHOWN: usize = 10;

fn rejects(
    table: &str,
    allowed: u64,
    refused: &[migrate::run::Refusal],
    more: bool,
    file: Option<&std::path::Path>,
) -> Failure {
    let count = refused.len();
    let sentence = Message::RejectsStop {
        table: table.to_owned(),
        count: format!("{count}{}", if more { "+" } else { "" }),
        allowed: allowed.to_string(),
        path: file.map_or_else(String::new, |path| path.display().to_string()),
    };
    let mut lines: Vec<Text> = vec![sentence.into()];
    lines.extend(refused.iter().take(SHOWN).map(|refusal| {
        let key: Vec<String> = refusal
            .key
            .iter()
            .map(|(name, value)| format!("{name} {}", value.as_deref().unwrap_or("null")))
            .collect();
        Text::Plain(format!(
            "  {}: {} ({})",
            key.join(", "),
            refusal.reason,
            refusal.sqlstate
        ))
    }));
    Failure::tell(
        ExitCode::Rejects,
        Text::Lines(lines),
        Message::AllowRejects {
            count: count.to_string(),
        },
    )
    .named("rejects")
}

/// The target failed in the middle: full, gone, or of another mind.
fn database(error: &pg::Error) -> Failure {
    let said = error.to_string();
    let (name, sentence, remedy): (_, Text, Text) = match (error, error.code()) {
        (_, Some("53100")) => (
            "disk_full",
            Message::TargetFull { error: said }.into(),
            Message::RoomThenRun.into(),
        ),
        (pg::Error::Lost(_), _) => (
            "target_lost",
            Message::TargetBroke { error: said }.into(),
            Message::TargetBackThenRun.into(),
        ),
        _ if error.kind() == Some(pg::Kind::Connection) => (
            "target_lost",
            Message::TargetBroke { error: said }.into(),
            Message::TargetBackThenRun.into(),
        ),
        _ => (
            "database",
            said.into(),
            "passerelle migrate run".to_owned().into(),
        ),
    };
    Failure::tell(ExitCode::Resumable, sentence, remedy)
        .named(name)
        .with_database(server(error))
}

#[cfg(test)]
mod tests {
    use migrate::Error;
    use migrate::run::Refusal;

    use crate::exit::{ExitCode, Failure};
    use crate::messages::Language;

    fn server(code: &str, message: &str) -> pg::Error {
        pg::Error::Server(Box::new(pg::ServerError {
            code: code.into(),
            message: message.into(),
            ..pg::ServerError::default()
        }))
    }

    fn told(error: Error) -> (ExitCode, &'static str, String, String) {
        let failure = Failure::from(error);
        let text = |text: &crate::messages::Text| text.text(Language::English);
        let (sentence, remedy) = (text(&failure.sentence), text(&failure.remedy));
        (failure.code, failure.name, sentence, remedy)
    }

    // MIG-OUT-02, MIG-RES-02: what breaks in the middle can be gone on with, and says who broke and how to go on.
    #[test]
    fn an_outage_names_the_side_and_the_way_on() {
        let cut = || {
            server(
                "57P01",
                "terminating connection due to administrator command",
            )
        };
        let full = server("53100", "could not extend file: No space left on device");
        for (error, name, who) in [
            (Error::Reading(cut()), "source_lost", "the old database"),
            (Error::Database(cut()), "target_lost", "the target"),
            (
                Error::Database(pg::Error::Lost("closed".into())),
                "target_lost",
                "the target",
            ),
            (
                Error::Database(full),
                "disk_full",
                "No space left on device",
            ),
        ] {
            let (code, is_named, sentence, remedy) = told(error);
            assert_eq!((code, is_named), (ExitCode::Resumable, name));
            assert!(sentence.contains(who), "{sentence}");
            assert!(remedy.contains("passerelle migrate run"), "{remedy}");
        }
    }

    // MIG-COPY-06: the first refused rows by their keys, where the others are, and how to leave them behind.
    #[test]
    fn refused_rows_are_named_by_their_keys() {
        let refusal = |id: &str| Refusal {
            key: vec![("id".into(), Some(id.into()))],
            sqlstate: "23514".into(),
            reason: "violates check constraint \"amount_check\"".into(),
        };
        let (code, name, sentence, remedy) = told(Error::Rejects {
            table: "public.things".into(),
            allowed: 0,
            refused: (0..12).map(|id| refusal(&id.to_string())).collect(),
            more: false,
            file: Some("rejects/public.things.ndjson".into()),
        });
        assert_eq!((code, name), (ExitCode::Rejects, "rejects"));
        assert!(
            sentence.contains("refuses 12 rows, 0 are allowed"),
            "{sentence}"
        );
        assert!(
            sentence.contains("rejects/public.things.ndjson"),
            "{sentence}"
        );
        assert!(sentence.contains("  id 9: violates"), "{sentence}");
        assert!(!sentence.contains("  id 10:"), "{sentence}");
        assert!(remedy.contains("--max-rejects 12"), "{remedy}");
    }
}
