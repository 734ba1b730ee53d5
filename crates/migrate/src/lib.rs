//! Moves an application's database onto the stack.
//!
//! `inspect` looks at the source and says what is there ([`Inventory`]); a plan is a file that a person reads and decides
//! on; a run carries it out step by step, each step journalled in the target in the same transaction as what it
//! wrote; verification proves it; every step has an inverse. The source is only ever read. New ids are derived from
//! the old ones with a secret of the run, so they are known before anything is written.

pub mod backup;
pub mod copy;
pub mod emit;
pub mod ids;
pub mod inspect;
pub mod inventory;
pub mod lookup;
pub mod mapping;
pub mod password;

pub mod journal;
pub mod plan;
pub mod preflight;
pub mod rehearse;
pub mod run;
pub mod users;
pub mod verify;

mod ddl;
mod error;
mod session;

pub use error::{Error, Side};
pub use inventory::{Inventory, Name};
pub use plan::Plan;
pub use session::{Snapshot, Source, Target};
