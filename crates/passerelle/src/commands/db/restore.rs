//! `db restore`: scripts of `pg_dump` restored around what stands.

use std::path::{Path, PathBuf};

use database::{RestoreError, RestoreReport};
use serde_json::json;
use settings::Layers;

use super::{Need, Reach, policy, push};
use crate::commands::{Context, runtime};
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

pub(super) fn run(
    context: &Context,
    layers: &Layers,
    files: &[PathBuf],
    missing_extensions: Option<&str>,
) -> Result<ExitCode, Failure> {
    for file in files {
        if !file.is_file() {
            let path = file.display().to_string();
            let sentence = Message::NoSuchFile { path };
            return Err(Failure::tell(ExitCode::Usage, sentence, Message::CheckPath));
        }
    }
    let policy = policy(layers, missing_extensions)?;
    let restored = runtime()?.block_on(async {
        let reach = Reach::open(context, layers, Need::Prepared).await?;
        let restored = database::restore(&reach.admin, files, policy).await;
        reach.close().await?;
        Ok::<_, Failure>(restored)
    })?;
    match restored {
        Ok(report) => Ok(tell(context, &report)),
        Err(error) => Err(failure(error)),
    }
}

fn tell(context: &Context, report: &RestoreReport) -> ExitCode {
    let out = context.out;
    for file in &report.files {
        let path = file.path.display().to_string();
        for note in &file.notes {
            out.result(&format!("{path}:{}: {}", note.line, note.text));
            out.object(
                &json!({ "type": "step", "step": "line", "file": path, "line": note.line, "note": note.text }),
            );
        }
    }
    for table in &report.tables {
        let (name, rows) = (table.table.clone(), table.rows.to_string());
        let there = table.there_already.to_string();
        out.result(&Message::RowsRestored { name, rows, there }.text(out.language));
        out.object(&json!({
            "type": "table", "table": table.table, "rows": table.rows, "there_already": table.there_already,
        }));
    }
    for unmatched in &report.unmatched {
        let (reference, rows) = (unmatched.reference.clone(), unmatched.rows.to_string());
        let sentence = Message::RowsUnmatched { reference, rows };
        out.warn("rows_unmatched", sentence, Message::CheckSource);
    }
    let rows: u64 = report.tables.iter().map(|table| table.rows).sum();
    let notes: usize = report.files.iter().map(|file| file.notes.len()).sum();
    let statements: usize = report.files.iter().map(|file| file.statements).sum();
    out.say(&Message::Restored {
        rows: rows.to_string(),
        notes: notes.to_string(),
    });
    let code = if report.unmatched.is_empty() {
        ExitCode::Success
    } else {
        ExitCode::Rejects
    };
    let summary = json!({
        "statements": statements, "rows": rows, "notes": notes, "unmatched": report.unmatched.len(),
    });
    out.end(code, "restored", &summary);
    code
}

fn failure(error: RestoreError) -> Failure {
    let remedy = error.remedy();
    match error {
        RestoreError::Sql(error) => {
            let mut failure = push::failure(Path::new(""), error);
            if failure.name == "statement_refused" {
                failure.remedy = remedy.into();
            }
            failure
        }
        RestoreError::Archive { .. } => {
            Failure::tell(ExitCode::Unsupported, error.to_string(), remedy).named("archive")
        }
        RestoreError::Encoding { .. } => {
            Failure::tell(ExitCode::Unsupported, error.to_string(), remedy).named("encoding")
        }
        RestoreError::NeedsSuperuser { .. } => {
            Failure::tell(ExitCode::Preflight, error.to_string(), remedy).named("no_rights")
        }
    }
}
