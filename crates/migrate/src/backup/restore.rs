//! The way back: into a new database that takes the old one's name once it is proved (MIG-BAK-05).

use base::Random;
use chrono::{DateTime, Utc};
use pg::Endpoint;
use tokio_postgres::Client;

use super::load::{Owners, Part, drop_database, load, load_over, maintenance, make_database};
use super::{Backup, Error, Programs, contents, files};
use crate::session::Source;

/// How a backup comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Into a new database; then names are swapped.
    Swap,
    /// Over what the database holds, in one transaction. Only for who has typed the database's name.
    InPlace,
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The name that the old database has now; absent when there was none, or with [`Way::InPlace`].
    pub kept_as: Option<String>,
    /// Tables compared.
    pub tables: usize,
    /// Replication slots that belong to the old database and stay with it.
    pub slots: Vec<String>,
}

/// Brings a backup back as `database` on `server`. With [`Way::Swap`] the database that has the name is untouched
/// until the new one is proved, and is kept under another name.
pub async fn restore(
    backup: &Backup,
    programs: &Programs,
    server: &Endpoint,
    database: &str,
    way: Way,
    random: &dyn Random,
    now: DateTime<Utc>,
) -> Result<Restored, Error> {
    files::check(backup)?;
    if way == Way::InPlace {
        let into = server.with_database(database);
        load_over(backup, programs, &into).await?;
        return Ok(Restored {
            kept_as: None,
            tables: prove(backup, &into).await?,
            slots: Vec::new(),
        });
    }
    let client = maintenance(server, database).await?;
    let mut tag = [0; 4];
    random.fill(&mut tag);
    let new = format!("passerelle_restore_{}", hex::encode(tag));
    make_database(&client, &new, &backup.manifest.contents).await?;
    let into = server.with_database(&new);
    let brought = async {
        load(backup, programs, &into, Part::All, Owners::Kept, 1).await?;
        prove(backup, &into).await
    };
    let tables = match brought.await {
        Ok(tables) => tables,
        Err(error) => {
            drop_database(&client, &new).await?;
            return Err(error);
        }
    };
    match swap(client, database, &new, now).await {
        Ok((kept_as, slots)) => Ok(Restored {
            kept_as,
            tables,
            slots,
        }),
        Err(error) => {
            let client = maintenance(server, &new).await?;
            drop_database(&client, &new).await?;
            Err(error)
        }
    }
}

async fn prove(backup: &Backup, into: &Endpoint) -> Result<usize, Error> {
    let client = Source::new(into).session().await?;
    let differences = contents::compare(&client, &backup.manifest.contents, None).await?;
    if !differences.is_empty() {
        return Err(Error::Differs(differences));
    }
    Ok(backup.manifest.contents.tables.len())
}

async fn swap(
    mut client: Client,
    database: &str,
    new: &str,
    now: DateTime<Utc>,
) -> Result<(Option<String>, Vec<String>), Error> {
    let failed = |error: tokio_postgres::Error| Error::Swap {
        database: database.to_owned(),
        error: error.into(),
    };
    let there = client
        .query_opt("select 1 from pg_database where datname = $1", &[&database])
        .await?
        .is_some();
    let name = sql::Ident::new(database);
    let new_name = sql::Ident::new(new);
    if !there {
        client
            .batch_execute(&format!("alter database {new_name} rename to {name}"))
            .await
            .map_err(failed)?;
        return Ok((None, Vec::new()));
    }
    inherit(&client, database, new).await?;
    let slots = client
        .query(
            "select slot_name::text from pg_replication_slots where database = $1 order by 1",
            &[&database],
        )
        .await?;
    let kept = kept_name(database, now);
    let kept_ident = sql::Ident::new(&kept);
    let open = |name: &sql::Ident| format!("alter database {name} with allow_connections true");
    // Nobody comes in any more, and who is in leaves.
    client
        .batch_execute(&format!(
            "alter database {name} with allow_connections false"
        ))
        .await
        .map_err(failed)?;
    let swapped = async {
        client
            .execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = any ($1)",
                &[&vec![database, new]],
            )
            .await?;
        let tx = client.transaction().await?;
        tx.batch_execute(&format!(
            "alter database {name} rename to {kept_ident}; alter database {new_name} rename to {name}; {}",
            open(&kept_ident)
        ))
        .await?;
        tx.commit().await
    };
    let swapped = swapped.await;
    if let Err(error) = swapped {
        client.batch_execute(&open(&name)).await?;
        return Err(failed(error));
    }
    Ok((Some(kept), slots.iter().map(|row| row.get(0)).collect()))
}

/// `<db>_before_restore_<ts>`, shortened where names end.
fn kept_name(database: &str, now: DateTime<Utc>) -> String {
    let ending = format!("_before_restore_{}", now.format("%Y%m%d_%H%M%S"));
    let mut head = database.to_owned();
    while head.len() + ending.len() > 63 {
        head.pop();
    }
    head + &ending
}

/// The new database gets what belongs to the old one rather than stands in it: owner, settings, privileges, limit.
async fn inherit(client: &Client, old: &str, new: &str) -> Result<(), Error> {
    let statements = client
        .query(include_str!("sql/inherit.sql"), &[&old, &new])
        .await?;
    for row in statements {
        client.batch_execute(row.get(0)).await?;
    }
    Ok(())
}
