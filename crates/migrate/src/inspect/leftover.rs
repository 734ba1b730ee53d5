//! The mapping that an earlier, unfinished migration left behind.

use sql::{Fragment, Ident};
use tokio_postgres::Row;

use super::columns::{is_text, is_whole};
use super::findings::MOST_IDS;
use super::probe::Probes;
use super::words::{singular, words};
use super::{Finding, IdType, Severity, UsersCandidate};
use crate::Error;
use crate::inventory::{Column, Inventory, Name, Table};

/// A table of old ids and new ones.
#[derive(Debug, Clone)]
pub(super) struct Leftover {
    pub(super) table: Name,
    /// The column with the old id.
    pub(super) old_id: String,
    /// The column with the address that the row was made for.
    email: Option<String>,
}

/// Tables that pair an old id with a UUID and say so by their names.
pub(super) fn find(inventory: &Inventory, users: &UsersCandidate) -> Vec<Leftover> {
    inventory
        .tables
        .iter()
        .filter(|table| table.name != users.table && table.columns.len() <= 10)
        .filter_map(pairs_ids)
        .collect()
}

fn pairs_ids(table: &Table) -> Option<Leftover> {
    let has =
        |name: &str, list: &[&str]| words(name).iter().any(|word| list.contains(&word.as_str()));
    let mapping = words(&table.name.name).iter().any(|word| {
        ["mapping", "map", "migrated", "correspondence"].contains(&singular(word).as_str())
    });
    let old = |column: &&Column| {
        let whole = is_whole(column) || is_text(column);
        whole
            && has(
                &column.name,
                &["old", "legacy", "previous", "former", "source"],
            )
            && has(&column.name, &["id", "user"])
    };
    let own = |column: &&Column| {
        is_whole(column) && column.default.is_none() && words(&column.name).join("_") == "user_id"
    };
    let new = |column: &&Column| {
        let fits = column.base_type == "uuid" || is_text(column);
        fits && has(&column.name, &["new", "supabase", "auth", "uuid", "target"])
            && has(&column.name, &["id", "uuid"])
    };
    let old_id = table.columns.iter().find(old);
    table.columns.iter().find(new)?;
    let old_id = match old_id {
        Some(old_id) => old_id,
        None if mapping => table.columns.iter().find(own)?,
        None => return None,
    };
    let email = table
        .columns
        .iter()
        .find(|column| is_text(column) && has(&column.name, &["email", "mail"]));
    Some(Leftover {
        table: table.name.clone(),
        old_id: old_id.name.clone(),
        email: email.map(|column| column.name.clone()),
    })
}

/// Rows for users who never were, and rows whose id is another user's.
pub(super) async fn check(
    probes: &Probes<'_>,
    users: &UsersCandidate,
    leftover: &[Leftover],
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    if matches!(users.columns.id_type, IdType::Uuid | IdType::Opaque) {
        return Ok(());
    }
    for one in leftover {
        let invented = invented(probes, users, one).await?;
        push(
            findings,
            "MIG-M-INVENTED",
            one,
            &invented,
            "Maps ids that no user has to UUIDs: made up by an earlier migration.",
        );
        if let (Some(theirs), Some(ours)) = (&one.email, &users.columns.email) {
            let collisions = collisions(probes, users, one, theirs, ours).await?;
            let sentence = "Maps a real user's id with another user's address: what was written under that id since belongs \
                            to someone else.";
            push(findings, "MIG-M-COLLISION", one, &collisions, sentence);
        }
        let exists =
            "The mapping of an earlier migration: its UUIDs are kept where they can be trusted.";
        findings.push(super::findings::finding(
            "MIG-M-FOUND",
            Severity::Info,
            one.table.to_string(),
            1,
            exists,
        ));
    }
    Ok(())
}

fn push(
    findings: &mut Vec<Finding>,
    code: &'static str,
    leftover: &Leftover,
    rows: &[Row],
    sentence: &str,
) {
    if rows.is_empty() {
        return;
    }
    findings.push(Finding {
        code,
        severity: Severity::Block,
        object: leftover.table.to_string(),
        count: u64::try_from(rows.len()).unwrap_or(u64::MAX),
        sentence: sentence.to_owned(),
        ids: rows.iter().take(MOST_IDS).map(|row| row.get(0)).collect(),
    });
}

async fn invented(
    probes: &Probes<'_>,
    users: &UsersCandidate,
    one: &Leftover,
) -> Result<Vec<Row>, Error> {
    let mut sql = Fragment::new();
    sql.push("select m.")
        .name(&Ident::new(&one.old_id))
        .push("::text from ")
        .name(&one.table.quoted());
    sql.push(" as m where m.").name(&Ident::new(&one.old_id));
    sql.push(" is not null and not exists (select 1 from ")
        .name(&users.table.quoted());
    sql.push(" as u where u.")
        .name(&Ident::new(&users.columns.id));
    sql.push(r#"::text collate "C" = m."#)
        .name(&Ident::new(&one.old_id))
        .push("::text) order by 1");
    Ok(probes.rows(&sql).await?.unwrap_or_default())
}

async fn collisions(
    probes: &Probes<'_>,
    users: &UsersCandidate,
    one: &Leftover,
    theirs: &str,
    ours: &str,
) -> Result<Vec<Row>, Error> {
    let mut sql = Fragment::new();
    sql.push("select m.")
        .name(&Ident::new(&one.old_id))
        .push("::text from ")
        .name(&one.table.quoted());
    sql.push(" as m join ")
        .name(&users.table.quoted())
        .push(" as u on u.")
        .name(&Ident::new(&users.columns.id));
    sql.push(r#"::text collate "C" = m."#)
        .name(&Ident::new(&one.old_id))
        .push("::text where lower(btrim(m.");
    sql.name(&Ident::new(theirs))
        .push(r#"::text collate "C")) <> lower(btrim(u."#)
        .name(&Ident::new(ours));
    sql.push("::text)) order by 1");
    Ok(probes.rows(&sql).await?.unwrap_or_default())
}
