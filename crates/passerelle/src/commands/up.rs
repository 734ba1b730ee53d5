//! `up`, `init`: the whole stack, in the foreground or behind.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base::{Clock as _, OsRandom, SystemClock};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use settings::{Layers, Settings};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Context, absolute, runtime};
use crate::cli::Up;
use crate::exit::{ExitCode, Failure};
use crate::keyring;
use crate::logging;
use crate::messages::{Language, Message, Text};
use crate::services::SERVICES;
use crate::stack::{Parts, Stack};
use crate::state::State;

/// Starts the stack and serves until a signal.
pub(crate) fn run(context: &Context, flags: &Up) -> Result<ExitCode, Failure> {
    if flags.detach {
        return detach(context);
    }
    let (settings, keys) = prepare_settings(context, flags)?;
    runtime()?.block_on(async {
        let mut signals = Signals::listen()?;
        let stack = start(context, settings, keys.as_deref(), &mut signals).await?;
        serve(context, stack, &mut signals).await
    })
}

/// Prepares keys, data and the database, then stops.
pub(crate) fn init(context: &Context, flags: &Up) -> Result<ExitCode, Failure> {
    let context = &keys_at_home(context)?;
    let (mut settings, keys) = prepare_settings(context, flags)?;
    // Nothing is served, so no port may stand in the way.
    settings.gateway.port = 0;
    settings.gateway.admin_port = 0;
    settings.gateway.service_ports = false;
    runtime()?.block_on(async {
        let data_dir = settings.database.data_dir.clone();
        let stack = Stack::start(settings, Parts::of_the_machine()).await?;
        stack.stop().await?;
        State::remove(&data_dir);
        let keys = keys.map(|path| path.display().to_string());
        super::env::fill(context, Path::new(".env"))?;
        context.out.say(&Message::Prepared);
        let summary = json!({ "keys_file": keys });
        context.out.end(ExitCode::Success, "prepared", &summary);
        Ok(ExitCode::Success)
    })
}

/// Who prepares a project asks for its keys: they are made where `keys generate` makes them.
fn keys_at_home(context: &Context) -> Result<Context, Failure> {
    let mut context = context.clone();
    let data_dir = context.data_dir()?;
    let keys = Settings::load(&context.layers)?.keys;
    let path = match &context.env_file {
        Some(file) => file.clone(),
        None => keyring::home(&context.dir, &data_dir),
    };
    if keys.jwt_secret.is_empty() && keys.jwt_keys.is_empty() {
        refuse_if_running(&data_dir)?;
        let now = SystemClock.unix();
        keyring::settings_with_keys_in(&path, &context.layers, &OsRandom, now)?;
        let mut layers = Layers::default();
        layers.add_env_file(&path)?;
        context.layers = layers.under(&context.layers);
    }
    Ok(context)
}

/// Settings with keys and an absolute data folder, logging started.
pub(crate) fn prepare_settings(
    context: &Context,
    flags: &Up,
) -> Result<(Settings, Option<std::path::PathBuf>), Failure> {
    let mut layers = context.layers_with(flags);
    let data_dir = absolute(&Settings::load(&layers)?.database.data_dir)?;
    if flags.database_url.as_deref().is_some_and(holds_password) {
        let (message, remedy) = (
            Message::PasswordInArguments,
            "PASSERELLE_DATABASE_URL=… passerelle up",
        );
        context.out.warn("password_in_arguments", message, remedy);
    }
    layers.set("database.data_dir", data_dir.to_string_lossy());
    refuse_if_running(&data_dir)?;
    make_data_dir(&data_dir)?;
    let now = SystemClock.unix();
    let (settings, keys) = context.settings_with_keys_under(&layers)?;
    logging::start(&settings.log, &data_dir)?;
    warn(context, &layers, &settings, now)?;
    Ok((settings, keys))
}

/// What a person should know before it becomes a fault.
fn warn(context: &Context, layers: &Layers, settings: &Settings, now: i64) -> Result<(), Failure> {
    for (code, sentence) in super::strangers(layers) {
        tracing::warn!(code, "{}", sentence.text(Language::English));
        if code == "unknown_variables" {
            context.out.warn(code, sentence, "");
        }
    }
    for (code, sentence, remedy) in keyring::cautions(settings, now)? {
        tracing::warn!(code, "{}", sentence.text(Language::English));
        context.out.warn(code, sentence, remedy);
    }
    Ok(())
}

/// Starts the stack, writes the state file and shows the sheet.
pub(crate) async fn start(
    context: &Context,
    settings: Settings,
    keys: Option<&Path>,
    signals: &mut Signals,
) -> Result<Stack, Failure> {
    context.out.say(&Message::Starting);
    let data_dir = settings.database.data_dir.clone();
    let recorder = PrometheusBuilder::new().build_recorder();
    let parts = Parts {
        metrics: Some(recorder.handle()),
        ..Parts::of_the_machine()
    };
    // A second recorder in one process is refused; the first one goes on counting.
    let _ = metrics::set_global_recorder(recorder);
    let stack = tokio::select! {
        started = Stack::start(settings, parts) => started?,
        () = signals.next() => return Err(Failure::tell(ExitCode::Interrupted, Message::InterruptedStart, "")),
    };
    let state = State {
        pid: std::process::id(),
        api_url: stack.api_url(),
        admin_address: stack.bound().admin.map(|address| address.to_string()),
        socket_dir: stack
            .server()
            .map(|server| server.socket_dir().display().to_string()),
        socket_port: stack.server().map(cluster::Server::socket_port),
        database_port: stack.server().and_then(cluster::Server::tcp_port),
        services: stack.services(),
    };
    state.write(&data_dir)?;
    let name = &stack.settings().database.name;
    let database = state
        .database_port
        .map(|port| format!("postgresql://postgres@127.0.0.1:{port}/{name}"));
    let keys = keys.map(|path| path.display().to_string());
    context.out.object(&json!({
        "type": "phase", "phase": "ready", "api_url": state.api_url, "database_url": database, "keys_file": keys,
        "pid": state.pid, "services": state.services,
    }));
    sheet(context, &state, database, keys);
    Ok(stack)
}

/// Where everything is.
fn sheet(context: &Context, state: &State, database: Option<String>, keys: Option<String>) {
    let all = state.services.len() == SERVICES.len();
    let services = (!all).then(|| state.services.join(", "));
    context.out.say(&Message::Ready);
    for (what, where_to) in [
        (Message::Api, Some(state.api_url.clone())),
        (Message::Database, database),
        (Message::KeysFile, keys),
        (Message::RunsHere, services),
    ] {
        if let Some(where_to) = where_to {
            let what = what.text(context.out.language);
            context.out.say(&Message::Sheet { what, where_to });
        }
    }
}

/// Serves until a signal, then stops; a second signal ends the process at once.
pub(crate) async fn serve(
    context: &Context,
    stack: Stack,
    signals: &mut Signals,
) -> Result<ExitCode, Failure> {
    signals.next().await;
    context.out.say(&Message::Stopping);
    let data_dir = stack.settings().database.data_dir.clone();
    tokio::select! {
        stopped = stack.stop() => stopped?,
        () = signals.again() => return Err(Failure::tell(ExitCode::Interrupted, Message::InterruptedStop, "")),
    }
    State::remove(&data_dir);
    context.out.say(&Message::Stopped);
    context.out.end(ExitCode::Success, "stopped", &json!({}));
    Ok(ExitCode::Success)
}

/// How long after a signal another one says the same.
const SAME_WISH: Duration = Duration::from_secs(1);

/// SIGINT and SIGTERM, listened to from before the start until the end: one that comes in between is not lost.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Starts listening; from then on neither ends the process by itself.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(Failure::internal);
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// One that is another wish than the first. A terminal's Ctrl-C reaches every process in front, and whatever started
    /// this one often passes it on, as SIGINT or SIGTERM: what comes in the same moment is the same wish.
    async fn again(&mut self) {
        let began = Instant::now();
        loop {
            self.next().await;
            if began.elapsed() >= SAME_WISH {
                return;
            }
        }
    }

    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// MIG-SEC-01: whoever lists processes reads it.
fn holds_password(url: &str) -> bool {
    let in_url = url::Url::parse(url).is_ok_and(|url| url.password().is_some());
    in_url || url.contains("password=")
}

fn refuse_if_running(data_dir: &Path) -> Result<(), Failure> {
    match State::read(data_dir) {
        Some(state) if state.pid != std::process::id() => {
            let (dir, pid) = (data_dir.display().to_string(), state.pid.to_string());
            let sentence = Message::AlreadyRuns { dir, pid };
            Err(
                Failure::tell(ExitCode::Busy, sentence, Message::StatusOrDown)
                    .named("already_runs"),
            )
        }
        _ => Ok(()),
    }
}

/// A folder that is made here is its owner's alone; one that was there keeps its mode.
fn make_data_dir(data_dir: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        let (path, error) = (data_dir.display().to_string(), error.to_string());
        let sentence = Message::DataFolder { path, error };
        Failure::tell(ExitCode::Preflight, sentence, Message::CheckFolder).named("data_folder")
    };
    if let Some(above) = data_dir.parent().filter(|above| !above.exists()) {
        std::fs::create_dir_all(above).map_err(failed)?;
    }
    match DirBuilder::new().mode(0o700).create(data_dir) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists || !data_dir.is_dir() => {
            return Err(failed(error));
        }
        _ => {}
    }
    std::fs::read_dir(data_dir).map_err(failed)?;
    let probe = data_dir.join(format!(".writable-{}", std::process::id()));
    std::fs::write(&probe, "").map_err(failed)?;
    std::fs::remove_file(&probe).map_err(failed)
}

/// Starts this program again with the same arguments, without `--detach`, and waits until it is ready.
fn detach(context: &Context) -> Result<ExitCode, Failure> {
    let data_dir = context.data_dir()?;
    refuse_if_running(&data_dir)?;
    make_data_dir(&data_dir)?;
    let program = std::env::current_exe().map_err(Failure::internal)?;
    let arguments = std::env::args_os()
        .skip(1)
        .filter(|argument| argument != "--detach" && argument != "--json");
    let console = data_dir.join("console.log");
    let log = std::fs::File::create(&console).map_err(Failure::internal)?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(Failure::internal)?;
    let started = Instant::now();
    loop {
        if let Some(state) = State::read(&data_dir).filter(|state| state.pid == child.id()) {
            relay_warnings(context, &console);
            context.out.say(&Message::Running {
                pid: state.pid.to_string(),
                api: state.api_url.clone(),
            });
            let summary = json!({ "api_url": state.api_url, "pid": state.pid });
            context.out.end(ExitCode::Success, "ready", &summary);
            return Ok(ExitCode::Success);
        }
        if let Some(status) = child.try_wait().map_err(Failure::internal)? {
            return Err(ended_early(status, &console));
        }
        if started.elapsed() > Duration::from_secs(300) {
            let (sentence, remedy) = (Message::NotReady, "passerelle logs");
            return Err(Failure::tell(ExitCode::Preflight, sentence, remedy));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What the process behind warned of, with the way out: nobody reads its console.
fn relay_warnings(context: &Context, console: &Path) {
    let text = std::fs::read_to_string(console).unwrap_or_default();
    let lead = |message: Message| message.text(context.out.language);
    let empty = String::new;
    let warning = lead(Message::Warning { text: empty() });
    let remedy = lead(Message::Remedy { command: empty() });
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(sentence) = line.strip_prefix(&warning) else {
            continue;
        };
        let way_out = lines.peek().and_then(|line| line.strip_prefix(&remedy));
        context
            .out
            .warn("start", sentence, way_out.unwrap_or_default());
    }
}

/// What the process behind said when it ended, with its own exit code.
fn ended_early(status: std::process::ExitStatus, console: &Path) -> Failure {
    let text = std::fs::read_to_string(console).unwrap_or_default();
    let said = text
        .lines()
        .find_map(|line| line.strip_prefix("passerelle: "));
    let code = status
        .code()
        .and_then(ExitCode::of_number)
        .unwrap_or(ExitCode::Internal);
    let sentence = said.map_or(Text::from(Message::EndedAtOnce), Text::from);
    let path = console.display().to_string();
    Failure::tell(code, sentence, Message::SeeFile { path })
}
