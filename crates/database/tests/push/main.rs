//! A project's `supabase` folder on a real PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod absent;
mod doctor;
mod extensions;
mod files;
mod house;
mod substitutes;
