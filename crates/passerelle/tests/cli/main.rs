//! The program's command line: exit codes, standard output and standard error as people and scripts get them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod configuration;
mod environment;
mod keys;
mod place;
mod refusals;
mod roles;
mod running;
mod stock;
