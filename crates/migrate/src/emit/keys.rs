//! Foreign keys and checks around a conversion: which must go, which come back, which are new.

use std::fmt::Write as _;

use sql::Ident;

use super::convert::Scene;
use crate::ddl::{Shape, object_name};
use crate::inventory::{Action, Constraint, ConstraintKind, TableKind};
use crate::plan::ReferenceKind;

/// Every foreign key between the tables, so that no deletion cascades and no type disagrees for a while, and the
/// checks that cannot hold for new ids.
pub(super) fn dropped<'a>(scene: &'a Scene<'a>) -> Vec<(&'a Shape<'a>, &'a Constraint)> {
    let mut all = Vec::new();
    for shape in &scene.shapes {
        for constraint in shape.table.constraints.iter().filter(|it| !it.inherited) {
            let goes = match constraint.kind {
                ConstraintKind::ForeignKey => true,
                ConstraintKind::Check => shape.constraint(constraint).is_none(),
                _ => false,
            };
            if goes {
                all.push((shape, constraint));
            }
        }
    }
    all
}

/// The declared keys again, the profile table's, and those that were never declared (MIG-REF-04, MIG-REF-05).
pub(super) fn made(scene: &Scene<'_>) -> String {
    let mut text = String::new();
    let users = &scene.plan.users;
    for shape in &scene.shapes {
        if shape.table.name == users.table {
            let name = object_name(&[&users.table.name, "auth_users"], "fkey");
            let target = crate::Name::new("auth", "users");
            key(
                &mut text,
                shape,
                &name,
                &users.id,
                (&target, "id"),
                Action::Cascade,
            );
        }
    }
    for shape in &scene.shapes {
        for constraint in shape.table.constraints.iter().filter(|it| !it.inherited) {
            if constraint.kind != ConstraintKind::ForeignKey {
                continue;
            }
            let Some(make) = shape.constraint(constraint) else {
                continue;
            };
            let validate = make.ends_with(" NOT VALID") && constraint.validated;
            let _ = writeln!(text, "{make};");
            if validate {
                let _ = writeln!(
                    text,
                    "alter table {} validate constraint {};",
                    shape.table.name.quoted(),
                    Ident::new(&constraint.name)
                );
            }
        }
        for reference in &scene.plan.references {
            let plain = matches!(
                reference.kind,
                ReferenceKind::Column | ReferenceKind::MixedText
            );
            let (true, Some(action)) = (
                plain && reference.table == shape.table.name,
                reference.on_delete,
            ) else {
                continue;
            };
            let name = object_name(&[&shape.table.name.name, &reference.column], "fkey");
            let there = shape.table.constraints.iter().any(|it| it.name == name);
            if !shape.is_converted(&reference.column) || reference.declared.is_some() || there {
                continue;
            }
            key(
                &mut text,
                shape,
                &name,
                &reference.column,
                (&users.table, &users.id),
                action,
            );
        }
    }
    text
}

/// A new key, made anew when it is there.
fn key(
    text: &mut String,
    shape: &Shape<'_>,
    name: &str,
    column: &str,
    (target, id): (&crate::Name, &str),
    action: Action,
) {
    let quoted = shape.table.name.quoted();
    let name = Ident::new(name);
    let later = if shape.table.kind == TableKind::Ordinary {
        " not valid"
    } else {
        ""
    };
    let _ = writeln!(
        text,
        "alter table {quoted} drop constraint if exists {name};\n\
         alter table {quoted} add constraint {name} foreign key ({}) references {} ({}) on delete {}{later};",
        Ident::new(column),
        target.quoted(),
        Ident::new(id),
        action.sql()
    );
    if !later.is_empty() {
        let _ = writeln!(text, "alter table {quoted} validate constraint {name};");
    }
}
