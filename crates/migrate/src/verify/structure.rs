//! Structure: what was on the source is on the target, converted where the plan says so (MIG-VER-07).

use std::collections::HashSet;

use super::{Scene, Verdict};
use crate::Error;
use crate::ddl::shape;
use crate::inventory::{ConstraintKind, Generation, Inventory, TableKind};
use crate::journal::Journal;

pub(super) async fn check(scene: &Scene<'_>, verdict: &mut Verdict) -> Result<(), Error> {
    let there = Inventory::read(&scene.target).await?;
    let left = if Journal::exists(&scene.target).await? {
        crate::run::left(&scene.target, scene.plan.run).await?
    } else {
        Vec::new()
    };
    // Not there since it does not fit the new ids: said by the run, and no fault (MIG-VER-07).
    let is_left = |kind: &str, name: &str| {
        let head = format!("{kind} {name}: ");
        left.iter().any(|text| text.starts_with(&head))
    };
    for planned in scene.plan.made_tables() {
        let shape = shape(scene.plan, scene.inventory, &planned.name)?;
        let object = planned.name.to_string();
        if shape.table.kind == TableKind::Foreign {
            continue;
        }
        let Some(table) = there.table(&planned.name) else {
            verdict.add("MIG-VER-07", object, false, "the table is not there");
            continue;
        };
        let mut missing = Vec::new();
        for it in shape.moves() {
            match table.column(&it.name) {
                None => missing.push(format!("column {}", it.name)),
                Some(column) if column.type_sql != it.type_sql => {
                    missing.push(format!(
                        "column {}: {} instead of {}",
                        it.name, column.type_sql, it.type_sql
                    ));
                }
                Some(column)
                    if !it.kept
                        && it.column.generation != Generation::Computed
                        && it.column.not_null
                        && !column.not_null =>
                {
                    missing.push(format!("column {}: accepts null", it.name));
                }
                Some(_) => {}
            }
        }
        for constraint in &shape.table.constraints {
            let to_nowhere = constraint
                .foreign
                .as_ref()
                .is_some_and(|key| scene.plan.made_tables().all(|it| it.name != key.table));
            let is_there = table
                .constraints
                .iter()
                .any(|it| it.name == constraint.name);
            let name = format!("{}.{}", planned.name, constraint.name);
            if !is_there
                && !to_nowhere
                && shape.constraint(constraint).is_some()
                && !is_left("constraint", &name)
            {
                missing.push(format!("constraint {}", constraint.name));
            }
        }
        for index in shape
            .table
            .indexes
            .iter()
            .filter(|index| index.constraint.is_none() && !index.inherited)
        {
            let moves = shape.moves();
            let hidden = index
                .columns
                .iter()
                .any(|column| !column.is_empty() && moves.iter().all(|it| it.name != *column));
            let name = crate::Name::new(&planned.name.schema, &index.name).to_string();
            let is_there = table.indexes.iter().any(|it| it.name == index.name);
            if !hidden && !is_there && !is_left("index", &name) {
                missing.push(format!("index {}", index.name));
            }
        }
        if shape.table.primary_key().is_some()
            && !table
                .constraints
                .iter()
                .any(|it| it.kind == ConstraintKind::PrimaryKey)
        {
            missing.push("primary key".to_owned());
        }
        verdict.add(
            "MIG-VER-07",
            object,
            missing.is_empty(),
            if missing.is_empty() {
                format!(
                    "{} columns, {} indexes",
                    table.columns.len(),
                    table.indexes.len()
                )
            } else {
                format!("missing: {}", missing.join(", "))
            },
        );
    }
    objects(scene, &there, verdict);
    others(scene, &there, &is_left, verdict);
    sequences(scene, &there, verdict).await
}

/// Views, functions and triggers by name.
fn objects(scene: &Scene<'_>, there: &Inventory, verdict: &mut Verdict) {
    let views: HashSet<_> = there.views.iter().map(|view| &view.name).collect();
    let functions: HashSet<_> = there
        .functions
        .iter()
        .map(|function| &function.name)
        .collect();
    let triggers: HashSet<_> = there
        .triggers
        .iter()
        .map(|trigger| (&trigger.table, &trigger.name))
        .collect();
    for view in &scene.inventory.views {
        let found = views.contains(&view.name);
        verdict.add(
            "MIG-VER-07",
            view.name.to_string(),
            found,
            if found {
                "view"
            } else {
                "the view is not there"
            },
        );
    }
    for function in scene
        .inventory
        .functions
        .iter()
        .filter(|function| !function.aggregate)
    {
        let found = functions.contains(&function.name);
        let object = format!("{}({})", function.name, function.arguments);
        verdict.add(
            "MIG-VER-07",
            object,
            found,
            if found {
                "function"
            } else {
                "the function is not there"
            },
        );
    }
    for trigger in &scene.inventory.triggers {
        if scene.plan.made_tables().all(|it| it.name != trigger.table) {
            continue;
        }
        let found = triggers.contains(&(&trigger.table, &trigger.name));
        let object = format!("{}.{}", trigger.table, trigger.name);
        verdict.add(
            "MIG-VER-07",
            object,
            found,
            if found {
                "trigger"
            } else {
                "the trigger is not there"
            },
        );
    }
}

/// Collations, casts, operators, aggregates, text search, statistics and rules by name.
fn others(
    scene: &Scene<'_>,
    there: &Inventory,
    is_left: &dyn Fn(&str, &str) -> bool,
    verdict: &mut Verdict,
) {
    for it in &scene.inventory.others {
        if !crate::run::is_wanted(scene.plan, scene.inventory, it) {
            continue;
        }
        let found = there
            .others
            .iter()
            .any(|other| other.kind == it.kind && other.name == it.name);
        let excused = is_left(&it.kind, &it.name);
        verdict.add(
            "MIG-VER-07",
            format!("{} {}", it.kind, it.name),
            found || excused,
            match (found, excused) {
                (true, _) => "there",
                (false, true) => "left out by the run, which said why",
                (false, false) => "it is not there",
            },
        );
    }
}

/// MIG-SEQ-01
async fn sequences(
    scene: &Scene<'_>,
    there: &Inventory,
    verdict: &mut Verdict,
) -> Result<(), Error> {
    for sequence in &scene.inventory.sequences {
        let Some(made) = there.sequences.iter().find(|it| it.name == sequence.name) else {
            continue;
        };
        let query = format!("select last_value from {}", sequence.name.quoted());
        let then: i64 = scene.source.query_one(&query, &[]).await?.get(0);
        let now: i64 = scene.target.query_one(&query, &[]).await?.get(0);
        let on = if made.increment > 0 {
            now >= then
        } else {
            now <= then
        };
        verdict.add(
            "MIG-SEQ-01",
            sequence.name.to_string(),
            on,
            format!("{then}, {now} on the target"),
        );
    }
    Ok(())
}
