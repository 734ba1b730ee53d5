//! Whether a cluster can carry the stack.

use base::{Clock as _, SystemClock};
use tokio_postgres::{Client, Error};

use crate::findings::Finding;
use crate::messages::Message;

/// Seconds that two clocks may differ before tokens are judged wrongly.
const SKEW: i64 = 30;

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
