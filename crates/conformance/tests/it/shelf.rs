//! The books that the REST clients are tried on, once for all tests of the process.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::house::{House, house};

static FILLED: OnceLock<()> = OnceLock::new();

/// The shared stack with `fixtures/postgrest.sql` in it, as the REST service knows it. Blocks; not for a runtime's
/// own threads.
pub(crate) fn shelf() -> &'static House {
    let house = house();
    FILLED.get_or_init(|| {
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(fill(house));
        })
        .join()
        .unwrap();
    });
    house
}

async fn fill(house: &House) {
    house
        .run(include_str!("../../fixtures/postgrest.sql"))
        .await;
    let client = reqwest::Client::new();
    let began = Instant::now();
    loop {
        // Known are the tables and what the database adds to the settings: both come with one catalog.
        let answer = client
            .get(format!("{}/rest/v1/loans", house.url))
            .header("apikey", &house.service_key)
            .header("accept", "application/vnd.pgrst.plan+json")
            .send()
            .await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        assert!(
            began.elapsed() < Duration::from_secs(300),
            "the shelf does not appear"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
