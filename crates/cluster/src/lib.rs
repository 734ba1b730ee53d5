//! The managed PostgreSQL: which program files to use and how a data directory comes to be.
//!
//! In charge of finding PostgreSQL's own programs ([`Binaries`]), of the one-program-at-a-time lock
//! on a data directory ([`Lock`]), of the account that PostgreSQL runs under ([`Account`]) of
//! making a new data directory whole or not at all ([`initialise`]),
//! and of one run of the server ([`Process`]). It knows nothing of the
//! schemas inside; those are `database`'s.

mod account;
mod binaries;
mod configuration;
mod error;
mod initialise;
mod lock;
mod process;

pub use account::Account;
pub use binaries::{Binaries, Version};
pub use configuration::Configuration;
pub use error::Error;
pub use initialise::{Cluster, SUPERUSER, initialise};
pub use lock::Lock;
pub use process::Process;
