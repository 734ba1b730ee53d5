//! What the rows of the users table are like: addresses, passwords, roles, flags.

mod duplicates;
mod roles;
mod trouble;

use std::collections::{BTreeMap, HashSet};

use sql::{Fragment, Ident};
use tokio_postgres::Row;
use xxhash_rust::xxh3::xxh3_64;

use self::roles::Roles;
use self::trouble::{TROUBLE, Tally, of_class, of_problem};
use super::address::Address;
use super::findings::finding;
use super::probe::{Probes, text};
use super::{Finding, People, Severity, UsersCandidate};
use crate::Error;
use crate::inventory::Inventory;
use crate::password::{self, HashClass};

/// Counts what is in the users table; none when it could not be read.
pub(super) async fn count(
    probes: &Probes<'_>,
    inventory: &Inventory,
    users: &UsersCandidate,
    findings: &mut Vec<Finding>,
) -> Result<Option<People>, Error> {
    let mut reading = Reading::new(inventory, users);
    let sql = statement(users);
    let done = probes
        .each(&sql, |row| {
            reading.row(row);
            true
        })
        .await?;
    if !done {
        findings.push(finding(
            "MIG-U-UNREAD",
            Severity::Warn,
            users.table.to_string(),
            users.rows,
            "The users could not be read, or not in time: addresses, passwords and roles are not checked.",
        ));
        return Ok(None);
    }
    let shared = reading.shared_addresses();
    if !shared.is_empty() {
        duplicates::find(probes, users, &shared, findings).await?;
    }
    Ok(Some(reading.finish(users, findings)))
}

/// Id, address, password, role, flag and deletion of every user, each as text.
fn statement(users: &UsersCandidate) -> Fragment {
    let columns = &users.columns;
    let mut sql = Fragment::new();
    let mut push = |column: Option<&str>, before: &'static str, after: &'static str| match column {
        Some(column) => {
            sql.push(before).name(&Ident::new(column)).push(after);
        }
        None => {
            sql.push("null::text, ");
        }
    };
    push(Some(&columns.id), "select u.", "::text, ");
    push(columns.email.as_deref(), "u.", "::text, ");
    let beside = columns
        .password
        .as_ref()
        .filter(|password| password.table != users.table);
    let password = columns
        .password
        .as_ref()
        .map(|password| password.column.as_str());
    // Longer than any hash is told from its first characters.
    push(
        password,
        if beside.is_some() {
            "left(p."
        } else {
            "left(u."
        },
        "::text, 4097), ",
    );
    push(columns.role.as_deref(), "left(u.", "::text, 256), ");
    push(
        columns.active.as_ref().map(|active| active.column.as_str()),
        "u.",
        "::text, ",
    );
    push(columns.deleted_at.as_deref(), "u.", "::text, ");
    sql.push("null from ")
        .name(&users.table.quoted())
        .push(" as u");
    if let Some(beside) = beside {
        let (key, column) = (Ident::new(&beside.user_key), Ident::new(&beside.column));
        sql.push(" left join (select distinct on (")
            .name(&key)
            .push(") ")
            .name(&key)
            .push(" as k, ")
            .name(&column);
        sql.push(" from ")
            .name(&beside.table.quoted())
            .push(" order by ")
            .name(&key)
            .push(", ")
            .name(&column);
        sql.push(" nulls last) as p on p.k = u.")
            .name(&Ident::new(&columns.id));
    }
    sql
}

/// The pass over all users. Of an address only its hash stays.
struct Reading<'a> {
    has_email: bool,
    has_password: bool,
    active: Option<bool>,
    roles: Option<Roles<'a>>,
    people: People,
    tallies: BTreeMap<&'static str, Tally>,
    active_unknown: Tally,
    addresses: Vec<u64>,
}

impl<'a> Reading<'a> {
    fn new(inventory: &'a Inventory, users: &UsersCandidate) -> Self {
        let columns = &users.columns;
        Self {
            has_email: columns.email.is_some(),
            has_password: columns.password.is_some(),
            active: columns.active.as_ref().map(|active| active.inverted),
            roles: Roles::new(inventory, users),
            people: People::default(),
            tallies: BTreeMap::new(),
            active_unknown: Tally::default(),
            addresses: Vec::new(),
        }
    }

    fn row(&mut self, row: &Row) {
        let text = |place: usize| text(row, place);
        let id = text(0).unwrap_or_default();
        self.people.rows += 1;
        if self.has_email {
            self.address(id, text(1));
        }
        if self.has_password {
            let stored = text(2);
            let class = match stored {
                Some(stored) if stored.len() > password::MAX_BYTES => HashClass::Unknown,
                stored => HashClass::of_nullable(stored),
            };
            if let Some(code) = of_class(&class, stored) {
                self.tallies.entry(code).or_default().add(id);
            }
            *self
                .people
                .password_classes
                .entry(class.label())
                .or_default() += 1;
        }
        if let Some(roles) = &mut self.roles {
            roles.add(id, text(3));
        }
        if let Some(inverted) = self.active {
            match text(4) {
                None => {
                    self.people.active_unknown += 1;
                    self.active_unknown.add(id);
                }
                Some(flag) => {
                    let set = matches!(flag, "true" | "t" | "1");
                    let counter = if set == inverted {
                        &mut self.people.inactive
                    } else {
                        &mut self.people.active
                    };
                    *counter += 1;
                }
            }
        }
        self.people.deleted += u64::from(text(5).is_some());
    }

    fn address(&mut self, id: &str, stored: Option<&str>) {
        let Some(stored) = stored else {
            self.tallies.entry("MIG-U-EMAIL-NULL").or_default().add(id);
            return;
        };
        let address = Address::read(stored);
        for problem in &address.problems {
            self.tallies
                .entry(of_problem(*problem))
                .or_default()
                .add(id);
        }
        if let Some(usable) = address.usable() {
            self.people.good_addresses += 1;
            self.addresses.push(xxh3_64(usable.as_bytes()));
        }
    }

    /// Hashes of addresses that more than one user has.
    fn shared_addresses(&mut self) -> HashSet<u64> {
        let mut addresses = std::mem::take(&mut self.addresses);
        addresses.sort_unstable();
        let shared = addresses.windows(2).filter(|pair| pair[0] == pair[1]);
        let shared: HashSet<u64> = shared.map(|pair| pair[0]).collect();
        let sharing = addresses
            .iter()
            .filter(|hash| shared.contains(hash))
            .count();
        self.people.good_addresses -= u64::try_from(sharing).unwrap_or_default();
        shared
    }

    fn finish(mut self, users: &UsersCandidate, findings: &mut Vec<Finding>) -> People {
        let column = |name: &Option<String>| {
            name.as_ref().map_or_else(
                || users.table.to_string(),
                |name| format!("{}.{name}", users.table),
            )
        };
        let password = users.columns.password.as_ref();
        let password = password.map_or_else(
            || users.table.to_string(),
            |password| format!("{}.{}", password.table, password.column),
        );
        if !self.has_email && self.people.rows > 0 {
            findings.push(finding(
                "MIG-U-EMAIL-NULL",
                Severity::Ask,
                users.table.to_string(),
                self.people.rows,
                "The users have no addresses: each gets a placeholder.",
            ));
        }
        for (code, severity, sentence) in TROUBLE {
            if let Some(tally) = self.tallies.remove(code) {
                let about_password = code.starts_with("MIG-U-HASH");
                findings.push(Finding {
                    code,
                    severity,
                    object: if about_password {
                        password.clone()
                    } else {
                        column(&users.columns.email)
                    },
                    count: tally.count,
                    sentence: sentence.to_owned(),
                    ids: tally.ids,
                });
            }
        }
        if self.active_unknown.count > 0 {
            let tally = std::mem::take(&mut self.active_unknown);
            let active = users
                .columns
                .active
                .as_ref()
                .map(|active| active.column.clone());
            findings.push(Finding {
                code: "MIG-U-ACTIVE-NULL",
                severity: Severity::Warn,
                object: column(&active),
                count: tally.count,
                sentence: "The flag is NULL: the column's default counts.".to_owned(),
                ids: tally.ids,
            });
        }
        if let Some(roles) = self.roles.take() {
            roles.judge(&column(&users.columns.role), &mut self.people, findings);
        }
        self.people
    }
}
