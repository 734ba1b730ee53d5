//! A minute without progress ends a request; a long upload that moves does not.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Counts the frames of a request body that the service has taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Arc<AtomicU64>);

impl Progress {
    /// Waits for `answer` for as long as the request body moves at least once in every `patience`.
    pub(crate) async fn watch<F: Future>(
        &self,
        patience: Duration,
        answer: F,
    ) -> Option<F::Output> {
        tokio::pin!(answer);
        loop {
            let before = self.0.load(Ordering::Relaxed);
            match tokio::time::timeout(patience, &mut answer).await {
                Ok(output) => return Some(output),
                Err(_) if self.0.load(Ordering::Relaxed) == before => return None,
                Err(_) => {}
            }
        }
    }
}

/// A request body that reports its progress.
#[derive(Debug)]
pub(crate) struct Watched<B> {
    inner: B,
    progress: Progress,
}

impl<B> Watched<B> {
    pub(crate) fn new(inner: B, progress: &Progress) -> Self {
        Self {
            inner,
            progress: progress.clone(),
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Watched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if polled.is_ready() {
            self.progress.0.fetch_add(1, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    // GW-RT-31.
    #[tokio::test(start_paused = true)]
    async fn an_answer_that_never_comes_is_given_up_after_a_minute() {
        assert_eq!(
            Progress::default()
                .watch(MINUTE, std::future::pending::<()>())
                .await,
            None
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_moves_keeps_the_request_alive() {
        let progress = Progress::default();
        let mover = progress.clone();
        let upload = async move {
            for _ in 0..10 {
                tokio::time::sleep(MINUTE / 2).await;
                mover.0.fetch_add(1, Ordering::Relaxed);
            }
        };
        assert_eq!(progress.watch(MINUTE, upload).await, Some(()));
    }
}
