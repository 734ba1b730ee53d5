//! `db psql`, `db dump`: PostgreSQL's own programs, which find address and password in their environment.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use database::{DumpPart, DumpPlan, plan_dump};
use pg::Endpoint;
use serde_json::json;
use settings::{Layers, Settings};
use tokio::signal::unix::{SignalKind, signal};

use super::{Need, Reach};
use crate::cli::Dump;
use crate::commands::{Context, absolute, runtime};
use crate::exit::{ExitCode, Failure};
use crate::messages::Message;

/// The program beside the server's, else the one on the path.
fn program(settings: &Settings, name: &str) -> Result<Command, Failure> {
    let database = &settings.database;
    let data_dir = absolute(&database.data_dir)?;
    if let Ok(binaries) = cluster::find(database.bin_dir.as_deref(), &data_dir) {
        let path = binaries.program(name);
        if path.is_file() {
            let mut command = Command::new(path);
            binaries.lend_libraries(&mut command);
            return Ok(command);
        }
    }
    Ok(Command::new(name))
}

fn missing(name: &str, error: &std::io::Error) -> Failure {
    if error.kind() != std::io::ErrorKind::NotFound {
        return Failure::internal(error);
    }
    let name = name.to_owned();
    Failure::tell(
        ExitCode::Preflight,
        Message::NoProgram { name },
        Message::InstallClient,
    )
    .named("program_missing")
}

/// In the place of this process where nothing has to be stopped afterwards.
pub(super) fn psql(
    context: &Context,
    layers: &Layers,
    is_admin: bool,
    arguments: &[String],
) -> Result<ExitCode, Failure> {
    runtime()?.block_on(async {
        let reach = Reach::open(context, layers, Need::Existing).await?;
        let login = if is_admin || reach.settings.database.url.is_some() {
            reach.admin.clone()
        } else {
            let password = reach.settings.database.password.expose();
            reach.admin.with_login("postgres", password)
        };
        let mut command = program(&reach.settings, "psql")?;
        command.args(arguments).envs(
            login
                .with_application_name("passerelle db psql")
                .variables(),
        );
        if !reach.is_own() {
            return Err(missing("psql", &command.exec()));
        }
        let status = attend(command).await;
        reach.close().await?;
        let status = status.map_err(|error| missing("psql", &error))?;
        Ok(status
            .code()
            .and_then(ExitCode::of_number)
            .unwrap_or(ExitCode::Internal))
    })
}

/// Waits for a program that has the terminal: Ctrl-C is for it.
async fn attend(mut command: Command) -> std::io::Result<std::process::ExitStatus> {
    let _interrupt = signal(SignalKind::interrupt())?;
    let mut child = command.spawn()?;
    tokio::task::spawn_blocking(move || child.wait())
        .await
        .map_err(std::io::Error::other)?
}

/// DB-SCH-16, DB-DMP-20: a script that names nothing of ours.
pub(super) fn dump(context: &Context, layers: &Layers, flags: &Dump) -> Result<ExitCode, Failure> {
    let out = context.out;
    if out.json && flags.file.is_none() {
        let argument = "--file".to_owned();
        let sentence = Message::MissingArgument { argument };
        return Err(Failure::tell(ExitCode::Usage, sentence, "--file dump.sql"));
    }
    let part = match (flags.schema_only, flags.data_only) {
        (true, _) => DumpPart::Schema,
        (false, true) => DumpPart::Data,
        (false, false) => DumpPart::All,
    };
    let plan = runtime()?.block_on(async {
        let reach = Reach::open(context, layers, Need::Existing).await?;
        let dumped = async {
            let mut plan = plan_dump(&reach.admin, part, flags.vault).await?;
            let schemas = flags
                .schema
                .iter()
                .map(|schema| format!("--schema={schema}"));
            plan.arguments.extend(schemas);
            write(&reach, &plan, flags.file.as_deref())?;
            Ok::<_, Failure>(plan)
        };
        let plan = dumped.await;
        reach.close().await?;
        plan
    })?;
    if plan.secrets > 0 {
        let count = plan.secrets.to_string();
        out.warn(
            "secrets_left_out",
            Message::SecretsLeftOut { count },
            Message::DumpVault,
        );
    }
    let summary = json!({
        "file": flags.file.as_ref().map(|file| file.display().to_string()), "secrets_left_out": plan.secrets,
        "extensions": plan.extensions,
    });
    out.end(ExitCode::Success, "dumped", &summary);
    Ok(ExitCode::Success)
}

/// Whole or not at all where it goes to a file, which holds everybody's data.
fn write(reach: &Reach, plan: &DumpPlan, file: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = file else {
        let mut out = BufWriter::new(std::io::stdout().lock());
        return pass(reach, plan, &mut out);
    };
    let failed = |error: std::io::Error| Failure::file(path, &error);
    let attempt = path.with_extension("sql.new");
    let mut options = File::options();
    let opened = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&attempt);
    let mut out = BufWriter::new(opened.map_err(failed)?);
    let passed = pass(reach, plan, &mut out);
    let synced = out
        .into_inner()
        .map_err(|error| failed(error.into_error()))
        .and_then(|file| file.sync_all().map_err(failed));
    if let Err(failure) = passed.and(synced) {
        let _ = std::fs::remove_file(&attempt);
        return Err(failure);
    }
    std::fs::rename(&attempt, path).map_err(failed)
}

fn pass(reach: &Reach, plan: &DumpPlan, out: &mut impl Write) -> Result<(), Failure> {
    pg_dump(reach, &plan.arguments, |script| plan.pass(script, out))?;
    if !plan.more_rows.is_empty() {
        pg_dump(reach, &plan.more_rows, |script| plan.pass_more(script, out))?;
    }
    out.flush().map_err(Failure::internal)
}

fn pg_dump(
    reach: &Reach,
    arguments: &[String],
    pass: impl FnOnce(BufReader<std::process::ChildStdout>) -> Result<(), database::DumpError>,
) -> Result<(), Failure> {
    let login: Endpoint = reach.admin.with_application_name("passerelle db dump");
    let mut said = tempfile::tempfile().map_err(Failure::internal)?;
    let mut child = program(&reach.settings, "pg_dump")?
        .args(arguments)
        .envs(login.variables())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(said.try_clone().map_err(Failure::internal)?)
        .spawn()
        .map_err(|error| missing("pg_dump", &error))?;
    let script = child.stdout.take().expect("it is piped");
    let passed = pass(BufReader::new(script));
    let status = child.wait().map_err(Failure::internal)?;
    if !status.success() {
        let mut text = String::new();
        let read = said.rewind().and_then(|()| said.read_to_string(&mut text));
        read.map_err(Failure::internal)?;
        let text = text.trim().replace('\n', "; ");
        return Err(
            Failure::tell(ExitCode::Preflight, text, Message::FittingClient).named("pg_dump"),
        );
    }
    passed.map_err(Failure::internal)
}
