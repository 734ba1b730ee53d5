//! `cargo xtask insight`: fills an empty database with the legacy application that the migration is tried on.
#![expect(
    clippy::print_stdout,
    reason = "a task speaks to the person who runs it"
)]

use std::time::Instant;

use anyhow::{Context as _, Result};
use insight::{Size, Variant};
use pg::Endpoint;

/// `url variant size [seed]`
pub(crate) fn generate(arguments: &[&str]) -> Result<()> {
    let [url, variant, size, rest @ ..] = arguments else {
        anyhow::bail!("cargo xtask insight <database url> <A or B> <S, M or L> [seed]");
    };
    let endpoint = Endpoint::parse(url)?;
    let variant: Variant = variant.parse()?;
    let size: Size = size.parse()?;
    let seed = rest.first().map_or(Ok(1), |seed| seed.parse())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut client = endpoint.connect().await?;
        let started = Instant::now();
        let made = insight::generate(&mut client, variant, size, seed, &mut |_, _| ())
            .await
            .context("the database must be empty")?;
        let rows: u64 = made.rows.values().sum();
        println!(
            "{rows} rows in {:.1} s; known accounts:",
            started.elapsed().as_secs_f64()
        );
        for account in &made.accounts {
            println!(
                "  {:<40} {:<24} {}",
                account.email, account.password, account.note
            );
        }
        Ok(())
    })
}
