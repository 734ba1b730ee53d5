//! A Supabase database out of any PostgreSQL.
//!
//! In charge of what SQL written for Supabase presumes: roles, schemas, grants, default privileges,
//! helper functions, event triggers, publications, extensions and their substitutes; and of the runner
//! that brings the services' own schemas up to date. Everything is idempotent, under an advisory lock,
//! and never narrows what it did not create.

mod doctor;
mod dump;
mod error;
mod extensions;
mod logins;
mod migrate;
mod options;
mod prepare;
mod push;
mod restore;
mod script;
mod server;
mod substitute;
mod vault;

use base::Secret;

pub use doctor::{Finding, doctor};
pub use dump::{DumpError, DumpPart, DumpPlan, plan_dump};
pub use error::Error;
pub use extensions::package;
pub use logins::Logins;
pub use options::{Options, VaultKeyPlace};
pub use prepare::{Report, let_service_role_in, plan_sql, prepare};
pub use push::{
    FileReport, MissingExtension, Note, PushError, PushOptions, PushReport, push, push_telling,
};
pub use restore::{RestoreError, RestoreReport, RestoredFile, RestoredTable, Unmatched, restore};
pub use script::{SplitError, Statement, split};
pub use server::{ServerSetting, configure_server};
pub use substitute::substitutes;

/// One numbered schema change of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// What the ledger records; for upstream's schemas, upstream's own version.
    pub version: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The SQL, run in one transaction as the schema's owner.
    pub sql: &'static str,
}

/// A schema that a service owns, and how it came to be.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// `auth`, `storage`, `realtime`, `passerelle`.
    pub name: &'static str,
    /// The role that owns its objects.
    pub owner: &'static str,
    /// Its changes, in order.
    pub migrations: &'static [Migration],
}

/// The password of a service's database role, derived so that every node of a cluster finds the same one
/// and none is stored in the clear: HMAC-SHA256 of the role's name, in hexadecimal.
pub fn role_password(secret: &Secret, role: &str) -> Secret {
    use hmac::{Hmac, Mac as _};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.expose().as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(b"passerelle database role ");
    mac.update(role.as_bytes());
    Secret::new(hex::encode(mac.finalize().into_bytes()))
}
