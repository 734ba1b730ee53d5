//! Rows of `realtime.messages` on their way to the rooms.

use std::sync::Arc;

use crate::changes::{DatabaseBroadcast, MessagePayload, MessageRow};
use crate::frames::{Body, Broadcast, Metadata};
use crate::hub::{Hub, Visibility};
use crate::limits::Limits;

/// Takes what the stream brings (section 13).
#[derive(Debug)]
pub(crate) struct FromDatabase {
    pub(crate) hub: Arc<Hub>,
    pub(crate) limits: Arc<Limits>,
}

impl DatabaseBroadcast for FromDatabase {
    fn broadcast(&self, row: MessageRow) {
        let body = match row.payload {
            MessagePayload::Json(data) => Body::Json(data),
            MessagePayload::Binary(data) => Body::Binary(data),
        };
        let metadata = Some(Metadata {
            id: row.id,
            replayed: false,
        });
        let broadcast = Broadcast::User {
            event: row.event,
            body,
            metadata,
        };
        let dropped = if self.limits.is_too_large(broadcast.payload_len()) {
            Some("payload too large")
        } else if self.limits.messages.is_reached() {
            Some("too many messages per second")
        } else {
            None
        };
        if let Some(why) = dropped {
            metrics::counter!("realtime_channel_error", "code" => "UnableToBroadcastChanges")
                .increment(1);
            tracing::warn!(
                code = "UnableToBroadcastChanges",
                topic = row.topic,
                why,
                "a row was not broadcast"
            );
            return;
        }
        self.limits.messages.add(1);
        self.hub
            .deliver(Visibility::of(row.private), &row.topic, &broadcast);
    }
}
