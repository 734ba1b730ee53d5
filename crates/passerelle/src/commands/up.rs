//! `up`, `init`: the whole stack, in the foreground or behind.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base::{Clock as _, OsRandom, SystemClock};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use settings::Settings;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Context, absolute, runtime};
use crate::cli::Up;
use crate::exit::{ExitCode, Failure};
use crate::keyring;
use crate::logging;
use crate::messages::Message;
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
        context.out.say(&Message::Prepared);
        context.out.object(
            &json!({ "type": "result", "exit_code": 0, "status": "prepared", "keys_file": keys }),
        );
        Ok(ExitCode::Success)
    })
}

/// Settings with keys and an absolute data folder, logging started.
pub(crate) fn prepare_settings(
    context: &Context,
    flags: &Up,
) -> Result<(Settings, Option<std::path::PathBuf>), Failure> {
    let mut layers = context.layers_with(flags);
    let data_dir = absolute(&Settings::load(&layers)?.database.data_dir)?;
    layers.set("database.data_dir", data_dir.to_string_lossy());
    refuse_if_running(&data_dir)?;
    make_data_dir(&data_dir)?;
    let now = SystemClock.unix();
    let (settings, keys) = keyring::settings_with_keys(&layers, &context.dir, &OsRandom, now)?;
    logging::start(&settings.log, &data_dir)?;
    let unknown = layers.unknown_variables(&["GOTRUE_", "PGRST_", "PASSERELLE_"]);
    if !unknown.is_empty() {
        tracing::warn!(?unknown, "variables that are no settings are ignored");
    }
    Ok((settings, keys))
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
        () = signals.next() => return Err(Failure::new(ExitCode::Internal, "interrupted while starting", "")),
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
    };
    state.write(&data_dir)?;
    let name = &stack.settings().database.name;
    let database = state
        .database_port
        .map(|port| format!("postgresql://postgres@127.0.0.1:{port}/{name}"));
    let keys = keys.map(|path| path.display().to_string());
    context.out.object(&json!({
        "type": "ready", "api_url": state.api_url, "database_url": database, "keys_file": keys, "pid": state.pid,
    }));
    context.out.say(&Message::Ready {
        api: state.api_url,
        database,
        keys,
    });
    Ok(stack)
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
        () = signals.next() => return Err(Failure::new(ExitCode::Internal, "stopped before everything had ended", "")),
    }
    State::remove(&data_dir);
    context.out.say(&Message::Stopped);
    context
        .out
        .object(&json!({ "type": "result", "exit_code": 0, "status": "stopped" }));
    Ok(ExitCode::Success)
}

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

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn refuse_if_running(data_dir: &Path) -> Result<(), Failure> {
    match State::read(data_dir) {
        Some(state) if state.pid != std::process::id() => Err(Failure::new(
            ExitCode::Busy,
            format_args!(
                "a stack runs on {} already (process {})",
                data_dir.display(),
                state.pid
            ),
            "passerelle status, or passerelle down",
        )),
        _ => Ok(()),
    }
}

fn make_data_dir(data_dir: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(
            ExitCode::Preflight,
            format_args!(
                "the data folder {} cannot be used: {error}",
                data_dir.display()
            ),
            "check its owner and permissions, or choose another with --data-dir",
        )
    };
    std::fs::create_dir_all(data_dir).map_err(failed)?;
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
            context.out.say(&Message::Running {
                pid: state.pid,
                api: state.api_url.clone(),
            });
            context
                .out
                .object(&json!({ "type": "ready", "api_url": state.api_url, "pid": state.pid }));
            return Ok(ExitCode::Success);
        }
        if let Some(status) = child.try_wait().map_err(Failure::internal)? {
            return Err(ended_early(status, &console));
        }
        if started.elapsed() > Duration::from_secs(300) {
            return Err(Failure::new(
                ExitCode::Preflight,
                "it did not become ready",
                "passerelle logs",
            ));
        }
        std::thread::sleep(Duration::from_millis(20));
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
    Failure::new(
        code,
        said.unwrap_or("it ended at once"),
        format!("see {}", console.display()),
    )
}
