//! The REST service through its router, on a real PostgreSQL.

mod bad_days;
mod cases;
mod connections;
mod hostile;
mod openapi;
mod plans;
mod profiles;
mod reload;
mod row_security;
mod server;
mod tokens;
mod transactions;
