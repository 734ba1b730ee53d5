//! Addresses in a table beside the users: one row for each, with the user's id (MIG-INS-04).

use sql::{Fragment, Ident};

use super::columns::is_text;
use super::findings::finding;
use super::probe::Probes;
use super::words::words;
use super::{ContactColumn, Finding, Severity, UserColumns, UsersCandidate};
use crate::Error;
use crate::inventory::{Column, Inventory, Table};

/// What the values of such a column look like, mostly.
const ADDRESS: &str = "^[^@[:space:]]+@[^@[:space:]]+$";

/// The table and column with the addresses of `users`' rows.
pub(super) async fn find(
    probes: &Probes<'_>,
    inventory: &Inventory,
    users: &Table,
    columns: &UserColumns,
) -> Result<Option<ContactColumn>, Error> {
    for table in &inventory.tables {
        if table.name == users.name || table.partition_of.is_some() {
            continue;
        }
        let key = table.foreign_keys().find(|(constraint, foreign)| {
            foreign.table == users.name
                && foreign.columns.as_slice() == std::slice::from_ref(&columns.id)
                && constraint.columns.len() == 1
        });
        let Some((constraint, _)) = key else {
            continue;
        };
        for column in table.columns.iter().filter(|column| is_text(column)) {
            let Some(kind) = holds_addresses(probes, table, column).await? else {
                continue;
            };
            let says = |list: &[&str]| {
                let named = |column: &&Column| {
                    words(&column.name)
                        .iter()
                        .any(|word| list.contains(&word.as_str()))
                };
                let found = table.columns.iter().find(|column| {
                    let fits = ["bool", "timestamp", "timestamptz", "date"];
                    fits.contains(&column.base_type.as_str()) && named(column)
                });
                found.map(|column| column.name.clone())
            };
            return Ok(Some(ContactColumn {
                table: table.name.clone(),
                user_key: constraint.columns[0].clone(),
                column: column.name.clone(),
                kind,
                primary: says(&["primary", "main", "default", "preferred", "principal"]),
                confirmed: says(&["verified", "confirmed", "validated", "activated"]),
            }));
        }
    }
    Ok(None)
}

/// Whether a column holds addresses: by its name and values, or by its values where another column says that they are.
/// The inner value names that column and what it says.
async fn holds_addresses(
    probes: &Probes<'_>,
    table: &Table,
    column: &Column,
) -> Result<Option<Option<(String, String)>>, Error> {
    let named = words(&column.name)
        .iter()
        .any(|word| ["email", "mail", "address", "courriel", "correo"].contains(&word.as_str()));
    if named {
        let rows = shares(probes, table, column, None).await?;
        return Ok(rows
            .first()
            .is_some_and(|(_, share)| *share >= 0.8)
            .then_some(None));
    }
    let general = ["value", "contact", "identifier", "handle"];
    if !words(&column.name)
        .iter()
        .any(|word| general.contains(&word.as_str()))
    {
        return Ok(None);
    }
    let kind = table.columns.iter().find(|other| {
        let says = ["system", "type", "kind", "channel", "medium"];
        let named = words(&other.name)
            .iter()
            .any(|word| says.contains(&word.as_str()));
        named && other.name != column.name
    });
    let Some(kind) = kind else {
        return Ok(None);
    };
    let rows = shares(probes, table, column, Some(kind)).await?;
    let best = rows.into_iter().find(|(_, share)| *share >= 0.9);
    Ok(best.map(|(value, _)| Some((kind.name.clone(), value))))
}

/// The share of addresses among some of the values, for each value of `kind`.
async fn shares(
    probes: &Probes<'_>,
    table: &Table,
    column: &Column,
    kind: Option<&Column>,
) -> Result<Vec<(String, f64)>, Error> {
    let mut sql = Fragment::new();
    sql.push("select k, (count(*) filter (where v ~ ");
    sql.push("'");
    sql.push(ADDRESS);
    sql.push("')::float8 / count(*)) from (select ");
    match kind {
        Some(kind) => {
            sql.push("t.").name(&Ident::new(&kind.name)).push("::text");
        }
        None => {
            sql.push("''");
        }
    }
    sql.push(" as k, t.").name(&Ident::new(&column.name));
    sql.push(r#"::text collate "C" as v from "#)
        .name(&table.name.quoted())
        .push(" as t limit ");
    sql.number(probes.sample)
        .push(") s where v is not null and k is not null group by k order by 2 desc, 1 limit 20");
    let rows = probes.rows(&sql).await?.unwrap_or_default();
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Users who have no address in the table beside them.
pub(super) async fn check(
    probes: &Probes<'_>,
    users: &UsersCandidate,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    let Some(contact) = &users.columns.contact else {
        return Ok(());
    };
    let mut sql = Fragment::new();
    sql.push("select count(*) from ")
        .name(&users.table.quoted())
        .push(" as u where not exists (select from ")
        .name(&contact.table.quoted())
        .push(" as c where c.")
        .name(&Ident::new(&contact.user_key))
        .push(" = u.")
        .name(&Ident::new(&users.columns.id));
    if let Some((kind, value)) = &contact.kind {
        sql.push(" and c.")
            .name(&Ident::new(kind))
            .push("::text = ")
            .literal(value);
    }
    sql.push(" and c.")
        .name(&Ident::new(&contact.column))
        .push(" is not null)");
    let Some(row) = probes.row(&sql).await? else {
        return Ok(());
    };
    let without = u64::try_from(row.get::<_, i64>(0)).unwrap_or_default();
    if without > 0 {
        findings.push(finding(
            "MIG-U-EMAIL-NULL",
            Severity::Ask,
            users.table.to_string(),
            without,
            "Users without an address.",
        ));
    }
    Ok(())
}
