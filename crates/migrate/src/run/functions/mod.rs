//! Functions and procedures (MIG-DEP-03): as they are where they still work, retyped where they take an old id.

mod retype;
mod signature;

use std::collections::HashSet;

use tokio_postgres::Transaction;

pub(crate) use retype::{retyped_function, wrapper_function};

use super::Context;
use super::attempt::{attempt, leave};
use super::grants::closing;
use crate::Error;
use crate::ddl::identifiers;
use crate::inventory::{Function, Inventory, Stage};
use retype::Retyping;

/// MIG-DEP-03: a function that reads a converted column with an integer of its own is retyped; the old signature
/// stays as a wrapper that looks the id up.
pub(super) async fn apply(context: &Context<'_>, tx: &mut Transaction<'_>) -> Result<(), Error> {
    let lookups =
        include_str!("../../sql/lookups.sql").replace("{type}", &context.plan.users.id_type);
    tx.batch_execute(&lookups).await?;
    let needed = early(context.inventory);
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
            if let Some(error) = make(context, tx, function, &needed).await? {
                failed.push((function, error));
            }
        }
        if failed.len() == before {
            for (function, error) in failed {
                let name = signature::shown(function);
                leave(context, tx, "function", &name, &error.to_string(), false).await?;
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
async fn make(
    context: &Context<'_>,
    tx: &mut Transaction<'_>,
    function: &Function,
    needed: &HashSet<&str>,
) -> Result<Option<pg::Error>, Error> {
    let retyping = Retyping::of(context.plan, function);
    // A body in SQL is checked as it is made: where the old types still fit, nothing is changed.
    let checked = function.language == "sql";
    let plausible = retyping.as_ref().is_some_and(Retyping::is_plausible);
    let mut refusal = None;
    if checked || !plausible {
        refusal = place(context, tx, function, &function.definition, None, needed).await?;
        if refusal.is_none() {
            if !checked && retyping.is_some() {
                context.warn(
                    "MIG-D-MANUAL",
                    signature::shown(function),
                    "works with ids that are UUIDs now, and whether it still does cannot be proven: read it",
                );
            }
            return Ok(None);
        }
    }
    let Some(retyping) = retyping else {
        return Ok(refusal);
    };
    for choice in retyping.choices(checked) {
        let (definition, arguments) = retyping.definition(&choice);
        if let Some(error) =
            place(context, tx, function, &definition, Some(&arguments), needed).await?
        {
            refusal.get_or_insert(error);
            continue;
        }
        context.warn(
            "MIG-D-RETYPED",
            signature::shown(function),
            format!("its parameter is a UUID now: ({arguments})"),
        );
        if let Some(wrapper) = retyping.wrapper(&choice) {
            // That it cannot be is no loss: the function itself is there.
            place(context, tx, function, &wrapper, None, needed).await?;
        }
        return Ok(None);
    }
    if !checked {
        return place(context, tx, function, &function.definition, None, needed).await;
    }
    Ok(refusal)
}

/// Makes a function under a signature, its own unless another is given; closes it where it must be.
async fn place(
    context: &Context<'_>,
    tx: &mut Transaction<'_>,
    function: &Function,
    definition: &str,
    arguments: Option<&str>,
    needed: &HashSet<&str>,
) -> Result<Option<pg::Error>, Error> {
    let signature = format!(
        "{}({})",
        function.name.quoted(),
        arguments.unwrap_or(&function.arguments)
    );
    let is_needed = needed.contains(function.name.name.as_str());
    let closing = closing(function, &signature, is_needed);
    let mut statement = definition.to_owned();
    if let Some(closing) = &closing {
        statement = format!("{statement};\n{closing}");
    }
    let error = attempt(tx, &statement).await?;
    if error.is_none() {
        let inverse = format!("drop routine if exists {signature} cascade");
        let name = signature::shown(function);
        let journal = context.journal;
        journal
            .object(tx, "S09", "function", &name, &inverse)
            .await?;
        if closing.is_some() && function.open {
            context.warn(
                "MIG-D-DEFINER",
                name,
                "runs with its owner's rights: closed to the API, grant it to authenticated if it is meant for callers",
            );
        }
    }
    Ok(error)
}

/// The functions that must be there before tables, indexes and checks: what defaults, computed columns, checks,
/// indexes, types and the like call, and what those functions call.
pub(super) fn early(inventory: &Inventory) -> HashSet<&str> {
    let mut texts: Vec<&str> = Vec::new();
    for table in &inventory.tables {
        texts.extend(table.columns.iter().filter_map(|it| it.default.as_deref()));
        texts.extend(table.constraints.iter().map(|it| it.definition.as_str()));
        texts.extend(table.indexes.iter().map(|it| it.definition.as_str()));
    }
    texts.extend(inventory.types.iter().map(|it| it.definition.as_str()));
    let others = inventory.others.iter().filter(|it| it.stage != Stage::Last);
    texts.extend(others.map(|it| it.make.as_str()));
    let names: HashSet<&str> = inventory
        .functions
        .iter()
        .filter(|it| !it.aggregate)
        .map(|it| it.name.name.as_str())
        .collect();
    let called = |text: &str| -> Vec<&str> {
        identifiers(text)
            .iter()
            .filter_map(|word| names.get(word.as_str()).copied())
            .collect()
    };
    let mut waiting: Vec<&str> = texts.into_iter().flat_map(called).collect();
    let mut early: HashSet<&str> = HashSet::new();
    while let Some(name) = waiting.pop() {
        if early.insert(name) {
            let same = inventory.functions.iter().filter(|it| it.name.name == name);
            waiting.extend(same.flat_map(|it| called(&it.body)));
        }
    }
    early
}
