//! A run: the plan carried out, step by step. Every step looks at what is there, does what is missing and records
//! it in the same transaction, so any of them can be interrupted and begun again.

mod attempt;
mod dependents;
mod functions;
mod grants;
pub(crate) mod held;
mod load;
mod mapping;
mod others;
mod policies;
mod realtime;
mod rejects;
mod rollback;
mod schema;
mod sequences;
mod structure;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

pub(crate) use attempt::left;
pub(crate) use functions::{retyped_function, wrapper_function};
pub(crate) use mapping::read_back as read_mapping;
pub use mapping::table_sql as mapping_table;
pub(crate) use others::is_wanted;
pub use policies::statements as policy_statements;
pub use rejects::Refusal;
pub use rollback::{Undone, rollback};

use crate::ids::Seed;
use crate::inventory::{Inventory, Name};
use crate::journal::{Journal, PartRecord, State};
use crate::mapping::Mapping;
use crate::session::{Snapshot, Source, Target};
use crate::users::{Directory, Outcome, Problem, Survey, survey, write_users};
use crate::{Error, Plan};

/// The steps in order.
pub const STEPS: [(&str, &str); 11] = [
    ("S01", "journal"),
    ("S02", "mapping"),
    ("S03", "users"),
    ("S04", "schema"),
    ("S05", "data"),
    ("S06", "indexes"),
    ("S07", "constraints"),
    ("S08", "sequences"),
    ("S09", "dependents"),
    ("S10", "policies"),
    ("S11", "realtime"),
];

/// The steps after the users, and where the run is once each is done.
const PHASES: [(&str, State); 8] = [
    ("S04", State::Schema),
    ("S05", State::Loading),
    ("S06", State::Loading),
    ("S07", State::Loading),
    ("S08", State::Loaded),
    ("S09", State::Loaded),
    ("S10", State::Loaded),
    ("S11", State::Secured),
];

/// What a run tells while it works.
#[derive(Debug, Clone)]
pub enum Event<'a> {
    /// A step begins; how much there is to do, in its own unit.
    Step {
        /// Its name.
        step: &'static str,
        /// What it is about.
        title: &'static str,
        /// Rows or users to come, zero when not known.
        total: u64,
    },
    /// A step had been finished before.
    Skipped {
        /// Its name.
        step: &'static str,
    },
    /// Users or rows done since the last word.
    Progress {
        /// What: `users`, or a table.
        object: &'a str,
        /// Rows.
        rows: u64,
        /// Bytes.
        bytes: u64,
    },
    /// A table is there.
    Table {
        /// Its accounts.
        part: &'a PartRecord,
    },
    /// Something that a person should know.
    Warning {
        /// Its stable code.
        code: &'static str,
        /// About what.
        object: String,
        /// The sentence.
        text: String,
    },
}

/// Who listens to a run.
pub trait Observer: Send + Sync {
    /// Takes one event; must not block for long.
    fn event(&self, event: Event<'_>);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _: Event<'_>) {}
}

/// How a run goes about it.
#[derive(Clone)]
pub struct Options {
    /// Tables at once.
    pub jobs: usize,
    /// Tables larger than this are loaded in parts.
    pub split_bytes: i64,
    /// The moment that is written as the migration's.
    pub now: DateTime<Utc>,
    /// The last step to do; all when absent.
    pub until: Option<String>,
    /// Rows that the target may refuse before the run stops; the plan's limit when absent.
    pub max_rejects: Option<u64>,
    /// Users that may fail before the run stops; the plan's limit when absent.
    pub max_user_failures: Option<u64>,
    /// The folder of the refused rows' lists, a file for each table; none are written when absent.
    pub rejects: Option<std::path::PathBuf>,
}

/// What a run did.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Users by outcome.
    pub users: Vec<(Outcome, u64)>,
    /// Problems with users.
    pub problems: Vec<Problem>,
    /// Each table's accounts.
    pub tables: Vec<TableReport>,
}

/// A table's accounts: read = loaded + quarantined + rejected (MIG-GEN-02).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableReport {
    /// The table on the target.
    pub table: String,
    /// Rows read.
    pub read: u64,
    /// Rows loaded.
    pub loaded: u64,
    /// Rows in quarantine.
    pub quarantined: u64,
    /// Rows refused.
    pub rejected: u64,
}

impl TableReport {
    /// Whether every row is accounted for.
    pub fn balances(&self) -> bool {
        self.read == self.loaded + self.quarantined + self.rejected
    }
}

/// Everything that the steps share.
pub(crate) struct Context<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) target: &'a Target,
    pub(crate) plan: &'a Plan,
    pub(crate) inventory: &'a Inventory,
    pub(crate) journal: &'a Journal,
    pub(crate) survey: &'a Survey,
    pub(crate) mapping: Arc<Mapping>,
    pub(crate) options: &'a Options,
    pub(crate) observer: &'a dyn Observer,
}

impl Context<'_> {
    pub(crate) fn max_rejects(&self) -> u64 {
        let asked = self.options.max_rejects;
        asked.unwrap_or(self.plan.limits.max_rejects)
    }

    pub(crate) fn warn(
        &self,
        code: &'static str,
        object: impl Into<String>,
        text: impl Into<String>,
    ) {
        self.observer.event(Event::Warning {
            code,
            object: object.into(),
            text: text.into(),
        });
    }
}

/// Carries out the plan, from wherever an earlier attempt stopped.
pub async fn run(
    source: &Source,
    target: &Target,
    plan: &Plan,
    seed: &Seed,
    options: &Options,
    observer: &dyn Observer,
) -> Result<Report, Error> {
    let questions = plan.questions();
    if !questions.is_empty() {
        return Err(Error::Undecided(questions));
    }
    let snapshot = source.snapshot().await?;
    let inventory = Inventory::read(snapshot.keeper()).await?;
    check_source(plan, &inventory)?;

    let mut client = target.session().await?;
    observer.event(step("S01", 0));
    let (journal, seed) = Journal::open(&mut client, plan, &seed.clone()).await?;
    journal.begin(&client, "S01", "").await?;
    journal.finish(&client, "S01", None, None).await?;

    let reader = snapshot.session().await?;
    let survey = survey(
        &reader,
        &Directory::Database(&client),
        plan,
        &inventory,
        &seed,
        crate::users::carrier_to(&client).await?,
    )
    .await?;
    let mut context = Context {
        snapshot: &snapshot,
        target,
        plan,
        inventory: &inventory,
        journal: &journal,
        mapping: Arc::new(survey.mapping(plan.users.id_form)),
        survey: &survey,
        options,
        observer,
    };
    let within = |step: &str| options.until.as_deref().is_none_or(|until| step <= until);

    if within("S02") {
        observer.event(step("S02", survey.verdicts.len() as u64));
        mapping::apply(&context, &mut client, &reader).await?;
    }
    if within("S03") {
        observer.event(step("S03", survey.verdicts.len() as u64));
        users(&context, &mut client, &reader).await?;
    }
    // The mapping that counts is the one in the target.
    context.mapping = Arc::new(mapping::read_back(&client, &reader, plan).await?);
    for (name, state) in PHASES {
        if !within(name) {
            break;
        }
        target.check_lock().await?;
        let input = input_digest(plan, &inventory, name);
        if !journal.begin(&client, name, &input).await? && name != "S05" {
            observer.event(Event::Skipped { step: name });
            journal.state(&client, state).await?;
            continue;
        }
        observer.event(step(name, 0));
        match name {
            "S04" => schema::apply(&context, &mut client).await?,
            "S05" => load::apply(&context, &mut client).await?,
            "S06" => structure::indexes(&context).await?,
            "S07" => structure::constraints(&context).await?,
            "S08" => sequences::apply(&context, &mut client).await?,
            "S09" => dependents::apply(&context, &mut client).await?,
            "S10" => policies::apply(&context, &mut client).await?,
            _ => realtime::apply(&context, &mut client).await?,
        }
        journal.finish(&client, name, None, None).await?;
        journal.state(&client, state).await?;
    }
    report(&context, &client).await
}

fn step(name: &'static str, total: u64) -> Event<'static> {
    let title = STEPS
        .iter()
        .find(|(step, _)| *step == name)
        .map_or("", |(_, title)| title);
    Event::Step {
        step: name,
        title,
        total,
    }
}

/// MIG-PLAN-04: the plan was made for this database, as it is.
pub fn check_source(plan: &Plan, inventory: &Inventory) -> Result<(), Error> {
    if plan.source.fingerprint != inventory.server.fingerprint {
        return Err(Error::OtherSource);
    }
    if plan.source.catalog_digest != inventory.digest() {
        return Err(Error::Drift);
    }
    check_names(plan, inventory)
}

/// Everything that the plan names is there: found out before anything is begun.
fn check_names(plan: &Plan, inventory: &Inventory) -> Result<(), Error> {
    let column = |table: &Name, column: &str| {
        let found = inventory
            .table(table)
            .is_some_and(|table| table.column(column).is_some());
        if found {
            Ok(())
        } else {
            Err(Error::Missing(format!("{table}.{column}")))
        }
    };
    for (table, name) in plan.columns() {
        column(table, name)?;
    }
    for table in &plan.tables {
        if inventory.table(&table.name).is_none() {
            return Err(Error::Missing(table.name.to_string()));
        }
    }
    Ok(())
}

/// What a step depends on; a finished step whose input changed must not be passed over in silence.
fn input_digest(plan: &Plan, inventory: &Inventory, step: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(step);
    hash.update(plan.digest());
    hash.update(inventory.digest());
    hex::encode(hash.finalize())
}

async fn users(
    context: &Context<'_>,
    client: &mut tokio_postgres::Client,
    reader: &tokio_postgres::Client,
) -> Result<(), Error> {
    let plan = context.plan;
    context.journal.begin(client, "S03", &plan.digest()).await?;
    let observer = context.observer;
    let done = |rows| {
        observer.event(Event::Progress {
            object: "users",
            rows,
            bytes: 0,
        });
    };
    write_users(
        reader,
        client,
        plan,
        context.inventory,
        context.survey,
        context.options.now,
        &done,
    )
    .await?;
    let total = context.survey.verdicts.len() as u64;
    let failed = context.survey.count(Outcome::Fail);
    context
        .journal
        .finish(client, "S03", Some(total), None)
        .await?;
    let asked = context.options.max_user_failures;
    let allowed = asked.unwrap_or(plan.limits.max_user_failures);
    if failed > allowed {
        return Err(Error::UserFailures { failed, allowed });
    }
    Ok(())
}

async fn report(context: &Context<'_>, client: &tokio_postgres::Client) -> Result<Report, Error> {
    let outcomes = [
        Outcome::Create,
        Outcome::Placeholder,
        Outcome::Link,
        Outcome::Merge,
        Outcome::Fail,
    ];
    let users = outcomes
        .into_iter()
        .map(|outcome| (outcome, context.survey.count(outcome)))
        .collect();
    let tables = tables(&context.journal.parts(client).await?);
    if let Some(table) = tables.iter().find(|table| !table.balances()) {
        return Err(Error::Accounting {
            table: table.table.clone(),
            sent: table.read,
            stored: table.loaded,
        });
    }
    Ok(Report {
        users,
        problems: context.survey.problems.clone(),
        tables,
    })
}

/// Parts summed up by table.
pub fn tables(parts: &[PartRecord]) -> Vec<TableReport> {
    let mut tables: Vec<TableReport> = Vec::new();
    for part in parts {
        if tables.last().is_none_or(|table| table.table != part.table) {
            tables.push(TableReport {
                table: part.table.clone(),
                read: 0,
                loaded: 0,
                quarantined: 0,
                rejected: 0,
            });
        }
        let table = tables.last_mut().expect("one was pushed");
        table.read += part.read;
        table.loaded += part.loaded.rows;
        table.quarantined += part.quarantined;
        table.rejected += part.rejected;
    }
    tables
}
