//! Logical replication: slots, pgoutput, transactions.
//!
//! In charge of reading a replication slot for ever: every transaction of the chosen publications once, in
//! commit order, across lost connections ([`Stream`]); of the messages on the wire ([`message`]); and of what a
//! slot holds back ([`Slot`]). What a change means is the consumer's business.
//!
//! Nothing is lost or doubled as long as the slot lives and the program runs: after a reconnection the server
//! repeats what was not confirmed, and what was already handed over is left out by commit position and index.
//! A consumer that does not keep up stops the reading, not the confirming.

mod assembler;
mod change;
mod error;
mod lsn;
pub mod message;
mod options;
mod session;
mod slot;
mod stream;

pub use change::{Change, Kind, Transaction};
pub use error::Error;
pub use lsn::{Lsn, NotAnLsn};
pub use options::{Options, SlotKind, Start};
pub use session::CreatedSlot;
pub use slot::{Slot, SlotLoss};
pub use stream::{Confirm, Event, Prepared, Stream};
