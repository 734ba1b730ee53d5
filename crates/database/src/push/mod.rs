//! Applies a project's `supabase` folder: roles, migrations, seeds (spec section 14).
//!
//! Each file runs as the owner role, in one transaction with its row in the ledger that upstream's command line
//! shares; only a fixed list of statements runs as the administrator, and each of them is reported.

mod error;
mod files;
mod run;
pub(crate) mod session;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pg::Endpoint;
use settings::MissingExtensions;
use tokio_postgres::Error as SqlError;

use crate::script::{Extension, ExtensionVerb, Kind, Statement};
use crate::{Error, extensions, prepare, split};
use files::{MigrationFile, Project, Script};
pub(crate) use run::refused;
use run::{Ledger, fits_one_transaction, run_file, run_roles};
use session::Session;

pub use error::{MissingExtension, PushError};

/// How a project is applied.
#[derive(Debug, Clone, Copy)]
pub struct PushOptions {
    /// What to do about extensions that the server lacks and that have no substitute.
    pub missing_extensions: MissingExtensions,
    /// Apply `roles.sql` to a database that has no migrations yet.
    pub roles: bool,
    /// Apply seeds that were not applied.
    pub seeds: bool,
    /// Only say what would be applied.
    pub dry_run: bool,
}

impl Default for PushOptions {
    fn default() -> Self {
        Self {
            missing_extensions: MissingExtensions::Error,
            roles: true,
            seeds: true,
            dry_run: false,
        }
    }
}

/// What was applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushReport {
    /// The files, in order.
    pub files: Vec<FileReport>,
    /// Versions in the ledger that have no file here.
    pub unknown_versions: Vec<String>,
    /// Files in `migrations/` whose names are no migration's.
    pub ignored: Vec<PathBuf>,
    /// Seeds that have changed since they were applied; they are not applied again.
    pub changed_seeds: Vec<PathBuf>,
}

/// One file that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// From the `supabase` folder on.
    pub path: PathBuf,
    /// How many statements it has.
    pub statements: usize,
    /// Whether it ran in one transaction.
    pub in_transaction: bool,
    /// What was done other than running a statement as the owner role.
    pub notes: Vec<Note>,
}

/// A statement that was not simply run as the owner role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where it starts.
    pub line: usize,
    /// What was done.
    pub text: String,
}

/// Applies what `dir`, a project's `supabase` folder, holds and the database at `admin`, prepared before, lacks.
/// Files before the one that fails stay applied.
pub async fn push(
    admin: &Endpoint,
    dir: &Path,
    options: &PushOptions,
) -> Result<PushReport, PushError> {
    push_telling(admin, dir, options, &mut |_| ()).await
}

/// The same; tells of each file as soon as it is applied.
pub async fn push_telling(
    admin: &Endpoint,
    dir: &Path,
    options: &PushOptions,
    tell: &mut (dyn FnMut(&FileReport) + Send),
) -> Result<PushReport, PushError> {
    let project = Project::read(dir)?;
    // One at a time, and none during a preparation.
    let _guard = prepare::lock(admin).await?;
    let mut session = Session::open(admin, options.missing_extensions).await?;
    let applied = applied_versions(&session).await?;
    let roles = project
        .roles
        .as_ref()
        .filter(|_| options.roles && applied.is_empty());
    let pending: Vec<&MigrationFile> = project
        .migrations
        .iter()
        .filter(|file| !applied.contains(&file.version))
        .collect();
    let seeds = applied_seeds(&session).await?;
    let mut report = PushReport {
        unknown_versions: applied
            .iter()
            .filter(|version| {
                !project
                    .migrations
                    .iter()
                    .any(|file| file.version == **version)
            })
            .cloned()
            .collect(),
        ignored: project.ignored.clone(),
        ..PushReport::default()
    };
    let mut new_seeds = Vec::new();
    for seed in project.seeds.iter().filter(|_| options.seeds) {
        match seeds.get(&*seed.path.to_string_lossy()) {
            None => new_seeds.push(seed),
            Some(hash) if *hash == seed.hash() => {}
            Some(_) => report.changed_seeds.push(seed.path.clone()),
        }
    }
    let scripts = roles
        .into_iter()
        .chain(pending.iter().map(|file| &file.script))
        .chain(new_seeds.iter().copied());
    let scripts: Vec<&Script> = scripts.collect();
    check_extensions(&session, &scripts, options.missing_extensions)?;
    if options.dry_run {
        report.files = scripts
            .iter()
            .map(|script| planned(script))
            .collect::<Result<_, _>>()?;
        report.files.iter().for_each(tell);
        return Ok(report);
    }
    let mut done = |file: FileReport| {
        tell(&file);
        report.files.push(file);
    };
    if let Some(script) = roles {
        done(run_roles(&mut session, script).await?);
    }
    for file in pending {
        done(run_file(&mut session, &file.script, &Ledger::Migration(file)).await?);
    }
    for seed in new_seeds {
        done(run_file(&mut session, seed, &Ledger::Seed(seed)).await?);
    }
    // DB-MGD-01: new tables under row security need a policy where service_role cannot pass it.
    session.begin_file().await.map_err(ledger_failed)?;
    let let_in = session.as_admin(prepare::POLICIES_FOR_SERVICE).await;
    let_in.map_err(ledger_failed)?;
    Ok(report)
}

pub(crate) fn ledger_failed(error: SqlError) -> PushError {
    PushError::Database(Error::Step {
        step: "ledger of migrations",
        source: error.into(),
    })
}

async fn applied_versions(session: &Session) -> Result<BTreeSet<String>, PushError> {
    let rows = session
        .client
        .query(include_str!("sql/versions.sql"), &[])
        .await
        .map_err(ledger_failed)?;
    rows.iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()
        .map_err(ledger_failed)
}

async fn applied_seeds(session: &Session) -> Result<BTreeMap<String, String>, PushError> {
    let rows = session
        .client
        .query(include_str!("sql/seeds.sql"), &[])
        .await
        .map_err(ledger_failed)?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<_, SqlError>>()
        .map_err(ledger_failed)
}

fn statements(script: &Script) -> Result<Vec<Statement<'_>>, PushError> {
    split(&script.text).map_err(|source| PushError::Split {
        path: script.path.clone(),
        source,
    })
}

fn planned(script: &Script) -> Result<FileReport, PushError> {
    let statements = statements(script)?;
    Ok(FileReport {
        path: script.path.clone(),
        statements: statements.len(),
        in_transaction: fits_one_transaction(&statements),
        notes: Vec::new(),
    })
}

/// DB-VER-05: one missing extension fails its whole file, and what comes after it for other reasons; so all are
/// looked for before the first statement.
fn check_extensions(
    session: &Session,
    scripts: &[&Script],
    policy: MissingExtensions,
) -> Result<(), PushError> {
    let mut missing: Vec<MissingExtension> = Vec::new();
    for script in scripts {
        for statement in statements(script)? {
            let Kind::Extension(Extension {
                verb: ExtensionVerb::Create,
                name,
                ..
            }) = statement.kind()
            else {
                continue;
            };
            if !session.has_extension(&name) && !missing.iter().any(|other| other.name == name) {
                missing.push(MissingExtension {
                    package: extensions::package(&name, session.major),
                    path: script.path.clone(),
                    line: statement.line,
                    name,
                });
            }
        }
    }
    if missing.is_empty() || policy == MissingExtensions::Warn {
        return Ok(());
    }
    Err(PushError::MissingExtensions {
        extensions: missing,
    })
}
