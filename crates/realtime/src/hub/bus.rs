//! What nodes tell each other.

use super::{Meta, Visibility};
use crate::channel::ChannelId;
use crate::frames::Broadcast;

/// Carries what is said and shown in rooms here to the other nodes; what arrives from them goes to
/// [`super::Hub::deliver`], [`super::Hub::show_remote`] and their kin. Messages of the database need no bus: every node
/// reads the stream. Never waits.
pub(crate) trait Bus: Send + Sync + std::fmt::Debug {
    /// Hands a broadcast of a socket or of HTTP to the other nodes.
    fn publish(&self, visibility: Visibility, sub_topic: &str, broadcast: &Broadcast);

    /// A channel here shows itself. Called under the room's lock: in the order of the room.
    fn shown(&self, visibility: Visibility, sub_topic: &str, channel: ChannelId, meta: &Meta);

    /// It does so no longer.
    fn hidden(&self, visibility: Visibility, sub_topic: &str, channel: ChannelId);
}

/// There is no other node.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct Alone;

#[cfg(test)]
impl Bus for Alone {
    fn publish(&self, _: Visibility, _: &str, _: &Broadcast) {}
    fn shown(&self, _: Visibility, _: &str, _: ChannelId, _: &Meta) {}
    fn hidden(&self, _: Visibility, _: &str, _: ChannelId) {}
}
