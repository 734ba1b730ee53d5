//! Keys, claims, and who is calling.
//!
//! In charge of signing and verifying tokens with the project's keys, and of the [`Caller`] that every
//! service acts for. It decides nothing about rights: PostgreSQL does, from the role and the claims.
//! Verified tokens are remembered by digest until they expire; time is checked on every request.

mod api_key;
mod caller;
mod claims;
mod error;
mod jwk;
mod keys;
mod verify;

pub use api_key::{ApiKeyClass, ApiKeys};
pub use caller::Caller;
pub use claims::Claims;
pub use error::Error;
pub use keys::{KeyError, Keys};
pub use verify::{TimeRules, Verifier};

#[cfg(test)]
mod tests;
