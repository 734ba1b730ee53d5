//! S08: sequences go on where the source's are, never below what is used (MIG-SEQ-01).

use tokio_postgres::Client;

use super::Context;
use crate::Error;
use crate::ddl::shape;

pub(super) async fn apply(context: &Context<'_>, client: &mut Client) -> Result<(), Error> {
    let source = context.snapshot.session().await?;
    for sequence in &context.inventory.sequences {
        let name = sequence.name.quoted();
        let there: bool = client
            .query_one("select to_regclass($1) is not null", &[&name.to_string()])
            .await?
            .get(0);
        if !there {
            continue;
        }
        let row = source
            .query_one(&format!("select last_value, is_called from {name}"), &[])
            .await?;
        let (mut last, mut called): (i64, bool) = (row.get(0), row.get(1));
        if let Some((table, column)) = &sequence.owner
            && !shape(context.plan, context.inventory, table)?.is_converted(column)
        {
            let used: Option<i64> = client
                .query_one(
                    &format!(
                        "select {}({})::int8 from {}",
                        if sequence.increment > 0 { "max" } else { "min" },
                        sql::Ident::new(column),
                        table.quoted()
                    ),
                    &[],
                )
                .await?
                .get(0);
            let behind = used.is_some_and(|used| {
                if sequence.increment > 0 {
                    used > last
                } else {
                    used < last
                }
            });
            if let Some(used) = used.filter(|_| behind) {
                last = used.clamp(sequence.min, sequence.max);
                called = true;
                context.warn(
                    "MIG-X-SEQUENCE",
                    sequence.name.to_string(),
                    format!("set to {last}: the source's was behind the column"),
                );
            }
        }
        client
            .execute(
                "select setval($1::text::regclass, $2, $3)",
                &[&name.to_string(), &last, &called],
            )
            .await?;
    }
    Ok(())
}
