//! The program's command line: exit codes, standard output and standard error as people and scripts get them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod cluster;
mod configuration;
mod db;
mod environment;
mod keys;
mod moving;
mod place;
mod project;
mod refusals;
mod roles;
mod running;
mod stock;
