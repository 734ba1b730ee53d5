//! The way to the database, walked against a real PostgreSQL.

mod support;

mod cancelling;
mod capacity;
mod connecting;
mod listening;
mod locking;
mod reconnecting;
mod transaction;
