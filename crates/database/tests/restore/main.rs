//! Dumps restored into a prepared database on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod dumped;
mod hosted;
mod house;
mod parts;
