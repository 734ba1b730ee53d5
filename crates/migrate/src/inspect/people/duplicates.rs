//! Users who share an address.

use std::collections::{BTreeMap, HashSet};

use sql::{Fragment, Ident};
use xxhash_rust::xxh3::xxh3_64;

use super::super::address::Address;
use super::super::probe::{Probes, text};
use super::super::{Finding, Severity, UsersCandidate};
use super::trouble::Tally;
use crate::Error;

/// A second pass over the users, for those who share an address.
pub(super) async fn find(
    probes: &Probes<'_>,
    users: &UsersCandidate,
    shared: &HashSet<u64>,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    let Some(email) = &users.columns.email else {
        return Ok(());
    };
    let mut sql = Fragment::new();
    sql.push("select u.")
        .name(&Ident::new(&users.columns.id))
        .push("::text, u.")
        .name(&Ident::new(email));
    sql.push("::text from ")
        .name(&users.table.quoted())
        .push(" as u where u.")
        .name(&Ident::new(email));
    sql.push(" is not null order by u.")
        .name(&Ident::new(&users.columns.id));
    // The hash of what is stored, beside the id: alike or only alike when normalized.
    let mut groups: BTreeMap<u64, Vec<(String, u64)>> = BTreeMap::new();
    probes
        .each(&sql, |row| {
            let stored = text(row, 1).unwrap_or_default();
            let address = Address::read(stored);
            if let Some(usable) = address.usable() {
                let hash = xxh3_64(usable.as_bytes());
                if shared.contains(&hash) {
                    let id = text(row, 0).unwrap_or_default().to_owned();
                    groups
                        .entry(hash)
                        .or_default()
                        .push((id, xxh3_64(stored.as_bytes())));
                }
            }
            true
        })
        .await?;
    let (mut exact, mut cased) = (Tally::default(), Tally::default());
    for group in groups.values() {
        let alike = group.iter().all(|(_, stored)| *stored == group[0].1);
        let tally = if alike { &mut exact } else { &mut cased };
        for (id, _) in group {
            tally.add(id);
        }
    }
    let object = format!("{}.{email}", users.table);
    for (code, tally, sentence) in [
        (
            "MIG-U-CASE-DUP",
            cased,
            "Users whose addresses differ only in case or blanks.",
        ),
        (
            "MIG-U-EXACT-DUP",
            exact,
            "Users with the very same address.",
        ),
    ] {
        if tally.count > 0 {
            findings.push(Finding {
                code,
                severity: Severity::Ask,
                object: object.clone(),
                count: tally.count,
                sentence: sentence.to_owned(),
                ids: tally.ids,
            });
        }
    }
    Ok(())
}
