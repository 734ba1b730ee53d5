//! What the engine hands over, and to whom.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A channel with bindings. Called from the engine's own task: an implementation only queues.
pub trait ChangeSink: Send + Sync {
    /// One change for the bindings `ids` of this channel; `data` is the JSON text of the message's member
    /// `data`, shared with everybody who may see the same. False: the channel is gone or its queue is
    /// full, and it gets nothing any more.
    fn deliver(&self, ids: &[u64], data: &Bytes) -> bool;

    /// Changes were lost that no reconnection brings back (the replication slot is gone, or was given up
    /// because it held too much WAL): the channel must fail (`phx_error`) so that its client rejoins.
    fn lost(&self);

    /// The channel's subscription was established anew after trouble or a change of the published
    /// tables: `Subscribed to PostgreSQL` is due again.
    fn established(&self) {}
}

/// Who takes rows of `realtime.messages`. Called from the engine's own task, in commit order.
pub trait DatabaseBroadcast: Send + Sync {
    /// One row inserted by a committed transaction, whatever its extension; rows without a topic, event,
    /// privacy, time or payload have been skipped (RT-DB-05).
    fn broadcast(&self, row: MessageRow);
}

/// Who listens to other nodes on the same database. Called from the engine's own task: an implementation only queues.
pub trait Peers: Send + Sync {
    /// The stream runs, and this node has that number among its peers. `fresh`: whatever was said before went
    /// unheard.
    fn connected(&self, number: u32, fresh: bool);

    /// Something was said under [`super::PEERS`], by this node or another; in one order for all.
    fn heard(&self, content: Bytes);

    /// The numbers of all nodes that live.
    fn alive(&self, numbers: &[u32]);

    /// Whether others are known, so that who lives is worth asking often.
    fn are_known(&self) -> bool;
}

/// A row of `realtime.messages`, values as slices of the replication stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// Its id, the message's `meta.id`.
    pub id: Uuid,
    /// The sub-topic.
    pub topic: String,
    /// `broadcast`, by custom.
    pub extension: String,
    /// The user event.
    pub event: String,
    /// Which of the two rooms of that name.
    pub private: bool,
    /// What is to be sent.
    pub payload: MessagePayload,
    /// When it was inserted.
    pub inserted_at: DateTime<Utc>,
}

/// Column `payload` or `binary_payload`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessagePayload {
    /// JSON text.
    Json(Bytes),
    /// Bytes, already out of their hexadecimal form.
    Binary(Bytes),
}
