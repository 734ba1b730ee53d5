//! The command line: flags are parsed here and given their meaning in `commands`.
//!
//! The English of the help is written here; its French stands in `messages::help`, and a test finds what lacks it.

mod db;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use db::{Db, DbCommand, Dump, Push};

/// A whole Supabase-compatible stack in one program.
#[derive(Debug, Parser)]
#[command(name = "passerelle", version, arg_required_else_help = true)]
#[command(
    after_help = "Examples:\n  passerelle up\n  passerelle up --database-url postgresql://admin@db.example/postgres\n  passerelle keys generate\n  passerelle doctor"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Cli {
    /// Language of messages: en or fr (default: LANG).
    #[arg(long, global = true, value_name = "LANG")]
    pub(crate) lang: Option<String>,
    /// One JSON object a line on standard output, nothing else.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing but results, warnings and errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Log more: debug, twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// What is logged, such as info or auth=debug,info.
    #[arg(long, global = true, value_name = "FILTER")]
    pub(crate) log_level: Option<String>,
    /// No colors, as with NO_COLOR.
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// Answer every question with yes.
    #[arg(long, global = true)]
    pub(crate) yes: bool,
    /// Where data, keys and logs lie (default: .passerelle).
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The settings file (default: passerelle.toml).
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A `.env` file to read besides the usual ones; for `keys`, where the keys lie.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the whole stack in the foreground.
    #[command(
        alias = "serve",
        after_help = "Examples:\n  passerelle up\n  passerelle up --port 9000 --detach\n  passerelle up --only auth,rest --database-url postgresql://admin@db.example/postgres"
    )]
    Up(Up),
    /// Prepare data, keys and the database without serving.
    #[command(after_help = "Example:\n  passerelle init && passerelle up")]
    Init(Up),
    /// Stop a running stack.
    #[command(after_help = "Example:\n  passerelle down")]
    Down,
    /// State of each service and of the database.
    #[command(after_help = "Example:\n  passerelle status --json")]
    Status,
    /// Show the log.
    #[command(
        after_help = "Examples:\n  passerelle logs --service auth -f\n  passerelle logs postgres"
    )]
    Logs(Logs),
    /// Find what is wrong and say how to mend it.
    #[command(
        after_help = "Examples:\n  passerelle doctor\n  passerelle doctor --fix\n  passerelle doctor --token eyJhbGciOi…\n  passerelle doctor --email ada@example.com\n  passerelle doctor --table public.tasks --email ada@example.com"
    )]
    Doctor(Doctor),
    /// Start everything and show a signed-in round trip through it.
    #[command(after_help = "Example:\n  passerelle demo --port 9000\n  passerelle demo insight")]
    Demo(Demo),
    /// Secrets and API keys.
    #[command(
        subcommand,
        after_help = "Example:\n  passerelle keys generate --env-file supabase/.env"
    )]
    Keys(Keys),
    /// The variables of an application's `.env`.
    #[command(subcommand, after_help = "Example:\n  passerelle env sync --into .env")]
    Env(Env),
    /// What is configured, and where.
    #[command(subcommand, after_help = "Example:\n  passerelle config explain")]
    Config(Config),
    /// Move an application's database onto the stack.
    #[command(
        subcommand,
        after_help = "Example:\n  passerelle migrate inspect --from postgresql://insight_user@localhost:5433/insight_db"
    )]
    Migrate(crate::commands::migrate::flags::Migrate),
    /// PostgreSQL's own programs.
    #[command(
        subcommand,
        after_help = "Example:\n  passerelle pg install --major 17"
    )]
    Pg(Pg),
    /// The database itself: made, filled, looked at, dumped, restored.
    #[command(
        after_help = "Examples:\n  passerelle db push\n  passerelle db psql\n  passerelle db restore dump.sql"
    )]
    Db(Db),
    /// Completions for a shell, on standard output.
    #[command(
        after_help = "Example:\n  passerelle completions bash > /etc/bash_completion.d/passerelle"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// The manual page, on standard output.
    #[command(after_help = "Example:\n  passerelle man | man -l -")]
    Man,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Demo {
    /// A legacy application that is migrated before your eyes.
    #[arg(value_enum)]
    pub(crate) what: Option<What>,
    /// How large the legacy application is: S, M or L.
    #[arg(long, default_value = "S")]
    pub(crate) size: insight::Size,
    #[command(flatten)]
    pub(crate) up: Up,
}

/// What a demonstration shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum What {
    /// The reference application: users with old passwords, conversations, documents, logs.
    Insight,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Up {
    /// Port of the API (default: 8000).
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Address of the API (default: all).
    #[arg(long)]
    pub(crate) host: Option<IpAddr>,
    /// An existing cluster, as an administrator; PASSERELLE_DATABASE_URL keeps the password out of the process list.
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// Only these services on this node: auth, rest, realtime, storage, extensions.
    #[arg(long, value_name = "SERVICES")]
    pub(crate) only: Option<String>,
    /// Also open the classic ports 9999, 3000, 4000 and 5000 on this machine.
    #[arg(long, alias = "compat-ports")]
    pub(crate) service_ports: bool,
    /// For development: mail addresses count as confirmed, no rate limits.
    #[arg(long)]
    pub(crate) dev: bool,
    /// Return once it is ready; `passerelle down` stops it.
    #[arg(long)]
    pub(crate) detach: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Only lines of this service.
    #[arg(value_name = "SERVICE")]
    pub(crate) named: Option<String>,
    /// Only lines of this service.
    #[arg(long, value_name = "SERVICE", conflicts_with = "named")]
    pub(crate) service: Option<String>,
    /// Only lines of the last while, such as 15m.
    #[arg(long, value_name = "DURATION")]
    pub(crate) since: Option<String>,
    /// Go on as lines come.
    #[arg(short, long)]
    pub(crate) follow: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Mend what can be mended without a risk.
    #[arg(long)]
    pub(crate) fix: bool,
    /// How far back the log is read, such as 15m.
    #[arg(long, value_name = "DURATION", default_value = "15m")]
    pub(crate) since: String,
    /// A token that was refused.
    #[arg(long)]
    pub(crate) token: Option<String>,
    /// A user who cannot sign in, is not found, or sees nothing: address, UUID or old id.
    #[arg(long, alias = "user")]
    pub(crate) email: Option<String>,
    /// A table whose changes do not arrive, or whose rows do not show.
    #[arg(long)]
    pub(crate) table: Option<String>,
    /// The filter of a subscription, such as user_id=eq.5.
    #[arg(long, requires = "table")]
    pub(crate) filter: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Shown {
    /// Print the values in the syntax of `.env` (only to a terminal).
    #[arg(long)]
    pub(crate) show: bool,
    /// Print the values even when standard output is not a terminal.
    #[arg(long)]
    pub(crate) force_show: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make what is missing of a project's secrets; nothing that exists is replaced.
    #[command(
        after_help = "Examples:\n  passerelle keys generate\n  passerelle keys generate --env-file supabase/.env --expires 5y\n  passerelle keys generate --force-show > secrets.env"
    )]
    Generate {
        /// Lifetime of API keys, such as 5y or 90d.
        #[arg(long, default_value = "10y", value_name = "LIFETIME")]
        expires: String,
        /// Make an existing file private first.
        #[arg(long)]
        fix_permissions: bool,
        /// Print the block for the application's `.env`.
        #[arg(long)]
        print_env: bool,
        #[command(flatten)]
        show: Shown,
    },
    /// Check that secret and keys fit together, everywhere they stand.
    #[command(after_help = "Examples:\n  passerelle keys check\n  passerelle keys check --scan .")]
    Check {
        /// Also look for stale and foreign keys in the files below a folder.
        #[arg(long, value_name = "FOLDER")]
        scan: Option<PathBuf>,
    },
    /// Names, lengths and fingerprints.
    #[command(after_help = "Example:\n  passerelle keys show")]
    Show {
        #[command(flatten)]
        show: Shown,
    },
    /// Sign one token.
    #[command(
        after_help = "Examples:\n  passerelle keys mint --role authenticated --sub 9d2c… --exp 1h\n  passerelle keys mint --role service_role --exp 2030-01-01T00:00:00Z"
    )]
    Mint {
        /// Its role.
        #[arg(long)]
        role: String,
        /// Its subject.
        #[arg(long)]
        sub: Option<String>,
        /// Its lifetime, such as 1h or 30d, or the time of its end.
        #[arg(long, alias = "ttl", default_value = "1h", value_name = "LIFETIME")]
        exp: String,
    },
    /// Replace secret and keys; the old secret is accepted for a while, so that nobody is signed out.
    #[command(
        after_help = "Examples:\n  passerelle keys rotate\n  passerelle keys rotate --grace 7d\n  passerelle keys rotate --api-keys-only"
    )]
    Rotate {
        /// How long the previous secret is accepted.
        #[arg(long, default_value = "24h", value_name = "DURATION")]
        grace: String,
        /// Lifetime of the new API keys.
        #[arg(long, default_value = "10y", value_name = "LIFETIME")]
        expires: String,
        /// New API keys, signed with the same secret.
        #[arg(long)]
        api_keys_only: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Env {
    /// Fill the application's `.env` from the project's keys.
    #[command(
        after_help = "Examples:\n  passerelle env sync\n  passerelle env sync --into app/.env --frontend web --dry-run"
    )]
    Sync {
        #[command(flatten)]
        files: EnvFiles,
        /// Say what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Check that the application's `.env` holds the values in use.
    #[command(after_help = "Example:\n  passerelle env check --into app/.env")]
    Check {
        #[command(flatten)]
        files: EnvFiles,
    },
}

#[derive(Debug, Args)]
pub(crate) struct EnvFiles {
    /// The file to fill.
    #[arg(long, alias = "to", default_value = ".env", value_name = "FILE")]
    pub(crate) into: PathBuf,
    /// A front end's folder; its `.env.local` gets the public variables.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) frontend: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Check every setting; all mistakes are reported together.
    #[command(after_help = "Example:\n  passerelle config check")]
    Check,
    /// Every setting, its value and where it stands; secrets masked.
    #[command(after_help = "Example:\n  passerelle config explain --json")]
    Explain,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Pg {
    /// Put PostgreSQL's programs into the data folder, without root.
    #[command(after_help = "Example:\n  passerelle pg install --major 17")]
    Install {
        /// Major version.
        #[arg(long)]
        major: Option<u32>,
    },
}
