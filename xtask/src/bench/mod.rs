//! `cargo xtask bench`: figures side by side with their yardstick, in one run, with the CPU of each process.
//!
//! The program is the release binary, started as anyone would start it, on a PostgreSQL of its own. The machine is
//! noisy: only ratios taken in the same run mean something.
#![expect(
    clippy::print_stdout,
    reason = "a task speaks to the person who runs it"
)]

mod auth;
mod load;
mod login;
mod migrate;
mod process;
mod realtime;
mod rest;
mod sockets;
mod stack;
mod start;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};

use stack::Stack;

/// How long each measurement runs.
const SPAN: Duration = Duration::from_secs(8);
const PORT: u16 = 18_123;

/// A measurement under `--quick`: enough to see that it works.
const QUICK: Duration = Duration::from_secs(1);

/// Runs every benchmark, or those named; `--quick` shortens what takes long.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let (flags, names): (Vec<&str>, Vec<&str>) = arguments
        .iter()
        .partition(|argument| argument.starts_with("--"));
    ensure!(
        flags.iter().all(|flag| *flag == "--quick"),
        "the only flag is --quick"
    );
    let (span, extent, size) = if flags.is_empty() {
        (SPAN, rest::Extent::Whole, insight::Size::M)
    } else {
        (QUICK, rest::Extent::Quick, insight::Size::S)
    };
    Stack::build()?;
    let dir = PathBuf::from(format!("/tmp/passerelle-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let measured = runtime.block_on(async {
        let wants = |name: &str| names.is_empty() || names.contains(&name);
        // The first start makes the data that the others use.
        let first = start::measure(&dir, PORT).await?;
        if wants("start") {
            println!("{first}");
        }
        if wants("rest") || wants("login") || wants("auth") || wants("realtime") || wants("migrate")
        {
            rest::prepare(&dir)?;
            let stack = Stack::start(&dir, PORT).await?;
            if wants("rest") {
                rest::measure(&stack, span, extent).await?;
            }
            if wants("login") {
                println!("{}", login::measure(&stack, span).await?);
            }
            if wants("auth") {
                println!("{}", auth::measure(&stack, span).await?);
            }
            if wants("realtime") {
                println!("{}", realtime::measure(&stack, span).await?);
            }
            if wants("migrate") {
                println!("{}", migrate::measure(&stack, &dir, size).await?);
            }
            stack.stop()?;
        }
        anyhow::Ok(())
    });
    let _ = std::fs::remove_dir_all(&dir);
    let _ = std::fs::remove_file(dir.with_extension("log"));
    measured
}

/// A ratio as it is printed.
fn ratio(ours: f64, yardstick: f64) -> String {
    format!("{:.2}", ours / yardstick)
}
