//! Objects that are made as they are: collations, casts, operators, aggregates, text search, statistics, rules; and
//! the comments and small settings of everything.

use tokio_postgres::Transaction;

use super::Context;
use super::attempt::{Attempt, leave, try_make};
use crate::Error;
use crate::ddl::Shape;
use crate::inventory::{Name, Other, ReplicaIdentity, TableKind};

/// Whether the run makes it: what belongs to a table that does not move stays behind with it.
pub(crate) fn is_wanted(plan: &crate::Plan, inventory: &crate::Inventory, it: &Other) -> bool {
    let Some(table) = &it.table else {
        return true;
    };
    plan.made_tables().any(|made| made.name == *table)
        || inventory.views.iter().any(|view| view.name == *table)
}

/// The statement, as the login where only that may: an operator class is a superuser's.
pub(super) fn statement(it: &Other) -> String {
    if it.kind == "operator class" {
        return format!(
            "reset role; {}; {}",
            it.make,
            include_str!("../sql/become_owner.sql")
        );
    }
    it.make.clone()
}

/// Makes those that `wanted` picks, in order.
pub(super) async fn make(
    context: &Context<'_>,
    tx: &mut Transaction<'_>,
    step: &'static str,
    wanted: impl Fn(&Other) -> bool,
) -> Result<(), Error> {
    for it in &context.inventory.others {
        if !wanted(it) || !is_wanted(context.plan, context.inventory, it) {
            continue;
        }
        let make = statement(it);
        let attempt = Attempt {
            step,
            kind: &it.kind,
            name: &it.name,
            make: &make,
            inverse: &it.inverse,
            excused: touches(context, it.table.as_ref()),
        };
        try_make(context, tx, &attempt).await?;
    }
    Ok(())
}

/// The table has columns of another type now.
fn touches(context: &Context<'_>, table: Option<&Name>) -> bool {
    let Some(table) = table.and_then(|name| context.inventory.table(name)) else {
        return false;
    };
    let shape = Shape::new(context.plan, context.inventory, table);
    table.columns.iter().any(|it| shape.changes_type(&it.name))
}

/// Comments, storage, statistics targets, clustering, replica identity: small things that come last. They go with
/// what they are set on, so nothing takes them back.
pub(super) async fn finish(context: &Context<'_>, tx: &mut Transaction<'_>) -> Result<(), Error> {
    let made = |name: &Name| context.plan.made_tables().any(|it| it.name == *name);
    for setting in context
        .inventory
        .settings
        .iter()
        .filter(|it| made(&it.table))
    {
        if let Some(error) = super::attempt::attempt(tx, &setting.make).await? {
            let name = format!("{} of {}", setting.of, setting.table);
            leave(context, tx, "setting", &name, &error.to_string(), true).await?;
        }
    }
    for table in &context.inventory.tables {
        let identity = match &table.replica_identity {
            ReplicaIdentity::Index(index) => format!("using index {}", sql::Ident::new(index)),
            ReplicaIdentity::Full => "full".to_owned(),
            ReplicaIdentity::Nothing => "nothing".to_owned(),
            ReplicaIdentity::Default => continue,
        };
        if table.kind == TableKind::Foreign || !made(&table.name) {
            continue;
        }
        let make = format!(
            "alter table {} replica identity {identity}",
            table.name.quoted()
        );
        if let Some(error) = super::attempt::attempt(tx, &make).await? {
            let name = table.name.to_string();
            leave(
                context,
                tx,
                "replica identity",
                &name,
                &error.to_string(),
                true,
            )
            .await?;
        }
    }
    for remark in &context.inventory.remarks {
        if let Some(error) = super::attempt::attempt(tx, &remark.make).await? {
            let name = format!("on {} {}", remark.kind, remark.name);
            leave(context, tx, "comment", &name, &error.to_string(), true).await?;
        }
    }
    for it in &context.inventory.leftovers {
        context.warn(it.code, &it.object, &it.sentence);
        let text = format!("{}: {}", it.object, it.sentence);
        context.journal.event(tx, it.code, &text).await?;
    }
    Ok(())
}
