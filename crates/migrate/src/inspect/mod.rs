//! What a plan is made from: the users table, everything that holds a user's id, and what stands in the way.
//!
//! Reads the catalog ([`Inventory`]) and counts in the data, in the caller's read-only transaction. Every probe runs in
//! a savepoint under a time limit: a slow one lowers a confidence, it never fails the inspection. A value that was
//! read leaves here only as a class, a count, a shape or a legacy id; the one exception are the values of a role
//! column and of the type column of a polymorphic pair, without which no plan could be written.

mod address;
mod checks;
mod columns;
mod contact;
mod findings;
mod leftover;
mod people;
mod probe;
mod references;
mod sorting;
mod summary;
mod users;
mod words;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use tokio_postgres::Client;

use crate::inventory::{Inventory, Name};
use crate::{Error, copy};

pub use address::{Address, Problem};
pub use copy::JsonStep;
pub use summary::{Grade, Summary};

/// Whether a name says that it means a user of the plan's users table.
pub(crate) fn says_user(plan: &crate::Plan, name: &str) -> bool {
    let users = words::UsersName::new(&plan.users.table.name, &plan.users.id);
    users.judge(name, false) >= words::NameSays::Person
}

/// How to look.
#[derive(Debug, Clone)]
pub struct Options {
    /// The users table, when it is known.
    pub users: Option<Name>,
    /// Rows looked at where looking at all of them would take long.
    pub sample: u32,
    /// The time one probe may take.
    pub probe_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            users: None,
            sample: 10_000,
            probe_timeout: Duration::from_secs(5),
        }
    }
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// Tables that may be the users table, best first.
    pub users: Vec<UsersCandidate>,
    /// The best is far enough ahead of the second, or was named.
    pub clear_winner: bool,
    /// What was counted in the best candidate; none when there is no candidate or its rows could not be read.
    pub people: Option<People>,
    /// Every place that holds, or may hold, the id of a user of the best candidate, surest first.
    pub references: Vec<Reference>,
    /// What each table is for.
    pub tables: Vec<SortedTable>,
    /// What a person must know or decide.
    pub findings: Vec<Finding>,
}

/// A table that may be the users table.
#[derive(Debug, Clone, Serialize)]
pub struct UsersCandidate {
    /// Its name.
    pub table: Name,
    /// How well it fits; only the order and the ratio between two mean anything.
    pub score: f32,
    /// What speaks for it.
    pub reasons: Vec<String>,
    /// What its columns are.
    pub columns: UserColumns,
    /// Its rows: counted for the best candidate, else estimated.
    pub rows: u64,
}

/// What the columns of a users table are.
#[derive(Debug, Clone, Serialize)]
pub struct UserColumns {
    /// The key.
    pub id: String,
    /// The key's type.
    pub id_type: IdType,
    /// The address.
    pub email: Option<String>,
    /// How a confirmed address is told.
    pub email_confirmed: Option<Confirmed>,
    /// A name to sign in with.
    pub username: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// Where addresses are when they are not in the users table.
    pub contact: Option<ContactColumn>,
    /// The password.
    pub password: Option<PasswordColumn>,
    /// The role.
    pub role: Option<String>,
    /// Whether the user may sign in.
    pub active: Option<ActiveColumn>,
    /// When the user was deleted.
    pub deleted_at: Option<String>,
    /// The full name, or its parts in order.
    pub full_name: Vec<String>,
    /// The picture.
    pub avatar: Option<String>,
    /// The language.
    pub locale: Option<String>,
    /// When the user was created.
    pub created_at: Option<String>,
    /// When the user was last changed.
    pub updated_at: Option<String>,
    /// When the user last signed in.
    pub last_sign_in: Option<String>,
    /// A unique UUID beside the key.
    pub uuid: Option<String>,
    /// The tenant.
    pub tenant: Option<String>,
    /// Tokens, salts, one-time secrets, second credentials: nobody may read them after the run.
    pub sensitive: Vec<String>,
}

/// How a confirmed address is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirmed {
    /// By a boolean column.
    Flag(String),
    /// By a time column that is not null.
    Time(String),
}

/// Where the password is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PasswordColumn {
    /// The users table or a table beside it.
    pub table: Name,
    /// The column of that table that holds the user's id.
    pub user_key: String,
    /// The column with the hash.
    pub column: String,
}

/// Addresses in a table beside the users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ContactColumn {
    /// The table.
    pub table: Name,
    /// Its column that holds the user's id.
    pub user_key: String,
    /// The column with the address.
    pub column: String,
    /// Where it holds more than addresses: the column that says what a row is, and what it says of an address.
    pub kind: Option<(String, String)>,
    /// The address to use first.
    pub primary: Option<String>,
    /// Whether, or when, the address was confirmed.
    pub confirmed: Option<String>,
}

/// Whether a user may sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActiveColumn {
    /// The column.
    pub column: String,
    /// It says the opposite: banned, disabled, locked.
    pub inverted: bool,
}

/// What kind of key the users table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdType {
    /// `smallint`
    SmallInt,
    /// `integer`
    Integer,
    /// `bigint`
    BigInt,
    /// `numeric` with whole numbers.
    Numeric,
    /// Text with whole numbers.
    IntegerText,
    /// UUIDs, as `uuid` or as text: they are kept.
    Uuid,
    /// Anything else: kept as text in the mapping.
    Opaque,
}

/// What was counted among the users.
#[derive(Debug, Clone, Default, Serialize)]
pub struct People {
    /// The rows.
    pub rows: u64,
    /// Rows per class of password, see [`crate::password::HashClass::label`].
    pub password_classes: BTreeMap<String, u64>,
    /// Values of the role column and their rows, most frequent first; none stands for NULL. Empty when there are so
    /// many that it cannot be a role.
    pub roles: Vec<(Option<String>, u64)>,
    /// Those of the roles that a person must map: not the default, not of a closed list, not a common word.
    pub unknown_roles: Vec<Option<String>>,
    /// Rows whose flag says that they may sign in.
    pub active: u64,
    /// Rows whose flag says that they may not.
    pub inactive: u64,
    /// Rows whose flag is NULL.
    pub active_unknown: u64,
    /// Rows marked as deleted.
    pub deleted: u64,
    /// Rows with a usable, unique address.
    pub good_addresses: u64,
}

/// A place that holds the ids of users.
#[derive(Debug, Clone, Serialize)]
pub struct Reference {
    /// The table.
    pub table: Name,
    /// Where in it.
    pub place: Place,
    /// The foreign key that says so.
    pub declared: Option<String>,
    /// The column of the users table whose values it holds: almost always the key.
    pub target_column: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// What speaks for it.
    pub evidence: Vec<String>,
    /// What speaks against it.
    pub against: Vec<String>,
    /// Rows without a value.
    pub nulls: u64,
    /// Different values.
    pub distinct: u64,
    /// Values, counted per row (per element in arrays and documents), that are no user's id; sentinels included.
    pub orphans: u64,
    /// Those of them that are 0 or -1.
    pub orphan_sentinels: u64,
    /// The table's rows.
    pub rows: u64,
    /// Everything was counted; false when it was a sample or could not be counted in time.
    pub exact: bool,
}

impl Reference {
    /// The place in words: `public.reports.user_id`, `public.docs.extra → shared_with[*]`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.table, self.place)
    }
}

/// Where in a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Place {
    /// A column with one id a row, of an integer type or of text that holds nothing but ids.
    Column {
        /// The column.
        column: String,
    },
    /// An array of ids.
    Array {
        /// The column.
        column: String,
    },
    /// A path in documents.
    Json {
        /// The column.
        column: String,
        /// The way to the id.
        path: Vec<JsonStep>,
        /// The documents are kept in a text column.
        text: bool,
    },
    /// A text column with ids and UUIDs mixed.
    MixedText {
        /// The column.
        column: String,
    },
    /// An id that is a user's where another column says so.
    Polymorphic {
        /// The column that says what it is.
        type_column: String,
        /// The column with the id.
        id_column: String,
        /// What stands in the type column for a user.
        values: Vec<String>,
    },
}

impl Place {
    /// The column that holds the id.
    pub fn column(&self) -> &str {
        match self {
            Self::Column { column }
            | Self::Array { column }
            | Self::Json { column, .. }
            | Self::MixedText { column }
            | Self::Polymorphic {
                id_column: column, ..
            } => column,
        }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.column())?;
        match self {
            Self::Column { .. } | Self::MixedText { .. } => Ok(()),
            Self::Array { .. } => f.write_str("[*]"),
            Self::Polymorphic { type_column, .. } => write!(f, " by {type_column}"),
            Self::Json { path, .. } => {
                f.write_str(" → ")?;
                for (place, step) in path.iter().enumerate() {
                    match step {
                        JsonStep::Key(key) if place == 0 => f.write_str(key)?,
                        JsonStep::Key(key) => write!(f, ".{key}")?,
                        JsonStep::Each => f.write_str("[*]")?,
                    }
                }
                Ok(())
            }
        }
    }
}

/// How sure a reference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// A foreign key says so.
    Certain,
    /// Included by default.
    Likely,
    /// A person decides.
    Possible,
    /// Excluded by default.
    Unlikely,
}

/// What a table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableKindOfUse {
    /// The application's data.
    Application,
    /// Sessions, reset tokens: worth nothing under another auth.
    AuthPlumbing,
    /// A framework's history of its own migrations: moved, never run again.
    Bookkeeping,
    /// Queues, caches, copies: a person decides.
    Temporary,
}

/// A table and what it is for.
#[derive(Debug, Clone, Serialize)]
pub struct SortedTable {
    /// The table.
    pub table: Name,
    /// What it is for.
    pub sort: TableKindOfUse,
    /// Why.
    pub reason: String,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Read it before the run.
    Warn,
    /// A person decides.
    Ask,
    /// Nothing can be run before it is dealt with.
    Block,
}

/// Something a person must know or decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind, the same in every release: `MIG-U-CASE-DUP`.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The table, column, view or function.
    pub object: String,
    /// How many rows or objects.
    pub count: u64,
    /// The matter in a sentence.
    pub sentence: String,
    /// Legacy ids of some users, at most twenty; never an address.
    pub ids: Vec<String>,
}

/// Looks at the source. `source` must be in a transaction, which should be read-only and repeatable-read.
pub async fn inspect(
    source: &Client,
    inventory: &Inventory,
    options: &Options,
) -> Result<Inspection, Error> {
    let probes = probe::Probes::start(source, options).await?;
    let (mut users, clear_winner) = users::rank(&probes, inventory, options).await?;
    let mut tables = sorting::sort(inventory);
    let mut findings = Vec::new();
    let mut references = Vec::new();
    let mut people = None;
    match users.split_first_mut() {
        Some((best, others)) => {
            best.rows = probes.count(&best.table).await?.unwrap_or(best.rows);
            let leftover = leftover::find(inventory, best);
            sorting::set_aside(&mut tables, &leftover);
            references =
                references::find(&probes, inventory, best, others, &leftover, &mut findings)
                    .await?;
            people = people::count(&probes, inventory, best, &mut findings).await?;
            if best.columns.contact.is_some() {
                // The users table itself has none.
                findings.retain(|finding| finding.code != "MIG-U-EMAIL-NULL");
            }
            contact::check(&probes, best, &mut findings).await?;
            leftover::check(&probes, best, &leftover, &mut findings).await?;
            findings::of_references(inventory, best, &references, &mut findings);
            checks::dependents(inventory, best, &references, &mut findings);
        }
        None => findings.push(findings::no_users_table(options.users.as_ref())),
    }
    if !clear_winner && users.len() > 1 {
        findings.push(findings::several_users_tables(&users));
    }
    checks::leftovers(inventory, &mut findings);
    probes.finish().await?;
    findings.sort_by(|a, b| {
        (std::cmp::Reverse(a.severity), a.code, &a.object).cmp(&(
            std::cmp::Reverse(b.severity),
            b.code,
            &b.object,
        ))
    });
    Ok(Inspection {
        users,
        clear_winner,
        people,
        references,
        tables,
        findings,
    })
}
