//! The managed PostgreSQL: found or installed, started on a data folder of ours, watched and stopped.
//!
//! In charge of PostgreSQL's own programs ([`find`], [`install`]), of one data folder's lock, files and
//! settings, and of the running server ([`Server`]), which runs under an unprivileged account, does not
//! outlive its program, and is started again when it ends by itself. It knows nothing of the schemas
//! inside; those are `database`'s.

mod account;
mod binaries;
mod configuration;
mod error;
mod initialise;
mod install;
mod lock;
mod place;
mod process;
mod server;
mod watch;

pub use binaries::{Binaries, find};
pub use error::Error;
pub use install::install;
pub use server::{Options, Server};
