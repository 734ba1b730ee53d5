//! What monitoring reads, under upstream's names (REST-OPS-02). The catalog counts its loads itself.

use std::time::Duration;

use ::metrics::{counter, gauge};
use tokio_util::sync::CancellationToken;

/// How often the pool is looked at.
const EVERY: Duration = Duration::from_secs(5);

/// A request got no connection in time.
pub(crate) fn pool_timed_out() {
    counter!("pgrst_db_pool_timeouts_total").increment(1);
}

/// Keeps the pool's figures current until the program stops.
pub(crate) async fn keep_current(requests: pg::Requests, soft: CancellationToken) {
    loop {
        let stats = requests.stats();
        gauge!("pgrst_db_pool_max").set(figure(stats.size));
        gauge!("pgrst_db_pool_waiting").set(figure(stats.waiting));
        // Those that are not open yet can be, on demand.
        let busy = stats.open.saturating_sub(stats.idle);
        gauge!("pgrst_db_pool_available").set(figure(stats.size.saturating_sub(busy)));
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = soft.cancelled() => return,
        }
    }
}

fn figure(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
