//! One file a command.

mod config;
mod demo;
mod doctor;
mod down;
mod env;
mod keys;
mod logs;
mod pg;
mod status;
mod up;

use std::path::{Path, PathBuf};

use settings::Layers;

use crate::cli::{Cli, Command, Up};
use crate::exit::{ExitCode, Failure};
use crate::messages::Language;
use crate::output::Output;

/// What every command is given.
pub(crate) struct Context {
    pub(crate) out: Output,
    /// The folder it was started in.
    pub(crate) dir: PathBuf,
    /// Everything that is configured.
    pub(crate) layers: Layers,
}

/// Runs a parsed command line.
pub(crate) fn run(cli: Cli) -> ExitCode {
    // A wrong file must be reported in the language that was asked for, so that comes first.
    let mut environment = Layers::default();
    environment.add_environment();
    let locale = cli.lang.clone().or_else(|| {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| environment.variable(name))
    });
    let out = Output {
        language: Language::parse(locale.as_deref().unwrap_or("en")),
        json: cli.json,
    };
    match context(&cli, out).and_then(|context| dispatch(&context, cli.command)) {
        Ok(code) => code,
        Err(failure) => out.failure(&failure),
    }
}

fn context(cli: &Cli, out: Output) -> Result<Context, Failure> {
    let dir = std::env::current_dir().map_err(Failure::internal)?;
    let mut layers = Layers::discover(&dir)?;
    if let Some(file) = &cli.env_file {
        if !file.exists() {
            let sentence = format!("{} does not exist", file.display());
            return Err(Failure::new(
                ExitCode::Usage,
                sentence,
                "check the path given with --env-file",
            ));
        }
        let mut named = Layers::default();
        named.add_env_file(file)?;
        layers = layers.under(&named);
    }
    if let Some(data_dir) = &cli.data_dir {
        layers.set("database.data_dir", data_dir.to_string_lossy());
    }
    Ok(Context { out, dir, layers })
}

fn dispatch(context: &Context, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Up(flags) => up::run(context, &flags),
        Command::Init(flags) => up::init(context, &flags),
        Command::Down => down::run(context),
        Command::Status => status::run(context),
        Command::Logs(flags) => logs::run(context, &flags),
        Command::Doctor => doctor::run(context),
        Command::Demo(flags) => demo::run(context, &flags),
        Command::Keys(command) => keys::run(context, &command),
        Command::Env(command) => env::run(context, &command),
        Command::Config(command) => config::run(context, &command),
        Command::Pg(command) => pg::run(context, &command),
    }
}

impl Context {
    /// Where data lies.
    pub(crate) fn data_dir(&self) -> Result<PathBuf, Failure> {
        let settings = settings::Settings::load(&self.layers)?;
        absolute(&settings.database.data_dir)
    }

    /// The layers with the flags of `up` on top.
    pub(crate) fn layers_with(&self, flags: &Up) -> Layers {
        let mut layers = self.layers.clone();
        if let Some(port) = flags.port {
            layers.set("gateway.port", port.to_string());
        }
        if let Some(host) = flags.host {
            layers.set("gateway.host", host.to_string());
        }
        if let Some(url) = &flags.database_url {
            layers.set("database.url", url);
        }
        if flags.service_ports {
            layers.set("gateway.service_ports", "true");
        }
        if flags.dev {
            layers.set("auth.mailbox", "true");
            layers.set("auth.email_autoconfirm", "true");
            layers.set("auth.rate_limits", "false");
        }
        layers
    }
}

/// A path that means the same wherever it is used.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(Failure::internal)
}

/// The runtime of commands that wait for something.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::internal)
}
