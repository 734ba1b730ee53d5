//! The service through its router, on a real PostgreSQL.

mod buckets;
mod house;
mod lists;
mod moves;
mod objects;
mod permissions;
mod schema;
mod signed;
mod storms;
mod uploads;
