//! Who owns a background task, how it is told to stop, and who waits for it.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of a program or of one of its parts, with two ways to stop them.
///
/// *Soft*: take nothing new, finish what is under way. *Hard*: leave at once. A clone speaks of the
/// same tasks. Every spawned future should watch [`Tasks::soft`] at its waiting points; it is dropped
/// where it stands on the hard stop.
#[derive(Debug, Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    soft: CancellationToken,
    hard: CancellationToken,
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}

impl Tasks {
    /// An empty set of tasks.
    pub fn new() -> Self {
        let hard = CancellationToken::new();
        Self {
            tracker: TaskTracker::new(),
            soft: CancellationToken::new(),
            hard,
        }
    }

    /// Starts a task that [`Tasks::shut_down`] will wait for. `name` appears in the log if it is cut off.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where tasks get their owner"
    )]
    pub fn spawn<F>(&self, name: &'static str, future: F) -> tokio::task::JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let hard = self.hard.clone();
        tokio::spawn(self.tracker.track_future(async move {
            tokio::select! {
                () = future => {}
                () = hard.cancelled() => tracing::warn!(task = name, "task cut off by the hard stop"),
            }
        }))
    }

    /// Resolves when the soft stop was asked for.
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Whether the soft stop was asked for.
    pub fn is_stopping(&self) -> bool {
        self.soft.is_cancelled()
    }

    /// Tasks still running.
    pub fn len(&self) -> usize {
        self.tracker.len()
    }

    /// Whether no task is running.
    pub fn is_empty(&self) -> bool {
        self.tracker.is_empty()
    }

    /// Asks every task to stop, waits for at most `grace`, then cuts off the rest and waits for that.
    /// Returns whether all of them ended by themselves.
    pub async fn shut_down(&self, grace: Duration) -> bool {
        self.soft.cancel();
        self.tracker.close();
        let ended = tokio::time::timeout(grace, self.tracker.wait())
            .await
            .is_ok();
        if !ended {
            self.hard.cancel();
            self.tracker.wait().await;
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn soft_stop_lets_a_task_finish() {
        let tasks = Tasks::new();
        let soft = tasks.soft();
        tasks.spawn("polite", async move { soft.cancelled().await });
        assert!(tasks.shut_down(Duration::from_secs(5)).await);
        assert!(tasks.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn hard_stop_cuts_off_a_task_that_does_not_listen() {
        let tasks = Tasks::new();
        tasks.spawn("deaf", std::future::pending());
        assert!(!tasks.shut_down(Duration::from_secs(5)).await);
        assert!(tasks.is_empty());
    }
}
