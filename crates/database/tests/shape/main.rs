//! What a prepared database looks like, compared with the catalogs of a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod adopted;
mod grants;
mod house;
mod powers;
mod roles;
mod schemas;
