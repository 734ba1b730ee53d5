//! Postgres changes against a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of tests may fail like tests"
)]

mod harness;

mod bad_days;
mod filters;
mod messages;
mod rights;
mod shape;
mod subscribing;
mod types;
