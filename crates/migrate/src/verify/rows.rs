//! Rows: the same on both sides once old ids are translated by the mapping that the target holds.

use std::collections::HashMap;

use futures_util::future::try_join;

use super::{Scene, Verdict};
use crate::Error;
use crate::copy::{Checksum, Rewriter, checksum};
use crate::ddl::shape;
use crate::journal::Journal;
use crate::plan::{ReferenceKind, TableAction};
use crate::run::held;

/// What is compared: a table, and what was set aside of it.
struct Pair<'a> {
    object: &'a str,
    read: &'a str,
    read_back: &'a str,
    rewriter: &'a Rewriter,
    rejected: Checksum,
    /// None where the rows that stay behind are another table's.
    quarantined: Option<u64>,
}

pub(super) async fn check(scene: &Scene<'_>, verdict: &mut Verdict) -> Result<(), Error> {
    let rejected = rejected(scene).await?;
    let held = held::find(&scene.source, scene.plan, scene.inventory, &scene.mapping).await?;
    let of = |table: &str| rejected.get(table).copied().unwrap_or_default();
    for planned in &scene.plan.tables {
        let shape = shape(scene.plan, scene.inventory, &planned.name)?;
        if planned.action != TableAction::Copy || !shape.carries_rows() {
            continue;
        }
        let object = planned.name.to_string();
        let converts = shape.moves().iter().any(|it| it.rule.is_some()) || held.touches(&shape);
        let pair = Pair {
            object: &object,
            read: &shape.read(""),
            read_back: &shape.read_back(),
            rewriter: &held.on(&shape, shape.rewriter(scene.mapping.clone())),
            rejected: of(&object),
            quarantined: Some(if converts {
                quarantined(scene, &shape.quarantine_name()).await?
            } else {
                0
            }),
        };
        compare(scene, verdict, pair).await?;
        if let Some(credentials) = shape.credentials() {
            let object = credentials.name().to_string();
            let pair = Pair {
                object: &object,
                read: &credentials.read(),
                read_back: &credentials.read_back(),
                rewriter: &credentials.rewriter(scene.mapping.clone()),
                rejected: of(&object),
                quarantined: None,
            };
            compare(scene, verdict, pair).await?;
        }
    }
    references(scene, verdict).await
}

/// What the target refused, by table.
async fn rejected(scene: &Scene<'_>) -> Result<HashMap<String, Checksum>, Error> {
    let mut tables: HashMap<String, Checksum> = HashMap::new();
    if !Journal::exists(&scene.target).await? {
        return Ok(tables);
    }
    let journal = Journal::of(scene.plan.run);
    for ((table, _), sum) in journal.rejected(&scene.target).await? {
        tables.entry(table).or_default().merge(sum);
    }
    Ok(tables)
}

/// Reads both sides once and compares them. A row that the target refused counts where it stands: in the journal.
async fn compare(scene: &Scene<'_>, verdict: &mut Verdict, pair: Pair<'_>) -> Result<(), Error> {
    let ((then, aside), (loaded, _)) = try_join(
        checksum(&scene.source, pair.read, Some(pair.rewriter)),
        checksum(&scene.target, pair.read_back, None),
    )
    .await?;
    let mut now = loaded;
    now.merge(pair.rejected);
    verdict.add(
        "MIG-VER-01",
        pair.object,
        then.rows == now.rows,
        format!(
            "{} rows, {} on the target, {aside} set aside",
            then.rows + aside,
            loaded.rows
        ),
    );
    verdict.add(
        "MIG-VER-02",
        pair.object,
        then == now,
        format!("checksum {} and {}", then.text(), now.text()),
    );
    if let Some(quarantined) = pair.quarantined {
        // What is not loaded is in quarantine or among the refused rows.
        let (read, rejected) = (then.rows + aside, pair.rejected.rows);
        verdict.add(
            "MIG-GEN-02",
            pair.object,
            aside == quarantined && read == loaded.rows + quarantined + rejected,
            format!(
                "{read} read = {} loaded + {quarantined} quarantined + {rejected} rejected",
                loaded.rows
            ),
        );
    }
    Ok(())
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
