//! S11: which tables' changes are published to browsers.

use tokio_postgres::Client;

use super::Context;
use crate::Error;
use crate::inventory::{Name, TableKind};

/// The publication that the realtime service reads.
const PUBLICATION: &str = "supabase_realtime";

pub(super) async fn apply(context: &Context<'_>, client: &mut Client) -> Result<(), Error> {
    let tx = client.transaction().await?;
    let there: bool = tx
        .query_one(
            "select exists (select 1 from pg_publication where pubname = $1)",
            &[&PUBLICATION],
        )
        .await?
        .get(0);
    if !there {
        tx.batch_execute(&format!("create publication {PUBLICATION}"))
            .await?;
        let inverse = format!("drop publication if exists {PUBLICATION}");
        context
            .journal
            .object(&tx, "S11", "publication", PUBLICATION, &inverse)
            .await?;
    }
    for table in context.plan.made_tables().filter(|table| table.realtime) {
        let Some(found) = context.inventory.table(&table.name) else {
            continue;
        };
        if found.kind == TableKind::Foreign || found.partition_of.is_some() {
            continue;
        }
        // MIG-PRE-10: without a key every update would fail as soon as the table is published.
        if found.primary_key().is_none() && !table.replica_identity_full {
            return Err(Error::Keyless(table.name.to_string()));
        }
        publish(context, &tx, &table.name).await?;
        if table.replica_identity_full {
            let quoted = table.name.quoted();
            tx.batch_execute(&format!("alter table {quoted} replica identity full"))
                .await?;
            let inverse = format!("alter table if exists {quoted} replica identity default");
            let name = table.name.to_string();
            context
                .journal
                .object(&tx, "S11", "identity", &name, &inverse)
                .await?;
        }
    }
    context.journal.finish(&tx, "S11", None, None).await?;
    tx.commit().await?;
    Ok(())
}

async fn publish(
    context: &Context<'_>,
    tx: &tokio_postgres::Transaction<'_>,
    table: &Name,
) -> Result<(), Error> {
    let published: bool = tx
        .query_one(
            "select exists (select 1 from pg_publication_tables where pubname = $1 and schemaname = $2 and tablename = $3)",
            &[&PUBLICATION, &table.schema, &table.name],
        )
        .await?
        .get(0);
    if published {
        return Ok(());
    }
    let quoted = table.quoted();
    tx.batch_execute(&format!(
        "alter publication {PUBLICATION} add table {quoted}"
    ))
    .await?;
    let inverse = format!(
        "do $$ begin alter publication {PUBLICATION} drop table {quoted}; exception when undefined_object or undefined_table then null; end $$"
    );
    context
        .journal
        .object(tx, "S11", "publication", &table.to_string(), &inverse)
        .await
}
