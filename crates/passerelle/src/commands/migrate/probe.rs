//! The realtime probe (MIG-RT-05): for each published table that people own rows of, two of them listen on a socket with
//! a token of their own; a row like one of hers is added, changed and deleted. She hears all three, he hears none of
//! it: what he hears first is a row of his own that came later. Nothing stays.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use base::{Clock as _, SystemClock};
use migrate::plan::{Pattern, TableAction, TablePlan};
use migrate::{Plan, Target};
use serde_json::{Value, json};
use sql::{Ident, quote_literal};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::exit::Failure;
use crate::person::{Live, Person, Refusal};

/// Longest wait for an event.
const WAIT: Duration = Duration::from_secs(60);
/// Rows larger than this, bytes, are no model for a probe's.
const LARGE: u32 = 65_536;
/// Where the row is, in the words of [`Probe::place`].
const PLACE: &str = "returning ctid::text, tableoid::regclass::text";

/// What became of one table's probe.
#[derive(Debug)]
pub(super) struct Probed {
    /// The table.
    pub(super) table: String,
    /// What was heard, or what was wrong.
    pub(super) outcome: Result<String, String>,
}

/// Two sides of the same stack: its API, and its database to make changes in.
pub(super) struct Probe<'a> {
    url: &'a str,
    anon: &'a str,
    keys: &'a jwt::Keys,
    plan: &'a Plan,
    client: Client,
    /// The application's triggers sleep in this session.
    quiet: bool,
    /// What takes away the row that is there now.
    left: RefCell<Option<String>>,
}

/// A row like another can be made, and how; or nothing but a change that changes nothing.
enum Way {
    Row { columns: String, values: String },
    Touch,
}

impl<'a> Probe<'a> {
    /// Opens a session that may write, with the application's triggers asleep where the login allows it.
    pub(super) async fn new(
        url: &'a str,
        anon: &'a str,
        keys: &'a jwt::Keys,
        plan: &'a Plan,
        target: &Target,
    ) -> Result<Self, Failure> {
        let writable = "set default_transaction_read_only = off";
        let asleep = "set session_replication_role = replica";
        let admin = target.admin().await?;
        let quiet = admin.batch_execute(writable).await.is_ok()
            && admin.batch_execute(asleep).await.is_ok();
        let client = if quiet {
            admin
        } else {
            let owner = target.session().await?;
            owner
                .batch_execute(writable)
                .await
                .map_err(migrate::Error::from)?;
            owner
        };
        Ok(Self {
            url,
            anon,
            keys,
            plan,
            client,
            quiet,
            left: RefCell::default(),
        })
    }

    /// Every published table, one after the other.
    pub(super) async fn tables(&self) -> Vec<Probed> {
        let mut all = Vec::new();
        for table in self.plan.made_tables().filter(|table| table.realtime) {
            let outcome = self.table(table).await;
            self.clean_up().await;
            all.push(Probed {
                table: table.name.to_string(),
                outcome: outcome.map_err(|refusal| refusal.to_string()),
            });
        }
        all
    }

    /// Takes away the row of a probe that did not come to its end.
    pub(super) async fn clean_up(&self) {
        let left = self.left.take();
        if let Some(statement) = left {
            let _ = self.client.batch_execute(&statement).await;
        }
    }

    async fn table(&self, table: &TablePlan) -> Result<String, Refusal> {
        let Some(owner) = table.owner.as_deref().filter(|_| is_owned(table)) else {
            return Ok("not probed: its rows have no owner".to_owned());
        };
        let owners = self.owners(table, owner).await?;
        let Some(hers) = owners.first() else {
            return Ok("not probed: nobody has a row".to_owned());
        };
        let acts = self.ask::<bool>(include_str!("../../sql/probe_triggers.sql"), table);
        if !self.quiet && acts.await? {
            return Ok("not probed: the application's triggers would act on a change".to_owned());
        }
        let (schema, name) = (&table.name.schema, &table.name.name);
        let mut her = self.person(*hers).listen(schema, name, "*").await?;
        let mut him = match owners.get(1) {
            Some(his) => Some((*his, self.person(*his).listen(schema, name, "*").await?)),
            None => None,
        };
        let way = self.way(table, owner).await?;
        let began = Instant::now();
        let heard = self.change(table, owner, *hers, &way, &mut her).await?;
        let took = began.elapsed().as_millis();
        let Some((his, socket)) = &mut him else {
            return Ok(format!("{heard} heard in {took} ms; it has one owner only"));
        };
        // His own row comes after hers: what he hears before it is what he should not.
        self.begin(table, owner, *his, &way).await?;
        let keys = self.key(table).await?;
        loop {
            let change = next(socket, "the other's socket").await?;
            if change["record"][owner] == json!(*his) {
                break;
            }
            // A deletion is sent to all, with nothing but the key (MIG-RT-03).
            let only_key = change["old_record"]
                .as_object()
                .is_some_and(|old| old.keys().all(|name| keys.contains(name)));
            if change["type"] != "DELETE" || !only_key {
                return Err(Refusal::new("the other's socket", &change));
            }
        }
        Ok(format!(
            "{heard} heard by their owner in {took} ms, by nobody else"
        ))
    }

    /// Adds, changes and deletes; each is heard before the next is made.
    async fn change(
        &self,
        table: &TablePlan,
        owner: &str,
        who: Uuid,
        way: &Way,
        socket: &mut Live,
    ) -> Result<&'static str, Refusal> {
        let place = self.begin(table, owner, who, way).await?;
        let owned = |change: &Value| change["record"][owner] == json!(who);
        if matches!(way, Way::Touch) {
            expect(socket, "UPDATE", owned).await?;
            return Ok("UPDATE");
        }
        expect(socket, "INSERT", owned).await?;
        let (quoted, column) = (table.name.quoted(), Ident::new(owner));
        let again = format!("update {quoted} set {column} = {column} where {place} {PLACE}");
        self.note(table, &again).await?;
        expect(socket, "UPDATE", owned).await?;
        self.remove().await?;
        expect(socket, "DELETE", |change| change["old_record"].is_object()).await?;
        Ok("INSERT, UPDATE and DELETE")
    }

    /// The first change: a row like another of theirs, or a change of one that changes nothing. The condition that
    /// finds the row.
    async fn begin(
        &self,
        table: &TablePlan,
        owner: &str,
        who: Uuid,
        way: &Way,
    ) -> Result<String, Refusal> {
        let (quoted, column) = (table.name.quoted(), Ident::new(owner));
        let model = format!(
            "from {quoted} t where {column} = '{who}' and pg_column_size(t.*) < {LARGE} limit 1"
        );
        match way {
            Way::Row { columns, values } => {
                let add =
                    format!("insert into {quoted} ({columns}) select {values} {model} {PLACE}");
                self.note(table, &add).await
            }
            Way::Touch => {
                let look = format!("select t.ctid::text, t.tableoid::regclass::text {model}");
                let place = self.place(table, &look).await?;
                let touch = format!("update {quoted} set {column} = {column} where {place}");
                let done = self.client.batch_execute(&touch).await;
                done.map_err(|error| refused(table, &error))?;
                Ok(place)
            }
        }
    }

    /// Makes a change, and notes how to take its row away.
    async fn note(&self, table: &TablePlan, statement: &str) -> Result<String, Refusal> {
        let place = self.place(table, statement).await?;
        let remove = format!("delete from {} where {place}", table.name.quoted());
        self.left.replace(Some(remove));
        Ok(place)
    }

    /// The condition that finds the row a statement tells of.
    async fn place(&self, table: &TablePlan, statement: &str) -> Result<String, Refusal> {
        let row = self.client.query_opt(statement, &[]).await;
        let row = row
            .map_err(|error| refused(table, &error))?
            .ok_or_else(|| Refusal::new(table.name.to_string(), "no row to make one like"))?;
        let (ctid, part) = (quote_literal(row.get(0)), quote_literal(row.get(1)));
        Ok(format!(
            "ctid = {ctid}::tid and tableoid = {part}::regclass"
        ))
    }

    async fn remove(&self) -> Result<(), Refusal> {
        let statement = self.left.take().unwrap_or_default();
        self.client
            .batch_execute(&statement)
            .await
            .map_err(|error| Refusal::new("removing the probe's row", words(&error)))
    }

    /// Whether a second row like another is possible: its key is given anew, and nothing else must be there only once.
    async fn way(&self, table: &TablePlan, owner: &str) -> Result<Way, Refusal> {
        let rows = self
            .rows(include_str!("../../sql/probe_columns.sql"), table)
            .await?;
        let (mut columns, mut values, mut renewed) = (Vec::new(), Vec::new(), Vec::new());
        for row in &rows {
            let (name, key, given, computed, uuid): (String, bool, bool, bool, bool) =
                (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4));
            let ident = Ident::new(&name).to_string();
            if computed {
                continue;
            }
            if key && name != owner && (given || uuid) {
                if !given {
                    columns.push(ident);
                    values.push("gen_random_uuid()".to_owned());
                }
                renewed.push(name);
            } else {
                values.push(format!("t.{ident}"));
                columns.push(ident);
            }
        }
        let others = self
            .rows(include_str!("../../sql/probe_unique.sql"), table)
            .await?;
        let free = others.iter().all(|row| {
            let columns: Vec<String> = row.get(0);
            columns.iter().any(|name| renewed.contains(name))
        });
        if renewed.is_empty() || !free {
            return Ok(Way::Touch);
        }
        Ok(Way::Row {
            columns: columns.join(", "),
            values: values.join(", "),
        })
    }

    async fn key(&self, table: &TablePlan) -> Result<Vec<String>, Refusal> {
        let rows = self
            .rows(include_str!("../../sql/probe_columns.sql"), table)
            .await?;
        let key = rows.iter().filter(|row| row.get(1));
        Ok(key.map(|row| row.get(0)).collect())
    }

    /// Two migrated people who own rows of it and may sign in.
    async fn owners(&self, table: &TablePlan, owner: &str) -> Result<Vec<Uuid>, Refusal> {
        let query = format!(
            "select m.supabase_user_id from public.user_id_mapping m where m.status = 'created' and exists \
             (select from {} t where t.{} = m.supabase_user_id and pg_column_size(t.*) < {LARGE}) \
             order by m.old_user_id limit 2",
            table.name.quoted(),
            Ident::new(owner)
        );
        let rows = self.client.query(&query, &[]).await;
        let rows = rows.map_err(|error| refused(table, &error))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    fn person(&self, id: Uuid) -> Person {
        Person::with_token(self.url, self.anon, &id.to_string(), token(self.keys, id))
    }

    async fn rows(
        &self,
        query: &str,
        table: &TablePlan,
    ) -> Result<Vec<tokio_postgres::Row>, Refusal> {
        let name = table.name.quoted().to_string();
        let rows = self.client.query(query, &[&name]).await;
        rows.map_err(|error| refused(table, &error))
    }

    async fn ask<T>(&self, query: &str, table: &TablePlan) -> Result<T, Refusal>
    where
        T: for<'r> tokio_postgres::types::FromSql<'r>,
    {
        let rows = self.rows(query, table).await?;
        let row = rows.first();
        row.map(|row| row.get(0))
            .ok_or_else(|| Refusal::new(table.name.to_string(), "no answer"))
    }
}

/// Whether its rows are their owners' alone.
pub(super) fn is_owned(table: &TablePlan) -> bool {
    let patterns = [Pattern::Owner, Pattern::OwnerAdmin, Pattern::AppendOnly];
    table.action == TableAction::Copy
        && patterns.contains(&table.access)
        && table.owner.is_some()
        && table.shared_with.is_none()
}

/// An access token as the auth service would sign it for an ordinary user.
pub(super) fn token(keys: &jwt::Keys, id: Uuid) -> String {
    let now = SystemClock.unix();
    keys.sign(&json!({
        "sub": id, "aud": "authenticated", "role": "authenticated", "iat": now, "exp": now + 600,
        "app_metadata": { "role": "user" },
    }))
}

async fn expect(
    socket: &mut Live,
    kind: &str,
    fits: impl Fn(&Value) -> bool,
) -> Result<(), Refusal> {
    let change = next(socket, "the owner's socket").await?;
    if change["type"] == kind && fits(&change) {
        return Ok(());
    }
    Err(Refusal::new(
        "the owner's socket",
        format_args!("{kind} expected, {} came", change["type"]),
    ))
}

async fn next(socket: &mut Live, whose: &str) -> Result<Value, Refusal> {
    tokio::time::timeout(WAIT, socket.change())
        .await
        .map_err(|_| Refusal::new(whose, "no event"))?
}

fn refused(table: &TablePlan, error: &tokio_postgres::Error) -> Refusal {
    Refusal::new(table.name.to_string(), words(error))
}

fn words(error: &tokio_postgres::Error) -> String {
    error
        .as_db_error()
        .map_or_else(|| error.to_string(), |said| said.message().to_owned())
}
