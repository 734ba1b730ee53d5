//! What waits to be written to one socket.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::channel::ChannelId;
use crate::error::Error;
use crate::frames::Frame;

/// What somebody else wants of a socket's task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// End the channel, with a `system` message.
    End(ChannelId, Error),
    /// The channel has missed something: its client must join anew.
    Crash(ChannelId),
    /// Its bindings are live again.
    Established(ChannelId),
    /// Look at the clock.
    Wake,
    /// Go, as at an orderly stop.
    Restart,
}

/// The queue of one socket: filled by anybody, emptied by the socket's own task. It holds so many bytes and
/// no more; when it is full the socket is closed, because a client that misses a message must know.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    filled: Notify,
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Frame>,
    bytes: usize,
    orders: VecDeque<Order>,
    state: State,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    Overflowed,
    Closed,
}

/// What cannot wait for the frames before it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Urgent {
    /// To be done.
    Order(Order),
    /// The reader was too slow.
    Overflowed,
}

impl Outbox {
    /// An empty queue; it allocates nothing until something waits in it.
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self {
            queue: Mutex::default(),
            filled: Notify::new(),
            max_bytes,
        }
    }

    /// Appends a frame. False if the socket is gone or full.
    pub(crate) fn push(&self, frame: Frame) -> bool {
        let mut queue = self.lock();
        if queue.state != State::Open {
            return false;
        }
        if queue.bytes + frame.len() > self.max_bytes && !queue.frames.is_empty() {
            // Nobody will read them any more.
            queue.frames = VecDeque::new();
            queue.state = State::Overflowed;
            drop(queue);
            self.filled.notify_one();
            return false;
        }
        queue.bytes += frame.len();
        queue.frames.push_back(frame);
        let first = queue.frames.len() == 1;
        drop(queue);
        if first {
            self.filled.notify_one();
        }
        true
    }

    /// Appends an order. Orders are few: one or two a channel.
    pub(crate) fn order(&self, order: Order) {
        let mut queue = self.lock();
        if queue.state == State::Open && !queue.orders.contains(&order) {
            queue.orders.push_back(order);
            drop(queue);
            self.filled.notify_one();
        }
    }

    /// Takes what is urgent.
    pub(crate) fn pop_urgent(&self) -> Option<Urgent> {
        let mut queue = self.lock();
        if queue.state == State::Overflowed {
            return Some(Urgent::Overflowed);
        }
        queue.orders.pop_front().map(Urgent::Order)
    }

    /// Whether there is an order, or no hope.
    pub(crate) fn is_urgent(&self) -> bool {
        let queue = self.lock();
        queue.state != State::Open || !queue.orders.is_empty()
    }

    /// Whether frames wait.
    pub(crate) fn has_frames(&self) -> bool {
        !self.lock().frames.is_empty()
    }

    /// Takes the next frame.
    pub(crate) fn pop_frame(&self) -> Option<Frame> {
        let mut queue = self.lock();
        let frame = queue.frames.pop_front()?;
        queue.bytes -= frame.len();
        if queue.frames.is_empty() && queue.frames.capacity() > 64 {
            queue.frames = VecDeque::new();
        }
        Some(frame)
    }

    /// Refuses everything from now on.
    pub(crate) fn close(&self) {
        let mut queue = self.lock();
        *queue = Queue {
            state: State::Closed,
            ..Queue::default()
        };
    }

    /// Resolves when something was appended since the last time.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(bytes: usize) -> Frame {
        Frame::Binary(vec![0; bytes].into())
    }

    #[test]
    fn a_full_queue_overflows_and_takes_nothing_more() {
        // RT-DEL-04.
        let outbox = Outbox::new(100);
        assert!(outbox.push(frame(60)) && outbox.push(frame(40)));
        assert!(!outbox.push(frame(1)));
        assert!(!outbox.push(frame(1)));
        assert_eq!(outbox.pop_urgent(), Some(Urgent::Overflowed));
        assert_eq!(outbox.pop_frame(), None);
    }

    #[test]
    fn one_message_larger_than_the_queue_still_passes() {
        let outbox = Outbox::new(10);
        assert!(outbox.push(frame(60)));
        assert_eq!(outbox.pop_frame().map(|frame| frame.len()), Some(60));
        assert!(outbox.push(frame(10)));
    }

    #[test]
    fn orders_are_given_once_and_a_closed_queue_takes_none() {
        let outbox = Outbox::new(10);
        outbox.order(Order::Wake);
        outbox.order(Order::Wake);
        assert!(outbox.is_urgent());
        assert_eq!(outbox.pop_urgent(), Some(Urgent::Order(Order::Wake)));
        assert_eq!(outbox.pop_urgent(), None);
        outbox.close();
        outbox.order(Order::Wake);
        assert_eq!(outbox.pop_urgent(), None);
        assert!(!outbox.push(frame(1)));
    }
}
