//! `migrate backup`: made, proved, brought back, listed.

use std::path::{Path, PathBuf};

use base::{Clock as _, OsRandom, SystemClock};
use migrate::backup::{self, Backup, Error, Format, Level, Programs, Way};
use pg::Endpoint;
use serde_json::json;
use settings::Settings;

use super::flags::{self, BackupCommand, DumpFormat, Proof, Reach};
use super::{reach, run::ask};
use crate::commands::Context;
use crate::exit::{ExitCode, Failure};
use crate::messages::{Message, Text};

pub(super) async fn run(context: &Context, flags: &flags::Backup) -> Result<ExitCode, Failure> {
    match &flags.command {
        None => make(context, flags).await,
        Some(BackupCommand::Verify { file, level, on }) => {
            verify(context, file, *level, on.as_deref()).await
        }
        Some(BackupCommand::Restore(flags)) => restore(context, flags).await,
        Some(BackupCommand::List { dir }) => list(context, dir),
    }
}

async fn make(context: &Context, flags: &flags::Backup) -> Result<ExitCode, Failure> {
    let reach = Reach {
        from: flags.from.clone(),
        ..Reach::default()
    };
    let source = reach::source(context, &reach)?;
    // Where the proof is made must be known before the time for the dump is spent.
    let on = match flags.verify {
        Proof::None => None,
        _ => Some(reach::target(context, flags.verify_on.as_deref())?),
    };
    let settings = Settings::load(&context.layers)?;
    let options = backup::Options {
        dir: flags.dir.clone(),
        format: match flags.format {
            DumpFormat::Custom => Format::Custom,
            DumpFormat::Plain => Format::Plain,
            DumpFormat::Directory => Format::Directory,
        },
        jobs: flags.jobs,
        compress: flags.compress.clone(),
        bin_dir: settings.database.bin_dir,
        data_dir: context.data_dir()?,
        now: SystemClock.now(),
    };
    let mut made = backup::create(source.endpoint(), &options).await?;
    context.out.say(&Message::BackupMade {
        path: made.file.display().to_string(),
        tables: made.manifest.contents.tables.len().to_string(),
        bytes: made.bytes().to_string(),
    });
    if let Some(on) = on {
        prove(context, &mut made, &on, flags.verify).await?;
    }
    finish(context, &made);
    Ok(ExitCode::Success)
}

async fn verify(
    context: &Context,
    file: &Path,
    level: Proof,
    on: Option<&str>,
) -> Result<ExitCode, Failure> {
    let mut backup = Backup::open(file)?;
    if level != Proof::None {
        let on = reach::target(context, on)?;
        prove(context, &mut backup, &on, level).await?;
    }
    finish(context, &backup);
    Ok(ExitCode::Success)
}

async fn prove(
    context: &Context,
    backup: &mut Backup,
    on: &Endpoint,
    level: Proof,
) -> Result<(), Failure> {
    let level = match level {
        Proof::Schema => Level::Schema,
        _ => Level::Full,
    };
    context.out.say(&Message::Proving);
    let programs = programs(context, backup).await?;
    let now = SystemClock.now();
    let proof = backup::verify(backup, &programs, on, level, &OsRandom, now).await?;
    context.out.say(&Message::BackupProved {
        tables: proof.tables.to_string(),
    });
    Ok(())
}

/// Not older than those that wrote the dump.
async fn programs(context: &Context, backup: &Backup) -> Result<Programs, Failure> {
    let settings = Settings::load(&context.layers)?;
    let bin_dir = settings.database.bin_dir.as_deref();
    let data_dir = context.data_dir()?;
    Ok(Programs::find(bin_dir, &data_dir, backup.manifest.client_major).await?)
}

fn finish(context: &Context, backup: &Backup) {
    context.out.result(&backup.file.display().to_string());
    context.out.end(ExitCode::Success, "ok", &summary(backup));
}

fn summary(backup: &Backup) -> serde_json::Value {
    let contents = &backup.manifest.contents;
    let rows: u64 = contents.tables.iter().map(|table| table.rows).sum();
    json!({
        "file": backup.file, "taken_at": backup.manifest.taken_at, "bytes": backup.bytes(),
        "database": contents.database, "tables": contents.tables.len(), "rows": rows,
        "verified": backup.manifest.verified,
    })
}

async fn restore(context: &Context, flags: &flags::Restore) -> Result<ExitCode, Failure> {
    let backup = Backup::open(&flags.file)?;
    let server = reach::target(context, flags.to.as_deref())?;
    let programs = programs(context, &backup).await?;
    let way = if flags.in_place {
        Way::InPlace
    } else {
        Way::Swap
    };
    context.out.say(&Message::RestoreInto {
        path: backup.file.display().to_string(),
        database: flags.into.clone(),
    });
    // The name itself must be typed where rows are about to go.
    ask(
        context,
        if flags.in_place {
            &flags.into
        } else {
            "RESTORE"
        },
    )?;
    let now = SystemClock.now();
    let restored = backup::restore(
        &backup,
        &programs,
        &server,
        &flags.into,
        way,
        &OsRandom,
        now,
    )
    .await?;
    context.out.say(&Message::BackupRestored {
        database: flags.into.clone(),
        tables: restored.tables.to_string(),
    });
    if let Some(kept) = &restored.kept_as {
        context.out.say(&Message::OldDatabaseKept {
            database: kept.clone(),
        });
    }
    if !restored.slots.is_empty() {
        let slots = restored.slots.join(", ");
        context
            .out
            .warn("MIG-B-SLOTS", Message::SlotsStay { slots }, "");
    }
    let summary = json!({
        "database": flags.into, "kept_as": restored.kept_as, "tables": restored.tables, "slots": restored.slots,
    });
    context.out.end(ExitCode::Success, "ok", &summary);
    Ok(ExitCode::Success)
}

/// The newest proved backup of this database in the usual folder.
pub(super) fn newest_of(context: &Context, fingerprint: &str) -> Option<Backup> {
    let all = backup::list(&context.dir.join("backups")).ok()?;
    let proved = all.into_iter().filter(|it| {
        it.manifest.verified.is_some() && it.manifest.contents.fingerprint == fingerprint
    });
    proved.max_by_key(|it| it.manifest.taken_at)
}

fn list(context: &Context, dir: &Path) -> Result<ExitCode, Failure> {
    let backups = backup::list(dir)?;
    for backup in &backups {
        let mark = if backup.manifest.verified.is_some() {
            "✓"
        } else {
            "?"
        };
        context
            .out
            .object(&json!({ "type": "backup", "backup": summary(backup) }));
        context.out.result(&format!(
            "{mark} {} {} {} tables, {} bytes",
            backup.file.display(),
            backup.manifest.contents.database,
            backup.manifest.contents.tables.len(),
            backup.bytes()
        ));
    }
    if backups.is_empty() {
        let dir = dir.display().to_string();
        context.out.say(&Message::NoBackups { dir });
    }
    let files: Vec<&PathBuf> = backups.iter().map(|backup| &backup.file).collect();
    context
        .out
        .end(ExitCode::Success, "ok", &json!({ "backups": files }));
    Ok(ExitCode::Success)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (code, name) = (error.exit_code(), error.code());
        let code = ExitCode::of_number(code.into()).unwrap_or(ExitCode::Internal);
        let (sentence, remedy): (Message, Text) = match error {
            Error::Database(error) => return error.into(),
            Error::Missing { program, .. } => (
                Message::ClientMissing {
                    program: program.to_owned(),
                },
                Message::InstallClient.into(),
            ),
            Error::TooOld {
                program,
                found,
                server,
            } => (
                Message::ClientTooOld {
                    program,
                    found: found.to_string(),
                    server: server.to_string(),
                },
                Message::FittingClient.into(),
            ),
            Error::Program { program, said, .. } => (
                Message::ClientFailed {
                    program: program.to_owned(),
                    said,
                },
                String::new().into(),
            ),
            Error::File { path, error } => return Self::file(&path, &error),
            Error::NoBackup { path, reason } => (
                Message::NoBackup {
                    path: path.display().to_string(),
                    reason,
                },
                "passerelle migrate backup list".into(),
            ),
            Error::Damaged { path, reason } => (
                Message::BackupDamaged {
                    path: path.display().to_string(),
                    reason,
                },
                "passerelle migrate backup".into(),
            ),
            Error::Differs(differences) => {
                let lines: Vec<String> = differences
                    .iter()
                    .map(|it| format!("{}: {}", it.table, it.what))
                    .collect();
                (
                    Message::BackupDiffers {
                        what: lines.join("; "),
                    },
                    "passerelle migrate backup".into(),
                )
            }
            Error::PlainOnly => (
                Message::PlainAsAWhole,
                "passerelle migrate backup --format custom".into(),
            ),
            Error::Swap { database, error } => {
                let text = error.to_string();
                (
                    Message::NotSwapped {
                        database,
                        error: text,
                    },
                    String::new().into(),
                )
            }
        };
        Self::tell(code, sentence, remedy).named(name)
    }
}
