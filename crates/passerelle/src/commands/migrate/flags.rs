//! What `migrate` takes on the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum Migrate {
    /// Check that source and target can be used, without changing anything.
    #[command(
        after_help = "Example:\n  passerelle migrate preflight --from postgresql://insight_user@localhost:5433/insight_db"
    )]
    Preflight(Reach),
    /// Dump the old database, and prove that the dump can be restored.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Examples:\n  passerelle migrate backup\n  passerelle migrate backup restore backups/backup_20260102_030405.dump --into postgres"
    )]
    Backup(Backup),
    /// Find the users table, what refers to it, and what is in the way.
    #[command(after_help = "Example:\n  OLD_DATABASE_URL=… passerelle migrate inspect")]
    Inspect(Inspect),
    /// Write the plan: a file to read, decide on and keep.
    #[command(
        after_help = "Examples:\n  passerelle migrate plan\n  passerelle migrate plan --users public.people --accept-defaults"
    )]
    Plan(Plan),
    /// Carry the plan out, from wherever an earlier attempt stopped.
    #[command(
        alias = "resume",
        after_help = "Examples:\n  passerelle migrate run --dry-run\n  passerelle migrate run"
    )]
    Run(Run),
    /// Only the users and their mapping; a dry run unless DRY_RUN is false.
    #[command(
        after_help = "Examples:\n  DRY_RUN=false passerelle migrate users\n  DRY_RUN=false SUPABASE_URL=https://… passerelle migrate users --channel http"
    )]
    Users(Users),
    /// Show the row security that the plan makes, and apply none.
    #[command(after_help = "Example:\n  passerelle migrate rls")]
    Rls(Reach),
    /// Prove that everything arrived, and who sees what.
    #[command(after_help = "Example:\n  passerelle migrate verify --json")]
    Verify(Reach),
    /// Everything in one go: preflight, backup, plan, dry run, your word, run, proof, test.
    #[command(
        after_help = "Examples:\n  OLD_DATABASE_URL=… passerelle migrate auto\n  passerelle migrate auto --yes --credentials known-passwords"
    )]
    Auto(Auto),
    /// Tick a box of the checklist that no machine can look at.
    #[command(after_help = "Example:\n  passerelle migrate check done docs")]
    Check(Check),
    /// Where the migration is, and the next command.
    #[command(after_help = "Example:\n  passerelle migrate status")]
    Status(Reach),
    /// One user, by old id, new id or address.
    #[command(after_help = "Example:\n  passerelle migrate lookup --old-id 42")]
    Lookup(Lookup),
    /// Test the result through the API: sign-in, history, isolation, realtime.
    #[command(
        after_help = "Example:\n  TEST_PASSWORD=… passerelle migrate test --email admin@axial.com"
    )]
    Test(Test),
    /// Take back what a run made.
    #[command(
        after_help = "Examples:\n  passerelle migrate rollback\n  passerelle migrate rollback --to S10"
    )]
    Rollback(Rollback),
    /// Write the plan's SQL, scripts and Compose service for the application's repository.
    #[command(after_help = "Example:\n  passerelle migrate emit --dir .")]
    Emit(Emit),
}

/// Where the two databases are.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Reach {
    /// The old database; OLD_DATABASE_URL keeps the password out of the process list.
    #[arg(long, value_name = "URL")]
    pub(crate) from: Option<String>,
    /// The target database (default: the running stack's own).
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// The plan.
    #[arg(long, value_name = "FILE", default_value = "migration.plan.toml")]
    pub(crate) plan: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// The users table, when it is not found.
    #[arg(long, value_name = "TABLE")]
    pub(crate) users: Option<String>,
    /// Rows looked at per column where all would take too long.
    #[arg(long, default_value_t = 10_000, value_name = "ROWS")]
    pub(crate) sample: u32,
}

/// How old ids are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ids {
    /// Every reference becomes a UUID.
    Uuid,
    /// The old number stays beside it.
    Both,
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) inspect: Inspect,
    /// What becomes of old ids.
    #[arg(long, value_enum, default_value_t = Ids::Uuid)]
    pub(crate) ids: Ids,
    /// Take the proposed answer to every question.
    #[arg(long)]
    pub(crate) accept_defaults: bool,
    /// Replace a plan that is there.
    #[arg(long)]
    pub(crate) replace: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// Touch nothing and show what would happen.
    #[arg(long = "dry-run")]
    pub(crate) dry: bool,
    /// Tables at once.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) jobs: Option<usize>,
    /// Tables larger than this are loaded in parts.
    #[arg(long, value_name = "SIZE", default_value = "1GB")]
    pub(crate) split_larger_than: String,
    /// Rows that the target may refuse before the run stops (default: the plan's limit).
    #[arg(long, value_name = "NUMBER")]
    pub(crate) max_rejects: Option<u64>,
    /// Users that may fail before the run stops (default: the plan's limit).
    #[arg(long, value_name = "NUMBER")]
    pub(crate) max_user_failures: Option<u64>,
    /// The plan must have this digest.
    #[arg(long, value_name = "HEX")]
    pub(crate) plan_digest: Option<String>,
    /// Do not prove the result.
    #[arg(long)]
    pub(crate) no_verify: bool,
}

/// How users get onto the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Channel {
    /// Over SQL when there is a database, else the best that the API offers.
    Auto,
    /// Into the target's database.
    Sql,
    /// Over the API, a thousand users at once: only Passerelle has that route.
    Bulk,
    /// Over the admin API of any Supabase: SUPABASE_URL and the service key.
    Http,
}

#[derive(Debug, Args)]
pub(crate) struct Users {
    #[command(flatten)]
    pub(crate) run: Run,
    /// How users get onto the target.
    #[arg(long, value_enum, default_value_t = Channel::Auto)]
    pub(crate) channel: Channel,
    /// The API for the bulk and http channels; SUPABASE_URL by default.
    #[arg(long, value_name = "URL")]
    pub(crate) api: Option<String>,
    /// Requests at once over HTTP.
    #[arg(long, default_value_t = 8, value_name = "NUMBER")]
    pub(crate) concurrency: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Lookup {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// By address.
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// By old id.
    #[arg(long)]
    pub(crate) old_id: Option<String>,
    /// By new id.
    #[arg(long)]
    pub(crate) uuid: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// Back to before this step, such as S10 (default: all of it).
    #[arg(long, value_name = "STEP", default_value = "S01")]
    pub(crate) to: String,
    /// The target database (default: the running stack's own).
    #[arg(long, value_name = "URL")]
    pub(crate) target: Option<String>,
    /// The plan.
    #[arg(long, value_name = "FILE", default_value = "migration.plan.toml")]
    pub(crate) plan: PathBuf,
    /// Say what would be taken back, and take back nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// The API (default: the running stack's own).
    #[arg(long, value_name = "URL")]
    pub(crate) api: Option<String>,
    /// Sign in as this user too; the password is TEST_PASSWORD.
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// A private file with an address and its old password on each line.
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials: Option<PathBuf>,
    /// Also write the outcome as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Auto {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// The users table, when it is not found.
    #[arg(long, value_name = "TABLE")]
    pub(crate) users: Option<String>,
    /// A private file with an address and its old password on each line.
    #[arg(long, value_name = "FILE")]
    pub(crate) credentials: Option<PathBuf>,
    /// Go without a backup of the old database, for this reason.
    #[arg(long, value_name = "REASON")]
    pub(crate) no_backup: Option<String>,
}

/// What can be said of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Verdict {
    /// It is done.
    Done,
}

/// A box that a person ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ByHand {
    /// The team's documentation.
    Docs,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// What to say of it.
    #[arg(value_name = "VERDICT")]
    pub(crate) verdict: Verdict,
    /// The box.
    #[arg(value_name = "BOX")]
    pub(crate) of: ByHand,
    /// The plan.
    #[arg(long, value_name = "FILE", default_value = "migration.plan.toml")]
    pub(crate) plan: PathBuf,
}

/// How a dump is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DumpFormat {
    /// One compressed file.
    Custom,
    /// One file of SQL.
    Plain,
    /// A folder, written by several workers.
    Directory,
}

/// How thoroughly a backup is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Proof {
    /// Everything restored, every row compared.
    Full,
    /// Every definition restored, small tables compared.
    Schema,
    /// Only the files' digests.
    None,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    #[command(subcommand)]
    pub(crate) command: Option<BackupCommand>,
    /// The old database; OLD_DATABASE_URL keeps the password out of the process list.
    #[arg(long, value_name = "URL")]
    pub(crate) from: Option<String>,
    /// Where backups lie.
    #[arg(long, value_name = "FOLDER", default_value = "backups")]
    pub(crate) dir: PathBuf,
    /// How the dump is written.
    #[arg(long, value_enum, default_value_t = DumpFormat::Custom)]
    pub(crate) format: DumpFormat,
    /// Workers of the folder's format.
    #[arg(short, long, value_name = "NUMBER", default_value_t = 2)]
    pub(crate) jobs: usize,
    /// How pg_dump compresses, such as 6 or zstd:3.
    #[arg(long, value_name = "METHOD")]
    pub(crate) compress: Option<String>,
    /// How thoroughly the backup is proved.
    #[arg(long, value_enum, default_value_t = Proof::Full)]
    pub(crate) verify: Proof,
    /// The server it is proved on (default: the running stack's own).
    #[arg(long, value_name = "URL")]
    pub(crate) verify_on: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Prove a backup: restored beside, compared, dropped.
    #[command(
        after_help = "Example:\n  passerelle migrate backup verify backups/backup_20260102_030405.dump"
    )]
    Verify {
        /// The dump.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// How thoroughly the backup is proved.
        #[arg(long, value_enum, default_value_t = Proof::Full)]
        level: Proof,
        /// The server it is proved on (default: the running stack's own).
        #[arg(long, value_name = "URL")]
        on: Option<String>,
    },
    /// Restore into a new database, which then takes the old one's name.
    #[command(
        after_help = "Example:\n  passerelle migrate backup restore backups/backup_20260102_030405.dump --into postgres"
    )]
    Restore(Restore),
    /// The backups in a folder.
    #[command(after_help = "Example:\n  passerelle migrate backup list")]
    List {
        /// Where backups lie.
        #[arg(long, value_name = "FOLDER", default_value = "backups")]
        dir: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The dump.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The database's name; the one that has it is kept under another.
    #[arg(long, value_name = "NAME")]
    pub(crate) into: String,
    /// The server it is restored on (default: the running stack's own).
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,
    /// Over what the database holds, in one transaction, once its name is typed.
    #[arg(long)]
    pub(crate) in_place: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Emit {
    #[command(flatten)]
    pub(crate) reach: Reach,
    /// The application's folder.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(crate) dir: PathBuf,
    /// The API's address in the files (default: http://localhost:8000).
    #[arg(long, value_name = "URL")]
    pub(crate) api: Option<String>,
    /// Replace files that say something else; originals are kept under .passerelle/backup.
    #[arg(long)]
    pub(crate) force: bool,
}
