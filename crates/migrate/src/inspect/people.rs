//! What the rows of the users table are like: addresses, passwords, roles, flags.

use std::collections::{BTreeMap, HashMap, HashSet};

use sql::{Fragment, Ident};
use tokio_postgres::Row;
use xxhash_rust::xxh3::xxh3_64;

use super::address::{Address, Problem};
use super::findings::{MOST_IDS, finding};
use super::probe::Probes;
use super::{Finding, People, Severity, UsersCandidate};
use crate::Error;
use crate::inventory::{Column, ConstraintKind, Inventory, Name};
use crate::password::{self, HashClass, Treatment};

/// Different roles, above which a column is none.
const MOST_ROLES: usize = 100;

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
            "The users could not be read in time: addresses, passwords and roles are not checked.",
        ));
        return Ok(None);
    }
    let shared = reading.shared_addresses();
    if !shared.is_empty() {
        duplicates(probes, users, &shared, findings).await?;
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

/// A count and the first ids.
#[derive(Debug, Default)]
struct Tally {
    count: u64,
    ids: Vec<String>,
}

impl Tally {
    fn add(&mut self, id: &str) {
        self.count += 1;
        if self.ids.len() < MOST_IDS {
            self.ids.push(id.to_owned());
        }
    }
}

/// What kinds of trouble a row can be in: code, severity, sentence.
const TROUBLE: [(&str, Severity, &str); 14] = [
    (
        "MIG-U-EMAIL-NULL",
        Severity::Ask,
        "Users without an address.",
    ),
    (
        "MIG-U-EMAIL-CONTROL",
        Severity::Ask,
        "Addresses with control characters or line breaks inside.",
    ),
    (
        "MIG-U-EMAIL-LONG",
        Severity::Ask,
        "Addresses of more than 255 bytes.",
    ),
    (
        "MIG-U-EMAIL-INVALID",
        Severity::Ask,
        "Texts that are no addresses.",
    ),
    (
        "MIG-U-EMAIL-IDN",
        Severity::Warn,
        "Domains outside ASCII: stored in their ASCII form, the original is kept.",
    ),
    (
        "MIG-U-EMAIL-TRIM",
        Severity::Warn,
        "Addresses with blanks around them: stored without, the original is kept.",
    ),
    (
        "MIG-U-EMAIL-CASE",
        Severity::Info,
        "Addresses with capital letters: stored in lower case, the original is kept.",
    ),
    (
        "MIG-U-EMAIL-ROLE",
        Severity::Info,
        "Addresses of shared mailboxes.",
    ),
    (
        "MIG-U-HASH-NONE",
        Severity::Warn,
        "Users without a password: created without one, they reset it.",
    ),
    (
        "MIG-U-HASH-MALFORMED",
        Severity::Warn,
        "Hashes that are incomplete: those users reset their password.",
    ),
    (
        "MIG-U-HASH-UNKNOWN",
        Severity::Warn,
        "Passwords in an unknown form: those users reset their password.",
    ),
    (
        "MIG-U-HASH-LEGACY",
        Severity::Warn,
        "Hashes that need a verifier; where there is none those users reset their password.",
    ),
    (
        "MIG-U-HASH-TRIM",
        Severity::Info,
        "Hashes with blanks around them: imported without.",
    ),
    (
        "MIG-U-HASH-STRIP",
        Severity::Info,
        "Hashes behind a framework's prefix: imported without.",
    ),
];

fn of_problem(problem: Problem) -> &'static str {
    match problem {
        Problem::Empty => "MIG-U-EMAIL-NULL",
        Problem::Control => "MIG-U-EMAIL-CONTROL",
        Problem::Long => "MIG-U-EMAIL-LONG",
        Problem::Invalid | Problem::Local => "MIG-U-EMAIL-INVALID",
        Problem::Domain => "MIG-U-EMAIL-IDN",
        Problem::Blanks => "MIG-U-EMAIL-TRIM",
        Problem::Case => "MIG-U-EMAIL-CASE",
        Problem::Role => "MIG-U-EMAIL-ROLE",
    }
}

fn of_class(class: &HashClass) -> Option<&'static str> {
    match class.treatment(true) {
        Treatment::Import => None,
        Treatment::ImportTrimmed => Some("MIG-U-HASH-TRIM"),
        Treatment::ImportStripped => Some("MIG-U-HASH-STRIP"),
        Treatment::Verifier => Some("MIG-U-HASH-LEGACY"),
        Treatment::NoPassword(_) => Some(match class {
            HashClass::Malformed(_) => "MIG-U-HASH-MALFORMED",
            HashClass::Unknown => "MIG-U-HASH-UNKNOWN",
            _ => "MIG-U-HASH-NONE",
        }),
    }
}

/// The pass over all users. Of an address only its hash stays.
struct Reading<'a> {
    has_email: bool,
    has_password: bool,
    active: Option<bool>,
    role: Option<RoleColumn<'a>>,
    people: People,
    tallies: BTreeMap<&'static str, Tally>,
    active_unknown: Tally,
    roles: HashMap<Option<String>, Tally>,
    addresses: Vec<u64>,
}

struct RoleColumn<'a> {
    column: &'a Column,
    /// An enum, a check or a boolean names all values there are.
    closed: bool,
}

impl<'a> Reading<'a> {
    fn new(inventory: &'a Inventory, users: &UsersCandidate) -> Self {
        let columns = &users.columns;
        let table = inventory.table(&users.table);
        let role = table.zip(columns.role.as_ref()).and_then(|(table, role)| {
            let column = table.column(role)?;
            let checked = table
                .constraints
                .iter()
                .any(|one| one.kind == ConstraintKind::Check && one.columns == [role.clone()]);
            let is_enum = inventory
                .types
                .iter()
                .any(|one| one.name.name == column.base_type);
            Some(RoleColumn {
                column,
                closed: checked || is_enum || column.base_type == "bool",
            })
        });
        Self {
            has_email: columns.email.is_some(),
            has_password: columns.password.is_some(),
            active: columns.active.as_ref().map(|active| active.inverted),
            role,
            people: People::default(),
            tallies: BTreeMap::new(),
            active_unknown: Tally::default(),
            roles: HashMap::new(),
            addresses: Vec::new(),
        }
    }

    fn row(&mut self, row: &Row) {
        let text = |place: usize| row.get::<_, Option<&str>>(place);
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
            if let Some(code) = of_class(&class) {
                self.tallies.entry(code).or_default().add(id);
            }
            *self
                .people
                .password_classes
                .entry(class.label())
                .or_default() += 1;
        }
        if self.role.is_some() && self.roles.len() <= MOST_ROLES {
            self.roles
                .entry(text(3).map(str::to_owned))
                .or_default()
                .add(id);
        }
        if let Some(inverted) = self.active {
            match text(4) {
                None => {
                    self.people.active_unknown += 1;
                    self.active_unknown.add(id);
                }
                Some(flag) if (flag == "true" || flag == "t" || flag == "1") != inverted => {
                    self.people.active += 1
                }
                Some(_) => self.people.inactive += 1,
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
        self.judge_roles(&column(&users.columns.role), findings);
        self.people
    }

    fn judge_roles(&mut self, object: &str, findings: &mut Vec<Finding>) {
        let Some(role) = &self.role else {
            return;
        };
        if self.roles.len() > MOST_ROLES {
            findings.push(finding(
                "MIG-U-ROLE-MANY",
                Severity::Warn,
                object,
                self.people.rows,
                "Has more different values than roles have: it is taken for none.",
            ));
            return;
        }
        let mut unknown = Tally::default();
        let mut values = Vec::new();
        let mut roles: Vec<(Option<String>, Tally)> = self.roles.drain().collect();
        roles.sort_by(|a, b| (b.1.count, &a.0).cmp(&(a.1.count, &b.0)));
        for (value, tally) in roles {
            if !role.knows(value.as_deref()) {
                values.push(format!(
                    "{} ({})",
                    value
                        .as_deref()
                        .map_or("NULL".to_owned(), |value| format!("\"{value}\"")),
                    tally.count
                ));
                unknown.count += tally.count;
                let room = MOST_IDS - unknown.ids.len();
                unknown.ids.extend(tally.ids.into_iter().take(room));
            }
            self.people.roles.push((value, tally.count));
        }
        if unknown.count > 0 {
            findings.push(Finding {
                code: "MIG-U-ROLE-UNKNOWN",
                severity: Severity::Ask,
                object: object.to_owned(),
                count: unknown.count,
                sentence: format!("Roles that are to be mapped: {}.", values.join(", ")),
                ids: unknown.ids,
            });
        }
    }
}

impl RoleColumn<'_> {
    /// Values that need no decision: those of a closed list, the default, and the common words.
    fn knows(&self, value: Option<&str>) -> bool {
        let common = [
            "admin",
            "user",
            "member",
            "editor",
            "viewer",
            "guest",
            "moderator",
            "manager",
            "staff",
            "owner",
            "customer",
            "subscriber",
            "author",
            "contributor",
        ];
        let Some(value) = value else {
            return false;
        };
        let default = self.column.default.as_deref().unwrap_or_default();
        self.closed || common.contains(&value) || default.split('\'').nth(1) == Some(value)
    }
}

/// A second pass over the users, for those who share an address.
async fn duplicates(
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
            let stored: &str = row.get(1);
            let address = Address::read(stored);
            if let Some(usable) = address.usable() {
                let hash = xxh3_64(usable.as_bytes());
                if shared.contains(&hash) {
                    let id = row.get(0);
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
    let object = name_of(&users.table, email);
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

fn name_of(table: &Name, column: &str) -> String {
    format!("{table}.{column}")
}
