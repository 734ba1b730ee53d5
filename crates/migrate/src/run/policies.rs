//! S10: who may see and change what. Everything is closed first; a table opens by its pattern alone.

use std::fmt::Write as _;

use tokio_postgres::Client;

use super::{Context, grants};
use crate::Error;
use crate::ddl::{object_name, shape};
use crate::inventory::{Generation, Inventory, Name, TableKind};
use crate::plan::{Pattern, Plan, TablePlan};

/// The person who calls, once a statement rather than once a row.
const CALLER: &str = "(select auth.uid())";

pub(super) async fn apply(context: &Context<'_>, client: &mut Client) -> Result<(), Error> {
    let mut tx = client.transaction().await?;
    for table in context.plan.made_tables() {
        for statement in statements(context.plan, context.inventory, table)? {
            tx.batch_execute(&statement.sql)
                .await
                .map_err(|error| Error::Object {
                    kind: "policy".to_owned(),
                    name: table.name.to_string(),
                    error: error.into(),
                })?;
            if let Some(inverse) = &statement.inverse {
                context
                    .journal
                    .object(&tx, "S10", "policy", &table.name.to_string(), inverse)
                    .await?;
            }
        }
    }
    views(context, &tx).await?;
    grants::apply(context, &mut tx).await?;
    // The REST service looks at the database anew.
    tx.batch_execute("notify pgrst, 'reload schema'").await?;
    context.journal.finish(&tx, "S10", None, None).await?;
    tx.commit().await?;
    Ok(())
}

/// A statement and what takes it back, where dropping the table would not.
#[derive(Debug, Clone)]
pub struct PolicyStatement {
    /// What is run.
    pub sql: String,
    /// What takes it back.
    pub inverse: Option<String>,
}

/// What opens a table by its pattern (MIG-RLS-02 to 06).
pub fn statements(
    plan: &Plan,
    inventory: &Inventory,
    table: &TablePlan,
) -> Result<Vec<PolicyStatement>, Error> {
    let shape = shape(plan, inventory, &table.name)?;
    if shape.table.kind == TableKind::Foreign {
        // It is not made.
        return Ok(Vec::new());
    }
    let quoted = table.name.quoted().to_string();
    let mut writer = Writer {
        plan,
        table,
        quoted: quoted.clone(),
        out: Vec::new(),
    };
    writer.run(format!(
        "alter table {quoted} enable row level security; revoke all on {quoted} from anon, authenticated; \
         grant all on {quoted} to service_role"
    ));
    // Rows of a partition are reached through the root.
    if shape.table.partition_of.is_some() {
        return Ok(writer.out);
    }
    let editable: Vec<String> = plan
        .users
        .user_metadata
        .values()
        .map(|column| sql::Ident::new(column).to_string())
        .collect();
    writer.pattern(inventory, &editable)?;
    let inserts = writer
        .out
        .iter()
        .any(|it| it.sql.contains("grant") && it.sql.contains("insert"));
    if inserts {
        for column in &shape.table.columns {
            let counts = column
                .default
                .as_ref()
                .is_some_and(|default| default.contains("nextval("));
            if counts && column.generation == Generation::Plain && !shape.is_converted(&column.name)
            {
                writer.run(format!(
                    "do $$ begin execute format('grant usage on sequence %s to authenticated, service_role', \
                     pg_get_serial_sequence({}, {})); exception when others then null; end $$",
                    sql::quote_literal(&quoted),
                    sql::quote_literal(&column.name)
                ));
            }
        }
    }
    let column = table.owner.as_ref().or(table.parent.as_ref());
    if let Some(column) = column
        && !shape.table.is_indexed(column)
    {
        let name = object_name(&[&table.name.name, column], "idx");
        writer.run_with(
            format!(
                "create index if not exists {} on {quoted} ({})",
                sql::Ident::new(&name),
                sql::Ident::new(column)
            ),
            format!(
                "drop index if exists {}",
                Name::new(&table.name.schema, &name).quoted()
            ),
        );
    }
    Ok(writer.out)
}

struct Writer<'a> {
    plan: &'a Plan,
    table: &'a TablePlan,
    quoted: String,
    out: Vec<PolicyStatement>,
}

impl Writer<'_> {
    fn run(&mut self, sql: String) {
        self.out.push(PolicyStatement { sql, inverse: None });
    }

    fn run_with(&mut self, sql: String, inverse: String) {
        self.out.push(PolicyStatement {
            sql,
            inverse: Some(inverse),
        });
    }

    fn grant(&mut self, what: &str, to: &str) {
        let sql = format!("grant {what} on {} to {to}", self.quoted);
        let inverse = format!("revoke all on {} from {to}", self.quoted);
        self.run_with(sql, inverse);
    }

    /// One policy for one command, `<table>_<pattern>_<command>`; made anew when it is there.
    fn policy(
        &mut self,
        pattern: &str,
        command: &str,
        to: &str,
        using: Option<&str>,
        check: Option<&str>,
    ) {
        let name = object_name(&[&self.table.name.name, pattern], command);
        let name = sql::Ident::new(&name);
        let using = using.map(|it| format!(" using ({it})")).unwrap_or_default();
        let check = check
            .map(|it| format!(" with check ({it})"))
            .unwrap_or_default();
        let drop = format!("drop policy if exists {name} on {}", self.quoted);
        self.run_with(
            format!(
                "{drop}; create policy {name} on {} for {command} to {to}{using}{check}",
                self.quoted
            ),
            drop,
        );
    }

    fn admin(&self) -> String {
        format!(
            "(select auth.jwt() -> 'app_metadata' ->> 'role') = {}",
            sql::quote_literal(&self.plan.rls.admin_role)
        )
    }

    fn owner(&self) -> Result<String, Error> {
        let column = self.table.owner.as_ref().ok_or_else(|| {
            Error::Missing(format!(
                "owner's column for the access of {}",
                self.table.name
            ))
        })?;
        Ok(format!("{} = {CALLER}", sql::Ident::new(column)))
    }

    /// The owner's own rows, and those shared with the caller.
    fn readable(&self, own: &str) -> String {
        let Some(shared) = &self.table.shared_with else {
            return own.to_owned();
        };
        let list = match shared.split_once('.') {
            Some((column, key)) => format!(
                "{} -> {} ? ({CALLER})::text",
                sql::Ident::new(column),
                sql::quote_literal(key)
            ),
            None => format!("{CALLER} = any ({})", sql::Ident::new(shared)),
        };
        format!("{own} or {list}")
    }

    fn pattern(&mut self, inventory: &Inventory, editable: &[String]) -> Result<(), Error> {
        let name = self.table.access.name();
        match self.table.access {
            Pattern::Owner | Pattern::OwnerAdmin => {
                self.grant("select, insert, update, delete", "authenticated");
                let own = self.owner()?;
                self.read(
                    name,
                    &self.readable(&own),
                    self.table.access == Pattern::OwnerAdmin,
                );
                let write = self.write(&own);
                self.policy(name, "insert", "authenticated", None, Some(&write));
                self.policy(name, "update", "authenticated", Some(&write), Some(&write));
                self.policy(name, "delete", "authenticated", Some(&write), None);
            }
            Pattern::OwnerRead => {
                self.grant("select", "authenticated");
                let own = self.owner()?;
                self.read(name, &self.readable(&own), true);
            }
            Pattern::AppendOnly => {
                self.grant("select, insert", "authenticated");
                let own = self.owner()?;
                self.read(name, &own, true);
                self.policy(name, "insert", "authenticated", None, Some(&own));
            }
            Pattern::Profile => {
                self.grant("select", "authenticated");
                let own = self.owner()?;
                self.read(name, &own, true);
                if !editable.is_empty() {
                    self.grant(
                        &format!("update ({})", editable.join(", ")),
                        "authenticated",
                    );
                    self.policy(name, "update", "authenticated", Some(&own), Some(&own));
                }
            }
            Pattern::ParentOwned => {
                self.grant("select, insert, update, delete", "authenticated");
                let (own, readable) = self.parent(inventory)?;
                self.read(name, &readable, false);
                self.policy(name, "insert", "authenticated", None, Some(&own));
                self.policy(name, "update", "authenticated", Some(&own), Some(&own));
                self.policy(name, "delete", "authenticated", Some(&own), None);
            }
            Pattern::PublicRead => {
                self.grant("select", "anon, authenticated");
                self.policy(name, "select", "anon, authenticated", Some("true"), None);
            }
            Pattern::AuthenticatedRead => {
                self.grant("select", "authenticated");
                self.policy(name, "select", "authenticated", Some("true"), None);
            }
            Pattern::AdminOnly => {
                self.grant("select, insert, update, delete", "authenticated");
                let admin = self.admin();
                self.policy(name, "select", "authenticated", Some(&admin), None);
                self.policy(name, "insert", "authenticated", None, Some(&admin));
                self.policy(name, "update", "authenticated", Some(&admin), Some(&admin));
                self.policy(name, "delete", "authenticated", Some(&admin), None);
            }
            Pattern::ServiceOnly | Pattern::Ask => {}
        }
        Ok(())
    }

    /// Who reads; administrators too, in one policy or in two.
    fn read(&mut self, pattern: &str, readable: &str, admins: bool) {
        if !admins {
            self.policy(pattern, "select", "authenticated", Some(readable), None);
            return;
        }
        let admin = self.admin();
        if self.plan.rls.merge_permissive {
            let both = format!("{readable} or {admin}");
            self.policy(pattern, "select", "authenticated", Some(&both), None);
        } else {
            self.policy(pattern, "select", "authenticated", Some(readable), None);
            self.policy("admin", "select", "authenticated", Some(&admin), None);
        }
    }

    fn write(&self, own: &str) -> String {
        if self.plan.rls.admin_write && self.table.access == Pattern::OwnerAdmin {
            format!("{own} or {}", self.admin())
        } else {
            own.to_owned()
        }
    }

    /// Whether the row that this one points at is the caller's, and whether the caller may read it.
    fn parent(&self, inventory: &Inventory) -> Result<(String, String), Error> {
        let missing = || {
            Error::Missing(format!(
                "parent's column for the access of {}",
                self.table.name
            ))
        };
        let column = self.table.parent.as_ref().ok_or_else(missing)?;
        let table = inventory.table(&self.table.name).ok_or_else(missing)?;
        let key = table
            .foreign_keys()
            .find(|(constraint, _)| constraint.columns.as_slice() == std::slice::from_ref(column))
            .map(|(_, key)| key)
            .ok_or_else(missing)?;
        let parent = self.plan.table(&key.table).ok_or_else(missing)?;
        let owner = parent.owner.as_ref().ok_or_else(missing)?;
        let reaches = format!(
            "select 1 from {} p where p.{} = {}.{}",
            key.table.quoted(),
            sql::Ident::new(&key.columns[0]),
            self.quoted,
            sql::Ident::new(column),
        );
        // The parent's own policies decide what of it can be seen.
        Ok((
            format!(
                "exists ({reaches} and p.{} = {CALLER})",
                sql::Ident::new(owner)
            ),
            format!("exists ({reaches})"),
        ))
    }
}

/// Views show what their reader may see; what cannot be bound so is closed.
async fn views(context: &Context<'_>, tx: &tokio_postgres::Transaction<'_>) -> Result<(), Error> {
    let version: i32 = tx
        .query_one("select current_setting('server_version_num')::int4", &[])
        .await?
        .get(0);
    for view in &context.inventory.views {
        let name = view.name.quoted();
        let there: bool = tx
            .query_one("select to_regclass($1) is not null", &[&name.to_string()])
            .await?
            .get(0);
        if !there {
            continue;
        }
        let mut sql = format!(
            "revoke all on {name} from anon, authenticated; grant select on {name} to service_role"
        );
        if !view.materialized && version >= 150_000 {
            let _ = write!(
                sql,
                "; alter view {name} set (security_invoker = on); grant select on {name} to authenticated"
            );
        } else {
            context.warn(
                "MIG-R-VIEW",
                view.name.to_string(),
                "for servers only: its rows are not bound to the reader",
            );
        }
        tx.batch_execute(&sql).await?;
    }
    Ok(())
}
