//! From the start of the process to the first answered request, and what lies idle in memory afterwards.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::stack::Stack;

/// Long enough for what the start needed to be given back.
const IDLE: Duration = Duration::from_secs(120);

/// Starts on an empty folder, then again on its data (five times), then measures memory.
pub(crate) async fn measure(dir: &Path, port: u16) -> Result<String> {
    let stack = Stack::start(dir, port).await?;
    let first = stack.started_in;
    stack.stop()?;
    let mut warm = Vec::new();
    for _ in 0..5 {
        let stack = Stack::start(dir, port).await?;
        warm.push(stack.started_in);
        stack.stop()?;
    }
    warm.sort_unstable();
    let stack = Stack::start(dir, port).await?;
    tokio::time::sleep(IDLE).await;
    let (program, postgres) = stack.family().pss_kib()?;
    stack.stop()?;
    Ok(format!(
        "start: from nothing {:.2} s; with data {:.2} s (median of 5)\n\
         memory, idle for {} s (PSS): {:.1} MiB = program {:.1} + PostgreSQL {:.1}",
        first.as_secs_f64(),
        warm[2].as_secs_f64(),
        IDLE.as_secs(),
        mib(program + postgres),
        mib(program),
        mib(postgres),
    ))
}

#[expect(clippy::cast_precision_loss, reason = "some megabytes")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1_024.0
}
