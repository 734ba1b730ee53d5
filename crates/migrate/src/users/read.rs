//! The users table as a stream of people.

use std::fmt::Write as _;

use base::Secret;
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt as _};
use tokio_postgres::Client;

use crate::inventory::{Column, Inventory, Name, Table};
use crate::password::{Carrier, Fate};
use crate::plan::{Confirmed, ContactPlan, PasswordPlan, UsersPlan, UuidStrategy};
use crate::{Error, Plan};

/// A row of the users table, as the plan reads it.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) legacy: String,
    pub(super) email: Option<String>,
    pub(super) username: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) hash: Option<Secret>,
    pub(super) salts: Vec<Option<String>>,
    pub(super) confirmed: bool,
    pub(super) active: Option<bool>,
    pub(super) deleted: bool,
    pub(super) created: Option<DateTime<Utc>>,
    pub(super) updated: Option<DateTime<Utc>>,
    pub(super) signed_in: Option<DateTime<Utc>>,
    pub(super) role: Option<String>,
    pub(super) uuid: Option<String>,
    pub(super) user_metadata: String,
    pub(super) app_metadata: String,
}

impl Person {
    /// What becomes of the password.
    pub(super) fn fate(&self, plan: &Plan, carrier: Carrier) -> Fate {
        let stored = self.hash.as_ref().map(Secret::expose);
        Fate::of(plan.users.password.as_ref(), stored, &self.salts, carrier)
    }
}

/// All of them, by old id.
pub(super) async fn people(
    client: &Client,
    plan: &Plan,
    inventory: &Inventory,
) -> Result<impl Stream<Item = Result<Person, Error>> + use<>, Error> {
    let select = select(&plan.users, inventory)?;
    let none: [&str; 0] = [];
    let rows = client
        .query_raw(&select, none)
        .await
        .map_err(Error::reading)?;
    Ok(rows.map(|row| {
        let row = row.map_err(Error::reading)?;
        let text = |place: usize| row.try_get::<_, Option<String>>(place);
        Ok(Person {
            legacy: row.try_get(0)?,
            email: text(1)?,
            username: text(2)?,
            phone: text(3)?,
            hash: text(4)?.map(Secret::new),
            confirmed: row.try_get::<_, Option<bool>>(5)?.unwrap_or(false),
            active: row.try_get(6)?,
            deleted: row.try_get::<_, Option<bool>>(7)?.unwrap_or(false),
            created: row.try_get(8)?,
            updated: row.try_get(9)?,
            signed_in: row.try_get(10)?,
            role: text(11)?,
            uuid: text(12)?,
            user_metadata: row.try_get(13)?,
            app_metadata: row.try_get(14)?,
            salts: row.try_get(15)?,
        })
    }))
}

/// The query that reads them.
fn select(users: &UsersPlan, inventory: &Inventory) -> Result<String, Error> {
    let table = inventory
        .table(&users.table)
        .ok_or_else(|| Error::Missing(users.table.to_string()))?;
    let reader = Reader {
        table,
        users,
        alias: "u",
    };
    let beside = Beside::of(users, inventory)?;
    let mut sql = String::from("select ");
    let columns = [
        reader.text(Some(&users.id))?,
        match &beside {
            Some(_) => "c.address".to_owned(),
            None => reader.text(users.email.as_deref())?,
        },
        reader.text(users.username.as_deref())?,
        reader.text(users.phone.as_deref())?,
        match &users.password {
            Some(password) if is_beside(users, password) => reader.text(Some(&password.column))?,
            Some(_) => "p.hash".to_owned(),
            None => "null::text".to_owned(),
        },
        match &users.confirmed {
            _ if beside.as_ref().is_some_and(Beside::tells_confirmed) => "c.confirmed".to_owned(),
            Confirmed::All => "true".to_owned(),
            Confirmed::None => "false".to_owned(),
            Confirmed::Flag(column) => reader.truth(column)?,
            Confirmed::Time(column) => format!("{} is not null", reader.name(column)?),
        },
        match &users.active {
            Some(active) if active.inverted => format!("not ({})", reader.truth(&active.column)?),
            Some(active) => reader.truth(&active.column)?,
            None => "true".to_owned(),
        },
        match &users.deleted_at {
            Some(column) => reader.truth(column)?,
            None => "false".to_owned(),
        },
        reader.time(users.created_at.as_deref())?,
        reader.time(users.updated_at.as_deref())?,
        reader.time(users.last_sign_in.as_deref())?,
        reader.text(users.role.as_deref())?,
        match &users.uuid {
            UuidStrategy::Derived => "null::text".to_owned(),
            UuidStrategy::Column(column) => reader.text(Some(column))?,
        },
        reader.object(&users.user_metadata)?,
        reader.object(&users.app_metadata)?,
        match &users.password {
            Some(password) if is_beside(users, password) => {
                reader.texts(password.salt_columns())?
            }
            // Somebody may have no password at all.
            Some(_) => "coalesce(p.salts, array[]::text[])".to_owned(),
            None => "array[]::text[]".to_owned(),
        },
    ];
    sql.push_str(&columns.join(", "));
    let _ = write!(sql, " from {} u", table.name.quoted());
    if let Some(password) = users.password.as_ref().filter(|it| !is_beside(users, it)) {
        let kind = |table: &Name, column: &str| {
            let column = inventory
                .table(table)
                .and_then(|table| table.column(column));
            column.map(|column| column.base_type.as_str())
        };
        // A comparison as text is for keys of two kinds only: no index serves it.
        let cast = if kind(&password.table, &password.user_key) == kind(&users.table, &users.id) {
            ""
        } else {
            "::text"
        };
        let _ = write!(
            sql,
            " left join (select distinct on (s.{key}) s.{key} as user_key, s.{hash}::text as hash, \
             array[{salts}]::text[] as salts from {table} s \
             order by s.{key}, s.{hash} is null) p on p.user_key{cast} = u.{id}{cast}",
            key = sql::Ident::new(&password.user_key),
            hash = sql::Ident::new(&password.column),
            salts = password
                .salt_columns()
                .map(|column| format!("s.{}::text", sql::Ident::new(column)))
                .collect::<Vec<_>>()
                .join(", "),
            table = password.table.quoted(),
            id = sql::Ident::new(&users.id),
        );
    }
    if let Some(beside) = &beside {
        sql.push_str(&beside.join()?);
    }
    let _ = write!(sql, " order by u.{}", sql::Ident::new(&users.id));
    Ok(sql)
}

/// Addresses in a table beside the users: the first of each.
struct Beside<'a> {
    contact: &'a ContactPlan,
    reader: Reader<'a>,
}

impl<'a> Beside<'a> {
    fn of(users: &'a UsersPlan, inventory: &'a Inventory) -> Result<Option<Self>, Error> {
        let Some(contact) = &users.contact else {
            return Ok(None);
        };
        let table = inventory
            .table(&contact.table)
            .ok_or_else(|| Error::Missing(contact.table.to_string()))?;
        let reader = Reader {
            table,
            users,
            alias: "s",
        };
        Ok(Some(Self { contact, reader }))
    }

    fn tells_confirmed(&self) -> bool {
        self.contact.confirmed.is_some()
    }

    fn join(&self) -> Result<String, Error> {
        let (contact, reader) = (self.contact, &self.reader);
        let key = reader.name(&contact.user_key)?;
        let address = reader.text(Some(&contact.column))?;
        let confirmed = match &contact.confirmed {
            Some(column) => reader.truth(column)?,
            None => "true".to_owned(),
        };
        let only = match (&contact.kind, &contact.kind_value) {
            (Some(kind), Some(value)) => {
                let kind = reader.text(Some(kind))?;
                format!(" where {kind} = {}", sql::quote_literal(value))
            }
            _ => String::new(),
        };
        let first = match &contact.primary {
            Some(column) => format!("coalesce({}, false) desc, ", reader.truth(column)?),
            None => String::new(),
        };
        Ok(format!(
            " left join (select distinct on ({key}) {key} as user_key, {address} as address, {confirmed} as confirmed \
             from {} s{only} order by {key}, {first}{address} is null, {address}) c on c.user_key = u.{}",
            contact.table.quoted(),
            sql::Ident::new(&reader.users.id)
        ))
    }
}

/// Whether the hash stands in the user's own row.
fn is_beside(users: &UsersPlan, password: &PasswordPlan) -> bool {
    password.table == users.table && password.user_key == users.id
}

struct Reader<'a> {
    table: &'a Table,
    users: &'a UsersPlan,
    /// What the table is called in the query.
    alias: &'static str,
}

impl Reader<'_> {
    fn column(&self, name: &str) -> Result<&Column, Error> {
        self.table.column(name).ok_or_else(|| {
            let name = Name::new(self.table.name.to_string(), name);
            Error::Missing(format!("{}.{}", name.schema, name.name))
        })
    }

    fn name(&self, column: &str) -> Result<String, Error> {
        let column = sql::Ident::new(&self.column(column)?.name);
        Ok(format!("{}.{column}", self.alias))
    }

    fn text(&self, column: Option<&str>) -> Result<String, Error> {
        match column {
            Some(column) => Ok(format!("{}::text", self.name(column)?)),
            None => Ok("null::text".to_owned()),
        }
    }

    fn texts<'c>(&self, columns: impl Iterator<Item = &'c str>) -> Result<String, Error> {
        let columns: Result<Vec<String>, Error> =
            columns.map(|column| self.text(Some(column))).collect();
        Ok(format!("array[{}]::text[]", columns?.join(", ")))
    }

    /// A column as yes or no, whatever its type: a time means yes when it is set.
    fn truth(&self, column: &str) -> Result<String, Error> {
        let name = self.name(column)?;
        Ok(match self.column(column)?.base_type.as_str() {
            "bool" => name,
            "int2" | "int4" | "int8" | "numeric" => format!("({name} <> 0)"),
            "timestamp" | "timestamptz" | "date" => format!("({name} is not null)"),
            _ => format!(
                "(lower(btrim({name}::text)) in ('t', 'true', '1', 'y', 'yes', 'on', 'active', 'enabled'))"
            ),
        })
    }

    /// A column as a moment, whatever its type; what is no finite moment is none.
    fn time(&self, column: Option<&str>) -> Result<String, Error> {
        let Some(column) = column else {
            return Ok("null::timestamptz".to_owned());
        };
        let name = self.name(column)?;
        let zone = sql::quote_literal(&self.users.time_zone);
        let moment = match self.column(column)?.base_type.as_str() {
            "timestamptz" => name,
            "timestamp" => format!("({name} at time zone {zone})"),
            "date" => format!("({name}::timestamp at time zone {zone})"),
            // Seconds since 1970, or thousandths where the number is too large for seconds.
            "int4" | "int8" | "numeric" => format!(
                "to_timestamp(case when {name} > 100000000000 then {name} / 1000.0 else {name} end)"
            ),
            _ => return Ok("null::timestamptz".to_owned()),
        };
        // chrono knows years up to 262143; what is far from any sign-in is none.
        Ok(format!(
            "case when isfinite({moment}) and {moment} > '0001-01-01' and {moment} < '9999-01-01' then {moment} end"
        ))
    }

    fn object(&self, keys: &std::collections::BTreeMap<String, String>) -> Result<String, Error> {
        let mut parts = Vec::new();
        for (key, column) in keys {
            parts.push(format!(
                "{}, {}",
                sql::quote_literal(key),
                self.name(column)?
            ));
        }
        Ok(format!(
            "jsonb_strip_nulls(jsonb_build_object({}))::text",
            parts.join(", ")
        ))
    }
}
