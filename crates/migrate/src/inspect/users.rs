//! Which table holds the users.

use std::collections::BTreeMap;

use sql::Fragment;

use super::columns::{named_passwords, possible_passwords, recognize};
use super::contact;
use super::probe::{Probes, push_column, push_sample, text};
use super::words::{UsersName, singular, singular_words, words};
use super::{IdType, Options, PasswordColumn, UserColumns, UsersCandidate};
use crate::Error;
use crate::inventory::{Inventory, Name, Table, TableKind};
use crate::password::HashClass;

/// Names that tables of users have, singular, in several languages and frameworks.
const NAMES: [&str; 28] = [
    "user",
    "account",
    "member",
    "person",
    "login",
    "local_user",
    "auth_user",
    "app_user",
    "users_user",
    "accounts_user",
    "core_user",
    "spree_user",
    "customer",
    "utilisateur",
    "compte",
    "membre",
    "personne",
    "usuario",
    "cuenta",
    "miembro",
    "benutzer",
    "nutzer",
    "konto",
    "mitglied",
    "utente",
    "gebruiker",
    "asp_net_user",
    "aspnetuser",
];
/// What a table is of when its name ends so: about users, not of them.
const NOT_USERS: [&str; 34] = [
    "token",
    "session",
    "invitation",
    "invite",
    "history",
    "log",
    "audit",
    "setting",
    "preference",
    "role",
    "permission",
    "group",
    "notification",
    "mapping",
    "map",
    "quota",
    "context",
    "document",
    "conversation",
    "reset",
    "code",
    "claim",
    "identity",
    "credential",
    "password",
    "email",
    "status",
    "archive",
    "backup",
    "type",
    "address",
    "message",
    "subscription",
    "provider",
];
/// A candidate below this is none.
const ENOUGH: f32 = 4.0;
/// The best is clearly ahead of the second by this ratio.
const AHEAD: f32 = 1.5;

/// Candidates, best first, and whether the best is clearly ahead.
pub(super) async fn rank(
    probes: &Probes<'_>,
    inventory: &Inventory,
    options: &Options,
) -> Result<(Vec<UsersCandidate>, bool), Error> {
    let pointed = pointed_at(inventory);
    let mut candidates = Vec::new();
    for table in &inventory.tables {
        if table.kind == TableKind::Foreign || table.partition_of.is_some() {
            continue;
        }
        let named = options.users.as_ref() == Some(&table.name);
        if let Some(candidate) = candidate(probes, inventory, table, &pointed, named).await?
            && (named || candidate.score >= ENOUGH)
        {
            candidates.push(candidate);
        }
    }
    lower_side_tables(&mut candidates);
    candidates.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| a.table.cmp(&b.table))
    });
    if let Some(name) = &options.users {
        let Some(place) = candidates.iter().position(|one| one.table == *name) else {
            return Ok((Vec::new(), false));
        };
        let named = candidates.remove(place);
        candidates.insert(0, named);
        return Ok((candidates, true));
    }
    let clear = match candidates.as_slice() {
        [] => false,
        [_] => true,
        [best, second, ..] => best.score >= AHEAD * second.score,
    };
    Ok((candidates, clear))
}

/// How many foreign keys point at each table.
fn pointed_at(inventory: &Inventory) -> BTreeMap<&Name, usize> {
    let mut count = BTreeMap::new();
    for table in &inventory.tables {
        for (constraint, foreign) in table.foreign_keys() {
            if !constraint.inherited && foreign.table != table.name {
                *count.entry(&foreign.table).or_default() += 1;
            }
        }
    }
    count
}

async fn candidate(
    probes: &Probes<'_>,
    inventory: &Inventory,
    table: &Table,
    pointed: &BTreeMap<&Name, usize>,
    named: bool,
) -> Result<Option<UsersCandidate>, Error> {
    let Some(mut columns) = recognize(table) else {
        return Ok(None);
    };
    let mut score = 0.0_f32;
    let mut reasons = Vec::new();
    let mut says = |points: f32, reason: String| {
        score += points;
        reasons.push(reason);
    };
    let name = name_points(&table.name.name);
    let signs_in = columns.email.is_some() || columns.username.is_some();
    let password_here = !named_passwords(table).is_empty();
    // Nothing is looked into that cannot become a candidate.
    if !named && (name <= 0.0 && !(signs_in && password_here) || name < 0.0) {
        return Ok(None);
    }
    if name > 0.0 {
        says(name, format!("the name {}", table.name.name));
    }
    if let Some(email) = &columns.email {
        says(2.0, format!("an address in {email}"));
        if table.is_unique(email) {
            says(0.5, "the address is unique".to_owned());
        }
    }
    if let Some(username) = &columns.username {
        says(1.0, format!("a name to sign in with in {username}"));
    }
    if let Some(password) = password(probes, inventory, table, &columns).await? {
        let place = if password.table == table.name {
            format!("a password in {}", password.column)
        } else {
            format!("a password in {}.{}", password.table, password.column)
        };
        says(3.0, place);
        columns.password = Some(password);
    }
    if columns.email.is_none()
        && let Some(contact) = contact::find(probes, inventory, table, &columns).await?
    {
        says(
            1.5,
            format!("an address in {}.{}", contact.table, contact.column),
        );
        columns.contact = Some(contact);
    }
    let keys = pointed.get(&table.name).copied().unwrap_or_default();
    if keys > 0 {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred at most")]
        let points = (keys as f32).ln_1p().min(2.5);
        says(points, format!("{keys} foreign keys point at it"));
    }
    if has_sessions(inventory, table) {
        says(0.5, "sessions or tokens belong to it".to_owned());
    }
    let more = [
        columns.role.is_some(),
        columns.active.is_some(),
        columns.last_sign_in.is_some(),
        !columns.full_name.is_empty(),
    ];
    let more = more.iter().filter(|has| **has).count();
    if more > 0 {
        #[expect(clippy::cast_precision_loss, reason = "four at most")]
        says(more as f32 / 4.0, format!("{more} more columns of a user"));
    }
    columns.id_type = settle_id_type(probes, table, &columns).await?;
    Ok(Some(UsersCandidate {
        table: table.name.clone(),
        score,
        reasons,
        columns,
        rows: estimated(table),
    }))
}

/// Points for the table's name; negative when it says that these are not the users.
fn name_points(name: &str) -> f32 {
    let mut words = singular_words(name);
    while words.len() > 1 && ["tbl", "tb", "t", "app", "tab"].contains(&words[0].as_str()) {
        words.remove(0);
    }
    let head = words.last().map_or("", String::as_str);
    if NOT_USERS.contains(&head) {
        return -1.0;
    }
    let joined = words.join("_");
    if joined == "user" || joined == "auth_user" {
        3.0
    } else if NAMES.contains(&joined.as_str()) {
        2.5
    } else if UsersName::new("user", "id").is_user(head)
        || ["admin", "staff", "employee", "customer"].contains(&head)
    {
        1.5
    } else {
        0.0
    }
}

/// Rows as the planner estimates them.
pub(super) fn estimated(table: &Table) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate, negative when there is none"
    )]
    let rows = table.estimated_rows.max(0.0) as u64;
    rows
}

/// The password: in the table by name, in a table beside it, or in the table by the shape of its values.
async fn password(
    probes: &Probes<'_>,
    inventory: &Inventory,
    table: &Table,
    columns: &UserColumns,
) -> Result<Option<PasswordColumn>, Error> {
    let here = |column: String| PasswordColumn {
        table: table.name.clone(),
        user_key: columns.id.clone(),
        column,
    };
    let named = named_passwords(table);
    if named.len() > 1 {
        // `password` and `password_hash` side by side: the one that holds hashes.
        for column in &named {
            if hash_share(probes, table, column).await? >= 0.6 {
                return Ok(Some(here(column.clone())));
            }
        }
    }
    if let Some(column) = named.into_iter().next() {
        return Ok(Some(here(column)));
    }
    if let Some(beside) = beside(inventory, table, columns) {
        return Ok(Some(beside));
    }
    for column in possible_passwords(table) {
        if hash_share(probes, table, &column).await? >= 0.6 {
            return Ok(Some(here(column)));
        }
    }
    Ok(None)
}

/// A table with a password that points at `table`: one row a user, or one row a user and provider.
fn beside(inventory: &Inventory, table: &Table, columns: &UserColumns) -> Option<PasswordColumn> {
    let users = UsersName::new(&table.name.name, &columns.id);
    inventory
        .tables
        .iter()
        .filter(|other| other.name != table.name && other.partition_of.is_none())
        .find_map(|other| {
            let column = named_passwords(other).into_iter().next()?;
            let (constraint, _) = other.foreign_keys().find(|(constraint, foreign)| {
                foreign.table == table.name
                    && foreign.columns == [columns.id.clone()]
                    && constraint.columns.len() == 1
            })?;
            let user_key = constraint.columns.first()?;
            let about_passwords = words(&other.name.name).iter().any(|word| {
                [
                    "password",
                    "passwords",
                    "credential",
                    "credentials",
                    "account",
                    "accounts",
                    "auth",
                    "login",
                    "logins",
                    "local",
                    "identity",
                    "identities",
                ]
                .contains(&word.as_str())
                    || users.is_user(&singular(word))
            });
            (other.is_unique(user_key) || about_passwords).then(|| PasswordColumn {
                table: other.name.clone(),
                user_key: user_key.clone(),
                column,
            })
        })
}

/// The share of hashes among some of a column's values.
async fn hash_share(probes: &Probes<'_>, table: &Table, column: &str) -> Result<f32, Error> {
    let mut sql = Fragment::new();
    sql.push("select ");
    push_column(&mut sql, column);
    sql.push("::text from ")
        .name(&table.name.quoted())
        .push(" as t");
    push_sample(&mut sql, table, probes.sample);
    sql.push(" where ");
    push_column(&mut sql, column);
    sql.push(" is not null and octet_length(");
    push_column(&mut sql, column);
    sql.push("::text) <= 4096 limit 500");
    let rows = probes.rows(&sql).await?.unwrap_or_default();
    let hashes = rows
        .iter()
        .filter(|row| HashClass::of_nullable(text(row, 0)).is_hash())
        .count();
    #[expect(clippy::cast_precision_loss, reason = "at most 500")]
    Ok(hashes as f32 / rows.len().max(1) as f32)
}

/// What a text key holds: whole numbers, UUIDs, or neither.
async fn settle_id_type(
    probes: &Probes<'_>,
    table: &Table,
    columns: &UserColumns,
) -> Result<IdType, Error> {
    if columns.id_type != IdType::Opaque {
        return Ok(columns.id_type);
    }
    let mut sql = Fragment::new();
    sql.push("select count(*), count(*) filter (where id ~ '^-?[0-9]{1,19}$'), count(*) filter (where id ~* ");
    sql.push("'^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$') from (select ");
    push_column(&mut sql, &columns.id);
    sql.push(r#"::text collate "C" as id from "#)
        .name(&table.name.quoted())
        .push(" as t limit ");
    sql.number(probes.sample).push(") as s");
    let Some(row) = probes.row(&sql).await? else {
        return Ok(IdType::Opaque);
    };
    let (all, whole, uuids): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
    Ok(match all {
        0 => IdType::Opaque,
        all if all == whole => IdType::IntegerText,
        all if all == uuids => IdType::Uuid,
        _ => IdType::Opaque,
    })
}

fn has_sessions(inventory: &Inventory, table: &Table) -> bool {
    inventory.tables.iter().any(|other| {
        let about = words(&other.name.name).last().is_some_and(|last| {
            ["session", "token", "reset", "login"].contains(&singular(last).as_str())
        });
        about
            && other
                .foreign_keys()
                .any(|(_, foreign)| foreign.table == table.name)
    })
}

/// A table that holds another candidate's passwords is beside it, not before it.
fn lower_side_tables(candidates: &mut [UsersCandidate]) {
    let beside: Vec<Name> = candidates
        .iter()
        .filter_map(|one| {
            one.columns
                .password
                .as_ref()
                .map(|password| (&one.table, &password.table))
        })
        .filter(|(table, password)| table != password)
        .map(|(_, password)| password.clone())
        .collect();
    for candidate in candidates {
        if beside.contains(&candidate.table) {
            candidate.score /= 2.0;
            candidate
                .reasons
                .push("holds the passwords of another table's users".to_owned());
        }
    }
}
