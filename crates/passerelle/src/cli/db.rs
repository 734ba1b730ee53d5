//! The command line of `db`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct Db {
    /// An existing cluster, as an administrator; PASSERELLE_DATABASE_URL keeps the password out of the process list.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    #[command(subcommand)]
    pub(crate) command: DbCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Make the database what SQL written for Supabase presumes.
    #[command(
        after_help = "Examples:\n  passerelle db init\n  passerelle db init --dry-run > plan.sql\n  passerelle db init --configure-server --database-url postgresql://admin@db.example/postgres"
    )]
    Init {
        /// Print the SQL, and run nothing.
        #[arg(long)]
        dry_run: bool,
        /// Also write the server's own settings, and say which wait for a restart.
        #[arg(long, conflicts_with = "dry_run")]
        configure_server: bool,
    },
    /// Apply a project's migrations and seeds.
    #[command(
        after_help = "Examples:\n  passerelle db push\n  passerelle db push app/supabase --dry-run\n  passerelle db push --no-seed --missing-extensions warn"
    )]
    Push(Push),
    /// What differs from what SQL written for Supabase presumes, and the statement that mends it.
    #[command(after_help = "Example:\n  passerelle db doctor")]
    Doctor,
    /// A session of PostgreSQL's own client, as the role that owns the project.
    #[command(
        after_help = "Examples:\n  passerelle db psql\n  passerelle db psql --admin\n  passerelle db psql -- -c 'select 1' -At"
    )]
    Psql {
        /// As the administrator.
        #[arg(long)]
        admin: bool,
        /// What psql is given.
        #[arg(last = true, value_name = "ARGUMENTS")]
        arguments: Vec<String>,
    },
    /// A script that another server restores, Supabase's too.
    #[command(
        after_help = "Examples:\n  passerelle db dump > dump.sql\n  passerelle db dump --data-only --file rows.sql\n  passerelle db dump --schema public --schema-only"
    )]
    Dump(Dump),
    /// Restore scripts of pg_dump, such as those of a Supabase project; all of them or nothing.
    #[command(
        after_help = "Examples:\n  passerelle db restore dump.sql\n  passerelle db restore roles.sql schema.sql data.sql"
    )]
    Restore {
        /// The scripts, in their order.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// What to do about extensions that the server lacks: error or warn.
        #[arg(long, value_name = "POLICY")]
        missing_extensions: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Push {
    /// The project's folder, with migrations and config.toml.
    #[arg(default_value = "supabase", value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
    /// The same.
    #[arg(long, value_name = "FOLDER", conflicts_with = "folder")]
    pub(crate) dir: Option<PathBuf>,
    /// Say what would be applied, and apply nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Leave roles.sql out.
    #[arg(long)]
    pub(crate) no_roles: bool,
    /// Leave the seeds out.
    #[arg(long)]
    pub(crate) no_seed: bool,
    /// What to do about extensions that the server lacks: error or warn.
    #[arg(long, value_name = "POLICY")]
    pub(crate) missing_extensions: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Dump {
    /// Where the script goes, for its owner only (default: standard output).
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// No rows.
    #[arg(long, conflicts_with = "data_only")]
    pub(crate) schema_only: bool,
    /// Rows alone.
    #[arg(long)]
    pub(crate) data_only: bool,
    /// Only these schemas.
    #[arg(long, value_name = "SCHEMA")]
    pub(crate) schema: Vec<String>,
    /// With the vault's secrets, which only this database's key opens.
    #[arg(long)]
    pub(crate) vault: bool,
}
