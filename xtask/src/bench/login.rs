//! Password sign-in against bare bcrypt of the same cost on the same cores.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::load::{self, Request};
use super::ratio;
use super::stack::Stack;

/// bcrypt's cost, as the auth service hashes.
const COST: u32 = 10;

/// Sign-ins over eight connections, then as many hashes as the cores make by themselves.
pub(crate) async fn measure(stack: &Stack, span: Duration) -> Result<String> {
    let apikey = stack.key("ANON_KEY")?.to_owned();
    let headers = [("apikey", apikey.as_str())];
    let person = r#"{"email":"bench-login@example.com","password":"correct-horse-battery"}"#;
    load::once(
        &stack.address(),
        &Request::post("/auth/v1/signup", &headers, person),
    )
    .await?;
    let sign_in = Request::post("/auth/v1/token?grant_type=password", &headers, person);
    let measured = load::run(&stack.address(), &sign_in, 8, span).await?;
    let bare = tokio::task::spawn_blocking(move || bare(span))
        .await
        .context("hashing")?;
    Ok(format!(
        "login: {:.1}/s, bare bcrypt of cost {COST} on all cores {bare:.1}/s, ratio {}; p50 {:.0} ms, p99 {:.0} ms",
        measured.rate(),
        ratio(measured.rate(), bare),
        measured.percentile(50).as_secs_f64() * 1e3,
        measured.percentile(99).as_secs_f64() * 1e3,
    ))
}

/// Hashes a second on all cores.
#[expect(clippy::cast_precision_loss, reason = "some hundred hashes")]
fn bare(span: Duration) -> f64 {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let started = Instant::now();
    let threads: Vec<_> = (0..cores)
        .map(|_| {
            std::thread::spawn(move || {
                let mut count = 0_u64;
                while started.elapsed() < span {
                    let _ = bcrypt::hash("correct-horse-battery", COST);
                    count += 1;
                }
                count
            })
        })
        .collect();
    let count: u64 = threads
        .into_iter()
        .filter_map(|thread| thread.join().ok())
        .sum();
    count as f64 / started.elapsed().as_secs_f64()
}
