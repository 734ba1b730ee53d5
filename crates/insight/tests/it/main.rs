//! The application in a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    reason = "the helpers of tests may fail like tests"
)]

mod accounts;
mod big;
mod generate;
mod hashes;
mod nasty;
mod planted;

use insight::{Generated, Size, Variant};
use testkit::Postgres;
use tokio_postgres::Client;

/// A new database with the application of size S in it.
async fn small(variant: Variant, seed: u64) -> (Client, Generated) {
    let database = Postgres::shared().database().await;
    let mut client = database.connect().await;
    let made = insight::generate(&mut client, variant, Size::S, seed, &mut |_, _| {})
        .await
        .unwrap();
    (client, made)
}

/// The single number that `sql` answers.
async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}
