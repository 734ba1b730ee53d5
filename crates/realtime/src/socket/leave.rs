//! Leaving, by the client's wish.

use super::{Detail, Socket, narrate};
use crate::frames::{Inbound, Status};

impl Socket {
    /// `phx_leave`: the reply, then the close; on a topic not joined the reply only (RT-CH-05).
    pub(super) fn leave(&mut self, inbound: &Inbound) {
        narrate!(
            self,
            Detail::Steps,
            topic = inbound.topic,
            "a channel is left"
        );
        self.reply(inbound, Status::Ok, b"{}");
        self.close(&inbound.topic);
    }
}
