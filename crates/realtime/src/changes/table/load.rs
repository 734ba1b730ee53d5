//! Reading it from the catalog.

use super::{Published, RoleFacts, Table};

/// The table, or none if it is gone.
pub(in crate::changes) async fn load_table(
    client: &mut pg::Client,
    oid: u32,
) -> Result<Option<Table>, pg::Error> {
    let tx = client.transaction().await?;
    // Expressions are printed with every name in full.
    tx.batch_execute("set local search_path = ''").await?;
    let row = tx
        .query_opt(include_str!("../sql/table.sql"), &[&oid])
        .await?;
    tx.commit().await?;
    let Some(row) = row else { return Ok(None) };
    let mut table: Table = parse(row.get(0))?;
    table.oid = oid;
    Ok(Some(table))
}

/// What a role may see of a table; none if one of them is gone.
pub(in crate::changes) async fn load_role(
    client: &pg::Client,
    oid: u32,
    role: &str,
) -> Result<Option<RoleFacts>, pg::Error> {
    let row = client
        .query_opt(include_str!("../sql/role.sql"), &[&oid, &role])
        .await?;
    row.map(|row| parse(row.get(0))).transpose()
}

/// The tables of a publication.
pub(in crate::changes) async fn load_published(
    client: &pg::Client,
    publication: &str,
) -> Result<Vec<Published>, pg::Error> {
    let rows = client
        .query(include_str!("../sql/published.sql"), &[&publication])
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Published {
            oid: row.get("oid"),
            schema: row.get("schema"),
            name: row.get("name"),
        })
        .collect())
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, pg::Error> {
    serde_json::from_str(text).map_err(|error| pg::Error::Protocol(error.to_string()))
}
