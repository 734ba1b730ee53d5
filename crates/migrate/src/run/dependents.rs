//! S09: what depends on tables: functions, views, materialized views, triggers, rules, comments. Then the planner gets
//! its statistics.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::try_join_all;
use tokio_postgres::{Client, Transaction};

use super::attempt::{Attempt, try_make};
use super::{Context, functions, others};
use crate::Error;
use crate::ddl::shape;
use crate::inventory::{Name, Stage, TableKind, View};

pub(super) async fn apply(context: &Context<'_>, client: &mut Client) -> Result<(), Error> {
    let mut tx = client.transaction().await?;
    functions::apply(context, &mut tx).await?;
    for view in &context.inventory.views {
        make_view(context, &mut tx, view).await?;
    }
    for trigger in &context.inventory.triggers {
        if context
            .plan
            .made_tables()
            .all(|it| it.name != trigger.table)
            && !context
                .inventory
                .views
                .iter()
                .any(|view| view.name == trigger.table)
        {
            continue;
        }
        let quoted = trigger.table.quoted();
        let name = sql::Ident::new(&trigger.name);
        let mut make = trigger.definition.clone();
        match trigger.enabled {
            'D' => {
                let _ = write!(make, "; alter table {quoted} disable trigger {name}");
            }
            'A' => {
                let _ = write!(make, "; alter table {quoted} enable always trigger {name}");
            }
            'R' => {
                let _ = write!(make, "; alter table {quoted} enable replica trigger {name}");
            }
            _ => {}
        }
        let inverse = format!("drop trigger if exists {name} on {quoted}");
        let object = format!("{}.{}", trigger.table, trigger.name);
        let attempt = Attempt {
            step: "S09",
            kind: "trigger",
            name: &object,
            make: &make,
            inverse: &inverse,
            excused: false,
        };
        try_make(context, &mut tx, &attempt).await?;
    }
    others::make(context, &mut tx, "S09", |it| it.stage == Stage::Last).await?;
    others::finish(context, &mut tx).await?;
    context.journal.finish(&tx, "S09", None, None).await?;
    tx.commit().await?;
    analyze(context).await
}

async fn make_view(
    context: &Context<'_>,
    tx: &mut Transaction<'_>,
    view: &View,
) -> Result<(), Error> {
    let name = view.name.quoted();
    let kind = if view.materialized {
        "materialized view"
    } else {
        "view"
    };
    let mut make = format!("create {kind} {name}");
    if !view.options.is_empty() {
        let _ = write!(make, " with ({})", view.options.join(", "));
    }
    let definition = view.definition.trim().trim_end_matches(';');
    let _ = write!(make, " as {definition}");
    if view.materialized && !view.populated {
        make.push_str(" with no data");
    }
    for index in &view.indexes {
        let _ = write!(make, "; {index}");
    }
    if let Some(comment) = &view.comment {
        let _ = write!(
            make,
            "; comment on {kind} {name} is {}",
            sql::quote_literal(comment)
        );
    }
    let inverse = format!("drop {kind} if exists {name} cascade");
    let attempt = Attempt {
        step: "S09",
        kind,
        name: &view.name.to_string(),
        make: &make,
        inverse: &inverse,
        excused: false,
    };
    try_make(context, tx, &attempt).await?;
    Ok(())
}

/// MIG-COPY-10: the first queries are planned well. Several tables at once, the largest first.
async fn analyze(context: &Context<'_>) -> Result<(), Error> {
    let mut tables = Vec::new();
    for table in context.plan.made_tables() {
        let shape = shape(context.plan, context.inventory, &table.name)?;
        if shape.table.kind != TableKind::Foreign {
            tables.push((table.bytes, table.name.quoted().to_string()));
        }
    }
    let mapping = Name::new("public", "user_id_mapping");
    tables.push((0, mapping.quoted().to_string()));
    tables.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    let next = AtomicUsize::new(0);
    let workers = (0..context.options.jobs.clamp(1, tables.len())).map(|_| async {
        let client = context.target.session().await?;
        while let Some((_, table)) = tables.get(next.fetch_add(1, Ordering::Relaxed)) {
            client.batch_execute(&format!("analyze {table}")).await?;
        }
        Ok::<(), Error>(())
    });
    try_join_all(workers).await?;
    Ok(())
}
