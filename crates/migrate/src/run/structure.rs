//! S06 and S07: indexes, then keys and checks. Each is made in a transaction of its own unless it is there.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::try_join_all;

use super::attempt::leave;
use super::{Context, others};
use crate::Error;
use crate::ddl::{Shape, identifiers, object_name, shape};
use crate::inventory::{ConstraintKind, Name, Stage, TableKind};
use crate::plan::ReferenceKind;

/// One object to be made.
struct Piece {
    step: &'static str,
    kind: &'static str,
    name: String,
    /// Answers whether it is there.
    exists: String,
    make: String,
    inverse: String,
    /// What it fails with is a warning: it does not fit the converted column.
    may_fail: bool,
}

pub(super) async fn indexes(context: &Context<'_>) -> Result<(), Error> {
    let mut client = context.target.session().await?;
    let mut tx = client.transaction().await?;
    others::make(context, &mut tx, "S06", |it| {
        it.stage == Stage::WithIndexes && it.kind == "operator class"
    })
    .await?;
    tx.commit().await?;
    let mut pieces = Vec::new();
    for shape in shapes(context)? {
        let table = &shape.table.name;
        let schema = &table.schema;
        for index in &shape.table.indexes {
            if index.inherited || index.constraint.is_some() {
                continue;
            }
            let hidden = index.columns.iter().any(|column| {
                !column.is_empty() && shape.moves().iter().all(|it| it.name != *column)
            });
            let computed = index.columns.iter().any(|column| {
                shape
                    .table
                    .column(column)
                    .is_some_and(|it| it.generation == crate::inventory::Generation::Computed)
            });
            if hidden && !computed {
                continue;
            }
            pieces.push(Piece {
                step: "S06",
                kind: "index",
                name: Name::new(schema, &index.name).to_string(),
                exists: index_exists(schema, &index.name),
                // An index of the parent alone would never be valid: its partitions get theirs from it.
                make: match shape.table.kind {
                    TableKind::Partitioned => index.definition.replacen(" ON ONLY ", " ON ", 1),
                    _ => index.definition.clone(),
                },
                inverse: format!(
                    "drop index if exists {}",
                    Name::new(schema, &index.name).quoted()
                ),
                may_fail: reads_a_changed_column(&shape, &index.definition),
            });
        }
        pieces.extend(keys(&shape));
    }
    apply(context, pieces).await?;
    let mut tx = client.transaction().await?;
    others::make(context, &mut tx, "S06", |it| it.stage == Stage::WithIndexes).await?;
    tx.commit().await?;
    Ok(())
}

/// Primary keys, unique and exclusion constraints: with the indexes, before anything refers to them.
fn keys(shape: &Shape<'_>) -> Vec<Piece> {
    let kinds = [
        ConstraintKind::PrimaryKey,
        ConstraintKind::Unique,
        ConstraintKind::Exclusion,
    ];
    constraints_of(shape, "S06", |kind| kinds.contains(&kind))
}

pub(super) async fn constraints(context: &Context<'_>) -> Result<(), Error> {
    let shapes = shapes(context)?;
    let mut pieces = Vec::new();
    for shape in &shapes {
        pieces.extend(constraints_of(shape, "S07", |kind| {
            kind == ConstraintKind::Check
        }));
    }
    pieces.extend(profile_key(context));
    for shape in &shapes {
        let made = |name: &Name| context.plan.made_tables().any(|it| it.name == *name);
        let keys = constraints_of(shape, "S07", |kind| kind == ConstraintKind::ForeignKey);
        for piece in keys {
            let to = shape
                .table
                .foreign_keys()
                .find(|(constraint, _)| piece.name.ends_with(&format!(".{}", constraint.name)))
                .map(|(_, key)| &key.table);
            if let Some(to) = to.filter(|to| !made(to)) {
                context.warn(
                    "MIG-X-KEY",
                    &piece.name,
                    format!("not made: {to} does not move"),
                );
                continue;
            }
            pieces.push(piece);
        }
        pieces.extend(new_keys(context, shape));
    }
    // Keys before what refers to them is S06; here order matters only between a table's own pieces.
    apply_in_order(context, &pieces).await
}

fn shapes<'a>(context: &'a Context<'_>) -> Result<Vec<Shape<'a>>, Error> {
    context
        .plan
        .made_tables()
        .map(|it| shape(context.plan, context.inventory, &it.name))
        .filter(|shape| {
            shape
                .as_ref()
                .map_or(true, |it| it.table.kind != TableKind::Foreign)
        })
        .collect()
}

fn constraints_of(
    shape: &Shape<'_>,
    step: &'static str,
    wanted: impl Fn(ConstraintKind) -> bool,
) -> Vec<Piece> {
    let table = &shape.table.name;
    let quoted = table.quoted();
    let mut pieces = Vec::new();
    for constraint in &shape.table.constraints {
        if constraint.inherited || !wanted(constraint.kind) {
            continue;
        }
        let Some(make) = shape.constraint(constraint) else {
            continue;
        };
        let name = sql::Ident::new(&constraint.name);
        let mut make = make;
        if make.ends_with(" NOT VALID") && constraint.validated {
            make = format!("{make}; alter table {quoted} validate constraint {name}");
        }
        pieces.push(Piece {
            step,
            kind: "constraint",
            name: format!("{table}.{}", constraint.name),
            exists: constraint_exists(table, &constraint.name),
            make,
            inverse: format!("alter table if exists {quoted} drop constraint if exists {name}"),
            may_fail: constraint.kind != ConstraintKind::ForeignKey
                && reads_a_changed_column(shape, &constraint.definition),
        });
    }
    pieces
}

/// Written for numbers: it need not fit UUIDs.
fn reads_a_changed_column(shape: &Shape<'_>, definition: &str) -> bool {
    identifiers(definition)
        .iter()
        .any(|name| shape.changes_type(name))
}

/// The profile table's key is the auth server's user.
fn profile_key(context: &Context<'_>) -> Option<Piece> {
    let users = &context.plan.users;
    let name = object_name(&[&users.table.name, "auth_users"], "fkey");
    let quoted = users.table.quoted();
    let id = sql::Ident::new(&users.id);
    let constraint = sql::Ident::new(&name);
    context
        .plan
        .made_tables()
        .find(|it| it.name == users.table)?;
    Some(Piece {
        step: "S07",
        kind: "constraint",
        name: format!("{}.{name}", users.table),
        exists: constraint_exists(&users.table, &name),
        make: format!(
            "alter table {quoted} add constraint {constraint} foreign key ({id}) references auth.users (id) \
             on delete cascade not valid; alter table {quoted} validate constraint {constraint}"
        ),
        inverse: format!("alter table if exists {quoted} drop constraint if exists {constraint}"),
        may_fail: false,
    })
}

/// Foreign keys for references that had none (MIG-REF-04), to the profile table (MIG-REF-05).
fn new_keys(context: &Context<'_>, shape: &Shape<'_>) -> Vec<Piece> {
    let users = &context.plan.users;
    let table = &shape.table.name;
    let mut pieces = Vec::new();
    if shape.table.partition_of.is_some() {
        return pieces;
    }
    for reference in &context.plan.references {
        let plain = matches!(
            reference.kind,
            ReferenceKind::Column | ReferenceKind::MixedText
        );
        let (true, Some(action)) = (plain && &reference.table == table, reference.on_delete) else {
            continue;
        };
        if !shape.is_converted(&reference.column) || reference.declared.is_some() {
            continue;
        }
        let name = object_name(&[&table.name, &reference.column], "fkey");
        if shape.table.constraints.iter().any(|it| it.name == name) {
            continue;
        }
        let quoted = table.quoted();
        let constraint = sql::Ident::new(&name);
        let column = sql::Ident::new(&reference.column);
        let later = if shape.table.kind == TableKind::Ordinary {
            " not valid"
        } else {
            ""
        };
        let mut make = format!(
            "alter table {quoted} add constraint {constraint} foreign key ({column}) references {} ({}) on delete {}{later}",
            users.table.quoted(),
            sql::Ident::new(&users.id),
            action.sql(),
        );
        if !later.is_empty() {
            let _ = write!(
                make,
                "; alter table {quoted} validate constraint {constraint}"
            );
        }
        pieces.push(Piece {
            step: "S07",
            kind: "constraint",
            name: format!("{table}.{name}"),
            exists: constraint_exists(table, &name),
            make,
            inverse: format!(
                "alter table if exists {quoted} drop constraint if exists {constraint}"
            ),
            may_fail: false,
        });
    }
    pieces
}

fn index_exists(schema: &str, name: &str) -> String {
    format!(
        "select exists (select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace \
         where c.relkind in ('i', 'I') and n.nspname = {} and c.relname = {})",
        sql::quote_literal(schema),
        sql::quote_literal(name)
    )
}

fn constraint_exists(table: &Name, name: &str) -> String {
    format!(
        "select exists (select 1 from pg_constraint c join pg_class t on t.oid = c.conrelid \
         join pg_namespace n on n.oid = t.relnamespace where n.nspname = {} and t.relname = {} and c.conname = {})",
        sql::quote_literal(&table.schema),
        sql::quote_literal(&table.name),
        sql::quote_literal(name)
    )
}

/// Several at once: indexes of different tables do not wait for each other.
async fn apply(context: &Context<'_>, pieces: Vec<Piece>) -> Result<(), Error> {
    let next = AtomicUsize::new(0);
    let workers = (0..context.options.jobs.max(1)).map(|_| async {
        let mut client = context.target.session().await?;
        client
            .batch_execute("set maintenance_work_mem = '256MB'")
            .await?;
        while let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
            make(context, &mut client, piece).await?;
        }
        Ok::<(), Error>(())
    });
    try_join_all(workers).await?;
    Ok(())
}

async fn apply_in_order(context: &Context<'_>, pieces: &[Piece]) -> Result<(), Error> {
    let mut client = context.target.session().await?;
    for piece in pieces {
        make(context, &mut client, piece).await?;
    }
    Ok(())
}

async fn make(
    context: &Context<'_>,
    client: &mut tokio_postgres::Client,
    piece: &Piece,
) -> Result<(), Error> {
    let tx = client.transaction().await?;
    if tx.query_one(&piece.exists, &[]).await?.get(0) {
        return Ok(());
    }
    let made = tx.batch_execute(&piece.make).await;
    if let Err(error) = made {
        let error = pg::Error::from(error);
        if piece.may_fail && !matches!(error, pg::Error::Lost(_)) {
            tx.rollback().await?;
            let why = format!("does not fit the converted column: {error}");
            return leave(context, client, piece.kind, &piece.name, &why, true).await;
        }
        return Err(Error::Object {
            kind: piece.kind.to_owned(),
            name: piece.name.clone(),
            error,
        });
    }
    context
        .journal
        .object(&tx, piece.step, piece.kind, &piece.name, &piece.inverse)
        .await?;
    tx.commit().await?;
    Ok(())
}
