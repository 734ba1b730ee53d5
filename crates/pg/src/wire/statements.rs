//! What a connection has prepared, by role and text.

use std::collections::HashMap;
use std::sync::Arc;

/// The prepared statements of one connection, the least recently used one leaving first.
///
/// The role is part of the key because a plan over a table with row security is made for one role: shared
/// between roles it would be made anew at every change.
#[derive(Debug)]
pub(super) struct Statements {
    by_role: HashMap<Box<str>, HashMap<Arc<str>, Prepared>>,
    count: usize,
    capacity: usize,
    next: u32,
    tick: u64,
    /// Left the cache, still open at the server.
    closing: Vec<u32>,
}

#[derive(Debug)]
struct Prepared {
    number: u32,
    used: u64,
    /// The server has confirmed it.
    ready: bool,
}

/// What to do about a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It is there.
    Ready(u32),
    /// It was not; parse it under this number.
    New(u32),
}

impl Statements {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            by_role: HashMap::new(),
            count: 0,
            capacity: capacity.max(1),
            next: 0,
            tick: 0,
            closing: Vec::new(),
        }
    }

    pub(super) fn find_or_add(&mut self, role: &str, sql: &Arc<str>) -> Found {
        self.tick += 1;
        if let Some(prepared) = self
            .by_role
            .get_mut(role)
            .and_then(|texts| texts.get_mut(sql))
        {
            prepared.used = self.tick;
            return Found::Ready(prepared.number);
        }
        if self.count >= self.capacity {
            self.evict();
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        let prepared = Prepared {
            number,
            used: self.tick,
            ready: false,
        };
        match self.by_role.get_mut(role) {
            Some(texts) => texts.insert(Arc::clone(sql), prepared),
            None => self
                .by_role
                .entry(role.into())
                .or_default()
                .insert(Arc::clone(sql), prepared),
        };
        self.count += 1;
        Found::New(number)
    }

    /// Seldom enough (only when a new shape meets a full cache) to look at all of them. One that is not
    /// confirmed stays: the batch that parses it is being written.
    fn evict(&mut self) {
        let oldest = self
            .by_role
            .iter()
            .flat_map(|(role, texts)| {
                texts
                    .iter()
                    .map(move |(sql, prepared)| (role, sql, prepared))
            })
            .filter(|(.., prepared)| prepared.ready)
            .min_by_key(|(.., prepared)| prepared.used)
            .map(|(role, sql, _)| (role.clone(), Arc::clone(sql)));
        if let Some((role, sql)) = oldest {
            self.remove(&role, &sql);
        }
    }

    /// Takes it out of the cache; the next batch closes it.
    pub(super) fn remove(&mut self, role: &str, sql: &str) {
        let Some(texts) = self.by_role.get_mut(role) else {
            return;
        };
        if let Some(prepared) = texts.remove(sql) {
            self.count -= 1;
            self.closing.push(prepared.number);
        }
        if texts.is_empty() {
            self.by_role.remove(role);
        }
    }

    /// Takes all of them out.
    pub(super) fn clear(&mut self) {
        let all = self
            .by_role
            .drain()
            .flat_map(|(_, texts)| texts.into_values());
        self.closing.extend(all.map(|prepared| prepared.number));
        self.count = 0;
    }

    /// The server has parsed it.
    pub(super) fn confirm(&mut self, role: &str, sql: &str) {
        if let Some(prepared) = self
            .by_role
            .get_mut(role)
            .and_then(|texts| texts.get_mut(sql))
        {
            prepared.ready = true;
        }
    }

    /// The batch is over: what it did not get to parse is not there.
    pub(super) fn drop_unconfirmed(&mut self) {
        for texts in self.by_role.values_mut() {
            texts.retain(|_, prepared| prepared.ready);
        }
        self.by_role.retain(|_, texts| !texts.is_empty());
        self.count = self.by_role.values().map(HashMap::len).sum();
    }

    /// The numbers to close at the head of the next batch. There, because nothing before them can fail.
    pub(super) fn take_closing(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.closing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(sql: &str) -> Arc<str> {
        sql.into()
    }

    fn ready(cache: &mut Statements, role: &str, sql: &str) -> Found {
        let found = cache.find_or_add(role, &text(sql));
        cache.confirm(role, sql);
        found
    }

    #[test]
    fn a_statement_is_prepared_once_for_each_role() {
        let mut cache = Statements::new(8);
        assert_eq!(ready(&mut cache, "anon", "select 1"), Found::New(0));
        assert_eq!(ready(&mut cache, "anon", "select 1"), Found::Ready(0));
        assert_eq!(
            ready(&mut cache, "authenticated", "select 1"),
            Found::New(1)
        );
        assert_eq!(ready(&mut cache, "anon", "select 2"), Found::New(2));
    }

    #[test]
    fn the_least_recently_used_statement_leaves_a_full_cache() {
        let mut cache = Statements::new(2);
        ready(&mut cache, "anon", "a");
        ready(&mut cache, "anon", "b");
        ready(&mut cache, "anon", "a");
        assert_eq!(ready(&mut cache, "anon", "c"), Found::New(2));
        assert_eq!(cache.take_closing(), [1]);
        assert_eq!(ready(&mut cache, "anon", "a"), Found::Ready(0));
        assert_eq!(ready(&mut cache, "anon", "b"), Found::New(3));
    }

    #[test]
    fn what_was_not_confirmed_is_parsed_again() {
        let mut cache = Statements::new(2);
        assert_eq!(cache.find_or_add("anon", &text("a")), Found::New(0));
        cache.drop_unconfirmed();
        assert_eq!(cache.find_or_add("anon", &text("a")), Found::New(1));
        assert!(cache.take_closing().is_empty());
    }
}
