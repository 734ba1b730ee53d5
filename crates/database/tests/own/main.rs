//! The preparation on clusters of its own on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod cluster;
mod reduced;
mod server;
mod vault;
