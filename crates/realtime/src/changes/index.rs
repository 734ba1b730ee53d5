//! Which bindings a change may concern: by table, event and filter value, not by subscriber.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use replication::Lsn;
use replication::message::Relation;

use super::filter::Term;
use super::row::RowChange;
use super::who::Who;
use super::{ChangeSink, EventKind};

/// One channel's subscription.
pub(super) struct Subscriber {
    pub(super) number: u64,
    pub(super) sink: Arc<dyn ChangeSink>,
    /// Transactions that committed before are not for it.
    pub(super) live_from: Lsn,
    gone: AtomicBool,
}

impl Subscriber {
    pub(super) fn new(number: u64, sink: Arc<dyn ChangeSink>, live_from: Lsn) -> Self {
        Self {
            number,
            sink,
            live_from,
            gone: AtomicBool::new(false),
        }
    }

    pub(super) fn leave(&self) {
        self.gone.store(true, Ordering::Release);
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }
}

#[derive(Clone)]
pub(super) struct Member {
    pub(super) subscriber: Arc<Subscriber>,
    pub(super) id: u64,
}

/// What equal bindings have in common.
#[derive(Clone)]
pub(super) struct Terms {
    pub(super) event: EventKind,
    pub(super) who: Arc<Who>,
    pub(super) filter: Arc<[Term]>,
    pub(super) select: Option<Arc<[String]>>,
}

/// A binding resolved to a table.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) table: u32,
    pub(super) terms: Terms,
    pub(super) id: u64,
}

/// Bindings whose answer is the same, as they are at one time.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) terms: Terms,
    pub(super) members: Vec<Member>,
}

type Key = (EventKind, usize, Arc<[Term]>, Option<Arc<[String]>>);

#[derive(Default)]
struct TableIndex {
    /// By their numbers; the places of those that ended are used again.
    groups: Vec<Option<Arc<Group>>>,
    free: Vec<usize>,
    by_key: HashMap<Key, usize>,
    /// Column, spelling of its value, groups that demand it.
    hashed: HashMap<String, HashMap<String, Vec<usize>>>,
    /// Groups that every change may concern.
    scanned: Vec<usize>,
    /// How many groups each role has.
    roles: HashMap<String, usize>,
}

/// The bindings of all subscribers.
#[derive(Default)]
pub(super) struct Index {
    tables: HashMap<u32, TableIndex>,
    /// Of each subscriber: table and group.
    places: HashMap<u64, Vec<(u32, usize)>>,
}

fn key(terms: &Terms) -> Key {
    (
        terms.event,
        Arc::as_ptr(&terms.who) as usize,
        Arc::clone(&terms.filter),
        terms.select.clone(),
    )
}

/// The term by which a group is found, with its values.
fn handle(terms: &Terms) -> Option<(&str, Vec<String>)> {
    terms.filter.iter().find_map(|term| {
        let keys = term.keys()?;
        Some((
            term.column.as_str(),
            keys.into_iter().map(str::to_owned).collect(),
        ))
    })
}

impl TableIndex {
    fn add(&mut self, terms: Terms, member: Member) -> usize {
        let key = key(&terms);
        if let Some(number) = self.by_key.get(&key)
            && let Some(group) = &mut self.groups[*number]
        {
            // Whoever is looking at the group keeps it as it was.
            Arc::make_mut(group).members.push(member);
            return *number;
        }
        let number = self.free.pop().unwrap_or_else(|| {
            self.groups.push(None);
            self.groups.len() - 1
        });
        self.by_key.insert(key, number);
        match handle(&terms) {
            None => self.scanned.push(number),
            Some((column, values)) => {
                let column = self.hashed.entry(column.to_owned()).or_default();
                for value in values {
                    column.entry(value).or_default().push(number);
                }
            }
        }
        *self.roles.entry(terms.who.role.clone()).or_default() += 1;
        self.groups[number] = Some(Arc::new(Group {
            terms,
            members: vec![member],
        }));
        number
    }

    fn remove(&mut self, number: usize, subscriber: u64) {
        // A subscriber with two equal bindings left with the first.
        let Some(group) = &mut self.groups[number] else {
            return;
        };
        Arc::make_mut(group)
            .members
            .retain(|member| member.subscriber.number != subscriber);
        if !group.members.is_empty() {
            return;
        }
        let Some(group) = self.groups[number].take() else {
            return;
        };
        self.free.push(number);
        self.by_key.remove(&key(&group.terms));
        if let Some(groups) = self.roles.get_mut(&group.terms.who.role) {
            *groups -= 1;
            if *groups == 0 {
                self.roles.remove(&group.terms.who.role);
            }
        }
        match handle(&group.terms) {
            None => self.scanned.retain(|scanned| *scanned != number),
            Some((column, values)) => {
                let Some(by_value) = self.hashed.get_mut(column) else {
                    return;
                };
                for value in values {
                    if let Some(numbers) = by_value.get_mut(&value) {
                        numbers.retain(|hashed| *hashed != number);
                        if numbers.is_empty() {
                            by_value.remove(&value);
                        }
                    }
                }
                if by_value.is_empty() {
                    self.hashed.remove(column);
                }
            }
        }
    }
}

impl Index {
    /// Whether anybody has a binding on the table.
    pub(super) fn watches(&self, table: u32) -> bool {
        self.tables.contains_key(&table)
    }

    /// Replaces all entries of a subscriber at once.
    pub(super) fn set(&mut self, subscriber: &Arc<Subscriber>, entries: Vec<Entry>) {
        self.remove(subscriber.number);
        let places = entries
            .into_iter()
            .map(|entry| {
                let member = Member {
                    subscriber: Arc::clone(subscriber),
                    id: entry.id,
                };
                let table = self.tables.entry(entry.table).or_default();
                (entry.table, table.add(entry.terms, member))
            })
            .collect();
        self.places.insert(subscriber.number, places);
    }

    /// Takes a subscriber out.
    pub(super) fn remove(&mut self, subscriber: u64) {
        for (oid, group) in self.places.remove(&subscriber).unwrap_or_default() {
            if let Some(table) = self.tables.get_mut(&oid) {
                table.remove(group, subscriber);
                if table.by_key.is_empty() {
                    self.tables.remove(&oid);
                }
            }
        }
    }

    /// Groups that a change may concern. `unfiltered`: those whose filter does not fit, too.
    pub(super) fn candidates(
        &self,
        relation: &Relation,
        row: &RowChange,
        unfiltered: bool,
    ) -> Vec<Arc<Group>> {
        let Some(table) = self.tables.get(&relation.oid) else {
            return Vec::new();
        };
        let fits = |group: &&Arc<Group>| {
            group.terms.event == EventKind::All || group.terms.event == row.event
        };
        if unfiltered {
            let all = table.groups.iter().flatten();
            return all.filter(fits).cloned().collect();
        }
        let mut numbers = Vec::new();
        for (column, by_value) in &table.hashed {
            let Some(position) = relation.position(column) else {
                continue;
            };
            let text = row.image().get(position).and_then(super::row::Cell::text);
            if let Some(found) = text.and_then(|text| by_value.get(text)) {
                numbers.extend_from_slice(found);
            }
        }
        table
            .scanned
            .iter()
            .chain(&numbers)
            .filter_map(|number| table.groups[*number].as_ref())
            .filter(fits)
            .cloned()
            .collect()
    }

    /// The roles of those who have a binding on the table.
    pub(super) fn roles(&self, table: u32) -> Vec<String> {
        self.tables
            .get(&table)
            .map(|table| table.roles.keys().cloned().collect())
            .unwrap_or_default()
    }
}
