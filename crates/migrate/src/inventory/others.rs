//! Reads what is made as it is, and what stays behind.

use tokio_postgres::{Client, Row};

use super::load::query;
use super::{Leftover, Name, Other, Remark, Setting, Stage};
use crate::Error;

pub(super) async fn others(client: &Client, scope: &[&str]) -> Result<Vec<Other>, Error> {
    query(client, include_str!("sql/others.sql"), &[&scope], other).await
}

fn other(row: &Row) -> Other {
    let (schema, table): (Option<String>, Option<String>) = (row.get(3), row.get(4));
    Other {
        stage: match row.get::<_, i32>(0) {
            1 => Stage::First,
            2 => Stage::BeforeTables,
            3 => Stage::WithIndexes,
            _ => Stage::Last,
        },
        kind: row.get(1),
        name: row.get(2),
        table: schema
            .zip(table)
            .map(|(schema, table)| Name::new(schema, table)),
        make: row.get(5),
        inverse: row.get(6),
    }
}

pub(super) async fn remarks(client: &Client, scope: &[&str]) -> Result<Vec<Remark>, Error> {
    let sql = include_str!("sql/remarks.sql");
    query(client, sql, &[&scope], |row| Remark {
        kind: row.get(0),
        name: row.get(1),
        make: row.get(2),
    })
    .await
}

pub(super) async fn settings(client: &Client, scope: &[&str]) -> Result<Vec<Setting>, Error> {
    let sql = include_str!("sql/settings.sql");
    query(client, sql, &[&scope], |row| Setting {
        table: Name::new(row.get::<_, String>(0), row.get::<_, String>(1)),
        of: row.get(2),
        make: row.get(3),
    })
    .await
}

pub(super) async fn leftovers(client: &Client, scope: &[&str]) -> Result<Vec<Leftover>, Error> {
    let sql = include_str!("sql/leftovers.sql");
    query(client, sql, &[&scope], |row| {
        let code: &str = row.get(0);
        Leftover {
            code: CODES
                .into_iter()
                .find(|known| *known == code)
                .unwrap_or("MIG-X-LEFT"),
            object: row.get(1),
            sentence: row.get(2),
        }
    })
    .await
}

/// The codes of `leftovers.sql`.
const CODES: [&str; 11] = [
    "MIG-X-AGGREGATE",
    "MIG-X-DEFAULT-PRIVILEGES",
    "MIG-X-EVENT-TRIGGER",
    "MIG-X-FOREIGN",
    "MIG-X-LABEL",
    "MIG-X-LARGE-OBJECT",
    "MIG-X-PUBLICATION",
    "MIG-X-SUBSCRIPTION",
    "MIG-X-TABLESPACE",
    "MIG-X-TEXT-SEARCH",
    "MIG-X-TYPED",
];
