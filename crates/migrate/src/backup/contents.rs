//! What a database holds: every table's rows counted and summed up, at one moment.

use tokio_postgres::Client;

use super::{Contents, Difference, Error, TableEntry};
use crate::copy::{Checksum, checksum};
use crate::inventory::Name;

/// Everything but the tables' sums.
pub(super) async fn describe(client: &Client, snapshot: String) -> Result<Contents, Error> {
    let row = client
        .query_one(include_str!("sql/database.sql"), &[])
        .await?;
    let identifier = if row.get(8) {
        let sql = "select system_identifier from pg_control_system()";
        client.query_one(sql, &[]).await?.get(0)
    } else {
        0_i64
    };
    let number: i32 = row.get(3);
    Ok(Contents {
        snapshot,
        database: row.get(0),
        fingerprint: format!("{identifier}:{}", row.get::<_, i64>(1)),
        server_version: row.get(2),
        server_major: u32::try_from(number / 10_000).unwrap_or(0),
        encoding: row.get(4),
        collate: row.get(5),
        ctype: row.get(6),
        large_objects: row.get(7),
        tables: Vec::new(),
    })
}

/// A table and how its rows are read, whatever the order of its columns is after a restore.
pub(super) struct Readable {
    pub(super) name: String,
    pub(super) schema: String,
    pub(super) table: String,
    pub(super) bytes: i64,
    copy: String,
}

pub(super) async fn readable(client: &Client) -> Result<Vec<Readable>, Error> {
    // Rows that the login may not see are an error, not rows less.
    client.batch_execute("set row_security = off").await?;
    let rows = client.query(include_str!("sql/tables.sql"), &[]).await?;
    let read = |row: &tokio_postgres::Row| {
        let name = Name::new(row.get::<_, String>(0), row.get::<_, String>(1));
        let columns: String = row.get(2);
        Readable {
            copy: format!(
                "copy (select {columns} from only {}) to stdout",
                name.quoted()
            ),
            name: name.to_string(),
            schema: name.schema,
            table: name.name,
            bytes: row.get(3),
        }
    };
    Ok(rows.iter().map(read).collect())
}

pub(super) async fn sum(client: &Client, table: &Readable) -> Result<TableEntry, Error> {
    let (sum, _) = checksum(client, &table.copy, None).await?;
    Ok(TableEntry {
        name: table.name.clone(),
        rows: sum.rows,
        checksum: sum.text(),
        bytes: table.bytes,
    })
}

/// What is otherwise in the database of `client` than `expected` says; `sampled` limits whose rows are compared.
pub(super) async fn compare(
    client: &Client,
    expected: &Contents,
    sampled: Option<&[String]>,
) -> Result<Vec<Difference>, Error> {
    let there = readable(client).await?;
    let mut differences = Vec::new();
    for entry in &expected.tables {
        let mut differs = |what: String| {
            differences.push(Difference {
                table: entry.name.clone(),
                what,
            });
        };
        let Some(table) = there.iter().find(|it| it.name == entry.name) else {
            differs("the table is not there".to_owned());
            continue;
        };
        if sampled.is_some_and(|names| !names.contains(&entry.name)) {
            continue;
        }
        let now = sum(client, table).await?;
        if now.rows != entry.rows {
            differs(format!("{} rows, {} were dumped", now.rows, entry.rows));
        } else if Checksum::parse(now.rows, &now.checksum)
            != Checksum::parse(entry.rows, &entry.checksum)
        {
            differs("its rows are not those that were dumped".to_owned());
        }
    }
    for table in there {
        if expected.tables.iter().all(|it| it.name != table.name) {
            differences.push(Difference {
                table: table.name,
                what: "it was not in the dump".to_owned(),
            });
        }
    }
    let row = client
        .query_one("select count(*) from pg_largeobject_metadata", &[])
        .await?;
    let objects: i64 = row.get(0);
    if sampled.is_none() && objects != expected.large_objects {
        differences.push(Difference {
            table: "large objects".to_owned(),
            what: format!("{objects}, {} were dumped", expected.large_objects),
        });
    }
    Ok(differences)
}
