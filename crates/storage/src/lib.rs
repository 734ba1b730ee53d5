//! Files: buckets, objects, uploads and signed URLs, wire-compatible with Supabase Storage.
//!
//! In charge of schema `storage` and of the bytes behind its rows. Who may do what is decided by row security
//! alone: every operation is tried as the caller ([`pg::Requests`]) before it is carried out by the service's
//! own role. Bytes are written under a fresh version before the row that names it, and the version it replaces
//! goes with a durable job; so a crash leaves neither half an object nor bytes that nobody will remove.

mod backend;
mod bucket;
mod caller;
mod error;
pub mod import;
mod json;
mod key;
mod limits;
mod object;
mod percent;
mod removal;
mod robots;
mod routes;
mod row;
mod scope;
mod service;
mod signature;
mod sqlstate;
mod sweep;

use std::path::PathBuf;
use std::sync::Arc;

use base::{SharedClock, SharedRandom, Tasks};

pub use backend::{
    Backend, Body, Content, Digest, Disk, Location, Pending, RangeOf, Stray, WriteError,
};
pub use error::Error;
pub use service::Storage;
pub use sweep::Swept;

/// Schema `storage` at upstream's level 63. Its files also bring a restored schema of an earlier level there.
pub const SCHEMA: database::Schema = database::Schema {
    name: "storage",
    owner: "supabase_storage_admin",
    migrations: &[
        migration(
            "0001",
            "types",
            include_str!("../migrations/0001_types.sql"),
        ),
        migration(
            "0002",
            "tables",
            include_str!("../migrations/0002_tables.sql"),
        ),
        migration(
            "0003",
            "analytics and vectors",
            include_str!("../migrations/0003_analytics_and_vectors.sql"),
        ),
        migration(
            "0004",
            "functions",
            include_str!("../migrations/0004_functions.sql"),
        ),
        migration(
            "0005",
            "search",
            include_str!("../migrations/0005_search.sql"),
        ),
        migration(
            "0006",
            "grants",
            include_str!("../migrations/0006_grants.sql"),
        ),
        migration(
            "0007",
            "upstream ledger",
            include_str!("../migrations/0007_upstream_ledger.sql"),
        ),
    ],
};

const fn migration(
    version: &'static str,
    name: &'static str,
    sql: &'static str,
) -> database::Migration {
    database::Migration { version, name, sql }
}

/// What the service works with.
#[derive(Debug)]
pub struct Deps {
    /// Callers' transactions.
    pub requests: pg::Requests,
    /// Connections as `supabase_storage_admin`.
    pub pool: pg::Pool,
    /// Checks bearer tokens and signed URLs.
    pub verifier: jwt::Verifier,
    /// Signs URLs.
    pub keys: jwt::Keys,
    /// Removals that must not be forgotten.
    pub queue: jobs::Queue,
    /// What time it is.
    pub clock: SharedClock,
    /// Versions.
    pub random: SharedRandom,
    /// The program's data folder; files lie in `storage` below it unless a setting says otherwise.
    pub data_dir: PathBuf,
}

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder of the files cannot be used.
    #[error("the storage folder {} cannot be used: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database did not answer as it must.
    #[error("the storage service cannot use the database: {0}")]
    Database(#[from] pg::Error),
}

/// Starts the service: opens the folder of the files, looks at the database, begins to sweep.
pub async fn start(
    settings: &settings::Storage,
    deps: Deps,
    tasks: &Tasks,
) -> Result<Storage, StartError> {
    let path = settings
        .dir
        .clone()
        .unwrap_or_else(|| deps.data_dir.join("storage"));
    let upstream = path.join(&settings.global_bucket).join(&settings.tenant_id);
    let disk = Disk::open(&path, Some(upstream), deps.random.clone())
        .await
        .map_err(|source| StartError::Folder { path, source })?;
    let storage = Storage::new(settings, deps, Arc::new(disk), tasks).await?;
    sweep::start(&storage, tasks);
    Ok(storage)
}
