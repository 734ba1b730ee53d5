//! Why a table's rows do not show or its changes do not arrive (MIG-DOC-03, MIG-DOC-07).

use pg::Endpoint;
use serde_json::json;
use tokio_postgres::{Client, Error, Row};

use super::database::statement;
use crate::cli::Doctor;
use crate::findings::Finding;
use crate::messages::Message;

pub(super) async fn judge(
    client: &Client,
    endpoint: &Endpoint,
    table: &str,
    flags: &Doctor,
) -> Result<Vec<Finding>, Error> {
    let (schema, name) = table.split_once('.').unwrap_or(("public", table));
    let Some(row) = facts(client, schema, name).await? else {
        return Ok(vec![unknown(client, schema, name).await?]);
    };
    let (filter, who) = (flags.filter.as_deref(), flags.email.as_deref());
    let quoted: String = row.get("quoted");
    let mut found = rights(&row, &quoted);
    found.extend(publication(endpoint, &row, &quoted));
    if let Some(filter) = filter {
        found.extend(judge_filter(client, row.get("oid"), &quoted, filter).await?);
    }
    if let Some(who) = who {
        found.extend(visible(client, &quoted, who).await?);
    }
    Ok(found)
}

/// What decides whether a table's rows and changes reach a caller; none when there is no such table.
pub(super) async fn facts(client: &Client, schema: &str, name: &str) -> Result<Option<Row>, Error> {
    let query = include_str!("../../sql/doctor_table.sql");
    client.query_opt(query, &[&schema, &name]).await
}

/// A typo, most often.
async fn unknown(client: &Client, schema: &str, name: &str) -> Result<Finding, Error> {
    let wanted = format!("{schema}.{name}");
    let sql = "select n.nspname || '.' || c.relname from pg_catalog.pg_class c \
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
        where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')";
    let rows = client.query(sql, &[]).await?;
    let mut near: Vec<(usize, String)> = rows
        .iter()
        .map(|row| row.get::<_, String>(0))
        .map(|found| (distance(&found, &wanted), found))
        .filter(|(distance, _)| *distance <= 3)
        .collect();
    near.sort();
    let finding = Finding::new(
        "table_unknown",
        Message::TableUnknown { table: wanted },
        Message::CheckName,
    );
    let near = near
        .into_iter()
        .take(3)
        .map(|(_, name)| Message::DidYouMean { name });
    Ok(near.fold(finding, Finding::because))
}

/// Whether a signed-in caller may read it.
fn rights(row: &Row, table: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let name = || table.to_owned();
    if !row.get::<_, bool>("granted") {
        let remedy = format!("grant select on {table} to authenticated");
        found.push(Finding::new(
            "grant_missing",
            Message::GrantMissing { table: name() },
            remedy,
        ));
    }
    let (secured, policies): (bool, i64) = (row.get("row_security"), row.get("policies"));
    if secured && policies == 0 {
        let remedy =
            format!("create policy read_own on {table} for select to authenticated using (…)");
        found.push(Finding::new(
            "policy_missing",
            Message::PolicyMissing { table: name() },
            remedy,
        ));
    }
    if !secured && policies > 0 {
        let remedy = format!("alter table {table} enable row level security");
        found.push(Finding::new(
            "row_security_off",
            Message::RowSecurityOff { table: name() },
            remedy,
        ));
    }
    found
}

/// Whether its changes are sent, all of them. `--fix` publishes it, and gives it an identity.
pub(super) fn publication(endpoint: &Endpoint, row: &Row, table: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let name = || table.to_owned();
    let flag = |name: &str| row.get::<_, bool>(name);
    let by_sql = |finding: Finding, sql: String| finding.fixed_by(statement(endpoint, sql));
    if !flag("has_publication") {
        let remedy = format!("create publication supabase_realtime for table {table}");
        let message = Message::PublicationMissing;
        let finding = Finding::new("publication_missing", message, remedy.clone());
        found.push(by_sql(finding, remedy));
    } else if !flag("published") {
        let remedy = format!("alter publication supabase_realtime add table {table}");
        let message = Message::NotPublished { table: name() };
        let finding = Finding::new("not_published", message, remedy.clone());
        found.push(by_sql(finding, remedy));
    }
    let identity: String = row.get("identity");
    if identity == "n" {
        let kind = if flag("has_key") { "default" } else { "full" };
        let remedy = format!("alter table {table} replica identity {kind}");
        let message = Message::NoReplicaIdentity { table: name() };
        let finding = Finding::new("no_replica_identity", message, remedy.clone());
        found.push(by_sql(finding, remedy));
    } else if !flag("has_key") && identity == "d" {
        let message = Message::TablesWithoutKey { tables: name() };
        found.push(Finding::new(
            "published_without_key",
            message,
            Message::GiveKey,
        ));
    }
    found
}

/// A filter on a column that is not there, or with a value of another type: the usual one is an old integer id.
async fn judge_filter(
    client: &Client,
    oid: u32,
    table: &str,
    filter: &str,
) -> Result<Vec<Finding>, Error> {
    let Some((column, rest)) = filter.split_once('=') else {
        let message = Message::FilterSyntax {
            filter: filter.to_owned(),
        };
        return Ok(vec![Finding::new(
            "filter_syntax",
            message,
            "user_id=eq.<uuid>",
        )]);
    };
    let value = rest.split_once('.').map_or(rest, |(_, value)| value);
    let sql = "select attname::text, format_type(atttypid, null) from pg_catalog.pg_attribute \
        where attrelid = $1 and attnum > 0 and not attisdropped";
    let columns = client.query(sql, &[&oid]).await?;
    let kind = columns
        .iter()
        .find(|row| row.get::<_, &str>(0) == column)
        .map(|row| row.get::<_, String>(1));
    let (table, column) = (table.to_owned(), column.to_owned());
    let Some(kind) = kind else {
        let near = columns
            .iter()
            .map(|row| row.get::<_, String>(0))
            .find(|name| distance(name, &column) <= 2);
        let finding = Finding::new(
            "filter_column",
            Message::ColumnUnknown { table, column },
            Message::CheckName,
        );
        let near = near.map(|name| Message::DidYouMean { name });
        return Ok(vec![near.into_iter().fold(finding, Finding::because)]);
    };
    let fits = match kind.as_str() {
        "uuid" => value.parse::<uuid::Uuid>().is_ok(),
        "smallint" | "integer" | "bigint" => value.parse::<i64>().is_ok(),
        _ => true,
    };
    if fits || rest.starts_with("in.") {
        return Ok(Vec::new());
    }
    let message = Message::FilterType {
        column,
        kind,
        value: value.to_owned(),
    };
    Ok(vec![Finding::new(
        "filter_type",
        message,
        Message::FilterByUuid,
    )])
}

/// Reads the table as that person, in a transaction that is given up.
async fn visible(client: &Client, table: &str, who: &str) -> Result<Vec<Finding>, Error> {
    let Some(row) = client
        .query_opt(include_str!("../../sql/doctor_user.sql"), &[&who])
        .await?
    else {
        return Ok(Vec::new());
    };
    let id: String = row.get("id");
    let claims = json!({ "sub": id, "role": "authenticated", "aud": "authenticated" }).to_string();
    let any = format!("select exists (select from {table})");
    let rows: bool = client.query_one(&any, &[]).await?.get(0);
    client.batch_execute("begin read only").await?;
    let seen = async {
        let sql = "select set_config('request.jwt.claims', $1, true), set_config('role', 'authenticated', true)";
        client.query_one(sql, &[&claims]).await?;
        Ok::<bool, Error>(client.query_one(&any, &[]).await?.get(0))
    }
    .await;
    client.batch_execute("rollback").await?;
    let (table, who) = (table.to_owned(), who.to_owned());
    Ok(match seen {
        Ok(true) => Vec::new(),
        Ok(false) if !rows => vec![
            Finding::new(
                "table_empty",
                Message::TableEmpty { table },
                Message::WriteRow,
            )
            .likely(),
        ],
        Ok(false) => vec![Finding::new(
            "rows_hidden",
            Message::RowsHidden { table, who, id },
            Message::ComparePolicy,
        )],
        Err(error) => {
            let words = error
                .as_db_error()
                .map_or_else(|| error.to_string(), |said| said.message().to_owned());
            let message = Message::ReadFails {
                table,
                who,
                error: words,
            };
            vec![Finding::new("read_fails", message, Message::ComparePolicy)]
        }
    })
}

/// How many letters two names differ by.
pub(super) fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let change = corner + usize::from(a != *b);
            corner = row[j + 1];
            row[j + 1] = change.min(corner + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn names_are_as_far_apart_as_the_letters_that_differ() {
        for (left, right, letters) in [
            ("tasks", "tasks", 0),
            ("tasks", "task", 1),
            ("taks", "tasks", 1),
            ("tsaks", "tasks", 2),
            ("", "abc", 3),
        ] {
            assert_eq!(distance(left, right), letters, "{left} {right}");
        }
    }
}
