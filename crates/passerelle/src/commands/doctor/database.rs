//! Whether a cluster can carry the stack.

use base::{Clock as _, SystemClock};
use pg::Endpoint;
use tokio_postgres::{Client, Error};

use super::super::runtime;
use crate::exit::{ExitCode, Failure};
use crate::findings::Finding;
use crate::messages::Message;

/// Seconds that two clocks may differ before tokens are judged wrongly.
const SKEW: i64 = 30;

/// What `--fix` does where SQL mends it: one statement, as the administrator.
pub(super) fn statement(
    endpoint: &Endpoint,
    sql: String,
) -> impl FnOnce() -> Result<(), Failure> + use<> {
    let endpoint = endpoint.clone();
    move || {
        runtime()?.block_on(async {
            let told = |words: String| {
                let sentence = Message::DatabaseRefuses { error: words };
                Failure::tell(ExitCode::Connection, sentence, "passerelle logs postgres")
                    .named("database_refuses")
            };
            let client = endpoint
                .connect()
                .await
                .map_err(|error| told(error.to_string()))?;
            client.batch_execute(&sql).await.map_err(|error| {
                let said = error.as_db_error().map(|said| said.message().to_owned());
                told(said.unwrap_or_else(|| error.to_string()))
            })
        })
    }
}

pub(super) async fn cluster(client: &Client, user: &str) -> Result<Vec<Finding>, Error> {
    let row = client
        .query_one(include_str!("../../sql/doctor.sql"), &[])
        .await?;
    let mut found = Vec::new();
    if row.get::<_, &str>(0) != "logical" {
        let remedy = "alter system set wal_level = logical";
        found.push(Finding::new("wal_level", Message::WalLevel, remedy));
    }
    if !row.get::<_, bool>(1) {
        let user = user.to_owned();
        let remedy = Message::GrantRights { user: user.clone() };
        found.push(Finding::new(
            "no_rights",
            Message::DatabaseNoRights { user },
            remedy,
        ));
    }
    let skew = (row.get::<_, i64>(2) - SystemClock.unix()).abs();
    if skew > SKEW {
        let message = Message::ClockSkew {
            seconds: skew.to_string(),
        };
        found.push(Finding::new("clock_skew", message, Message::SetClocks));
    }
    Ok(found)
}
