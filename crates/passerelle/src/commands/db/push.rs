//! `db push`: a project's folder applied.

use std::path::Path;

use database::{FileReport, PushError, PushOptions, PushReport};
use serde_json::json;
use settings::Layers;

use super::{Need, Reach, policy};
use crate::cli::Push;
use crate::commands::{Context, runtime};
use crate::exit::{ExitCode, Failure};
use crate::messages::{Message, Text};

pub(super) fn run(context: &Context, layers: &Layers, flags: &Push) -> Result<ExitCode, Failure> {
    let folder = flags.dir.as_ref().unwrap_or(&flags.folder);
    if !folder.is_dir() {
        let path = folder.display().to_string();
        let remedy = Message::NameFolder;
        return Err(Failure::tell(
            ExitCode::Usage,
            Message::NoSuchFile { path },
            remedy,
        ));
    }
    let missing_extensions = policy(layers, flags.missing_extensions.as_deref())?;
    let pushed = runtime()?.block_on(async {
        let reach = Reach::open(context, layers, Need::Prepared).await?;
        let options = PushOptions {
            missing_extensions,
            roles: !flags.no_roles,
            seeds: !flags.no_seed,
            dry_run: flags.dry_run,
        };
        let mut tell = |file: &FileReport| tell_file(context, folder, file, flags.dry_run);
        let pushed = database::push_telling(&reach.admin, folder, &options, &mut tell).await;
        reach.close().await?;
        Ok::<_, Failure>(pushed)
    })?;
    match pushed {
        Ok(report) => {
            tell(context, folder, &report, flags.dry_run);
            Ok(ExitCode::Success)
        }
        Err(error) => {
            tell_place(context, folder, &error);
            Err(failure(folder, error))
        }
    }
}

/// One file, as soon as it is applied.
fn tell_file(context: &Context, folder: &Path, file: &FileReport, is_plan: bool) {
    let out = context.out;
    let path = folder.join(&file.path).display().to_string();
    let count = file.statements.to_string();
    let sentence = if is_plan {
        Message::WouldApply {
            path: path.clone(),
            count,
        }
    } else {
        Message::Applied {
            path: path.clone(),
            count,
        }
    };
    out.result(&sentence.text(out.language));
    if !file.in_transaction && !file.path.ends_with("roles.sql") {
        out.say(&Message::OneByOne { path: path.clone() });
    }
    for note in &file.notes {
        out.result(&format!("{path}:{}: {}", note.line, note.text));
    }
    let notes: Vec<_> = file
        .notes
        .iter()
        .map(|note| json!({ "line": note.line, "text": note.text }))
        .collect();
    out.object(&json!({
        "type": "step", "step": "file", "file": path, "statements": file.statements, "in_transaction": file.in_transaction,
        "applied": !is_plan, "notes": notes,
    }));
}

fn tell(context: &Context, folder: &Path, report: &PushReport, is_plan: bool) {
    let out = context.out;
    if !report.unknown_versions.is_empty() {
        let versions = report.unknown_versions.join(", ");
        out.warn(
            "unknown_versions",
            Message::UnknownVersions { versions },
            "",
        );
    }
    for path in &report.ignored {
        let path = path.display().to_string();
        out.warn("no_migration", Message::NoMigration { path }, "");
    }
    for seed in &report.changed_seeds {
        let path = folder.join(seed).display().to_string();
        out.warn("seed_changed", Message::SeedChanged { path }, "");
    }
    if report.files.is_empty() {
        out.say(&Message::NothingToApply);
    }
    let status = match (is_plan, report.files.is_empty()) {
        (_, true) => "up_to_date",
        (true, false) => "planned",
        (false, false) => "applied",
    };
    let files = report.files.len();
    out.end(ExitCode::Success, status, &json!({ "files": files }));
}

/// Where it stopped, for programs.
fn tell_place(context: &Context, folder: &Path, error: &PushError) {
    if let Some((path, line, statement)) = place(error) {
        let path = folder.join(path).display().to_string();
        context.out.object(&json!({
            "type": "step", "step": "file", "file": path, "line": line, "statement": statement, "applied": false,
        }));
    }
}

fn place(error: &PushError) -> Option<(&Path, usize, Option<usize>)> {
    match error {
        PushError::Statement {
            path, line, number, ..
        }
        | PushError::ReservedRole {
            path, line, number, ..
        } => Some((path, *line, Some(*number))),
        PushError::Split { path, source } => Some((path, source.line(), None)),
        _ => None,
    }
}

/// DB-MIG-05: file and line first, as editors want to have them.
pub(super) fn failure(folder: &Path, error: PushError) -> Failure {
    let remedy = error.remedy();
    let at = place(&error).map(|(path, line, _)| {
        let path = folder.join(path).display().to_string();
        format!("{path}:{line}: ")
    });
    let at = at.unwrap_or_default();
    match error {
        PushError::Database(error) => error.into(),
        PushError::Read { path, source } => Failure::file(&path, &source).named("file_unreadable"),
        PushError::Statement {
            number,
            source,
            upstream,
            kept,
            ..
        } => {
            let code = if kept {
                ExitCode::Resumable
            } else {
                ExitCode::RolledBack
            };
            let mut parts = vec![Text::from(format!("{at}{source}"))];
            parts.push(
                Message::StatementNumber {
                    number: number.to_string(),
                }
                .into(),
            );
            parts.extend(upstream.map(Text::from));
            Failure::tell(code, Text::List(parts), remedy)
                .named("statement_refused")
                .with_database(source.server())
        }
        PushError::ReservedRole { role, .. } => {
            let sentence = format!("{at}role {role} is reserved");
            Failure::tell(ExitCode::RolledBack, sentence, remedy).named("reserved_role")
        }
        PushError::Split { source, .. } => {
            let sentence = format!("{at}{source}");
            Failure::tell(ExitCode::Preflight, sentence, remedy).named("not_sql")
        }
        PushError::MissingExtensions { .. } => {
            Failure::tell(ExitCode::Preflight, error.to_string(), remedy).named("extension_missing")
        }
        PushError::Config { .. } | PushError::SameVersion { .. } => {
            Failure::tell(ExitCode::Preflight, error.to_string(), remedy).named("project_folder")
        }
    }
}
