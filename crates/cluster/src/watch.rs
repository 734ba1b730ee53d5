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
/// An end after as long a quiet time is a first one again.
const QUIET: Duration = Duration::from_secs(60);

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

    /// The next run; none when told to stop meanwhile. It never gives up: what keeps a server from starting (a full
    /// disk, too little memory) passes, and until then the services say that they are not ready.
    async fn again(&self, ends: &mut Ends, told: &mut oneshot::Receiver<()>) -> Option<Process> {
        loop {
            let pause = ends.note(Instant::now());
            if pause == LONGEST_PAUSE {
                let log = last_words(&self.plan.log, 0);
                tracing::error!(%log, ?pause, "PostgreSQL does not stay up; it is tried again");
            }
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

/// How often the server ended in a row, and when it did last.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    in_a_row: u32,
    last: Option<Instant>,
}

impl Ends {
    /// Notes an end, and says how long to pause before the next start: twice as long each time, up to a limit.
    pub(crate) fn note(&mut self, now: Instant) -> Duration {
        if self
            .last
            .is_none_or(|last| now.duration_since(last) >= QUIET)
        {
            self.in_a_row = 0;
        }
        self.last = Some(now);
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(self.in_a_row));
        self.in_a_row = self.in_a_row.saturating_add(1);
        pause.min(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_never_end() {
        let start = Instant::now();
        let mut ends = Ends::default();
        let pauses: Vec<_> = (0..50).map(|_| ends.note(start)).collect();
        assert_eq!(pauses[..3], [100, 200, 400].map(Duration::from_millis));
        assert!(pauses[7..].iter().all(|pause| *pause == LONGEST_PAUSE));
    }

    #[test]
    fn an_end_after_a_quiet_minute_is_a_first_one() {
        let start = Instant::now();
        let mut ends = Ends::default();
        for _ in 0..9 {
            ends.note(start);
        }
        assert_eq!(ends.note(start + QUIET), FIRST_PAUSE);
    }
}
