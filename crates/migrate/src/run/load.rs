//! S05: rows. Each part of a table is one transaction on the target that also records the part.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures_util::future::try_join_all;
use tokio_postgres::{Client, Transaction};

use super::held::{self, Held};
use super::rejects::{self, Face};
use super::{Context, Event};
use crate::Error;
use crate::copy::{
    Allowance, Bin, Flow, Moved, Rewriter, Sifted, checksum, copy_part, copy_sifted, refuses_a_row,
};
use crate::ddl::{Shape, shape};
use crate::inventory::TableKind;
use crate::journal::{PartRecord, WRITE_REJECTS};
use crate::plan::TableAction;

/// One part of one table.
struct Part {
    /// The table on the target.
    table: String,
    number: i32,
    /// The condition on the source, empty for all of it.
    range: String,
    /// For the largest first.
    bytes: i64,
    read: String,
    write: String,
    /// The same when rows are sifted: what a savepoint may undo cannot be frozen.
    write_sifted: String,
    /// Before loading, in the part's transaction.
    prepare: String,
    /// Takes away everything that the table's parts loaded.
    empty: String,
    quarantine: String,
    rewriter: Rewriter,
    /// How refused rows are shown.
    face: Face,
}

pub(super) async fn apply(context: &Context<'_>, client: &mut Client) -> Result<(), Error> {
    let source = context.snapshot.session().await?;
    let held = held::find(&source, context.plan, context.inventory, &context.mapping).await?;
    let mut parts = parts(context, &held)?;
    parts.sort_by_key(|part| {
        (
            std::cmp::Reverse(part.bytes),
            part.table.clone(),
            part.number,
        )
    });
    let done = still_true(context, client, &parts).await?;
    let faces: BTreeMap<String, Face> = parts
        .iter()
        .map(|part| (part.table.clone(), part.face.clone()))
        .collect();
    parts.retain(|part| !done.contains(&(part.table.clone(), part.number)));
    let lost: u64 = context
        .journal
        .parts(client)
        .await?
        .iter()
        .map(|part| part.rejected)
        .sum();
    let lost = AtomicU64::new(lost);
    let next = AtomicUsize::new(0);
    let workers = (0..context.options.jobs.clamp(1, parts.len().max(1))).map(|_| async {
        let source = context.snapshot.session().await?;
        let mut target = context.target.session().await?;
        while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            load(context, &source, &mut target, part, &lost).await?;
        }
        Ok::<(), Error>(())
    });
    try_join_all(workers).await?;
    for table in super::tables(&context.journal.parts(client).await?) {
        if let Some(face) = faces.get(&table.table) {
            rejects::write(context, client, &table.table, face, table.rejected > 0).await?;
        }
    }
    Ok(())
}

/// The parts that an earlier attempt loaded and that hold what this snapshot holds: read again and compared, so that
/// a resumed run never mixes two moments (MIG-RES-05). A table with one that does not is emptied.
async fn still_true(
    context: &Context<'_>,
    client: &mut Client,
    parts: &[Part],
) -> Result<HashSet<(String, i32)>, Error> {
    let mut tables: BTreeMap<String, Vec<PartRecord>> = BTreeMap::new();
    for record in context.journal.parts(client).await? {
        tables.entry(record.table.clone()).or_default().push(record);
    }
    let mut kept = HashSet::new();
    if tables.is_empty() {
        return Ok(kept);
    }
    let rejected = context.journal.rejected(client).await?;
    let source = context.snapshot.session().await?;
    for (table, records) in tables {
        let mut same = true;
        for record in &records {
            let part = parts.iter().find(|part| {
                part.table == table && part.number == record.part && part.range == record.range
            });
            same = match part {
                Some(part) => {
                    let (sum, aside) = checksum(&source, &part.read, Some(&part.rewriter)).await?;
                    let mut then = record.loaded;
                    let place = (table.clone(), record.part);
                    then.merge(rejected.get(&place).copied().unwrap_or_default());
                    sum == then && aside == record.quarantined
                }
                None => false,
            };
            if !same {
                break;
            }
        }
        if same {
            kept.extend(records.into_iter().map(|it| (it.table, it.part)));
            continue;
        }
        context.warn(
            "MIG-X-RELOAD",
            &table,
            "the source changed since these rows were loaded: they are loaded again",
        );
        let tx = client.transaction().await?;
        if let Some(part) = parts.iter().find(|part| part.table == table) {
            tx.batch_execute(&part.empty).await?;
        }
        context.journal.forget_parts(&tx, &table).await?;
        tx.commit().await?;
    }
    Ok(kept)
}

async fn load(
    context: &Context<'_>,
    source: &Client,
    target: &mut Client,
    part: &Part,
    lost: &AtomicU64,
) -> Result<(), Error> {
    let moved = match whole(context, source, target, part).await {
        Err(Error::Database(error)) if refuses_a_row(&error) => {
            sifted(context, source, target, part, lost).await?
        }
        other => other?,
    };
    context.observer.event(Event::Table {
        part: &PartRecord {
            table: part.table.clone(),
            part: part.number,
            range: part.range.clone(),
            read: moved.read,
            loaded: moved.loaded,
            quarantined: moved.quarantined,
            rejected: moved.rejected,
            bytes: moved.bytes,
        },
    });
    Ok(())
}

/// All rows in one COPY.
async fn whole(
    context: &Context<'_>,
    source: &Client,
    target: &mut Client,
    part: &Part,
) -> Result<Moved, Error> {
    let tx = target.transaction().await?;
    tx.batch_execute(&part.prepare).await?;
    let progress = progress(context, part);
    let moved = copy_part(source, &tx, &part.flow(&part.write), &progress).await?;
    record(context, &tx, part, &moved).await?;
    tx.commit().await?;
    Ok(moved)
}

/// The target refused a row: all that it takes, and the others in the journal (MIG-COPY-06).
async fn sifted(
    context: &Context<'_>,
    source: &Client,
    target: &mut Client,
    part: &Part,
    lost: &AtomicU64,
) -> Result<Moved, Error> {
    let tx = target.transaction().await?;
    tx.batch_execute(&part.prepare).await?;
    let bin = Bin {
        write: WRITE_REJECTS,
        line: &|reject| {
            let reason = part.face.reason(&reject.said);
            context
                .journal
                .reject_line(&part.table, part.number, reject, &reason)
        },
    };
    let allowance = Allowance {
        allowed: context.max_rejects(),
        so_far: lost,
    };
    let progress = progress(context, part);
    let flow = part.flow(&part.write_sifted);
    let sifted = copy_sifted(source, &tx, &flow, &bin, allowance, &progress).await?;
    match sifted {
        Sifted::Loaded(moved) => {
            record(context, &tx, part, &moved).await?;
            tx.commit().await?;
            Ok(moved)
        }
        Sifted::Refused { first, more } => {
            tx.rollback().await?;
            let dir = context.options.rejects.as_deref();
            Err(Error::Rejects {
                table: part.table.clone(),
                allowed: allowance.allowed,
                file: rejects::write_failed(dir, &part.table, &part.face, &first)?,
                refused: first.iter().map(|it| part.face.refusal(it)).collect(),
                more,
            })
        }
    }
}

fn progress<'a>(context: &'a Context<'_>, part: &'a Part) -> impl Fn(u64, u64) + Sync + use<'a> {
    move |rows, bytes| {
        context.observer.event(Event::Progress {
            object: &part.table,
            rows,
            bytes,
        });
    }
}

async fn record(
    context: &Context<'_>,
    tx: &Transaction<'_>,
    part: &Part,
    moved: &Moved,
) -> Result<(), Error> {
    let journal = context.journal;
    journal
        .part(tx, &part.table, part.number, &part.range, moved)
        .await
}

impl Part {
    fn flow<'a>(&'a self, write: &'a str) -> Flow<'a> {
        Flow {
            read: &self.read,
            write,
            quarantine: &self.quarantine,
            rewriter: &self.rewriter,
            table: &self.table,
        }
    }
}

fn parts(context: &Context<'_>, held: &Held) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    for planned in &context.plan.tables {
        if planned.action != TableAction::Copy {
            continue;
        }
        let shape = shape(context.plan, context.inventory, &planned.name)?;
        if !shape.carries_rows() {
            continue;
        }
        let ranges = ranges(context, &shape);
        let single = ranges.len() == 1;
        for (number, range) in (0..).zip(ranges) {
            parts.push(table_part(context, &shape, held, number, range, single));
        }
        parts.extend(credentials_part(context, &shape));
    }
    Ok(parts)
}

fn table_part(
    context: &Context<'_>,
    shape: &Shape<'_>,
    held: &Held,
    number: i32,
    range: String,
    single: bool,
) -> Part {
    let quoted = shape.table.name.quoted();
    let aside = shape.quarantine_name().quoted();
    let converts = shape.moves().iter().any(|it| it.rule.is_some()) || held.touches(shape);
    let converts = converts && shape.fits_quarantine();
    // Children of an inheritance tree have rows of their own.
    let only = if shape.table.kind == TableKind::Ordinary {
        "only "
    } else {
        ""
    };
    let mut empty = format!("truncate {only}{quoted}");
    let mut prepare = String::new();
    if converts {
        prepare = shape.create_quarantine();
        empty = format!("{prepare}; {empty}; truncate {aside}");
    }
    // Only rows of one transaction can be frozen, and only into a table emptied by it.
    if single {
        prepare.clone_from(&empty);
    }
    Part {
        table: shape.table.name.to_string(),
        number,
        bytes: shape.table.bytes,
        read: shape.read(&range),
        write: shape.write(single),
        write_sifted: shape.write(false),
        face: Face::of(shape),
        quarantine: shape.write_quarantine(),
        rewriter: held.on(
            shape,
            shape.rewriter(std::sync::Arc::clone(&context.mapping)),
        ),
        range,
        prepare,
        empty,
    }
}

fn credentials_part(context: &Context<'_>, shape: &Shape<'_>) -> Option<Part> {
    let credentials = shape.credentials()?;
    Some(Part {
        table: credentials.name().to_string(),
        number: 0,
        range: String::new(),
        bytes: shape.table.bytes,
        read: credentials.read(),
        write: credentials.write(),
        write_sifted: credentials.write(),
        face: Face::private(&shape.plan.users.id),
        prepare: format!("truncate {}", credentials.name().quoted()),
        empty: format!("truncate {}", credentials.name().quoted()),
        quarantine: shape.write_quarantine(),
        rewriter: credentials.rewriter(std::sync::Arc::clone(&context.mapping)),
    })
}

/// MIG-COPY-04: a large table in ranges of its blocks, which the source reads side by side.
fn ranges(context: &Context<'_>, shape: &Shape<'_>) -> Vec<String> {
    const BLOCK: i64 = 8192;
    let bytes = shape.table.bytes;
    let split = context.options.split_bytes.max(BLOCK);
    // Before 14 the server scans the whole table for each range.
    if bytes <= split || context.inventory.server.version < 140_000 {
        return vec![String::new()];
    }
    let blocks = bytes / BLOCK + 1;
    let count = (bytes + split - 1) / split;
    let step = (blocks / count).max(1);
    (0..count)
        .map(|part| {
            let from = part * step;
            if part + 1 == count {
                format!("ctid >= '({from},0)'")
            } else {
                format!("ctid >= '({from},0)' and ctid < '({},0)'", from + step)
            }
        })
        .collect()
}
