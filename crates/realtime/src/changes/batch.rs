//! From changes to deliveries: match, judge, render, hand over; in commit order.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use replication::message::Relation;
use replication::{Lsn, Transaction};

use super::ask::{self, Waiting};
use super::catalog::Known;
use super::encode::{Asked, Change, Withheld};
use super::filter::{Term, Verdict};
use super::index::{Group, Member};
use super::judge::{Image, Question};
use super::row::{Cell, RowChange};
use super::shared::Shared;
use super::table::{Kind, RoleFacts, Table};
use super::who::Who;

/// One change with the groups that it may concern.
struct Item {
    commit_lsn: Lsn,
    unix_micros: i64,
    relation: Arc<Relation>,
    row: RowChange,
    known: Arc<Known>,
    /// By the table's columns: in the publication.
    published: Vec<bool>,
    new: Option<Image>,
    old: Option<Image>,
    groups: Vec<Candidate>,
}

struct Candidate {
    group: Group,
    role: Arc<RoleFacts>,
    /// What everybody of the role gets instead of the change.
    withheld: Option<Withheld>,
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
        let Some(known) = self.shared.catalog.table(relation.oid).await? else {
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
            relation: Arc::clone(relation),
            new: row.new.as_ref().map(by_table),
            old: row.old.as_ref().map(by_table),
            row,
            published,
            known,
            groups: Vec::new(),
        };
        let mut found = self
            .shared
            .index()
            .candidates(relation, &item.row, unfiltered);
        // A role that lacks a key column gets the 401 message, filters not considered.
        if !unfiltered && self.someone_is_unauthorized(&item).await? {
            found = self.shared.index().candidates(relation, &item.row, true);
        }
        for group in found {
            if let Some(role) = item.known.role(&group.terms.who.role).await? {
                let withheld = Withheld::of(&item.known.table, &role, item.row.event);
                item.groups.push(Candidate {
                    group,
                    role,
                    withheld,
                });
            }
        }
        Ok((!item.groups.is_empty()).then_some(item))
    }

    async fn someone_is_unauthorized(&self, item: &Item) -> Result<bool, pg::Error> {
        let roles = self.shared.index().roles(item.relation.oid);
        for name in roles {
            if let Some(role) = item.known.role(&name).await?
                && Withheld::of(&item.known.table, &role, item.row.event).is_some()
            {
                return Ok(true);
            }
        }
        Ok(false)
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
            item.groups.retain(|candidate| {
                candidate.withheld.is_some()
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
                .filter(|candidate| candidate.withheld.is_none())
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
            item.groups.retain(|candidate| {
                candidate.withheld.is_some()
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
        let mut questions: HashMap<(usize, String), Vec<usize>> = HashMap::new();
        for (place, item) in self.items.iter().enumerate() {
            if item.new.is_none() {
                continue;
            }
            let roles: HashSet<&str> = item
                .groups
                .iter()
                .filter(|candidate| candidate.role.secured && candidate.withheld.is_none())
                .map(|candidate| candidate.group.terms.who.role.as_str())
                .collect();
            for role in roles {
                let key = (Arc::as_ptr(&item.known) as usize, role.to_owned());
                questions.entry(key).or_default().push(place);
            }
        }
        for ((_, role), places) in questions {
            self.ask_rights(&role, &places).await;
        }
    }

    async fn ask_rights(&mut self, role: &str, places: &[usize]) {
        let concerned = |candidate: &&Candidate| {
            candidate.role.secured
                && candidate.withheld.is_none()
                && candidate.group.terms.who.role == role
        };
        let (mut callers, mut numbers) = (Vec::<Arc<Who>>::new(), HashMap::<usize, usize>::new());
        let mut wanted = HashSet::new();
        let mut facts = None;
        for (row, place) in places.iter().enumerate() {
            for candidate in self.items[*place].groups.iter().filter(concerned) {
                let who = &candidate.group.terms.who;
                let caller = *numbers.entry(Arc::as_ptr(who) as usize).or_insert_with(|| {
                    callers.push(Arc::clone(who));
                    callers.len() - 1
                });
                wanted.insert((row, caller));
                facts.get_or_insert_with(|| Arc::clone(&candidate.role));
            }
        }
        let Some(facts) = facts else { return };
        let rows: Vec<Image> = places
            .iter()
            .filter_map(|place| self.items[*place].new.clone())
            .collect();
        let known = Arc::clone(&self.items[places[0]].known);
        let question = Question {
            requests: &self.shared.requests,
            table: &known.table,
            role: &facts,
            rows: &rows,
            callers: &callers,
            wanted: &wanted,
        };
        let seen = question.answer().await;
        for (row, place) in places.iter().enumerate() {
            self.items[*place].groups.retain(|candidate| {
                !concerned(&candidate)
                    || numbers
                        .get(&(Arc::as_ptr(&candidate.group.terms.who) as usize))
                        .is_some_and(|caller| seen.contains(&(row, *caller)))
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

/// Everybody's message: rendered once for each role and selection, one message for each channel and rendering.
fn hand_over(item: &Item, asked: &Asked) {
    let mut renderings: Vec<Bytes> = Vec::new();
    let mut known: HashMap<(&str, Option<&[String]>), usize> = HashMap::new();
    let mut due: Vec<(u64, usize, &Member)> = Vec::new();
    for candidate in &item.groups {
        let terms = &candidate.group.terms;
        // What is withheld is the same for every selection.
        let select = terms
            .select
            .as_deref()
            .filter(|_| candidate.withheld.is_none());
        let rendering = *known
            .entry((terms.who.role.as_str(), select))
            .or_insert_with(|| {
                renderings.push(render(item, candidate, asked));
                renderings.len() - 1
            });
        let members = candidate
            .group
            .members
            .iter()
            .filter(|member| item.commit_lsn >= member.subscriber.live_from);
        due.extend(members.map(|member| (member.subscriber.number, rendering, member)));
    }
    due.sort_unstable_by_key(|(subscriber, rendering, member)| {
        (*subscriber, *rendering, member.id)
    });
    let mut ids = Vec::new();
    for one in due.chunk_by(|left, right| (left.0, left.1) == (right.0, right.1)) {
        ids.clear();
        ids.extend(one.iter().map(|(_, _, member)| member.id));
        ids.dedup();
        let (_, rendering, Member { subscriber, .. }) = one[0];
        if !subscriber.is_gone() && !subscriber.sink.deliver(&ids, &renderings[rendering]) {
            subscriber.leave();
        }
    }
}

fn render(item: &Item, candidate: &Candidate, asked: &Asked) -> Bytes {
    let table = &item.known.table;
    if let Some(withheld) = candidate.withheld {
        return withheld.data(table, item.row.event);
    }
    let change = Change {
        table,
        published: &item.published,
        event: item.row.event,
        new: item.new.as_deref(),
        old: item.old.as_deref(),
        unix_micros: item.unix_micros,
        size: item.row.size,
        asked,
    };
    change.data(&candidate.role, candidate.group.terms.select.as_deref())
}
