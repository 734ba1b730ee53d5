//! The running half of the substitutes for `pg_net` and `pg_cron`.
//!
//! Crate `database` makes their tables and functions where a server lacks the extensions; here is what those
//! extensions do in the background: [`net`] sends the requests that were queued, [`cron`] runs the jobs by the
//! clock. Both look at the database before they work: where the real extension is installed, or no substitute
//! is, they leave everything alone. They may run on any number of nodes; a request is sent by one of them, and
//! one of them at a time runs the jobs.
//!
//! The tables of schemas `net` and `cron` are named in SQL by `database`, which makes them, and by this crate.

pub mod cron;
pub mod net;
mod service;

pub use service::{Deps, Extensions, start};

/// The channels that tell of new work; the listener given to [`start`] must hear them.
pub const CHANNELS: [&str; 2] = [net::CHANNEL, cron::CHANNEL];
