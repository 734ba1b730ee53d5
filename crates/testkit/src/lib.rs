//! A real PostgreSQL for tests.
//!
//! Finds PostgreSQL once per test process, starts a private cluster in a temporary folder (never an
//! existing one) and gives each test a database of its own. The cluster is stopped and removed when the
//! process ends, whichever way it ends. Tests that need the whole program start it in `conformance`.

mod postgres;

pub use postgres::{Postgres, TestDatabase, as_server_user, free_port, program};
