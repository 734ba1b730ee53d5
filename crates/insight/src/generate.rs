//! The order of things: an empty schema, tables, rows, keys, and in variant B what was added over the years.

use std::collections::BTreeMap;

use tokio_postgres::{Client, Transaction};

use crate::error::{Error, Result};
use crate::sheet::Sheet;
use crate::tables;
use crate::world::World;
use crate::{Generated, Size, Variant};

/// Counts rows, and tells whoever waits.
pub(crate) struct Tally<'p> {
    rows: BTreeMap<String, u64>,
    progress: &'p mut dyn FnMut(&str, u64),
}

impl Tally<'_> {
    pub(crate) fn advance(&mut self, table: &str, rows: u64) {
        (self.progress)(table, rows);
    }

    pub(crate) fn complete(&mut self, table: &str, rows: u64) {
        (self.progress)(table, rows);
        self.rows.insert(table.to_owned(), rows);
    }
}

/// Where the tables are filled.
pub(crate) struct Desk<'a> {
    tx: &'a Transaction<'a>,
    pub(crate) world: &'a World,
    tally: Tally<'a>,
}

impl<'a> Desk<'a> {
    /// Opens `table`; `copy` is its `COPY` statement.
    pub(crate) async fn sheet(
        &mut self,
        table: &'static str,
        copy: &'static str,
    ) -> Result<Sheet<'_, 'a>> {
        Sheet::open(self.tx, table, copy, &mut self.tally).await
    }

    /// Fills `table` from tables that are filled already.
    pub(crate) async fn derive(&mut self, table: &'static str, insert: &str) -> Result<()> {
        let rows = self.tx.execute(insert, &[]).await?;
        self.tally.complete(table, rows);
        Ok(())
    }
}

/// Fills the empty schema `public` of a database with the application's tables and rows, in one transaction.
///
/// The same variant, size and seed make the same rows, whatever the machine and the day. `progress` is called with
/// a table and the number of its rows so far. In variant B the role `insight_ro` is created first, unless the
/// cluster has it, which needs the right to create roles.
pub async fn generate(
    client: &mut Client,
    variant: Variant,
    size: Size,
    seed: u64,
    progress: &mut dyn FnMut(&str, u64),
) -> Result<Generated> {
    let world = World::new(variant, size, seed);
    let occupied = include_str!("../sql/occupied.sql");
    if let Some(row) = client.query_opt(occupied, &[]).await? {
        return Err(Error::NotEmpty { found: row.get(0) });
    }
    if world.drifted() {
        // Before the transaction: another database's run must not wait for the end of this one.
        client
            .batch_execute(include_str!("../sql/role.sql"))
            .await?;
    }
    let tx = client.transaction().await?;
    create_tables(&tx, variant).await?;
    let mut desk = Desk {
        tx: &tx,
        world: &world,
        tally: Tally {
            rows: BTreeMap::new(),
            progress,
        },
    };
    tables::fill(&mut desk).await?;
    let rows = desk.tally.rows;
    complete_tables(&tx, variant).await?;
    tx.commit().await?;
    // The planner and whoever estimates sizes should not have to wait for the autovacuum.
    client.batch_execute("analyze").await?;
    Ok(Generated {
        accounts: world.accounts(),
        rows,
    })
}

async fn create_tables(tx: &Transaction<'_>, variant: Variant) -> Result<()> {
    tx.batch_execute(include_str!("../sql/tables.sql")).await?;
    tx.batch_execute(match variant {
        Variant::A => include_str!("../sql/tables_a.sql"),
        Variant::B => include_str!("../sql/tables_b.sql"),
    })
    .await?;
    Ok(())
}

async fn complete_tables(tx: &Transaction<'_>, variant: Variant) -> Result<()> {
    tx.batch_execute(include_str!("../sql/indexes.sql")).await?;
    let ahead: i64 = match variant {
        Variant::A => {
            tx.batch_execute(include_str!("../sql/keys_a.sql")).await?;
            0
        }
        Variant::B => {
            tx.batch_execute(include_str!("../sql/objects_b.sql"))
                .await?;
            1_000
        }
    };
    tx.execute(include_str!("../sql/sequences.sql"), &[&ahead])
        .await?;
    Ok(())
}
