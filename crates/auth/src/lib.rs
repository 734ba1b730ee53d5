//! Who somebody is: sign-up, sign-in, sessions and their tokens, wire-compatible with Supabase Auth.
//!
//! In charge of schema `auth` and of the access tokens that every other service believes. A session's tokens
//! change hands only under a lock on the session's row, so any number of clients that refresh at once end with
//! the same token. Passwords are hashed on as many threads as there are cores, and who finds no place in time
//! is told to come back.
//!
//! People come in by a password, by a code or link that is sent to them (`otp`, `letters`, `verification`), by an
//! account elsewhere (`oauth`, `external`), and show a second factor (`factor`) where there is one. Mail goes through
//! the durable queue (`mail`), text messages through the operator's provider (`sms`); operators have a say at the
//! moments of `hooks`. One configured address decides every link, and an allow list (`redirect`) where browsers go.

pub mod import;

mod account;
mod address;
mod ask;
mod audit;
mod bearer;
mod body;
mod captcha;
mod cleanup;
mod db;
mod deletion;
mod duration;
mod error;
mod external;
mod factor;
mod flow;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod hooks;
mod identity;
mod letters;
mod linking;
mod mail;
mod metadata;
mod oauth;
mod oauth_server;
mod otp;
mod password;
mod pkce;
mod rate;
mod redirect;
mod registration;
mod routes;
mod service;
mod session;
mod sms;
mod template;
mod time;
mod user;
mod verification;
mod web3;

use base::{Secret, SharedClock, SharedRandom, Tasks};

pub use error::Error;
pub use mail::{Mailer, Message, SendError};
pub use service::Auth;

/// Schema `auth` at upstream's level 20260625000000. Its files also bring a schema of any earlier level there.
pub const SCHEMA: database::Schema = database::Schema {
    name: "auth",
    owner: "supabase_auth_admin",
    migrations: &[
        migration(
            "20171026211738",
            "users",
            include_str!("../migrations/0001_users.sql"),
        ),
        migration(
            "20250731150234",
            "types and clients",
            include_str!("../migrations/0002_types_and_clients.sql"),
        ),
        migration(
            "20251104100000",
            "sessions",
            include_str!("../migrations/0003_sessions.sql"),
        ),
        migration(
            "20260302000000",
            "federation",
            include_str!("../migrations/0004_federation.sql"),
        ),
        migration(
            "20260625000000",
            "grants",
            include_str!("../migrations/0005_grants.sql"),
        ),
        migration(
            "20260625000001",
            "upstream ledger",
            include_str!("../migrations/0006_upstream_ledger.sql"),
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
    /// Connections as `supabase_auth_admin`.
    pub pool: pg::Pool,
    /// Signs access tokens.
    pub keys: jwt::Keys,
    /// Checks bearer tokens.
    pub verifier: jwt::Verifier,
    /// Work that must not be forgotten.
    pub queue: jobs::Queue,
    /// What time it is.
    pub clock: SharedClock,
    /// Ids, tokens and salts.
    pub random: SharedRandom,
    /// From which the keys follow that seal what is stored; equal on all nodes.
    pub secret: Secret,
    /// Sign-in with accounts that people have elsewhere.
    pub providers: settings::Providers,
    /// The gateway's public address, such as `http://localhost:8000`.
    pub public_url: String,
}

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database did not answer as it must.
    #[error("the auth service cannot use the database: {0}")]
    Database(#[from] pg::Error),
    /// The work factor is out of range.
    #[error("a bcrypt cost of {0} is not possible; it lies between 4 and 31")]
    BcryptCost(u32),
    /// A setting that makes no sense; what is wrong with it.
    #[error("{0}: {1}")]
    Setting(&'static str, String),
}

/// Starts the service.
pub async fn start(
    settings: &settings::Auth,
    deps: Deps,
    tasks: &Tasks,
) -> Result<Auth, StartError> {
    if !(4..=31).contains(&settings.bcrypt_cost) {
        return Err(StartError::BcryptCost(settings.bcrypt_cost));
    }
    deps.pool
        .get()
        .await?
        .simple_query("")
        .await
        .map_err(pg::Error::from)?;
    let auth = Auth::new(settings, deps)?;
    cleanup::start(&auth, tasks);
    Ok(auth)
}
