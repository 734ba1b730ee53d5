//! What nodes tell each other.

use super::Visibility;
use crate::frames::Broadcast;

/// Carries broadcasts of sockets and HTTP to the other nodes; what arrives from them goes to
/// [`super::Hub::deliver`]. Messages of the database need no bus: every node reads the stream.
pub(crate) trait Bus: Send + Sync + std::fmt::Debug {
    /// Hands a broadcast to the other nodes; never waits.
    fn publish(&self, visibility: Visibility, sub_topic: &str, broadcast: &Broadcast);
}

/// There is no other node.
#[derive(Debug)]
pub(crate) struct Alone;

impl Bus for Alone {
    fn publish(&self, _: Visibility, _: &str, _: &Broadcast) {}
}
