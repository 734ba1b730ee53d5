//! Writing letters to the database's log.

use std::sync::Arc;
use std::time::Duration;

use pg::Pool;
use tokio_util::sync::CancellationToken;

use super::queue::Kind;
use super::wire::Letter;
use super::{Nodes, Relaxed};
use crate::changes::PEERS;
use crate::hub::Hub;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a stop waits until the others were told.
const LEAVING: Duration = Duration::from_secs(1);

/// Writes what waits, in one statement for all of it, until the program stops.
pub(crate) async fn emit(nodes: Arc<Nodes>, hub: Arc<Hub>, pool: Pool, soft: CancellationToken) {
    let working = async {
        loop {
            let letters = nodes.queue.next().await;
            wait_for_database(&pool).await;
            // Whether a write that failed was kept is not known. Broadcasts are not said twice; presence is shown
            // anew, which does no harm.
            if let Err(error) = write(&pool, &letters).await {
                tracing::warn!(%error, "other nodes were not told");
                nodes.queue.note_gap();
            }
            if nodes.queue.take_gap() {
                nodes.introduce(&hub, false);
            }
        }
    };
    soft.run_until_cancelled(working).await;
    if !nodes.has_peers.load(Relaxed) {
        return;
    }
    let bye = Letter::bye(&nodes.seal, nodes.sender());
    nodes.queue.push(bye, Kind::Control);
    let leaving = async {
        loop {
            let letters = nodes.queue.take();
            if letters.is_empty() || write(&pool, &letters).await.is_err() {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(LEAVING, leaving).await;
}

async fn wait_for_database(pool: &Pool) {
    let mut pause = FIRST_PAUSE;
    while let Err(error) = pool.get().await {
        tracing::debug!(%error, "letters to other nodes wait");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn write(pool: &Pool, letters: &[Vec<u8>]) -> Result<(), pg::Error> {
    let client = pool.get().await?;
    client
        .execute(include_str!("../sql/emit.sql"), &[&PEERS, &letters])
        .await?;
    Ok(())
}
