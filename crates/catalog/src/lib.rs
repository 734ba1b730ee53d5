//! What the database holds, as an immutable snapshot.
//!
//! In charge of one thing: knowing the schemas, relations, keys, relationships (through views too),
//! functions and policies at a moment, so that a request needs no query to be understood. A [`Catalog`]
//! never changes; [`Live`] swaps it for a newer one when the database says that something changed. It
//! decides nothing about rights: everything is known, PostgreSQL judges at run time.

mod derive;
mod function;
mod lineage;
mod live;
mod load;
mod relation;
mod relationship;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

pub use function::{Function, MediaAggregate, MediaDomain, Parameter, Returns, Shape, Volatility};
pub use live::{Live, PreConfig, ScopeOf, Watch};
pub use relation::{
    Column, Identity, ObjectName, Policy, PolicyCommand, Relation, RelationKind, Representation,
};
pub use relationship::{Cardinality, ColumnPairs, ComputedRelationship, Junction, Relationship};

/// What is to be known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Scope {
    /// The schemas whose objects are shown; the first is the default.
    pub schemas: Vec<String>,
    /// Schemas that views may be followed through and that end the search path.
    pub extra_search_path: Vec<String>,
    /// Whether the names of the time zones are wanted as well.
    pub time_zones: bool,
}

/// A schema.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Schema {
    /// Its name.
    pub name: String,
    /// Its comment.
    pub description: Option<String>,
}

/// Why no snapshot could be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not answer.
    #[error(transparent)]
    Database(#[from] pg::Error),
    /// A schema that is to be shown does not exist.
    #[error("schema \"{0}\" does not exist")]
    NoSuchSchema(String),
    /// What is to be known could not be decided.
    #[error("{0}")]
    Scope(String),
    /// The system catalog is not as expected.
    #[error("unexpected answer from the system catalog: {0}")]
    Shape(&'static str),
}

/// The database at a moment.
#[derive(Debug)]
pub struct Catalog {
    version: u64,
    hash: u64,
    server_version: u32,
    announces_ddl: bool,
    scope: Scope,
    schemas: Vec<Schema>,
    relations: HashMap<ObjectName, Arc<Relation>>,
    functions: HashMap<ObjectName, Vec<Arc<Function>>>,
    relationships: HashMap<ObjectName, Vec<Relationship>>,
    computed: HashMap<ObjectName, Vec<ComputedRelationship>>,
    media_aggregates: Vec<MediaAggregate>,
    role_settings: HashMap<String, Vec<(String, String)>>,
    login_settings: BTreeMap<String, String>,
    time_zones: HashSet<String>,
}

impl Catalog {
    /// Reads a snapshot. `client` must not be in a transaction.
    pub async fn load(
        client: &tokio_postgres::Client,
        schemas: &[String],
        extra_search_path: &[String],
    ) -> Result<Self, Error> {
        let scope = Scope {
            schemas: schemas.to_vec(),
            extra_search_path: extra_search_path.to_vec(),
            time_zones: false,
        };
        load::catalog(client, &scope, None).await
    }

    /// Grows with every snapshot of one [`Live`] that differs from the one before.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Equal for equal contents.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// `150004` and the like.
    pub fn server_version(&self) -> u32 {
        self.server_version
    }

    /// Whether an event trigger notifies of DDL.
    pub fn announces_ddl(&self) -> bool {
        self.announces_ddl
    }

    /// What was to be known.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The shown schemas, in the order asked for.
    pub fn schemas(&self) -> &[Schema] {
        &self.schemas
    }

    /// The relation of this name.
    pub fn relation(&self, name: &ObjectName) -> Option<&Arc<Relation>> {
        self.relations.get(name)
    }

    /// All relations of a schema, in no order.
    pub fn relations_in<'a>(&'a self, schema: &'a str) -> impl Iterator<Item = &'a Arc<Relation>> {
        self.relations
            .values()
            .filter(move |relation| relation.name.schema == schema)
    }

    /// The functions of this name, fewest parameters first.
    pub fn functions(&self, name: &ObjectName) -> &[Arc<Function>] {
        self.functions.get(name).map_or(&[], Vec::as_slice)
    }

    /// All functions of a schema, in no order.
    pub fn functions_in<'a>(&'a self, schema: &'a str) -> impl Iterator<Item = &'a Arc<Function>> {
        self.functions
            .values()
            .flatten()
            .filter(move |function| function.name.schema == schema)
    }

    /// The relationships that start at a relation, in the order in which the wire lists them.
    pub fn relationships(&self, origin: &ObjectName) -> &[Relationship] {
        self.relationships.get(origin).map_or(&[], Vec::as_slice)
    }

    /// The relationships that functions compute from a relation's row.
    pub fn computed_relationships(&self, origin: &ObjectName) -> &[ComputedRelationship] {
        self.computed.get(origin).map_or(&[], Vec::as_slice)
    }

    /// The origins that have any relationship into `schema`.
    pub fn origins_in<'a>(&'a self, schema: &'a str) -> impl Iterator<Item = &'a ObjectName> {
        self.relationships
            .keys()
            .filter(move |origin| origin.schema == schema)
    }

    /// The aggregates of the shown schemas that make media types.
    pub fn media_aggregates(&self) -> &[MediaAggregate] {
        &self.media_aggregates
    }

    /// The settings that go with a role.
    pub fn role_settings(&self, role: &str) -> &[(String, String)] {
        self.role_settings.get(role).map_or(&[], Vec::as_slice)
    }

    /// Whether this is the name of a time zone; known only where [`Scope::time_zones`] asked for it.
    pub fn has_time_zone(&self, name: &str) -> bool {
        self.time_zones.contains(name)
    }

    /// The login role's own dotted settings (`pgrst.db_schemas`, `app.settings.x`).
    pub fn login_settings(&self) -> &BTreeMap<String, String> {
        &self.login_settings
    }
}
