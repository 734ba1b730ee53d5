//! Everything besides tables.

use super::Name;

/// A schema.
#[derive(Debug, Clone)]
pub struct Schema {
    /// Its name.
    pub name: String,
    /// Its comment.
    pub comment: Option<String>,
}

/// An installed extension.
#[derive(Debug, Clone)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// The schema its objects are in.
    pub schema: String,
    /// Its version.
    pub version: String,
}

/// What kind of type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeKind {
    /// `create type … as enum`
    Enum,
    /// `create type … as (…)`
    Composite,
    /// `create domain`
    Domain,
    /// `create type … as range`
    Range,
}

/// A type of the application's own.
#[derive(Debug, Clone)]
pub struct TypeDefinition {
    /// Its name.
    pub name: Name,
    /// What kind.
    pub kind: TypeKind,
    /// The statement that creates it.
    pub definition: String,
}

/// A sequence.
#[derive(Debug, Clone)]
pub struct Sequence {
    /// Its name.
    pub name: Name,
    /// Its type: `integer`, `bigint` …
    pub type_sql: String,
    /// First value.
    pub start: i64,
    /// Step.
    pub increment: i64,
    /// Lowest value.
    pub min: i64,
    /// Highest value.
    pub max: i64,
    /// Values handed out at once.
    pub cache: i64,
    /// Begins again at the end.
    pub cycle: bool,
    /// The table and column it belongs to.
    pub owner: Option<(Name, String)>,
    /// It is an identity column's own: created with the column.
    pub identity: bool,
}

/// A view or a materialized view.
#[derive(Debug, Clone)]
pub struct View {
    /// Its name.
    pub name: Name,
    /// Keeps its rows.
    pub materialized: bool,
    /// Its query as `pg_get_viewdef` writes it.
    pub definition: String,
    /// `with (…)` parameters, as `name=value`.
    pub options: Vec<String>,
    /// Its columns: name and type.
    pub columns: Vec<(String, String)>,
    /// Indexes of a materialized view, as `pg_get_indexdef` writes them.
    pub indexes: Vec<String>,
    /// A materialized view that holds its rows.
    pub populated: bool,
    /// Its comment.
    pub comment: Option<String>,
}

/// A function or procedure.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: Name,
    /// Argument types as `pg_get_function_identity_arguments` writes them.
    pub arguments: String,
    /// The statement that creates it.
    pub definition: String,
    /// Its body, for languages that have one as text.
    pub body: String,
    /// Its language.
    pub language: String,
    /// Runs with its owner's rights.
    pub security_definer: bool,
    /// An aggregate: `definition` is empty, it is among the [`Other`] objects.
    pub aggregate: bool,
    /// Everybody may call it.
    pub open: bool,
}

/// When an object that is made as it is has its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Before types: collations.
    First,
    /// Before tables, when types and functions are there: casts, operators, aggregates, text search.
    BeforeTables,
    /// With the indexes: operator classes before them, statistics after them.
    WithIndexes,
    /// When views are there: rules.
    Last,
}

/// An object that is made as it is: collation, cast, operator, operator class, aggregate, text search dictionary or
/// configuration, extended statistics, rule.
#[derive(Debug, Clone)]
pub struct Other {
    /// When it is made.
    pub stage: Stage,
    /// What it is, as a statement calls it: `text search dictionary`.
    pub kind: String,
    /// Its name, quoted.
    pub name: String,
    /// The table or view that it belongs to.
    pub table: Option<Name>,
    /// The statement that makes it.
    pub make: String,
    /// The statement that takes it away.
    pub inverse: String,
}

/// A comment on something that does not bring its own.
#[derive(Debug, Clone)]
pub struct Remark {
    /// On what: `constraint`, `index`, `function` …
    pub kind: String,
    /// Its name, quoted, as `comment on` wants it.
    pub name: String,
    /// The statement.
    pub make: String,
}

/// A small setting of a table: a column's statistics target, storage or compression, the index it is clustered on.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The table.
    pub table: Name,
    /// Of what: `column title`, `cluster`.
    pub of: String,
    /// The statement.
    pub make: String,
}

/// Something that stays behind, on purpose.
#[derive(Debug, Clone)]
pub struct Leftover {
    /// A code, the same in every release: `MIG-X-EVENT-TRIGGER`.
    pub code: &'static str,
    /// What.
    pub object: String,
    /// Why, and what to do.
    pub sentence: String,
}

/// A trigger.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// Its table or view.
    pub table: Name,
    /// Its name.
    pub name: String,
    /// As `pg_get_triggerdef` writes it.
    pub definition: String,
    /// `tgenabled`: `O`, `D`, `R` or `A`.
    pub enabled: char,
}

/// What a policy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyCommand {
    /// Every command.
    All,
    /// `select`
    Select,
    /// `insert`
    Insert,
    /// `update`
    Update,
    /// `delete`
    Delete,
}

/// A row security policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its table.
    pub table: Name,
    /// Its name.
    pub name: String,
    /// Permissive, or restrictive.
    pub permissive: bool,
    /// What for.
    pub command: PolicyCommand,
    /// The roles; `public` stands for everybody.
    pub roles: Vec<String>,
    /// `using (…)`
    pub using: Option<String>,
    /// `with check (…)`
    pub check: Option<String>,
}

/// Who holds a privilege.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grantee {
    /// Everybody.
    Public,
    /// A role.
    Role(String),
}

/// A privilege.
#[derive(Debug, Clone)]
pub struct Grant {
    /// What on: `table`, `sequence`, `function` or `schema`, then its quoted name.
    pub object: (&'static str, String),
    /// Who.
    pub grantee: Grantee,
    /// `SELECT`, `USAGE` …
    pub privilege: String,
    /// Of one column only.
    pub column: Option<String>,
    /// May be passed on.
    pub grantable: bool,
}

/// A publication.
#[derive(Debug, Clone)]
pub struct Publication {
    /// Its name.
    pub name: String,
    /// `for all tables`
    pub all_tables: bool,
    /// Its tables.
    pub tables: Vec<Name>,
}
