//! The command line: flags are parsed here and given their meaning in `commands`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A whole Supabase-compatible stack in one program.
#[derive(Debug, Parser)]
#[command(name = "passerelle", version, arg_required_else_help = true)]
#[command(
    after_help = "Examples:\n  passerelle up\n  passerelle up --database-url postgresql://admin@db.example/postgres\n  passerelle keys generate\n  passerelle doctor"
)]
pub(crate) struct Cli {
    /// Language of messages: en or fr (default: LANG).
    #[arg(long, global = true, value_name = "LANG")]
    pub(crate) lang: Option<String>,
    /// One JSON object a line on standard output, nothing else.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Where data, keys and logs lie (default: .passerelle).
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
    /// A `.env` file to read besides the usual ones.
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
        after_help = "Examples:\n  passerelle up\n  passerelle up --port 9000 --detach"
    )]
    Up(Up),
    /// Prepare data, keys and the database without serving.
    Init(Up),
    /// Stop a running stack.
    Down,
    /// State of each service and of the database.
    Status,
    /// Show the log.
    Logs(Logs),
    /// Find what is wrong and say how to mend it.
    Doctor,
    /// Start everything and show a signed-in round trip through it.
    Demo(Up),
    /// Secrets and API keys.
    #[command(subcommand)]
    Keys(Keys),
    /// The variables of an application's `.env`.
    #[command(subcommand)]
    Env(Env),
    /// What is configured, and where.
    #[command(subcommand)]
    Config(Config),
    /// PostgreSQL's own programs.
    #[command(subcommand)]
    Pg(Pg),
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
    pub(crate) service: Option<String>,
    /// Go on as lines come.
    #[arg(short, long)]
    pub(crate) follow: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make what is missing of a project's secrets; nothing that exists is replaced.
    Generate {
        /// Lifetime of API keys, such as 5y or 90d.
        #[arg(long, default_value = "10y")]
        expires: String,
        /// Make an existing file private first.
        #[arg(long)]
        fix_permissions: bool,
        /// Print the values (only to a terminal).
        #[arg(long)]
        show: bool,
        /// Print the values even when standard output is not a terminal.
        #[arg(long)]
        force_show: bool,
        /// Print the block for the application's `.env`.
        #[arg(long)]
        print_env: bool,
    },
    /// Check that secret and keys fit together.
    Check,
    /// Names, lengths and fingerprints.
    Show {
        /// Print the values (only to a terminal).
        #[arg(long)]
        show: bool,
        /// Print the values even when standard output is not a terminal.
        #[arg(long)]
        force_show: bool,
    },
    /// Sign one token.
    Mint {
        /// Its role.
        #[arg(long)]
        role: String,
        /// Its subject.
        #[arg(long)]
        sub: Option<String>,
        /// Its lifetime, such as 1h or 30d.
        #[arg(long, default_value = "1h")]
        ttl: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Env {
    /// Fill the application's `.env` from the project's keys.
    Sync {
        /// The file to fill.
        #[arg(long, default_value = ".env", value_name = "FILE")]
        to: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Check every setting; all mistakes are reported together.
    Check,
    /// Every setting, its value and where it stands; secrets masked.
    Explain,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Pg {
    /// Put PostgreSQL's programs into the data folder, without root.
    Install {
        /// Major version.
        #[arg(long)]
        major: Option<u32>,
    },
}
