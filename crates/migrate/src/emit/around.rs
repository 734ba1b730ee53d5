//! What stands around the columns of a conversion: taken down before, put back after.

use std::fmt::Write as _;

use sql::{Ident, quote_literal};

use super::convert::Scene;
use super::{keys, remark};
use crate::ddl::Shape;
use crate::inventory::{ConstraintKind, Generation, Index};
use crate::run::{retyped_function, wrapper_function};

/// What stands in the way of another type: views, triggers, policies, keys, checks, indexes of a special kind.
pub(super) fn take_down(scene: &Scene<'_>) -> String {
    let mut text = String::from(
        "-- What depends on the old types, out of the way.\nset constraints all immediate;\n",
    );
    for view in scene.inventory.views.iter().rev() {
        let kind = if view.materialized {
            "materialized view"
        } else {
            "view"
        };
        let _ = writeln!(text, "drop {kind} if exists {};", view.name.quoted());
    }
    for trigger in &scene.inventory.triggers {
        if scene.inventory.table(&trigger.table).is_some() {
            let _ = writeln!(
                text,
                "drop trigger if exists {} on {};",
                Ident::new(&trigger.name),
                trigger.table.quoted()
            );
        }
    }
    for policy in &scene.inventory.policies {
        let _ = writeln!(
            text,
            "drop policy if exists {} on {};",
            Ident::new(&policy.name),
            policy.table.quoted()
        );
    }
    for (shape, constraint) in keys::dropped(scene) {
        let _ = writeln!(
            text,
            "alter table {} drop constraint if exists {};",
            shape.table.name.quoted(),
            Ident::new(&constraint.name)
        );
    }
    for shape in &scene.shapes {
        for index in special_indexes(shape) {
            let name = crate::Name::new(&shape.table.name.schema, &index.name);
            let _ = writeln!(text, "drop index if exists {};", name.quoted());
        }
        for column in computed(shape) {
            let _ = writeln!(
                text,
                "alter table {} drop column if exists {};",
                shape.table.name.quoted(),
                Ident::new(&column.name)
            );
        }
    }
    text.push('\n');
    text
}

/// Indexes whose definition may not fit the new type: with a condition, an expression, or an operator class.
fn special_indexes<'a>(shape: &Shape<'a>) -> Vec<&'a Index> {
    let table: &'a crate::inventory::Table = shape.table;
    table
        .indexes
        .iter()
        .filter(|index| index.constraint.is_none() && !index.inherited)
        .filter(|index| {
            let touched = index
                .columns
                .iter()
                .any(|column| column.is_empty() || shape.is_converted(column));
            let special = index.partial
                || index.columns.iter().any(String::is_empty)
                || index.definition.contains("_ops");
            special && touched
        })
        .collect()
}

/// Columns computed from a converted one.
fn computed<'a>(shape: &Shape<'a>) -> Vec<&'a crate::inventory::Column> {
    let table: &'a crate::inventory::Table = shape.table;
    let uses = |expression: &str| {
        expression
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .any(|word| shape.is_converted(word))
    };
    table
        .columns
        .iter()
        .filter(|it| it.generation == Generation::Computed)
        .filter(|it| it.default.as_deref().is_some_and(uses))
        .collect()
}

/// Everything that depends on the new types.
pub(super) fn put_back(scene: &Scene<'_>) -> String {
    let mut text = String::from("-- Keys, and what depends on the new types.\n");
    let try_to_make = |what: String, statement: &str| {
        format!(
            "select pg_temp.try_to_make({}, {});\n",
            quote_literal(&what),
            quote_literal(statement)
        )
    };
    for shape in &scene.shapes {
        for column in computed(shape) {
            let _ = writeln!(
                text,
                "alter table {} add column {} {} generated always as ({}) stored;",
                shape.table.name.quoted(),
                Ident::new(&column.name),
                column.type_sql,
                column.default.as_deref().unwrap_or("null")
            );
        }
        for index in special_indexes(shape) {
            text.push_str(&try_to_make(
                format!("index {}", index.name),
                &index.definition,
            ));
        }
        for constraint in &shape.table.constraints {
            if constraint.kind == ConstraintKind::Check
                && !constraint.inherited
                && shape.constraint(constraint).is_none()
            {
                let _ = writeln!(
                    text,
                    "-- The check {} compared old ids: it is not made again.",
                    remark(&constraint.name)
                );
            }
        }
    }
    text.push_str(&keys::made(scene));
    for function in scene.inventory.functions.iter().filter(|it| !it.aggregate) {
        let Some((statement, _)) = retyped_function(scene.plan, function) else {
            continue;
        };
        text.push_str(&try_to_make(
            format!("function {}", function.name),
            &statement,
        ));
        if let Some(wrapper) = wrapper_function(scene.plan, function) {
            text.push_str(&try_to_make(
                format!("function {} for old ids", function.name),
                &wrapper,
            ));
        }
    }
    for view in &scene.inventory.views {
        text.push_str(&try_to_make(format!("view {}", view.name), &view_sql(view)));
    }
    for trigger in &scene.inventory.triggers {
        let (quoted, name) = (trigger.table.quoted(), Ident::new(&trigger.name));
        let state = match trigger.enabled {
            'D' => format!("; alter table {quoted} disable trigger {name}"),
            'A' => format!("; alter table {quoted} enable always trigger {name}"),
            'R' => format!("; alter table {quoted} enable replica trigger {name}"),
            _ => String::new(),
        };
        let statement = format!("{}{state}", trigger.definition);
        text.push_str(&try_to_make(
            format!("trigger {}", trigger.name),
            &statement,
        ));
    }
    for shape in &scene.shapes {
        let _ = writeln!(text, "analyze {};", shape.table.name.quoted());
    }
    text
}

fn view_sql(view: &crate::inventory::View) -> String {
    let kind = if view.materialized {
        "materialized view"
    } else {
        "view"
    };
    let options = if view.options.is_empty() {
        String::new()
    } else {
        format!(" with ({})", view.options.join(", "))
    };
    let data = if view.materialized && !view.populated {
        " with no data"
    } else {
        ""
    };
    let query = view.definition.trim().trim_end_matches(';');
    let mut sql = format!(
        "create {kind} {}{options} as {query}{data}",
        view.name.quoted()
    );
    for index in &view.indexes {
        let _ = write!(sql, "; {index}");
    }
    sql
}
