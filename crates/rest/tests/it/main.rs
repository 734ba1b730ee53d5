//! The REST service through its router, on a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test they help"
)]

mod anything;
mod bad_days;
mod cases;
mod configuration;
mod connections;
mod equals;
mod hostile;
mod metrics;
mod openapi;
mod plans;
mod profiles;
mod reload;
mod row_security;
mod same_rows;
mod server;
mod tokens;
mod transactions;
