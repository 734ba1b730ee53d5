//! The REST service through its router, on a real PostgreSQL.

mod bad_days;
mod cases;
mod hostile;
mod profiles;
mod reload;
mod row_security;
mod server;
mod transactions;
