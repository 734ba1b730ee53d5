//! The watch over a running server: one that ends by itself is started again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::lock::Lock;
use crate::process::{Plan, Process, last_words};

/// How long open sessions and the last checkpoint may take before the server is told to drop them.
const GRACE: Duration = Duration::from_secs(30);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// As many ends within [`WINDOW`] are taken for an answer.
const ENDS: usize = 10;
const WINDOW: Duration = Duration::from_secs(60);

/// Owns the server's process and the data directory's lock.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) plan: Arc<Plan>,
    pub(crate) patience: Duration,
    pub(crate) lock: Arc<Lock>,
}

impl Watch {
    /// Watches until `told` to stop, then stops the server and says so.
    pub(crate) async fn run(
        self,
        mut process: Process,
        mut told: oneshot::Receiver<()>,
        stopped: oneshot::Sender<()>,
    ) {
        let mut ends = Ends::default();
        loop {
            tokio::select! {
                _ = &mut told => {
                    if !process.stop(GRACE).await {
                        tracing::warn!("PostgreSQL did not stop in time and was cut off; it recovers at the next start");
                    }
                    break;
                }
                status = process.ended() => {
                    let status = status.map(|status| status.to_string()).unwrap_or_default();
                    tracing::error!(%status, "PostgreSQL ended by itself; starting it again");
                }
            }
            let Some(next) = self.again(&mut ends, &mut told).await else {
                break;
            };
            process = next;
        }
        drop(self.lock);
        let _ = stopped.send(());
    }

    /// The next run; none when told to stop meanwhile, or when it will not stay up.
    async fn again(&self, ends: &mut Ends, told: &mut oneshot::Receiver<()>) -> Option<Process> {
        loop {
            let Some(pause) = ends.note(Instant::now()) else {
                let log = last_words(&self.plan.log, 0);
                tracing::error!(%log, "PostgreSQL does not stay up; it is not started again");
                // Nothing runs; wait to be stopped, so that the lock is kept until then.
                let _ = told.await;
                return None;
            };
            tokio::select! {
                _ = &mut *told => return None,
                () = sleep(pause) => {}
            }
            // Not interrupted: a start that is dropped halfway would leave a server without an owner.
            match Process::start(&self.plan, self.patience).await {
                Ok(process) => {
                    tracing::info!("PostgreSQL is back");
                    return Some(process);
                }
                Err(error) => tracing::error!(%error, "PostgreSQL did not come back"),
            }
        }
    }
}

/// When the server ended lately.
#[derive(Debug, Default)]
pub(crate) struct Ends(Vec<Instant>);

impl Ends {
    /// Notes an end, and says how long to pause before the next start; nothing when it is no use.
    pub(crate) fn note(&mut self, now: Instant) -> Option<Duration> {
        self.0.retain(|end| now.duration_since(*end) < WINDOW);
        self.0.push(now);
        let before = u32::try_from(self.0.len() - 1).unwrap_or(u32::MAX);
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(before));
        (self.0.len() < ENDS).then(|| pause.min(LONGEST_PAUSE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_ten_ends_in_a_minute_are_enough() {
        let start = Instant::now();
        let mut ends = Ends::default();
        let pauses: Vec<_> = (0..9).filter_map(|_| ends.note(start)).collect();
        assert_eq!(pauses[..3], [100, 200, 400].map(Duration::from_millis));
        assert_eq!(pauses[8], LONGEST_PAUSE);
        assert_eq!(ends.note(start), None);
    }

    #[test]
    fn an_end_after_a_quiet_minute_is_a_first_one() {
        let start = Instant::now();
        let mut ends = Ends::default();
        for _ in 0..9 {
            ends.note(start);
        }
        assert_eq!(ends.note(start + WINDOW), Some(FIRST_PAUSE));
    }
}
