//! Postgres changes: from one replication stream to the bindings that may see a change.
//!
//! In charge of which bindings are live ([`Changes::subscribe`]), of judging each change as its subscriber's
//! role with its claims, of rendering it once for all who may see the same of it, and of handing rows of
//! `realtime.messages` to broadcast ([`DatabaseBroadcast`]). It knows nothing of sockets: those implement
//! [`ChangeSink`].

mod binding;
mod error;
mod seam;

pub use binding::{Binding, EventKind, binding_id};
pub use error::SubscribeError;
pub use seam::{ChangeSink, DatabaseBroadcast, MessagePayload, MessageRow};
