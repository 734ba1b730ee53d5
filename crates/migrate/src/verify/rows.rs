//! Rows: the same on both sides once old ids are translated by the mapping that the target holds.

use futures_util::future::try_join;

use super::{Scene, Verdict};
use crate::Error;
use crate::copy::{Rewriter, checksum};
use crate::ddl::shape;
use crate::inventory::TableKind;
use crate::plan::{ReferenceKind, TableAction};

pub(super) async fn check(scene: &Scene<'_>, verdict: &mut Verdict) -> Result<(), Error> {
    for planned in &scene.plan.tables {
        let shape = shape(scene.plan, scene.inventory, &planned.name)?;
        if planned.action != TableAction::Copy || shape.table.kind != TableKind::Ordinary {
            continue;
        }
        let converts = shape.moves().iter().any(|it| it.rule.is_some());
        let rewriter = shape.rewriter(scene.mapping.clone());
        let object = planned.name.to_string();
        let aside = compare(
            scene,
            verdict,
            &object,
            &shape.read(""),
            &shape.read_back(),
            &rewriter,
        )
        .await?;
        if converts {
            // MIG-GEN-02: what is not loaded is in quarantine.
            let kept = quarantined(scene, &shape.quarantine_name()).await?;
            verdict.add(
                "MIG-GEN-02",
                &object,
                aside == kept,
                format!("{aside} rows set aside, {kept} in quarantine"),
            );
        }
        if let Some(credentials) = shape.credentials() {
            let object = credentials.name().to_string();
            compare(
                scene,
                verdict,
                &object,
                &credentials.read(),
                &credentials.read_back(),
                &credentials.rewriter(scene.mapping.clone()),
            )
            .await?;
        }
    }
    references(scene, verdict).await
}

/// Reads both sides once and compares them; how many of the source's rows do not move.
async fn compare(
    scene: &Scene<'_>,
    verdict: &mut Verdict,
    object: &str,
    read: &str,
    read_back: &str,
    rewriter: &Rewriter,
) -> Result<u64, Error> {
    let ((then, aside), (now, _)) = try_join(
        checksum(&scene.source, read, Some(rewriter)),
        checksum(&scene.target, read_back, None),
    )
    .await?;
    verdict.add(
        "MIG-VER-01",
        object,
        then.rows == now.rows,
        format!(
            "{} rows, {} on the target, {aside} set aside",
            then.rows + aside,
            now.rows
        ),
    );
    verdict.add(
        "MIG-VER-02",
        object,
        then == now,
        format!("checksum {} and {}", then.text(), now.text()),
    );
    Ok(aside)
}

async fn quarantined(scene: &Scene<'_>, name: &crate::Name) -> Result<u64, Error> {
    let quoted = name.quoted().to_string();
    let there: bool = scene
        .target
        .query_one("select to_regclass($1) is not null", &[&quoted])
        .await?
        .get(0);
    if !there {
        return Ok(0);
    }
    let row = scene
        .target
        .query_one(&format!("select count(*) from {quoted}"), &[])
        .await?;
    Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))
}

/// MIG-VER-04: every converted value is a user's id, every key was checked.
async fn references(scene: &Scene<'_>, verdict: &mut Verdict) -> Result<(), Error> {
    for reference in &scene.plan.references {
        let plain = matches!(
            reference.kind,
            ReferenceKind::Column | ReferenceKind::MixedText
        );
        let moved = scene
            .plan
            .table(&reference.table)
            .is_some_and(|table| table.action == TableAction::Copy);
        if !plain
            || !moved
            || scene
                .plan
                .converted(&reference.table, &reference.column)
                .is_none()
        {
            continue;
        }
        let column = sql::Ident::new(&reference.column);
        let row = scene
            .target
            .query_one(
                &format!(
                    "select count(*) from {} t where t.{column} is not null and not exists \
                     (select 1 from auth.users u where u.id = t.{column})",
                    reference.table.quoted()
                ),
                &[],
            )
            .await?;
        let orphans: i64 = row.get(0);
        verdict.add(
            "MIG-VER-04",
            format!("{}.{}", reference.table, reference.column),
            orphans == 0,
            format!("{orphans} ids of nobody"),
        );
    }
    let schemas: Vec<&str> = scene
        .plan
        .made_tables()
        .map(|table| table.name.schema.as_str())
        .collect();
    let row = scene
        .target
        .query_one(
            "select count(*) from pg_constraint c join pg_namespace n on n.oid = c.connamespace \
             where not c.convalidated and n.nspname = any ($1)",
            &[&schemas],
        )
        .await?;
    let open: i64 = row.get(0);
    // What the source never checked is not checked here either.
    let there = scene
        .inventory
        .tables
        .iter()
        .flat_map(|table| &table.constraints)
        .filter(|constraint| !constraint.validated)
        .count();
    let allowed = i64::try_from(there).unwrap_or(i64::MAX);
    verdict.add(
        "MIG-VER-04",
        "keys",
        open <= allowed,
        format!("{open} constraints not validated"),
    );
    Ok(())
}
