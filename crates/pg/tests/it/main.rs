//! The way to the database, walked against a real PostgreSQL.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, where a panic is the report"
)]

mod cluster;
mod support;

mod cancelling;
mod capacity;
mod connecting;
mod listening;
mod locking;
mod reconnecting;
mod scripts;
mod transaction;
