//! What a column's value becomes, and whose rows fall under which decision: as SQL.

use sql::{Ident, quote_literal};

use super::convert::Scene;
use crate::copy::{JsonStep, OrphanPolicy, Rule};
use crate::ddl::{Move, Shape};
use crate::inventory::TableKind;

/// What a column's value becomes; null where it is nobody's.
pub(super) fn value(scene: &Scene<'_>, shape: &Shape<'_>, it: &Move<'_>) -> Option<String> {
    let column = Ident::new(&it.column.name);
    Some(match it.rule.as_ref()? {
        Rule::OwnId => format!("pg_temp.own_id({column}::text)"),
        Rule::Id(_) | Rule::Mixed(_) => format!("pg_temp.id_of({column}::text)"),
        Rule::Array(orphans) => {
            format!(
                "pg_temp.translate_array({column}::text, '{}')",
                word(*orphans)
            )
        }
        Rule::Json { paths, orphans, .. } => {
            paths
                .iter()
                .fold(format!("pg_temp.as_json({column}::text)"), |value, path| {
                    format!(
                        "pg_temp.translate({value}, {}, '{}')",
                        steps(path),
                        word(*orphans)
                    )
                })
        }
        Rule::Polymorphic { values, .. } => {
            let reference = scene.plan.converted(&shape.table.name, &it.column.name)?;
            let kind = Ident::new(reference.type_column.as_ref()?);
            let values: Vec<String> = values.iter().map(|it| quote_literal(it)).collect();
            format!(
                "case when {kind}::text in ({}) then pg_temp.id_of({column}::text)::text else {column}::text end",
                values.join(", ")
            )
        }
    })
}

fn word(orphans: OrphanPolicy) -> &'static str {
    match orphans {
        OrphanPolicy::Null => "null",
        OrphanPolicy::DropElement => "drop-element",
        OrphanPolicy::Quarantine => "quarantine",
        OrphanPolicy::Ask | OrphanPolicy::Fail => "fail",
    }
}

fn steps(path: &[JsonStep]) -> String {
    let steps: Vec<String> = path
        .iter()
        .map(|step| match step {
            JsonStep::Key(key) => quote_literal(&format!("key:{key}")),
            JsonStep::Each => "'each'".to_owned(),
        })
        .collect();
    format!("array[{}]::text[]", steps.join(", "))
}

fn orphans_of(rule: &Rule) -> OrphanPolicy {
    match rule {
        Rule::OwnId => OrphanPolicy::Quarantine,
        Rule::Id(orphans)
        | Rule::Mixed(orphans)
        | Rule::Array(orphans)
        | Rule::Json { orphans, .. }
        | Rule::Polymorphic { orphans, .. } => *orphans,
    }
}

/// Whether a row's value is nobody's.
pub(super) fn is_orphan(scene: &Scene<'_>, shape: &Shape<'_>, it: &Move<'_>) -> Option<String> {
    let value = value(scene, shape, it)?;
    let column = Ident::new(&it.column.name);
    let there = match it.rule.as_ref()? {
        Rule::Json { .. } => format!("pg_temp.as_json({column}::text)"),
        _ => column.to_string(),
    };
    Some(format!("{there} is not null and {value} is null"))
}

/// Whether a row's value is nobody's and the plan says `wanted` for it: 0 and -1 may have a policy of their own.
pub(super) fn falls_under(
    scene: &Scene<'_>,
    shape: &Shape<'_>,
    it: &Move<'_>,
    wanted: &str,
) -> Option<String> {
    let rule = it.rule.as_ref()?;
    let orphan = is_orphan(scene, shape, it)?;
    let others = word(orphans_of(rule)) == wanted;
    let sentinel = matches!(rule, Rule::Id(_) | Rule::Mixed(_))
        .then(|| {
            scene
                .plan
                .converted(&shape.table.name, &it.column.name)?
                .sentinel_policy
        })
        .flatten()
        .map_or(others, |policy| word(policy) == wanted);
    let is_sentinel = format!(
        "btrim({}::text) in ('0', '-1', '')",
        Ident::new(&it.column.name)
    );
    match (others, sentinel) {
        (true, true) => Some(orphan),
        (true, false) => Some(format!("{orphan} and {is_sentinel} is not true")),
        (false, true) => Some(format!("{orphan} and {is_sentinel}")),
        (false, false) => None,
    }
}

/// Whether a column has not been converted yet.
pub(super) fn is_old(scene: &Scene<'_>, shape: &Shape<'_>, it: &Move<'_>) -> Option<String> {
    let table = &shape.table.name;
    let column = Ident::new(&it.column.name);
    let changed = value(scene, shape, it)?;
    let rows =
        |condition: String| format!("exists (select 1 from {} where {condition})", from(shape));
    let typed = format!(
        "not pg_temp.is_type({}, {}, {}, {})",
        quote_literal(&table.schema),
        quote_literal(&table.name),
        quote_literal(&it.column.name),
        quote_literal(&it.type_sql)
    );
    Some(match it.rule.as_ref()? {
        Rule::Json { .. } => rows(format!(
            "{changed} is distinct from pg_temp.as_json({column}::text)"
        )),
        Rule::Polymorphic { .. } if it.column.type_sql == it.type_sql => {
            rows(format!("{changed} is distinct from {column}::text"))
        }
        _ => typed,
    })
}

/// Children of an inheritance tree are tables of their own; a partitioned table is all of its partitions.
pub(super) fn from(shape: &Shape<'_>) -> String {
    let only = if shape.table.kind == TableKind::Ordinary {
        "only "
    } else {
        ""
    };
    format!("{only}{}", shape.table.name.quoted())
}
