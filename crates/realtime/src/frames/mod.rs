//! The wire: messages, and what they look like in each version of the protocol.
//!
//! Messages know no encoding, encodings know no channel. A frame that goes to many sockets is made once a
//! version ([`Encoded`]) and its bytes are shared.

mod broadcast;
mod message;
mod v1;
mod v2;

#[cfg(test)]
mod tests;

pub(crate) use broadcast::{Body, Broadcast, Encoded, Metadata, envelope};
pub(crate) use message::{
    Frame, Inbound, Json, Malformed, Message, Payload, Ref, Status, UserBroadcast, Version,
    write_string,
};
