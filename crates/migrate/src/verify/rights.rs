//! Rights: what each role really sees and changes, asked of PostgreSQL itself in transactions that are rolled back
//! (MIG-RLS-08), and what lies open (MIG-VER-09).

use serde_json::{Value, json};
use tokio_postgres::{Client, Transaction};
use uuid::Uuid;

use super::{Scene, Verdict};
use crate::Error;
use crate::ddl::{PRIVATE, shape};
use crate::inventory::TableKind;
use crate::plan::{Pattern, TableAction, TablePlan};
use crate::session::Target;

/// Who is tried.
struct Caller {
    name: &'static str,
    role: &'static str,
    id: Option<Uuid>,
    app_role: String,
}

impl Caller {
    fn claims(&self) -> Value {
        let mut claims = json!({ "role": self.role, "app_metadata": { "role": self.app_role } });
        if let Some(id) = self.id {
            claims["sub"] = json!(id);
        }
        claims
    }
}

pub(super) async fn check(
    scene: &Scene<'_>,
    target: &Target,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let mut client = target.probe().await?;
    for table in scene.plan.made_tables() {
        let shape = shape(scene.plan, scene.inventory, &table.name)?;
        if shape.table.kind == TableKind::Foreign || shape.table.partition_of.is_some() {
            continue;
        }
        reads(scene, &mut client, table, verdict).await?;
        if table.access.needs_owner() && table.action == TableAction::Copy {
            writes(scene, &mut client, table, verdict).await?;
        }
    }
    exposure(scene, &client, verdict).await
}

/// The people to try a table with: two owners with rows, one without, an administrator, nobody, the server.
async fn callers(
    scene: &Scene<'_>,
    client: &Client,
    table: &TablePlan,
) -> Result<Vec<Caller>, Error> {
    let mut callers = vec![
        Caller {
            name: "anon",
            role: "anon",
            id: None,
            app_role: String::new(),
        },
        Caller {
            name: "service",
            role: "service_role",
            id: None,
            app_role: String::new(),
        },
        Caller {
            name: "admin",
            role: "authenticated",
            id: Some(Uuid::nil()),
            app_role: scene.plan.rls.admin_role.clone(),
        },
        Caller {
            name: "stranger",
            role: "authenticated",
            id: Some(Uuid::nil()),
            app_role: "user".into(),
        },
    ];
    if let Some(owner) = &table.owner {
        let owner = sql::Ident::new(owner);
        let rows = client
            .query(
                &format!(
                    "select distinct {owner} from (select {owner} from {} where {owner} is not null limit 1000) t \
                     order by 1 limit 2",
                    table.name.quoted()
                ),
                &[],
            )
            .await?;
        for (name, row) in ["owner", "other"].into_iter().zip(&rows) {
            callers.push(Caller {
                name,
                role: "authenticated",
                id: Some(row.get(0)),
                app_role: "user".into(),
            });
        }
    }
    Ok(callers)
}

async fn become_caller(tx: &Transaction<'_>, caller: &Caller) -> Result<(), Error> {
    tx.execute(
        "select set_config('request.jwt.claims', $1, true)",
        &[&caller.claims().to_string()],
    )
    .await?;
    tx.batch_execute(&format!("set local role {}", sql::Ident::new(caller.role)))
        .await?;
    Ok(())
}

async fn reads(
    scene: &Scene<'_>,
    client: &mut Client,
    table: &TablePlan,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let quoted = table.name.quoted();
    let all: i64 = client
        .query_one(&format!("select count(*) from {quoted}"), &[])
        .await?
        .get(0);
    for caller in callers(scene, client, table).await? {
        let expected = expected_rows(scene, client, table, &caller, all).await?;
        let tx = client.transaction().await?;
        become_caller(&tx, &caller).await?;
        let seen = match tx
            .query_one(&format!("select count(*) from {quoted}"), &[])
            .await
        {
            Ok(row) => row.get::<_, i64>(0),
            Err(error) if is_refusal(&error) => 0,
            Err(error) => return Err(error.into()),
        };
        tx.rollback().await?;
        verdict.add(
            "MIG-RLS-08",
            format!("{} select as {}", table.name, caller.name),
            seen == expected,
            format!("{seen} rows, {expected} expected of {all}"),
        );
    }
    Ok(())
}

/// How many rows the pattern gives to this caller, counted by ownership.
async fn expected_rows(
    scene: &Scene<'_>,
    client: &Client,
    table: &TablePlan,
    caller: &Caller,
    all: i64,
) -> Result<i64, Error> {
    let admin = caller.app_role == scene.plan.rls.admin_role;
    Ok(match (caller.role, table.access) {
        ("service_role", _) | (_, Pattern::PublicRead) => all,
        ("anon", _) | (_, Pattern::ServiceOnly | Pattern::Ask) => 0,
        (_, Pattern::AuthenticatedRead) => all,
        (
            _,
            Pattern::OwnerAdmin
            | Pattern::OwnerRead
            | Pattern::AppendOnly
            | Pattern::Profile
            | Pattern::AdminOnly,
        ) if admin => all,
        (_, Pattern::AdminOnly) => 0,
        (_, Pattern::ParentOwned) => return parent_rows(scene, client, table, admin, all).await,
        _ => own_rows(client, table, caller).await?,
    })
}

async fn own_rows(client: &Client, table: &TablePlan, caller: &Caller) -> Result<i64, Error> {
    let (Some(owner), Some(id)) = (&table.owner, caller.id) else {
        return Ok(0);
    };
    let mut condition = format!("t.{} = $1", sql::Ident::new(owner));
    if let Some(shared) = &table.shared_with {
        let list = match shared.split_once('.') {
            Some((column, key)) => format!(
                "jsonb_exists(t.{} -> {}, $1::text)",
                sql::Ident::new(column),
                sql::quote_literal(key)
            ),
            None => format!("$1 = any (t.{})", sql::Ident::new(shared)),
        };
        condition = format!("{condition} or {list}");
    }
    let query = format!(
        "select count(*) from {} t, (select $1::uuid) p where {condition}",
        table.name.quoted()
    );
    Ok(client.query_one(&query, &[&id]).await?.get(0))
}

/// Rows under a parent that the caller sees: the stranger sees none, administrators what they see of the parent.
async fn parent_rows(
    scene: &Scene<'_>,
    client: &Client,
    table: &TablePlan,
    admin: bool,
    all: i64,
) -> Result<i64, Error> {
    let inventory = scene.inventory.table(&table.name);
    let parent = inventory.and_then(|inventory| {
        inventory
            .foreign_keys()
            .find(|(constraint, _)| Some(&constraint.columns[0]) == table.parent.as_ref())
            .map(|(_, key)| key.table.clone())
    });
    let sees = parent
        .and_then(|parent| scene.plan.table(&parent))
        .is_some_and(|parent| parent.access == Pattern::OwnerAdmin);
    if !(admin && sees) {
        return Ok(0);
    }
    let Some(column) = &table.parent else {
        return Ok(all);
    };
    let query = format!(
        "select count(*) from {} where {} is not null",
        table.name.quoted(),
        sql::Ident::new(column)
    );
    Ok(client.query_one(&query, &[]).await?.get(0))
}

/// Another's rows cannot be added, taken over or deleted.
async fn writes(
    scene: &Scene<'_>,
    client: &mut Client,
    table: &TablePlan,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    let callers = callers(scene, client, table).await?;
    let find = |name: &str| callers.iter().find(|caller| caller.name == name);
    let (Some(owner), Some(other), Some(column)) = (find("owner"), find("other"), &table.owner)
    else {
        verdict.add(
            "MIG-RLS-08",
            format!("{} writes", table.name),
            true,
            "not tried: fewer than two owners",
        );
        return Ok(());
    };
    let quoted = table.name.quoted();
    let column = sql::Ident::new(column);
    let id = other.id.unwrap_or_default();
    let row: String = client
        .query_one(
            &format!("select to_jsonb(t)::text from {quoted} t where t.{column} = $1 limit 1"),
            &[&id],
        )
        .await?
        .get(0);
    let literal = sql::quote_literal(&row);
    let tries = [
        (
            "insert for another",
            format!(
                "insert into {quoted} select (jsonb_populate_record(null::{quoted}, {literal}::jsonb)).*"
            ),
        ),
        (
            "delete another's",
            format!("delete from {quoted} where {column} = '{id}'"),
        ),
        (
            "give away",
            format!("update {quoted} set {column} = '{id}' where {column} <> '{id}'"),
        ),
        (
            "update another's",
            format!("update {quoted} set {column} = {column} where {column} = '{id}'"),
        ),
    ];
    for (what, statement) in tries {
        let tx = client.transaction().await?;
        become_caller(&tx, owner).await?;
        let outcome = tx.execute(&statement, &[]).await;
        tx.rollback().await?;
        let (pass, detail) = match outcome {
            Ok(0) => (true, "no row".to_owned()),
            Ok(rows) => (false, format!("{rows} rows")),
            Err(error) if is_refusal(&error) => (true, "refused".to_owned()),
            // It stands before row security, which is not asked then.
            Err(error) if is_raised(&error) => {
                (true, "refused by the table's own trigger".to_owned())
            }
            Err(error) => {
                let error = pg::Error::from(error);
                (false, format!("not by row security: {error}"))
            }
        };
        verdict.add("MIG-RLS-08", format!("{} {what}", table.name), pass, detail);
    }
    Ok(())
}

/// 42501: no privilege, or a policy says no. A generated column in the copied row is no right either (428C9).
fn is_refusal(error: &tokio_postgres::Error) -> bool {
    error
        .code()
        .is_some_and(|code| ["42501", "428C9"].contains(&code.code()))
}

/// P0001: `raise exception`, as triggers do.
fn is_raised(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| code.code() == "P0001")
}

/// Credentials, quarantine, journal and mapping: no API role but the server's may look there.
async fn exposure(scene: &Scene<'_>, client: &Client, verdict: &mut Verdict) -> Result<(), Error> {
    let mapping: bool = client
        .query_one(
            "select has_table_privilege('anon', 'public.user_id_mapping', 'select') \
             or has_table_privilege('authenticated', 'public.user_id_mapping', 'select')",
            &[],
        )
        .await?
        .get(0);
    verdict.add(
        "MIG-MAP-02",
        "public.user_id_mapping",
        !mapping,
        "for servers only",
    );
    for schema in [PRIVATE, crate::ddl::QUARANTINE, "passerelle_migrate"] {
        let open: bool = client
            .query_one(
                "select coalesce(bool_or(has_schema_privilege(r, n.oid, 'usage')), false) \
                 from pg_namespace n, unnest(array['anon', 'authenticated']) r where n.nspname = $1",
                &[&schema],
            )
            .await?
            .get(0);
        verdict.add(
            "MIG-VER-09",
            format!("schema {schema}"),
            !open,
            "closed to API roles",
        );
    }
    let rows = client
        .query(include_str!("../sql/open_tables.sql"), &[])
        .await?;
    let open: Vec<String> = rows
        .iter()
        .map(|row| row.get::<_, String>(0))
        .filter(|name| {
            scene
                .plan
                .made_tables()
                .any(|table| table.name.to_string() == *name)
        })
        .collect();
    verdict.add(
        "MIG-VER-09",
        "row security",
        open.is_empty(),
        if open.is_empty() {
            "on for every table".to_owned()
        } else {
            format!("off for {}", open.join(", "))
        },
    );
    Ok(())
}
