//! S04: schemas, extensions, types, sequences and tables, without indexes and constraints; one transaction.

use tokio_postgres::{Client, Transaction};

use super::attempt::attempt;
use super::{Context, functions, others};
use crate::Error;
use crate::ddl::{PRIVATE, QUARANTINE, Shape, create_sequence, shape};
use crate::inventory::{ConstraintKind, Generation, Name, Sequence, Stage, TableKind};

pub(super) async fn apply(context: &Context<'_>, client: &mut Client) -> Result<(), Error> {
    let mut tx = client.transaction().await?;
    extensions(context, &tx).await?;
    for schema in needed_schemas(context) {
        create(
            context,
            &tx,
            "schema",
            &schema,
            &format!(
                "create schema if not exists {name}; \
                 grant usage on schema {name} to anon, authenticated, service_role",
                name = ident(&schema)
            ),
            &format!("drop schema if exists {}", ident(&schema)),
        )
        .await?;
    }
    for schema in &context.inventory.schemas {
        if let Some(comment) = &schema.comment
            && schema.name != "public"
            && needed_schemas(context).contains(&schema.name)
        {
            tx.batch_execute(&format!(
                "comment on schema {} is {}",
                ident(&schema.name),
                sql::quote_literal(comment)
            ))
            .await?;
        }
    }
    others::make(context, &mut tx, "S04", |it| it.stage == Stage::First).await?;
    for sequence in context
        .inventory
        .sequences
        .iter()
        .filter(|it| is_made(context, it))
    {
        let name = sequence.name.quoted();
        create(
            context,
            &tx,
            "sequence",
            &sequence.name.to_string(),
            &create_sequence(sequence),
            &format!("drop sequence if exists {name} cascade"),
        )
        .await?;
    }
    let waiting = ground(context, &mut tx).await?;
    // After the types: rows in quarantine are in the source's types, so these go before them on the way back.
    for schema in [PRIVATE, QUARANTINE] {
        create(
            context,
            &tx,
            "schema",
            schema,
            &format!(
                "create schema if not exists {schema}; revoke all on schema {schema} from public"
            ),
            &format!("drop schema if exists {schema} cascade"),
        )
        .await?;
    }
    for table in &context.inventory.tables {
        if context.plan.made_tables().all(|it| it.name != table.name)
            || table.kind == TableKind::Foreign
        {
            continue;
        }
        let shape = Shape::new(context.plan, context.inventory, table);
        create_table(context, &tx, &shape).await?;
        announce(context, &shape);
    }
    // What needs a table's row type: its turn is now, or it fails with the other functions and says so there.
    lay(context, &mut tx, waiting).await?;
    others::make(context, &mut tx, "S04", |it| {
        it.stage == Stage::BeforeTables
    })
    .await?;
    tx.batch_execute("reset check_function_bodies").await?;
    for sequence in context
        .inventory
        .sequences
        .iter()
        .filter(|it| is_made(context, it))
    {
        if let Some((table, column)) = &sequence.owner {
            tx.batch_execute(&format!(
                "alter sequence {} owned by {}.{}",
                sequence.name.quoted(),
                table.quoted(),
                ident(column)
            ))
            .await?;
        }
    }
    context.journal.finish(&tx, "S04", None, None).await?;
    tx.commit().await?;
    Ok(())
}

fn ident(name: &str) -> sql::Ident {
    sql::Ident::new(name)
}

/// A type, a function or another object that tables may need.
struct Stone<'a> {
    kind: &'a str,
    name: String,
    make: String,
    inverse: String,
}

/// Types and the functions that tables, indexes and checks need, in whatever order they can be made. What has to wait
/// for tables is given back; a type that cannot be made at all is an error.
async fn ground<'a>(
    context: &Context<'a>,
    tx: &mut Transaction<'_>,
) -> Result<Vec<Stone<'a>>, Error> {
    // What a body needs may come later.
    tx.batch_execute("set local check_function_bodies = off")
        .await?;
    let inventory = context.inventory;
    let early = functions::early(inventory);
    let mut stones: Vec<Stone<'_>> = inventory
        .types
        .iter()
        .map(|it| Stone {
            kind: "type",
            name: it.name.to_string(),
            make: it.definition.clone(),
            inverse: format!("drop type if exists {}", it.name.quoted()),
        })
        .collect();
    let needed = inventory
        .functions
        .iter()
        .filter(|it| !it.aggregate && early.contains(it.name.name.as_str()));
    stones.extend(needed.map(|it| Stone {
        kind: "function",
        name: format!("{}({})", it.name, it.arguments),
        make: it.definition.clone(),
        inverse: format!(
            "drop routine if exists {}({}) cascade",
            it.name.quoted(),
            it.arguments
        ),
    }));
    let others = inventory
        .others
        .iter()
        .filter(|it| it.stage == Stage::BeforeTables);
    stones.extend(others.filter(|it| it.kind != "cast").map(|it| Stone {
        kind: &it.kind,
        name: it.name.clone(),
        make: others::statement(it),
        inverse: it.inverse.clone(),
    }));
    let waiting = lay(context, tx, stones).await?;
    if let Some(stone) = waiting.iter().find(|it| it.kind == "type") {
        // The words of the target.
        create(
            context,
            tx,
            "type",
            &stone.name,
            &stone.make,
            &stone.inverse,
        )
        .await?;
    }
    Ok(waiting)
}

/// Makes all that can be made, again and again until nothing more can; gives back the rest.
async fn lay<'a>(
    context: &Context<'_>,
    tx: &mut Transaction<'_>,
    mut stones: Vec<Stone<'a>>,
) -> Result<Vec<Stone<'a>>, Error> {
    loop {
        let mut waiting = Vec::new();
        let before = stones.len();
        for stone in stones {
            if attempt(tx, &stone.make).await?.is_some() {
                waiting.push(stone);
                continue;
            }
            let journal = context.journal;
            journal
                .object(tx, "S04", stone.kind, &stone.name, &stone.inverse)
                .await?;
        }
        if waiting.is_empty() || waiting.len() == before {
            return Ok(waiting);
        }
        stones = waiting;
    }
}

/// What a table cannot keep as it was since its ids are UUIDs now.
fn announce(context: &Context<'_>, shape: &Shape<'_>) {
    let table = &shape.table.name;
    if shape.is_rehashed() {
        context.warn(
            "MIG-D-PARTITION",
            table.to_string(),
            "partitioned by hash now: a range of numbers means nothing for UUIDs",
        );
    }
    for constraint in &shape.table.constraints {
        if constraint.kind == ConstraintKind::Check
            && !constraint.inherited
            && shape.constraint(constraint).is_none()
        {
            context.warn(
                "MIG-D-CHECK",
                format!("{table}.{}", constraint.name),
                "not made: it is about an id that is a UUID now, or about a credential that moved away",
            );
        }
    }
    for column in &shape.table.columns {
        let object = format!("{table}.{}", column.name);
        if shape.is_frozen(column) {
            context.warn(
                "MIG-D-GENERATED",
                object,
                "keeps its values and computes no more: what it reads is a UUID now",
            );
        } else if let Some(default) = &column.default
            && column.generation == Generation::Plain
            && shape.changes_type(&column.name)
            && !default.contains("nextval(")
        {
            context.warn(
                "MIG-D-DEFAULT",
                object,
                "has no default any more: it was an old id",
            );
        }
    }
}

/// The schemas of what is made; `public` is everywhere.
fn needed_schemas(context: &Context<'_>) -> Vec<String> {
    let inventory = context.inventory;
    let tables = context.plan.made_tables().map(|it| &it.name);
    let names = tables
        .chain(inventory.types.iter().map(|it| &it.name))
        .chain(inventory.views.iter().map(|it| &it.name))
        .chain(inventory.functions.iter().map(|it| &it.name))
        .chain(inventory.sequences.iter().map(|it| &it.name));
    let mut schemas: Vec<String> = names.map(|name: &Name| name.schema.clone()).collect();
    schemas.sort();
    schemas.dedup();
    schemas.retain(|schema| schema != "public");
    schemas
}

/// A sequence of its own, or of a column that keeps counting.
fn is_made(context: &Context<'_>, sequence: &Sequence) -> bool {
    if sequence.identity {
        return false;
    }
    let Some((table, column)) = &sequence.owner else {
        return true;
    };
    if context.plan.made_tables().all(|it| &it.name != table) {
        return false;
    }
    shape(context.plan, context.inventory, table).is_ok_and(|shape| !shape.is_converted(column))
}

async fn extensions(context: &Context<'_>, tx: &Transaction<'_>) -> Result<(), Error> {
    for extension in &context.inventory.extensions {
        let row = tx
            .query_one(
                "select exists (select 1 from pg_available_extensions where name = $1), \
                 exists (select 1 from pg_extension where extname = $1)",
                &[&extension.name],
            )
            .await?;
        let (available, there): (bool, bool) = (row.get(0), row.get(1));
        if there {
            continue;
        }
        if !available {
            context.warn(
                "MIG-X-EXTENSION",
                &extension.name,
                "the target does not have this extension; what needs it will fail",
            );
            continue;
        }
        let name = ident(&extension.name);
        let schema = ident(&extension.schema);
        let make = format!(
            "create schema if not exists {schema}; create extension {name} with schema {schema} cascade"
        );
        create(
            context,
            tx,
            "extension",
            &extension.name,
            &make,
            &format!("drop extension if exists {name}"),
        )
        .await?;
    }
    Ok(())
}

async fn create_table(
    context: &Context<'_>,
    tx: &Transaction<'_>,
    shape: &Shape<'_>,
) -> Result<(), Error> {
    let name = &shape.table.name;
    let quoted = name.quoted();
    create(
        context,
        tx,
        "table",
        &name.to_string(),
        &shape.create(&context.mapping),
        &format!("drop table if exists {quoted} cascade"),
    )
    .await?;
    // Default privileges may have opened it: closed until its policies stand.
    tx.batch_execute(&format!(
        "revoke all on {quoted} from public, anon, authenticated; alter table {quoted} enable row level security"
    ))
    .await?;
    if let Some(comment) = &shape.table.comment {
        tx.batch_execute(&format!(
            "comment on table {quoted} is {}",
            sql::quote_literal(comment)
        ))
        .await?;
    }
    for column in &shape.table.columns {
        if let Some(comment) = &column.comment
            && shape.moves().iter().any(|it| it.name == column.name)
        {
            tx.batch_execute(&format!(
                "comment on column {quoted}.{} is {}",
                ident(&column.name),
                sql::quote_literal(comment)
            ))
            .await?;
        }
    }
    if let Some(credentials) = shape.credentials() {
        let name = credentials.name();
        create(
            context,
            tx,
            "table",
            &name.to_string(),
            &credentials.create(),
            &format!("drop table if exists {} cascade", name.quoted()),
        )
        .await?;
        tx.batch_execute(&format!(
            "revoke all on {} from public, anon, authenticated, service_role",
            name.quoted()
        ))
        .await?;
    }
    Ok(())
}

/// Makes one object and records how to take it back. One that is there already is somebody else's: an error, except
/// for schemas, which are shared and then not ours to drop.
async fn create(
    context: &Context<'_>,
    tx: &Transaction<'_>,
    kind: &str,
    name: &str,
    statement: &str,
    inverse: &str,
) -> Result<(), Error> {
    if kind == "schema" {
        let row = tx
            .query_one(
                "select exists (select 1 from pg_namespace where nspname = $1)",
                &[&name],
            )
            .await?;
        if row.get(0) {
            return Ok(());
        }
    }
    tx.batch_execute(statement)
        .await
        .map_err(|error| Error::Object {
            kind: kind.to_owned(),
            name: name.to_owned(),
            error: error.into(),
        })?;
    context.journal.object(tx, "S04", kind, name, inverse).await
}
