//! The runner of the services' schema changes.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use tokio_postgres::Client;

use crate::{Error, Migration, Schema};

/// Applies what is missing, one transaction a change, as the schema's owner. Returns how many were applied.
pub(crate) async fn migrate(client: &mut Client, schema: &Schema) -> Result<usize, Error> {
    let failed = |error: tokio_postgres::Error| Error::Step {
        step: "ledger",
        source: error.into(),
    };
    let rows = client
        .query(include_str!("sql/applied.sql"), &[&schema.name])
        .await
        .map_err(failed)?;
    let applied: BTreeMap<String, String> = rows
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<_, tokio_postgres::Error>>()
        .map_err(failed)?;
    let mut count = 0;
    for migration in schema.migrations {
        let digest = hex::encode(Sha256::digest(migration.sql.as_bytes()));
        match applied.get(migration.version) {
            Some(noted) if *noted == digest => {}
            Some(_) => {
                let (schema, version) = (schema.name.to_owned(), migration.version.to_owned());
                return Err(Error::Changed { schema, version });
            }
            None => {
                apply(client, schema, migration, &digest).await?;
                count += 1;
            }
        }
    }
    Ok(count)
}

async fn apply(
    client: &mut Client,
    schema: &Schema,
    migration: &Migration,
    digest: &str,
) -> Result<(), Error> {
    let failed = |error: tokio_postgres::Error| Error::Migration {
        schema: schema.name,
        version: migration.version,
        name: migration.name,
        source: error.into(),
    };
    let transaction = client.transaction().await.map_err(failed)?;
    let role = format!("set local role {}", sql::Ident::new(schema.owner));
    transaction.batch_execute(&role).await.map_err(failed)?;
    transaction
        .batch_execute(migration.sql)
        .await
        .map_err(failed)?;
    transaction
        .batch_execute("reset role; reset search_path")
        .await
        .map_err(failed)?;
    transaction
        .execute(
            include_str!("sql/note_applied.sql"),
            &[&schema.name, &migration.version, &migration.name, &digest],
        )
        .await
        .map_err(failed)?;
    transaction.commit().await.map_err(failed)
}
