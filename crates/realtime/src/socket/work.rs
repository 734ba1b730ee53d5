//! Work that a socket has under way beside its loop.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, Abortable, Aborted, BoxFuture};

use super::Socket;
use super::join::Admitted;
use crate::authz::{Extension, Readable};
use crate::bindings::{Bound, Rebound};
use crate::channel::ChannelId;
use crate::error::Error;
use crate::frames::Frame;
use crate::token::Bearer;

/// One piece of work; given up when its channel ends.
pub(super) type Work = Abortable<BoxFuture<'static, Done>>;

/// A piece of work that has ended.
pub(super) struct Done {
    topic: Arc<str>,
    id: ChannelId,
    outcome: Outcome,
}

/// How it ended.
pub(super) enum Outcome {
    /// A join may be answered.
    Joined(Box<Result<Admitted, Error>>),
    /// The time has come to refuse a join; maybe to close the socket as well.
    Refused { frame: Frame, close: bool },
    /// Whether the channel may write.
    MayWrite(Extension, Result<bool, Error>, Option<Readable>),
    /// A new token was asked about.
    Refreshed {
        token: String,
        bearer: Box<Bearer>,
        readable: Result<Readable, Error>,
    },
    /// Bindings are live, or not.
    Bound(Bound),
    /// The bindings' caller was replaced, or not.
    Rebound(Rebound),
    /// The stream behind broadcast from the database is up, or did not come up in time.
    StreamReady(bool),
    /// The work has a fault.
    Panicked,
}

impl Socket {
    /// Starts work for the channel `id` at `topic`.
    pub(super) fn start(
        &self,
        topic: &Arc<str>,
        id: ChannelId,
        work: impl Future<Output = Outcome> + Send + 'static,
    ) -> AbortHandle {
        let topic = Arc::clone(topic);
        let work = AssertUnwindSafe(work).catch_unwind();
        let work = async move {
            Done {
                topic,
                id,
                outcome: work.await.unwrap_or(Outcome::Panicked),
            }
        };
        let (handle, registration) = AbortHandle::new_pair();
        self.work.push(Abortable::new(work.boxed(), registration));
        handle
    }

    pub(super) fn finish(&mut self, done: Result<Done, Aborted>) {
        let Ok(Done { topic, id, outcome }) = done else {
            return;
        };
        match outcome {
            Outcome::Refused { frame, close } => {
                self.outbox.push(frame);
                if close {
                    self.farewell = Some(super::Farewell::TOLD_TO_GO);
                }
            }
            // The channel may have ended, and another begun, while the work was under way.
            _ if self.channel(&topic, id).is_none() => {}
            Outcome::Joined(result) => self.joined(&topic, *result),
            Outcome::MayWrite(extension, right, readable) => {
                self.learned(&topic, extension, &right, readable);
            }
            Outcome::Refreshed {
                token,
                bearer,
                readable,
            } => self.refreshed(&topic, token, *bearer, readable),
            Outcome::Bound(bound) => self.bound(&topic, bound),
            Outcome::Rebound(rebound) => self.rebound(&topic, rebound),
            Outcome::StreamReady(true) => {
                self.tell(&topic, "system", Ok("Replication connection established"));
            }
            Outcome::StreamReady(false) => self.end(&topic, &Error::ReplicationLate),
            Outcome::Panicked => self.crash(&topic),
        }
    }
}
