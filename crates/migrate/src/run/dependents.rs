//! S09: what depends on tables: functions, views, materialized views, triggers. Then the planner gets its statistics.

use std::fmt::Write as _;

use tokio_postgres::{Client, Transaction};

use super::Context;
use crate::Error;
use crate::ddl::shape;
use crate::inventory::{Function, Name, TableKind, View};

pub(super) async fn apply(context: &Context<'_>, client: &mut Client) -> Result<(), Error> {
    let mut tx = client.transaction().await?;
    functions(context, &mut tx).await?;
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
        try_make(context, &mut tx, "trigger", &object, &make, &inverse).await?;
    }
    context.journal.finish(&tx, "S09", None, None).await?;
    tx.commit().await?;
    analyze(context, client).await
}

/// MIG-DEP-03: a function that reads a converted column with an integer of its own is retyped; the old signature
/// stays as a wrapper that looks the id up.
async fn functions(context: &Context<'_>, tx: &mut Transaction<'_>) -> Result<(), Error> {
    let lookups = include_str!("../sql/lookups.sql").replace("{type}", &context.plan.users.id_type);
    tx.batch_execute(&lookups).await?;
    // Functions may call each other in any order: what fails is tried again once the others are there.
    let mut waiting: Vec<&Function> = context
        .inventory
        .functions
        .iter()
        .filter(|function| !function.aggregate)
        .collect();
    loop {
        let before = waiting.len();
        let mut failed = Vec::new();
        for function in waiting {
            if let Some(error) = make_function(context, tx, function).await? {
                failed.push((function, error));
            }
        }
        if failed.len() == before {
            for (function, error) in failed {
                context.warn(
                    "MIG-D-FUNCTION",
                    format!("{}({})", function.name, function.arguments),
                    format!("not made: {error}"),
                );
            }
            return Ok(());
        }
        if failed.is_empty() {
            return Ok(());
        }
        waiting = failed.into_iter().map(|(function, _)| function).collect();
    }
}

/// Makes one; what the target says when it cannot.
async fn make_function(
    context: &Context<'_>,
    tx: &mut Transaction<'_>,
    function: &Function,
) -> Result<Option<pg::Error>, Error> {
    let name = format!("{}({})", function.name, function.arguments);
    let quoted = function.name.quoted();
    let inverse = format!(
        "drop routine if exists {quoted}({}) cascade",
        identity_types(&function.arguments)
    );
    if let Some((retyped, arguments)) = retyped_function(context.plan, function) {
        let inverse = format!(
            "drop routine if exists {quoted}({}) cascade",
            identity_types(&arguments)
        );
        if attempt(tx, &retyped).await?.is_none() {
            context
                .journal
                .object(tx, "S09", "function", &name, &inverse)
                .await?;
            context.warn(
                "MIG-D-RETYPED",
                &name,
                format!("its parameter is a UUID now: ({arguments})"),
            );
            if let Some(wrapper) = wrapper_function(function) {
                let inverse = format!(
                    "drop routine if exists {quoted}({}) cascade",
                    identity_types(&function.arguments)
                );
                if attempt(tx, &wrapper).await?.is_none() {
                    context
                        .journal
                        .object(tx, "S09", "function", &name, &inverse)
                        .await?;
                }
            }
            return Ok(None);
        }
    }
    let error = attempt(tx, &function.definition).await?;
    if error.is_none() {
        context
            .journal
            .object(tx, "S09", "function", &name, &inverse)
            .await?;
    }
    Ok(error)
}

/// `a integer, b text` → `integer, text`: what `drop` wants needs no names, and takes them too.
fn identity_types(arguments: &str) -> String {
    arguments.to_owned()
}

/// The definition with its integer parameters as UUIDs, when the body compares a converted column with one.
pub(crate) fn retyped_function(
    plan: &crate::Plan,
    function: &Function,
) -> Option<(String, String)> {
    let users = &plan.users;
    let old = users.id_type.as_str();
    if !function.arguments.contains(old)
        || !["sql", "plpgsql"].contains(&function.language.as_str())
    {
        return None;
    }
    let mut columns: Vec<&str> = plan
        .references
        .iter()
        .filter(|it| it.decision == crate::plan::Decision::Include)
        .map(|it| it.column.as_str())
        .collect();
    columns.sort_unstable();
    columns.dedup();
    let body = function.body.to_lowercase();
    let uses = |column: &str| {
        body.split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .any(|word| word == column.to_lowercase())
    };
    if !columns.iter().any(|column| uses(column)) {
        return None;
    }
    let arguments = function.arguments.replace(old, "uuid");
    let head = format!("({})", function.arguments);
    let at = function
        .definition
        .find(&head)
        .or_else(|| function.definition.find('('))?;
    let end = function.definition[at..].find(")\n").map(|end| at + end)?;
    let list = function.definition[at..end].replace(old, "uuid");
    Some((
        format!(
            "{}{list}{}",
            &function.definition[..at],
            &function.definition[end..]
        ),
        arguments,
    ))
}

/// The old signature for callers that still have an old id.
pub(crate) fn wrapper_function(function: &Function) -> Option<String> {
    let (head, _) = function.definition.split_once("\nAS ")?;
    // A head with `returns`, language and options; only the body is another.
    let count = function.arguments.split(',').count();
    let calls: Vec<String> = (1..=count)
        .map(|place| {
            let argument = function.arguments.split(',').nth(place - 1).unwrap_or("");
            if argument.trim().ends_with("integer") || argument.trim().ends_with("bigint") {
                format!("passerelle_migrate.uuid_for(${place})")
            } else {
                format!("${place}")
            }
        })
        .collect();
    if function.language != "sql" || head.contains("RETURNS TABLE") {
        return None;
    }
    Some(format!(
        "{head}\nas $wrapper$ select {}({}) $wrapper$",
        function.name.quoted(),
        calls.join(", ")
    ))
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
    try_make(context, tx, kind, &view.name.to_string(), &make, &inverse).await
}

/// Makes an object inside a savepoint; one that cannot be made is named, never passed over in silence.
async fn try_make(
    context: &Context<'_>,
    tx: &mut Transaction<'_>,
    kind: &str,
    name: &str,
    make: &str,
    inverse: &str,
) -> Result<(), Error> {
    match attempt(tx, make).await? {
        None => context.journal.object(tx, "S09", kind, name, inverse).await,
        Some(error) => {
            context.warn(
                "MIG-D-FAILED",
                format!("{kind} {name}"),
                format!("not made: {error}"),
            );
            context
                .journal
                .event(tx, "not-made", &format!("{kind} {name}: {error}"))
                .await
        }
    }
}

async fn attempt(tx: &mut Transaction<'_>, sql: &str) -> Result<Option<pg::Error>, Error> {
    let savepoint = tx.savepoint("object").await?;
    match savepoint.batch_execute(sql).await {
        Ok(()) => {
            savepoint.commit().await?;
            Ok(None)
        }
        Err(error) => {
            let error = pg::Error::from(error);
            if matches!(error, pg::Error::Lost(_)) {
                return Err(error.into());
            }
            savepoint.rollback().await?;
            Ok(Some(error))
        }
    }
}

/// MIG-COPY-10: the first queries are planned well.
async fn analyze(context: &Context<'_>, client: &Client) -> Result<(), Error> {
    for table in context.plan.made_tables() {
        let shape = shape(context.plan, context.inventory, &table.name)?;
        if shape.table.kind != TableKind::Foreign {
            client
                .batch_execute(&format!("analyze {}", table.name.quoted()))
                .await?;
        }
    }
    let mapping = Name::new("public", "user_id_mapping");
    client
        .batch_execute(&format!("analyze {}", mapping.quoted()))
        .await?;
    Ok(())
}
