//! Realtime: sockets, channels, broadcast, presence and Postgres changes.

pub mod changes;
mod schema;

pub use schema::SCHEMA;
