//! Letters that wait to be written to the log.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Most bytes that wait. Beyond, broadcasts are dropped (they are best effort), and presence is shown anew as a whole
/// once there is room.
const MOST_BYTES: usize = 8 << 20;
/// Written at once, at most.
const BATCH_BYTES: usize = 256 << 10;

#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    letters: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Letters about presence were lost.
    has_gap: bool,
}

/// What is lost with a letter that finds no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing that comes again.
    Broadcast,
    /// Others are wrong about us until they are told all.
    Presence,
    /// It finds room.
    Control,
}

impl Queue {
    /// Appends. False: there was no room.
    pub(super) fn push(&self, letter: Vec<u8>, kind: Kind) -> bool {
        let mut waiting = self.lock();
        if kind != Kind::Control && waiting.bytes + letter.len() > MOST_BYTES {
            waiting.has_gap |= kind == Kind::Presence;
            return false;
        }
        waiting.bytes += letter.len();
        waiting.letters.push_back(letter);
        drop(waiting);
        self.filled.notify_one();
        true
    }

    /// Waits for letters and takes some.
    pub(super) async fn next(&self) -> Vec<Vec<u8>> {
        loop {
            let batch = self.take();
            if !batch.is_empty() {
                return batch;
            }
            self.filled.notified().await;
        }
    }

    /// Takes some, in order.
    pub(super) fn take(&self) -> Vec<Vec<u8>> {
        let mut waiting = self.lock();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while bytes < BATCH_BYTES
            && let Some(letter) = waiting.letters.pop_front()
        {
            bytes += letter.len();
            batch.push(letter);
        }
        waiting.bytes -= bytes;
        batch
    }

    /// Letters were lost after they were taken.
    pub(super) fn note_gap(&self) {
        self.lock().has_gap = true;
    }

    /// Whether presence must be shown anew; asked once.
    pub(super) fn take_gap(&self) -> bool {
        std::mem::take(&mut self.lock().has_gap)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_drops_broadcasts_and_remembers_lost_presence() {
        let queue = Queue::default();
        assert!(queue.push(vec![0; MOST_BYTES], Kind::Broadcast));
        assert!(!queue.push(vec![0; 1], Kind::Broadcast));
        assert!(!queue.take_gap());
        assert!(!queue.push(vec![0; 1], Kind::Presence));
        assert!(queue.push(vec![0; 1], Kind::Control));
        assert!(queue.take_gap());
        assert!(!queue.take_gap());
        assert_eq!(queue.take().len(), 1);
        assert_eq!(queue.take(), [vec![0; 1]]);
        assert_eq!(queue.take(), Vec::<Vec<u8>>::new());
    }
}
