//! 02: every planned reference converted where it is, in one transaction, as a run converts it on the way.

use std::fmt::Write as _;

use sql::{Ident, quote_literal};

use super::around::{put_back, take_down};
use super::values::{falls_under, from, is_old, value};
use super::{head, remark};
use crate::copy::Rule;
use crate::ddl::{Move, PRIVATE, QUARANTINE, Shape, shape};
use crate::inventory::{Generation, Inventory, TableKind};
use crate::mapping::IdForm;
use crate::{Error, Plan};

/// What the sections share.
pub(super) struct Scene<'a> {
    pub(super) plan: &'a Plan,
    pub(super) inventory: &'a Inventory,
    pub(super) shapes: Vec<Shape<'a>>,
}

pub(super) fn script(plan: &Plan, inventory: &Inventory) -> Result<String, Error> {
    let shapes: Vec<Shape<'_>> = plan
        .made_tables()
        .map(|table| shape(plan, inventory, &table.name))
        .collect::<Result<_, _>>()?;
    let scene = Scene {
        plan,
        inventory,
        shapes: shapes
            .into_iter()
            // A partition follows its root; a foreign table's rows are not here.
            .filter(|it| it.table.partition_of.is_none() && it.table.kind != TableKind::Foreign)
            .collect(),
    };
    let mut text = head("02: every reference to a user becomes the user's new id, where it is.");
    text.push_str("set local row_security = off;\n\n");
    text.push_str(&helpers(plan));
    text.push('\n');
    text.push_str(&private_places(&scene));
    let _ = write!(
        text,
        "\n-- Whether anything is left to do.\nselect {} as work \\gset\n\\if :work\n\n",
        pending(&scene)
    );
    text.push_str(&guards(&scene));
    text.push_str(&take_down(&scene));
    for shape in &scene.shapes {
        text.push_str(&table(&scene, shape));
    }
    text.push_str(&credentials(&scene));
    text.push_str(&put_back(&scene));
    text.push_str("\\else\n\\echo 'nothing to do: every planned reference is converted'\n\\endif\n\ncommit;\n\n");
    text.push_str(&summary(&scene));
    Ok(text)
}

fn helpers(plan: &Plan) -> String {
    let users = &plan.users;
    let integer = users.id_form == IdForm::Integer;
    let numbers_only = if integer {
        "  if btrim(old) !~ '^[+-]?[0-9]{1,19}$' or btrim(old)::numeric not between -9223372036854775808 and 9223372036854775807 then\n    \
         return null;\n  end if;\n"
    } else {
        ""
    };
    let old = match users.id_form {
        IdForm::Integer => "btrim(old)::int8".to_owned(),
        IdForm::Uuid => "old::uuid".to_owned(),
        IdForm::Text => format!("old::{}", users.id_type),
    };
    let leaf = if integer {
        "btrim(value #>> '{}') ~ '^[+-]?[0-9]{1,19}$' or (value #>> '{}') ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'"
    } else {
        "true"
    };
    include_str!("sql/helpers.sql")
        .replace("{numbers_only}", numbers_only)
        .replace("{source_table}", &quote_literal(&users.table.to_string()))
        .replace("{leaf_is_id}", leaf)
        .replace("{old}", &old)
}

/// Where rows and columns go that nobody may see; there before and after.
fn private_places(scene: &Scene<'_>) -> String {
    let mut text = format!(
        "create schema if not exists {PRIVATE};\nrevoke all on schema {PRIVATE} from public;\n\
         create schema if not exists {QUARANTINE};\nrevoke all on schema {QUARANTINE} from public;\n"
    );
    for shape in scene
        .shapes
        .iter()
        .filter(|it| it.moves().iter().any(|it| it.rule.is_some()))
    {
        let _ = writeln!(text, "{};", shape.create_quarantine());
    }
    for credentials in scene.shapes.iter().filter_map(Shape::credentials) {
        let made = credentials
            .create()
            .replacen("create table", "create table if not exists", 1);
        let name = credentials.name();
        let _ = writeln!(
            text,
            "{made};\nrevoke all on {} from public, anon, authenticated, service_role;",
            name.quoted()
        );
    }
    text
}

fn pending(scene: &Scene<'_>) -> String {
    let mut all = Vec::new();
    for shape in &scene.shapes {
        all.extend(
            shape
                .moves()
                .iter()
                .filter_map(|it| is_old(scene, shape, it)),
        );
        all.extend(credentials_there(scene, shape));
    }
    if all.is_empty() {
        return "false".to_owned();
    }
    all.join("\n    or ")
}

/// Nothing begins before everybody has a new id, and every decision that says stop is kept.
fn guards(scene: &Scene<'_>) -> String {
    let users = &scene.plan.users;
    let source = quote_literal(&users.table.to_string());
    let mut text = format!(
        "-- Nothing begins before the mapping is complete.\n\
         select pg_temp.refuse_if((select count(*) from public.user_id_mapping where source_table = {source} and status = 'planned'),\n  \
         'users that are planned and not made yet');\n"
    );
    // Users first: whoever lacks a new id is nobody everywhere else.
    let mut of_users = String::new();
    let mut of_others = String::new();
    for shape in &scene.shapes {
        let moves = shape.moves();
        for it in moves.iter().filter(|it| it.rule.is_some()) {
            let Some(rule) = &it.rule else { continue };
            let column = Ident::new(&it.column.name);
            let (condition, what) = if matches!(rule, Rule::OwnId) {
                let known = format!(
                    "select 1 from public.user_id_mapping m where m.source_table = {source} and m.old_user_id::text = u.{column}::text"
                );
                (
                    format!(
                        "select count(*) from {} u where not exists ({known}) and pg_temp.id_of(u.{column}::text) is null",
                        from(shape)
                    ),
                    format!("{}: users without a new id", remark(&shape.table.name)),
                )
            } else if let Some(orphan) = falls_under(scene, shape, it, "fail") {
                (
                    format!("select count(*) from {} where {orphan}", from(shape)),
                    format!(
                        "{}.{}: ids of nobody",
                        remark(&shape.table.name),
                        it.column.name
                    ),
                )
            } else {
                continue;
            };
            let own = matches!(rule, Rule::OwnId);
            let _ = writeln!(
                if own { &mut of_users } else { &mut of_others },
                "select pg_temp.refuse_if(({condition}),\n  {});",
                quote_literal(&what)
            );
        }
    }
    text.push_str(&of_users);
    text.push_str(&of_others);
    text.push('\n');
    text
}

/// One table: rows out of the way, then documents, then types.
fn table(scene: &Scene<'_>, shape: &Shape<'_>) -> String {
    let moves = shape.moves();
    let changing: Vec<&Move<'_>> = moves.iter().filter(|it| it.rule.is_some()).collect();
    if changing.is_empty() {
        return String::new();
    }
    let names: Vec<String> = changing.iter().map(|it| it.name.clone()).collect();
    let old: Vec<String> = changing
        .iter()
        .filter_map(|it| is_old(scene, shape, it))
        .collect();
    let mut text = format!(
        "-- {}: {}\nselect {} as old \\gset\n\\if :old\n",
        remark(&shape.table.name),
        remark(&names.join(", ")),
        old.join("\n    or ")
    );
    text.push_str(&quarantine(scene, shape, &moves));
    for it in &changing {
        let (Some(Rule::Json { .. }), Some(new)) = (&it.rule, value(scene, shape, it)) else {
            continue;
        };
        let column = Ident::new(&it.column.name);
        let _ = writeln!(
            text,
            "update {} set {column} = ({new})::text::{}\nwhere {new} is distinct from pg_temp.as_json({column}::text);",
            from(shape),
            it.type_sql
        );
    }
    let quoted = shape.table.name.quoted();
    for kept in moves.iter().filter(|it| it.kept) {
        let (name, column) = (Ident::new(&kept.name), Ident::new(&kept.column.name));
        let _ = writeln!(
            text,
            "alter table {quoted} add column if not exists {name} {};\nupdate {} set {name} = {column};",
            kept.type_sql,
            from(shape)
        );
    }
    let mut actions = Vec::new();
    for it in &changing {
        let (Some(rule), Some(new)) = (&it.rule, value(scene, shape, it)) else {
            continue;
        };
        if matches!(rule, Rule::Json { .. }) {
            continue;
        }
        let column = Ident::new(&it.column.name);
        if matches!(
            it.column.generation,
            Generation::IdentityAlways | Generation::IdentityByDefault
        ) {
            actions.push(format!("alter column {column} drop identity if exists"));
        } else if it.column.default.is_some() {
            actions.push(format!("alter column {column} drop default"));
        }
        actions.push(format!(
            "alter column {column} type {} using {new}",
            it.type_sql
        ));
    }
    if !actions.is_empty() {
        let _ = writeln!(text, "alter table {quoted}\n  {};", actions.join(",\n  "));
    }
    text.push_str("\\endif\n\n");
    text
}

/// MIG-REF-01: rows of nobody, kept as they were, with the reason.
fn quarantine(scene: &Scene<'_>, shape: &Shape<'_>, moves: &[Move<'_>]) -> String {
    let mut reasons = Vec::new();
    let mut any = Vec::new();
    for it in moves {
        let Some(rule) = &it.rule else { continue };
        let Some(orphan) = falls_under(scene, shape, it, "quarantine") else {
            continue;
        };
        let said = if matches!(rule, Rule::OwnId) {
            format!("{}: the user does not move", it.name)
        } else {
            format!("{}: no such user", it.name)
        };
        reasons.push(format!("when {orphan} then {}", quote_literal(&said)));
        any.push(format!("({orphan})"));
    }
    if any.is_empty() {
        return String::new();
    }
    let columns: Vec<String> = moves
        .iter()
        .map(|it| Ident::new(&it.column.name).to_string())
        .collect();
    format!(
        "with gone as (\n  delete from {} where {} returning *\n)\ninsert into {}\nselect {},\n  case {} end\nfrom gone;\n",
        from(shape),
        any.join("\n    or "),
        shape.quarantine_name().quoted(),
        columns.join(", "),
        reasons.join("\n    ")
    )
}

fn credential_columns(scene: &Scene<'_>, shape: &Shape<'_>) -> Vec<String> {
    if shape.credentials().is_none() {
        return Vec::new();
    }
    let table = shape.table;
    let named = &scene.plan.users.credentials;
    let there = table.columns.iter().filter(|it| named.contains(&it.name));
    there.map(|it| it.name.clone()).collect()
}

fn credentials_there(scene: &Scene<'_>, shape: &Shape<'_>) -> Vec<String> {
    let name = &shape.table.name;
    credential_columns(scene, shape)
        .iter()
        .map(|column| {
            format!(
                "pg_temp.has_column({}, {}, {})",
                quote_literal(&name.schema),
                quote_literal(&name.name),
                quote_literal(column)
            )
        })
        .collect()
}

/// Credentials leave the profile table for a place that no API role reaches.
fn credentials(scene: &Scene<'_>) -> String {
    let mut text = String::new();
    for shape in &scene.shapes {
        let columns = credential_columns(scene, shape);
        let Some(aside) = shape.credentials() else {
            continue;
        };
        let there = credentials_there(scene, shape);
        let quoted: Vec<String> = columns
            .iter()
            .map(|it| Ident::new(it).to_string())
            .collect();
        let drops: Vec<String> = quoted
            .iter()
            .map(|it| format!("drop column {it}"))
            .collect();
        let id = Ident::new(&scene.plan.users.id);
        let _ = writeln!(
            text,
            "-- {}: what signs people in, out of reach\nselect {} as there \\gset\n\\if :there\n\
             insert into {} (user_id, {})\nselect {id}, {} from {} on conflict (user_id) do nothing;\n\
             alter table {} {};\n\\endif\n",
            remark(&shape.table.name),
            there.join(" and "),
            aside.name().quoted(),
            quoted.join(", "),
            quoted.join(", "),
            from(shape),
            shape.table.name.quoted(),
            drops.join(", ")
        );
    }
    text
}

/// MIG-GEN-02: what is there, and what was set aside.
fn summary(scene: &Scene<'_>) -> String {
    let counts: Vec<String> = scene
        .shapes
        .iter()
        .map(|shape| {
            let aside = if shape.moves().iter().any(|it| it.rule.is_some()) {
                format!(
                    "(select count(*) from {})",
                    shape.quarantine_name().quoted()
                )
            } else {
                "0".to_owned()
            };
            format!(
                "select {} as \"table\", count(*) as rows, {aside} as quarantined from {}",
                quote_literal(&shape.table.name.to_string()),
                from(shape)
            )
        })
        .collect();
    format!("{}\norder by 1;\n", counts.join("\nunion all\n"))
}
