//! Typed configuration, one struct a section.
//!
//! In charge of where a setting comes from and whether it makes sense; the only crate that reads the
//! environment. Layers, weakest first: default, `supabase/.env`, `.env`, `passerelle.toml`,
//! environment, command line. The variable names that self-hosters already have (`GOTRUE_*`,
//! `PGRST_*`, `POSTGRES_PASSWORD` …) enter through the aliases written beside each field, so an
//! existing `.env` starts Passerelle unchanged. Raw becomes checked in one step ([`Settings::load`]),
//! with all mistakes reported together.

mod auth;
mod database;
mod dotenv;
mod error;
mod extensions;
mod gateway;
mod keys;
mod layers;
mod log;
mod migrate;
mod providers;
mod reader;
mod realtime;
mod rest;
mod section;
mod storage;
mod strangers;
mod value;

pub use auth::Auth;
pub use database::{Database, MissingExtensions, OwnerRole};
pub use dotenv::{DotEnv, DotEnvError};
pub use error::{Error, Mistake};
pub use extensions::Extensions;
pub use gateway::Gateway;
pub use keys::Keys;
pub use layers::{Layers, Origin};
pub use log::{Log, LogFormat};
pub use migrate::Migrate;
pub use providers::{Provider, Providers};
pub use reader::Reader;
pub use realtime::Realtime;
pub use rest::{ErrorVerbosity, OpenApiMode, Rest, RestVersion, TxEnd};
pub use section::{Field, Section};
pub use storage::Storage;
pub use strangers::{STRANGERS, Stranger, Why};
pub use value::{ByteSize, Value};

/// Everything a server is told, checked.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Where the database is and how it is prepared.
    pub database: Database,
    /// The project's secret and API keys.
    pub keys: Keys,
    /// The listener.
    pub gateway: Gateway,
    /// The auth service.
    pub auth: Auth,
    /// Sign-in with accounts that people have elsewhere.
    pub providers: Providers,
    /// The REST service.
    pub rest: Rest,
    /// The realtime service.
    pub realtime: Realtime,
    /// The storage service.
    pub storage: Storage,
    /// What runs in the place of `pg_net` and `pg_cron`.
    pub extensions: Extensions,
    /// The migration engine.
    pub migrate: Migrate,
    /// What is logged, and how.
    pub log: Log,
}

impl Settings {
    /// Reads every section out of `layers`, reporting all mistakes together.
    pub fn load(layers: &Layers) -> Result<Self, Error> {
        let mut reader = Reader::new(layers);
        let settings = Self {
            database: Database::read(&mut reader),
            keys: Keys::read(&mut reader),
            gateway: Gateway::read(&mut reader),
            auth: Auth::read(&mut reader),
            providers: Providers::read(&mut reader),
            rest: Rest::read(&mut reader),
            realtime: Realtime::read(&mut reader),
            storage: Storage::read(&mut reader),
            extensions: Extensions::read(&mut reader),
            migrate: Migrate::read(&mut reader),
            log: Log::read(&mut reader),
        };
        reader.finish().map(|()| settings)
    }

    /// Every field of every section: key, shape, default, environment names, meaning. The reference
    /// page and `config explain` are made from it.
    pub fn fields() -> Vec<Field> {
        [
            Database::FIELDS,
            Keys::FIELDS,
            Gateway::FIELDS,
            Auth::FIELDS,
            Providers::FIELDS,
            Rest::FIELDS,
            Realtime::FIELDS,
            Storage::FIELDS,
            Extensions::FIELDS,
            Migrate::FIELDS,
            Log::FIELDS,
        ]
        .concat()
    }
}

#[cfg(test)]
mod tests;
