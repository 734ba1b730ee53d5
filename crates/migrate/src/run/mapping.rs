//! S02: `public.user_id_mapping`, filled before anybody is made.

use std::collections::HashMap;

use tokio_postgres::{Client, GenericClient};

use super::Context;
use crate::mapping::{Mapped, Mapping};
use crate::users::fill_mapping;
use crate::{Error, Plan};

/// The statement that makes the table (MIG-MAP-01, MIG-MAP-02); `{type}` is the old id's type.
pub(crate) const TABLE: &str = include_str!("../sql/mapping.sql");

pub(super) async fn apply(
    context: &Context<'_>,
    client: &mut Client,
    reader: &Client,
) -> Result<(), Error> {
    let plan = context.plan;
    context.journal.begin(client, "S02", &plan.digest()).await?;
    let tx = client.transaction().await?;
    let fresh: bool = tx
        .query_one("select to_regclass('public.user_id_mapping') is null", &[])
        .await?
        .get(0);
    tx.batch_execute(&table_sql(plan)).await?;
    if fresh {
        context
            .journal
            .object(
                &tx,
                "S02",
                "table",
                "public.user_id_mapping",
                "drop table if exists public.user_id_mapping",
            )
            .await?;
    }
    let rows = fill_mapping(reader, &tx, plan, context.inventory, context.survey).await?;
    context.journal.finish(&tx, "S02", Some(rows), None).await?;
    tx.commit().await?;
    Ok(())
}

/// The statements that make `public.user_id_mapping` for this plan's kind of id.
pub fn table_sql(plan: &Plan) -> String {
    TABLE.replace("{type}", &plan.users.id_type)
}

/// The mapping as the target has it, and what the source's earlier attempt left.
pub(crate) async fn read_back(
    client: &impl GenericClient,
    source: &Client,
    plan: &Plan,
) -> Result<Mapping, Error> {
    let mapping = targets(client, plan).await?;
    let Some(leftover) = &plan.leftover else {
        return Ok(mapping);
    };
    let users = &plan.users;
    let Some(email) = &users.email else {
        return Ok(mapping);
    };
    // A line about somebody who never existed, or under another's address, is not believed (MIG-MAP-07).
    let query = format!(
        "select u.{id}::text, m.{uuid}::text from {table} m join {users} u on u.{id}::text = m.{old}::text \
         where lower(btrim(m.{mail}::text)) = lower(btrim(u.{email}::text))",
        id = sql::Ident::new(&users.id),
        uuid = sql::Ident::new(&leftover.uuid),
        table = leftover.table.quoted(),
        users = users.table.quoted(),
        old = sql::Ident::new(&leftover.old_id),
        mail = sql::Ident::new(&leftover.email),
        email = sql::Ident::new(email),
    );
    let mut earlier = HashMap::new();
    for row in source.query(&query, &[]).await? {
        let (legacy, uuid): (String, String) = (row.get(0), row.get(1));
        if let (Some(mapped), Ok(uuid)) = (mapping.get(&legacy), uuid.trim().parse()) {
            earlier.insert(uuid, mapped.uuid);
        }
    }
    Ok(mapping.with_earlier(earlier))
}

async fn targets(client: &impl GenericClient, plan: &Plan) -> Result<Mapping, Error> {
    let rows = client
        .query(
            "select old_user_id::text, supabase_user_id, status <> 'merged' from public.user_id_mapping \
             where source_table = $1 and status <> 'failed'",
            &[&plan.users.table.to_string()],
        )
        .await?;
    Ok(Mapping::new(
        plan.users.id_form,
        rows.iter().map(|row| {
            let mapped = Mapped {
                uuid: row.get(1),
                own_row: row.get(2),
            };
            (row.get(0), mapped)
        }),
    ))
}
