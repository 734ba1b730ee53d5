//! The REST service through its router, on a real PostgreSQL.

mod cases;
mod hostile;
mod reload;
mod row_security;
mod server;
mod transactions;
