//! From changes to deliveries: match, judge, render, hand over; in commit order.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use bytes::Bytes;
use replication::Transaction;
use replication::message::Relation;

use super::ask::{self, Waiting};
use super::catalog::Known;
use super::encode::{Asked, Withheld};
use super::filter::{Term, Verdict};
use super::hand_over::hand_over;
use super::item::{Candidate, Item, Standing};
use super::judge::{Image, Question};
use super::pairs::Pairs;
use super::row::{Cell, RowChange};
use super::shared::Shared;
use super::table::{Kind, Table};
use super::who::{ByNumber, Who};

/// A change whose row is to be judged for one of its roles: their places.
struct Concerned {
    place: usize,
    standing: usize,
}

/// Some transactions on their way.
pub(super) struct Batch<'a> {
    shared: &'a Shared,
    items: Vec<Item>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            items: Vec::new(),
        }
    }

    /// Takes in a transaction: rows of `realtime.messages` are gone at once, changes that concern nobody are
    /// forgotten.
    pub(super) async fn add(
        &mut self,
        transaction: &Transaction,
        described: &mut HashMap<u32, Arc<Relation>>,
    ) {
        for change in &transaction.changes {
            let relation = &change.relation;
            if super::messages::is_messages(relation) {
                if let replication::Kind::Insert { new } = &change.kind {
                    self.shared.broadcast(relation, new);
                }
                continue;
            }
            // The server describes a table anew after anything that bears on who may see what of it.
            if !described
                .get(&relation.oid)
                .is_some_and(|known| Arc::ptr_eq(known, relation))
            {
                described.insert(relation.oid, Arc::clone(relation));
                self.shared.catalog.forget(relation.oid);
            }
            if !self.shared.index().watches(relation.oid) {
                continue;
            }
            let Some(row) = RowChange::of(change) else {
                continue;
            };
            match self.item(transaction, relation, row).await {
                Ok(Some(item)) => self.items.push(item),
                Ok(None) => {}
                Err(error) => {
                    metrics::counter!("realtime_changes_not_judged").increment(1);
                    tracing::error!(%error, table = %relation.name, "the catalog cannot be read; a change was not delivered");
                }
            }
        }
    }

    async fn item(
        &self,
        transaction: &Transaction,
        relation: &Arc<Relation>,
        row: RowChange,
    ) -> Result<Option<Item>, pg::Error> {
        let roles = self.shared.index().roles(relation.oid);
        let read = self.shared.catalog.table_for(relation.oid, roles).await?;
        let Some((known, roles)) = read else {
            return Ok(None);
        };
        let position: Vec<Option<usize>> = known
            .table
            .columns
            .iter()
            .map(|column| relation.position(&column.name))
            .collect();
        let by_table = |cells: &Vec<Cell>| -> Image {
            position
                .iter()
                .map(|at| at.map_or(Cell::Missing, |at| cells[at].clone()))
                .collect()
        };
        let published = known
            .table
            .columns
            .iter()
            .zip(&position)
            .map(|(column, at)| at.is_some() || column.generated.is_some());
        let published = published.collect();
        let unfiltered = known.table.primary_key.is_empty();
        let mut item = Item {
            commit_lsn: transaction.commit_lsn,
            unix_micros: transaction.unix_micros(),
            new: row.new.as_ref().map(by_table),
            old: row.old.as_ref().map(by_table),
            row,
            published,
            known,
            standings: Vec::new(),
            groups: Vec::new(),
        };
        for (name, role) in roles {
            let withheld = Withheld::of(&item.known.table, &role, item.row.event);
            item.standings.push(Standing {
                role,
                name,
                withheld,
            });
        }
        // A role that lacks a key column gets the 401 message, filters not considered.
        let unfiltered = unfiltered || item.standings.iter().any(|one| one.withheld.is_some());
        let found = self
            .shared
            .index()
            .candidates(relation, &item.row, unfiltered);
        item.groups.reserve(found.len());
        for group in found {
            let name = &group.terms.who.role;
            // A role that was not there when they were asked about came after this change.
            let standing = item.standings.iter().position(|one| one.name == *name);
            item.groups.extend(standing.map(|standing| Candidate {
                group,
                standing,
                caller: 0,
            }));
        }
        Ok((!item.groups.is_empty()).then_some(item))
    }

    /// Judges, renders and hands over everything taken in.
    pub(super) async fn deliver(mut self) {
        self.fill_in_generated().await;
        self.filter().await;
        self.judge().await;
        self.items.retain(|item| !item.groups.is_empty());
        let asked = self.ask_for_json().await;
        for item in &self.items {
            hand_over(item, &asked);
        }
    }

    async fn fill_in_generated(&mut self) {
        for item in &mut self.items {
            let table = &item.known.table;
            if table
                .columns
                .iter()
                .all(|column| column.generated.is_none())
            {
                continue;
            }
            let role = item.groups[0].group.terms.who.role.clone();
            let mut rows: Vec<&mut Image> =
                item.new.iter_mut().chain(item.old.iter_mut()).collect();
            ask::generated(&self.shared.requests, &role, table, &mut rows).await;
        }
    }

    /// Leaves the groups whose filter fits. Terms that only PostgreSQL can compare are asked once for all changes.
    async fn filter(&mut self) {
        type Open = HashMap<(Term, String, String), Vec<Bytes>>;
        let mut open: Open = HashMap::new();
        for item in &mut self.items {
            let table = &item.known.table;
            let image = item.new.as_ref().or(item.old.as_ref());
            let Some(image) = image else { continue };
            let standings = &item.standings;
            let is_withheld =
                |candidate: &Candidate| standings[candidate.standing].withheld.is_some();
            item.groups.retain(|candidate| {
                is_withheld(candidate)
                    || candidate
                        .group
                        .terms
                        .filter
                        .iter()
                        .all(|term| term_verdict(table, image, term) != Verdict::No)
            });
            for candidate in item
                .groups
                .iter()
                .filter(|candidate| !is_withheld(candidate))
            {
                for term in candidate.group.terms.filter.iter() {
                    if term_verdict(table, image, term) == Verdict::Ask
                        && let Some((written, value)) = term_value(table, image, term)
                    {
                        let role = candidate.group.terms.who.role.clone();
                        open.entry((term.clone(), role, written))
                            .or_default()
                            .push(value);
                    }
                }
            }
        }
        let mut known: HashMap<(Term, String, Bytes), bool> = HashMap::new();
        for ((term, role, written), mut values) in open {
            values.sort_unstable();
            values.dedup();
            let answers = ask::term(&self.shared.requests, &role, &term, &written, &values).await;
            for (value, answer) in values.into_iter().zip(answers) {
                known.insert((term.clone(), role.clone(), value), answer);
            }
        }
        if known.is_empty() {
            return;
        }
        for item in &mut self.items {
            let table = &item.known.table;
            let Some(image) = item.new.as_ref().or(item.old.as_ref()) else {
                continue;
            };
            let standings = &item.standings;
            item.groups.retain(|candidate| {
                standings[candidate.standing].withheld.is_some()
                    || candidate.group.terms.filter.iter().all(|term| {
                        term_verdict(table, image, term) == Verdict::Yes
                            || term_value(table, image, term).is_some_and(|(_, value)| {
                                let key =
                                    (term.clone(), candidate.group.terms.who.role.clone(), value);
                                known.get(&key).copied().unwrap_or(false)
                            })
                    })
            });
        }
    }

    /// Leaves the groups that may see the row (RT-RLS-03). Deletes are not judged (RT-RLS-04).
    async fn judge(&mut self) {
        let mut questions: HashMap<(usize, String), Vec<Concerned>> = HashMap::new();
        for (place, item) in self.items.iter().enumerate() {
            if item.new.is_none() {
                continue;
            }
            for (number, standing) in item.standings.iter().enumerate() {
                let mut groups = item.groups.iter();
                if standing.is_judged() && groups.any(|one| one.standing == number) {
                    let key = (Arc::as_ptr(&item.known) as usize, standing.name.clone());
                    let concerned = Concerned {
                        place,
                        standing: number,
                    };
                    questions.entry(key).or_default().push(concerned);
                }
            }
        }
        for concerned in questions.into_values() {
            self.ask_rights(&concerned).await;
        }
    }

    /// Of one table and one role.
    async fn ask_rights(&mut self, concerned: &[Concerned]) {
        let Some(first) = concerned.first() else {
            return;
        };
        let known = Arc::clone(&self.items[first.place].known);
        let role = Arc::clone(&self.items[first.place].standings[first.standing].role);
        let mut callers = Vec::<Arc<Who>>::new();
        let mut numbers = HashMap::<u64, usize, BuildHasherDefault<ByNumber>>::default();
        for Concerned { place, standing } in concerned {
            for candidate in &mut self.items[*place].groups {
                if candidate.standing == *standing {
                    let who = &candidate.group.terms.who;
                    candidate.caller = *numbers.entry(who.number).or_insert_with(|| {
                        callers.push(Arc::clone(who));
                        callers.len() - 1
                    });
                }
            }
        }
        let mut wanted = Pairs::new(concerned.len(), callers.len());
        let mut rows: Vec<Image> = Vec::with_capacity(concerned.len());
        for (row, Concerned { place, standing }) in concerned.iter().enumerate() {
            let item = &self.items[*place];
            rows.push(item.new.clone().unwrap_or_default());
            for candidate in &item.groups {
                if candidate.standing == *standing {
                    wanted.insert(row, candidate.caller);
                }
            }
        }
        let question = Question {
            requests: &self.shared.requests,
            table: &known.table,
            role: &role,
            rows: &rows,
            callers: &callers,
            wanted: &wanted,
        };
        let seen = question.answer().await;
        for (row, Concerned { place, standing }) in concerned.iter().enumerate() {
            self.items[*place].groups.retain(|candidate| {
                candidate.standing != *standing || seen.contains(row, candidate.caller)
            });
        }
    }

    /// JSON of the values that cannot be rendered here.
    async fn ask_for_json(&self) -> Asked {
        let mut asked = Asked::new();
        let mut waiting: HashMap<(usize, String), (Arc<Known>, Waiting)> = HashMap::new();
        for item in &self.items {
            for image in item.new.iter().chain(item.old.iter()) {
                for (column, cell) in item.known.table.columns.iter().zip(image) {
                    let Cell::Text(bytes) = cell else { continue };
                    if item.known.table.kind(column.type_oid) != Kind::Asked {
                        continue;
                    }
                    let role = item.groups[0].group.terms.who.role.clone();
                    let key = (Arc::as_ptr(&item.known) as usize, role);
                    let (_, types) = waiting
                        .entry(key)
                        .or_insert_with(|| (Arc::clone(&item.known), Waiting::new()));
                    types
                        .entry(column.type_oid)
                        .or_default()
                        .insert(bytes.clone());
                }
            }
        }
        for ((_, role), (known, types)) in waiting {
            for (type_oid, values) in types {
                let Some(facts) = known.table.type_facts(type_oid) else {
                    continue;
                };
                let values = values.into_iter().collect();
                let answers = ask::json(&self.shared.requests, &role, &facts.written, values).await;
                asked.extend(
                    answers
                        .into_iter()
                        .map(|(value, json)| ((type_oid, value), json)),
                );
            }
        }
        asked
    }
}

fn term_verdict(table: &Table, image: &Image, term: &Term) -> Verdict {
    let Some(place) = table
        .columns
        .iter()
        .position(|column| column.name == term.column)
    else {
        return Verdict::No;
    };
    term.judge(&image[place], table.columns[place].type_oid)
}

/// The type and the text that the term is about.
fn term_value(table: &Table, image: &Image, term: &Term) -> Option<(String, Bytes)> {
    let place = table
        .columns
        .iter()
        .position(|column| column.name == term.column)?;
    let Cell::Text(bytes) = &image[place] else {
        return None;
    };
    let facts = table.type_facts(table.columns[place].type_oid)?;
    Some((facts.written.clone(), bytes.clone()))
}
