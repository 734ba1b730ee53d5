//! Rooms whose presence has changed since their members were told.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::Room;

/// A list that holds each room at most once. Its task sends at once when idle; when busy, the changes that
/// arrive meanwhile go out as one diff a room, so a thousand joins do not make a million messages.
#[derive(Debug, Default)]
pub(crate) struct Diffs {
    rooms: Mutex<Vec<Arc<Room>>>,
    filled: Notify,
}

impl Diffs {
    /// Notes that `room` has something to tell.
    pub(crate) fn changed(&self, room: &Arc<Room>) {
        if room.enlist() {
            self.rooms
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Arc::clone(room));
            self.filled.notify_one();
        }
    }

    /// Waits for rooms and takes them.
    pub(crate) async fn next(&self) -> Vec<Arc<Room>> {
        loop {
            let rooms =
                std::mem::take(&mut *self.rooms.lock().unwrap_or_else(PoisonError::into_inner));
            if !rooms.is_empty() {
                return rooms;
            }
            self.filled.notified().await;
        }
    }
}
