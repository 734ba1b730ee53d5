//! One file a command.

mod complete;
mod config;
mod db;
mod demo;
mod doctor;
mod down;
mod env;
mod keys;
mod logs;
pub(crate) mod migrate;
mod pg;
mod status;
mod up;

use std::path::{Path, PathBuf};

use base::{Clock as _, OsRandom, SystemClock};
use settings::{Layers, Settings, Value as _, Why};

use crate::cli::{Cli, Command, Keys, Up};
use crate::exit::{ExitCode, Failure};
use crate::keyring;
use crate::messages::Message;
use crate::output::Output;
use crate::usage;

/// What every command is given.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) out: Output,
    /// The folder it was started in.
    pub(crate) dir: PathBuf,
    /// Everything that is configured.
    pub(crate) layers: Layers,
    /// The file named by `--env-file`.
    pub(crate) env_file: Option<PathBuf>,
    /// Every question is answered with yes.
    pub(crate) yes: bool,
}

/// Runs a parsed command line.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let out = Output::new(usage::language(cli.lang.as_deref()), cli.json, cli.quiet);
    match context(&cli, out).and_then(|context| dispatch(&context, cli.command)) {
        Ok(code) => out.conclude(code),
        Err(failure) => out.failure(&failure),
    }
}

fn context(cli: &Cli, out: Output) -> Result<Context, Failure> {
    let dir = std::env::current_dir().map_err(Failure::internal)?;
    let mut layers = match &cli.config {
        None => Layers::discover(&dir)?,
        Some(file) if file.exists() => Layers::discover_with(&dir, file)?,
        Some(file) => return Err(missing(file, Message::CheckConfig)),
    };
    if let Some(file) = &cli.env_file {
        if !file.exists() && !makes_keys(&cli.command) {
            return Err(missing(file, Message::CheckEnvFile));
        }
        if file.exists() {
            let mut named = Layers::default();
            named.add_env_file(file)?;
            layers = layers.under(&named);
        }
    }
    if let Some(data_dir) = &cli.data_dir {
        layers.set("database.data_dir", data_dir.to_string_lossy());
    }
    match (&cli.log_level, cli.verbose) {
        (Some(filter), _) => layers.set("log.level", filter),
        (None, 0) => {}
        (None, 1) => layers.set("log.level", "debug"),
        (None, _) => layers.set("log.level", "trace"),
    }
    let env_file = cli.env_file.clone();
    Ok(Context {
        out,
        dir,
        layers,
        env_file,
        yes: cli.yes,
    })
}

fn missing(file: &Path, remedy: Message) -> Failure {
    let path = file.display().to_string();
    Failure::tell(ExitCode::Usage, Message::NoSuchFile { path }, remedy)
}

/// Whether the command may make the file that `--env-file` names.
fn makes_keys(command: &Command) -> bool {
    matches!(
        command,
        Command::Init(_) | Command::Keys(Keys::Generate { .. })
    )
}

fn dispatch(context: &Context, command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Up(flags) => up::run(context, &flags),
        Command::Init(flags) => up::init(context, &flags),
        Command::Down => down::run(context),
        Command::Status => status::run(context),
        Command::Logs(flags) => logs::run(context, &flags),
        Command::Doctor(flags) => doctor::run(context, &flags),
        Command::Demo(flags) => demo::run(context, &flags),
        Command::Keys(command) => keys::run(context, &command),
        Command::Env(command) => env::run(context, &command),
        Command::Config(command) => config::run(context, &command),
        Command::Migrate(command) => migrate::run(context, &command),
        Command::Pg(command) => pg::run(context, &command),
        Command::Db(flags) => db::run(context, &flags),
        Command::Completions { shell } => Ok(complete::completions(shell)),
        Command::Man => Ok(complete::manual(context)),
    }
}

impl Context {
    /// Where the project's keys lie.
    pub(crate) fn keys_file(&self) -> Result<PathBuf, Failure> {
        match &self.env_file {
            Some(file) => Ok(file.clone()),
            None => Ok(keyring::file(&self.dir, &self.data_dir()?)),
        }
    }

    /// The settings with a complete set of keys; made if there is none.
    pub(crate) fn settings_with_keys(&self) -> Result<(Settings, Option<PathBuf>), Failure> {
        self.settings_with_keys_under(&self.layers)
    }

    /// The same with other layers.
    pub(crate) fn settings_with_keys_under(
        &self,
        layers: &Layers,
    ) -> Result<(Settings, Option<PathBuf>), Failure> {
        let now = SystemClock.unix();
        let settings = Settings::load(layers)?;
        let data_dir = absolute(&settings.database.data_dir)?;
        let path = keyring::file(&self.dir, &data_dir);
        keyring::settings_with_keys_in(&path, layers, &OsRandom, now)
    }

    /// Where data lies.
    pub(crate) fn data_dir(&self) -> Result<PathBuf, Failure> {
        let settings = Settings::load(&self.layers)?;
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
        if let Some(only) = &flags.only {
            layers.set("gateway.services", only);
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

/// `5y`, `90d`, `1h`, in seconds.
pub(crate) fn lifetime(text: &str) -> Result<i64, Failure> {
    let years = text
        .strip_suffix('y')
        .and_then(|number| number.parse::<i64>().ok())
        .and_then(|years| years.checked_mul(365 * 86_400));
    let seconds = years.or_else(|| {
        let duration = std::time::Duration::parse(text).ok()?;
        i64::try_from(duration.as_secs()).ok()
    });
    seconds.filter(|seconds| *seconds > 0).ok_or_else(|| {
        let text = text.to_owned();
        Failure::tell(
            ExitCode::Usage,
            Message::NotALifetime { text },
            Message::SuchAsLifetime,
        )
        .named("lifetime")
    })
}

/// Variables that have no effect: those that look like settings, and those of programs that are not here.
pub(crate) fn strangers(layers: &Layers) -> Vec<(&'static str, Message)> {
    let mut found = Vec::new();
    let unknown = layers.unknown_variables(&["GOTRUE_", "PGRST_", "PASSERELLE_"]);
    if !unknown.is_empty() {
        let names = unknown.join(", ");
        found.push(("unknown_variables", Message::Unknown { names }));
    }
    let strangers = layers.strangers();
    for why in [
        Why::DatabaseByUrl,
        Why::NoPooler,
        Why::OwnLogs,
        Why::OwnTls,
        Why::NotBuilt,
    ] {
        let names = strangers
            .iter()
            .filter(|stranger| stranger.why == why)
            .map(|stranger| stranger.name);
        let names = names.collect::<Vec<_>>().join(", ");
        if !names.is_empty() {
            found.push(("variables_without_effect", without_effect(why, names)));
        }
    }
    found
}

fn without_effect(why: Why, names: String) -> Message {
    match why {
        Why::DatabaseByUrl => Message::DatabaseByUrl { names },
        Why::NoPooler => Message::NoPooler { names },
        Why::OwnLogs => Message::OwnLogs { names },
        Why::OwnTls => Message::OwnTls { names },
        Why::NotBuilt => Message::NotBuilt { names },
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
