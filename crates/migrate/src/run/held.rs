//! Rows under a row that is set aside. A row whose parent goes to quarantine cannot be loaded, its foreign key would
//! point at nothing: it is set aside too, with all that is under it. Found out before anything is loaded, by reading
//! the tables whose rows may be set aside and to which others have keys.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures_util::StreamExt as _;
use tokio_postgres::Client;

use crate::copy::{Fate, HeldKey, OrphanPolicy, Rewriter};
use crate::ddl::{Shape, shape};
use crate::inventory::{Inventory, Name, TableKind};
use crate::mapping::Mapping;
use crate::plan::TableAction;
use crate::{Error, Plan};

/// Keys of rows that are set aside, by the table and constraint that may point at them.
#[derive(Debug, Default)]
pub(crate) struct Held(BTreeMap<(Name, String), HeldKey>);

/// A foreign key between two tables that move.
struct Link<'a> {
    child: Shape<'a>,
    constraint: &'a str,
    columns: &'a [String],
    parent: &'a Name,
    keys: &'a [String],
}

impl Held {
    /// The rewriter that sets a table's rows aside where their parents are.
    pub(crate) fn on(&self, shape: &Shape<'_>, rewriter: Rewriter) -> Rewriter {
        rewriter.with_held(self.of(&shape.root().name))
    }

    /// Whether rows of the table are set aside for their parents' sake.
    pub(crate) fn touches(&self, shape: &Shape<'_>) -> bool {
        !self.of(&shape.root().name).is_empty()
    }

    fn of(&self, table: &Name) -> Vec<HeldKey> {
        self.0
            .iter()
            .filter(|((name, _), key)| name == table && !key.keys.is_empty())
            .map(|(_, key)| key.clone())
            .collect()
    }
}

/// Reads the source until nothing more is to be set aside.
pub(crate) async fn find(
    source: &Client,
    plan: &Plan,
    inventory: &Inventory,
    mapping: &Arc<Mapping>,
) -> Result<Held, Error> {
    let links = links(plan, inventory)?;
    let mut parents: Vec<&Name> = links.iter().map(|link| link.parent).collect();
    parents.sort_unstable();
    parents.dedup();
    let mut held = Held::default();
    loop {
        let mut grew = false;
        for parent in &parents {
            let shape = shape(plan, inventory, parent)?;
            if !may_set_aside(plan, &shape) && !held.touches(&shape) {
                continue;
            }
            let below: Vec<&Link<'_>> = links.iter().filter(|it| it.parent == *parent).collect();
            let keys = set_aside(source, &shape, &held, mapping, &below).await?;
            for (link, keys) in below.into_iter().zip(keys) {
                let place = (link.child.table.name.clone(), link.constraint.to_owned());
                let before = held.0.get(&place).map_or(0, |it| it.keys.len());
                grew |= keys.len() > before;
                let key = HeldKey {
                    columns: link.columns.to_vec(),
                    reason: format!(
                        "{}: the row of {} that it belongs to is set aside",
                        link.columns.join(", "),
                        link.parent
                    ),
                    keys: Arc::new(keys),
                };
                held.0.insert(place, key);
            }
        }
        if !grew {
            return Ok(held);
        }
    }
}

/// The keys between tables that move. Whose user an id is, is settled by the id itself.
fn links<'a>(plan: &'a Plan, inventory: &'a Inventory) -> Result<Vec<Link<'a>>, Error> {
    let moves = |name: &Name| {
        plan.table(name)
            .is_some_and(|it| it.action == TableAction::Copy)
    };
    let mut links = Vec::new();
    for planned in &plan.tables {
        if planned.action != TableAction::Copy {
            continue;
        }
        let child = shape(plan, inventory, &planned.name)?;
        if child.table.kind == TableKind::Foreign || child.table.partition_of.is_some() {
            continue;
        }
        for (constraint, key) in child.table.foreign_keys() {
            let to_users = key.table == plan.users.table
                && key.columns.as_slice() == std::slice::from_ref(&plan.users.id);
            if !to_users && moves(&key.table) {
                links.push(Link {
                    child,
                    constraint: &constraint.name,
                    columns: &constraint.columns,
                    parent: &key.table,
                    keys: &key.columns,
                });
            }
        }
    }
    Ok(links)
}

/// Some policy of the plan sets rows of this table aside.
fn may_set_aside(plan: &Plan, shape: &Shape<'_>) -> bool {
    let quarantines = plan.references.iter().any(|reference| {
        reference.table == shape.table.name
            && shape.reference(&reference.column).is_some()
            && (reference.orphan_policy == OrphanPolicy::Quarantine
                || reference.sentinel_policy == Some(OrphanPolicy::Quarantine))
    });
    // A user who was merged into another or failed has no row of their own.
    quarantines || shape.table.name == plan.users.table
}

/// The keys of the rows that do not move, a set for each link.
async fn set_aside(
    source: &Client,
    shape: &Shape<'_>,
    held: &Held,
    mapping: &Arc<Mapping>,
    links: &[&Link<'_>],
) -> Result<Vec<HashSet<Vec<u8>>>, Error> {
    let rewriter = held.on(shape, shape.rewriter(Arc::clone(mapping)));
    let mut keys = vec![HashSet::new(); links.len()];
    let places: Vec<Option<Vec<usize>>> = links
        .iter()
        .map(|link| rewriter.places(link.keys))
        .collect();
    let rows = source
        .copy_out(&shape.read(""))
        .await
        .map_err(Error::reading)?;
    let mut rows = std::pin::pin!(rows);
    let mut line = Vec::new();
    while let Some(message) = rows.next().await {
        let message = message.map_err(Error::reading)?;
        for row in message.split_inclusive(|byte| *byte == b'\n') {
            let row = row.strip_suffix(b"\n").unwrap_or(row);
            line.clear();
            if !matches!(rewriter.line(row, &mut line), Fate::Quarantine(_)) {
                continue;
            }
            for (keys, places) in keys.iter_mut().zip(&places) {
                let key = places
                    .as_ref()
                    .and_then(|places| crate::copy::key_of(row, places));
                keys.extend(key);
            }
        }
    }
    Ok(keys)
}
