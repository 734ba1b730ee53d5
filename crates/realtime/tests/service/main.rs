//! The service over a listener of its own, on a prepared database with the logins of the running program.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod channels;
mod database;
mod harness;
mod http;
mod nodes;
mod oldest;
mod operating;
mod replay;
mod rights;
