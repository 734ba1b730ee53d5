#![doc = include_str!("../README.md")]

mod dice;
mod error;
mod generate;
mod moment;
mod nasty;
mod people;
mod prose;
mod sheet;
mod size;
mod tables;
mod world;

use std::collections::BTreeMap;

pub use error::Error;
pub use generate::generate;
pub use nasty::{Label, application_labels, labels, nasty};
pub use size::{Size, Variant};

/// A user whose password is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// `users.id`; for the same note the same in all sizes.
    pub legacy_id: i32,
    /// The address to sign in with: the stored one without blanks around it, in lower case. May be empty.
    pub email: String,
    /// The password; empty when there is none.
    pub password: String,
    /// Why the account is known: `admin`, `ordinary`, `inactive`, `bcrypt-2a`, `sha256-hex`, `padded`, …
    pub note: &'static str,
    /// Whether address and password open a session after a migration to Passerelle with the documented decisions:
    /// not so for the inactive, those without a usable hash, and those who lose their address to somebody else.
    pub signs_in: bool,
}

/// What [`generate`] has made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The same as [`accounts`] gives.
    pub accounts: Vec<Account>,
    /// Rows by `schema.table`, for every table.
    pub rows: BTreeMap<String, u64>,
}

/// The accounts whose passwords are known, without a database.
pub fn accounts(variant: Variant, size: Size, seed: u64) -> Vec<Account> {
    world::World::new(variant, size, seed).accounts()
}
