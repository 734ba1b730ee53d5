//! The program seen from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod auth_clients;
mod bad_input;
mod chaos;
mod clients;
mod door;
mod extensions;
mod house;
mod migration;
mod seed;
mod shelf;
mod sockets;
