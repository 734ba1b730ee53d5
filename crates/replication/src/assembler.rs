//! From messages to transactions: relations resolved, what was handed over before left out.

use std::collections::HashMap;
use std::sync::Arc;

use crate::change::{Change, Kind, Transaction};
use crate::message::{Begin, Commit, Logical, Message, Relation};
use crate::{Error, Lsn};

/// How far the consumer has come, by what was handed to it. Outlives connections.
#[derive(Debug, Default, Clone, Copy)]
struct Progress {
    /// The last transaction of which anything was handed over.
    commit_lsn: Lsn,
    /// Its changes and messages handed over.
    items: usize,
    /// Whether it was complete.
    complete: bool,
    /// The last message outside transactions.
    message_lsn: Lsn,
}

#[derive(Debug)]
struct Open {
    begin: Begin,
    changes: Vec<Change>,
    messages: Vec<(usize, Logical)>,
    /// Changes in parts handed over on this connection or an earlier one.
    offset: usize,
    /// Items (changes and messages) seen since `begin`.
    seen: usize,
    /// Items to leave out.
    skip: usize,
    bytes: usize,
}

/// What a message led to.
#[derive(Debug)]
pub(crate) enum Step {
    Nothing,
    Transaction(Transaction),
    Message(Logical),
}

#[derive(Debug)]
pub(crate) struct Assembler {
    part_bytes: usize,
    progress: Progress,
    relations: HashMap<u32, Arc<Relation>>,
    open: Option<Open>,
}

impl Assembler {
    pub(crate) fn new(part_bytes: usize) -> Self {
        Self {
            part_bytes,
            progress: Progress::default(),
            relations: HashMap::new(),
            open: None,
        }
    }

    /// A new connection: the server describes tables anew and repeats what was not confirmed.
    pub(crate) fn reconnected(&mut self) {
        self.open = None;
        self.relations.clear();
    }

    /// Whether a transaction is under way.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    pub(crate) fn take(&mut self, message: Message) -> Result<Step, Error> {
        match message {
            Message::Begin(begin) => self.begin(begin),
            Message::Commit(commit) => return self.commit(commit),
            Message::Origin(_) | Message::Type(_) => {}
            Message::Relation(relation) => {
                self.relations.insert(relation.oid, Arc::new(relation));
            }
            Message::Insert(insert) => {
                return self.change(insert.relation, Kind::Insert { new: insert.new });
            }
            Message::Update(update) => {
                return self.change(
                    update.relation,
                    Kind::Update {
                        old: update.old,
                        new: update.new,
                    },
                );
            }
            Message::Delete(delete) => {
                return self.change(delete.relation, Kind::Delete { old: delete.old });
            }
            Message::Truncate(truncate) => {
                for relation in truncate.relations {
                    if let Some(relation) = self.relations.get(&relation).cloned() {
                        self.push(Change {
                            relation,
                            kind: Kind::Truncate,
                        })?;
                    }
                }
            }
            Message::Logical(message) if message.transactional => self.message(message)?,
            Message::Logical(message) => {
                if message.lsn > self.progress.message_lsn {
                    self.progress.message_lsn = message.lsn;
                    return Ok(Step::Message(message));
                }
            }
        }
        Ok(Step::Nothing)
    }

    fn begin(&mut self, begin: Begin) {
        let progress = self.progress;
        let skip = match begin.commit_lsn.cmp(&progress.commit_lsn) {
            std::cmp::Ordering::Less => usize::MAX,
            std::cmp::Ordering::Equal if progress.complete => usize::MAX,
            std::cmp::Ordering::Equal => progress.items,
            std::cmp::Ordering::Greater => 0,
        };
        self.open = Some(Open {
            begin,
            changes: Vec::new(),
            messages: Vec::new(),
            offset: 0,
            seen: 0,
            skip,
            bytes: 0,
        });
    }

    fn change(&mut self, relation: u32, kind: Kind) -> Result<Step, Error> {
        let relation = self.relations.get(&relation).cloned().ok_or_else(|| {
            Error::Protocol(format!("a change of the undescribed table {relation}"))
        })?;
        self.push(Change { relation, kind })
    }

    fn push(&mut self, change: Change) -> Result<Step, Error> {
        let open = self.open.as_mut().ok_or_else(outside)?;
        open.seen += 1;
        if open.seen <= open.skip {
            open.offset += 1;
            return Ok(Step::Nothing);
        }
        open.bytes += change.size();
        open.changes.push(change);
        if open.bytes < self.part_bytes {
            return Ok(Step::Nothing);
        }
        Ok(Step::Transaction(self.part(None)))
    }

    fn message(&mut self, message: Logical) -> Result<(), Error> {
        let open = self.open.as_mut().ok_or_else(outside)?;
        open.seen += 1;
        if open.seen > open.skip {
            open.bytes += message.content.len();
            open.messages.push((open.changes.len(), message));
        }
        Ok(())
    }

    /// What has gathered; `end_lsn` when that is all.
    fn part(&mut self, end_lsn: Option<Lsn>) -> Transaction {
        let open = self
            .open
            .as_mut()
            .expect("only called within a transaction");
        let offset = open.offset;
        open.bytes = 0;
        let changes = std::mem::take(&mut open.changes);
        open.offset += changes.len();
        self.progress.commit_lsn = open.begin.commit_lsn;
        self.progress.items = open.seen;
        self.progress.complete = end_lsn.is_some();
        Transaction {
            xid: open.begin.xid,
            commit_lsn: open.begin.commit_lsn,
            end_lsn,
            commit_micros: open.begin.commit_micros,
            offset,
            changes,
            messages: std::mem::take(&mut open.messages),
        }
    }

    fn commit(&mut self, commit: Commit) -> Result<Step, Error> {
        let open = self.open.as_ref().ok_or_else(outside)?;
        // One that was handed over before is confirmed by its number alone, in case the confirmation was lost.
        // PostgreSQL 14 sends those that hold nothing for us, too; later ones leave them out.
        let left_out = open.skip == usize::MAX || open.seen == 0;
        let transaction = (!left_out).then(|| self.part(Some(commit.end_lsn)));
        self.open = None;
        Ok(transaction.map_or(Step::Nothing, Step::Transaction))
    }
}

fn outside() -> Error {
    Error::Protocol("a change outside a transaction".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Identity, Insert, Tuple, Value};

    fn relation() -> Message {
        let (schema, name) = ("public".into(), "t".into());
        Message::Relation(Relation {
            oid: 1,
            schema,
            name,
            identity: Identity::Default,
            columns: Vec::new(),
        })
    }

    fn begin(lsn: u64) -> Message {
        Message::Begin(Begin {
            commit_lsn: Lsn(lsn),
            commit_micros: 0,
            xid: 9,
        })
    }

    fn insert(text: &'static str) -> Message {
        Message::Insert(Insert {
            relation: 1,
            new: Tuple {
                values: vec![Value::Text(text.into())],
            },
        })
    }

    fn commit(lsn: u64) -> Message {
        Message::Commit(Commit {
            commit_lsn: Lsn(lsn),
            end_lsn: Lsn(lsn + 1),
            commit_micros: 0,
        })
    }

    /// `offset:value,value` of each part, `!` after the last one.
    fn run(assembler: &mut Assembler, messages: Vec<Message>) -> Vec<String> {
        let mut parts = Vec::new();
        for message in messages {
            if let Step::Transaction(part) = assembler.take(message).unwrap() {
                let values: Vec<&str> = part
                    .changes
                    .iter()
                    .map(|change| match &change.kind {
                        Kind::Insert { new } => new[0].text().unwrap(),
                        _ => panic!("an insert"),
                    })
                    .collect();
                let end = if part.is_complete() { "!" } else { "" };
                parts.push(format!("{}:{}{end}", part.offset, values.join(",")));
            }
        }
        parts
    }

    #[test]
    fn a_transaction_is_handed_over_at_its_commit() {
        let mut assembler = Assembler::new(100);
        let parts = run(
            &mut assembler,
            vec![begin(5), relation(), insert("a"), insert("b"), commit(5)],
        );
        assert_eq!(parts, ["0:a,b!"]);
    }

    #[test]
    fn a_transaction_that_holds_nothing_is_left_out() {
        let mut assembler = Assembler::new(1_000);
        let messages = vec![
            begin(10),
            commit(10),
            relation(),
            begin(20),
            insert("a"),
            commit(20),
        ];
        assert_eq!(run(&mut assembler, messages), ["0:a!"]);
        assert!(!assembler.is_open());
    }

    #[test]
    fn a_large_one_comes_in_parts() {
        let mut assembler = Assembler::new(2);
        let parts = run(
            &mut assembler,
            vec![
                begin(5),
                relation(),
                insert("a"),
                insert("b"),
                insert("c"),
                commit(5),
            ],
        );
        assert_eq!(parts, ["0:a,b", "2:c!"]);
    }

    #[test]
    fn what_is_repeated_after_a_reconnection_is_left_out() {
        let mut assembler = Assembler::new(2);
        run(
            &mut assembler,
            vec![begin(5), relation(), insert("a"), commit(5)],
        );
        let parts = run(
            &mut assembler,
            vec![begin(7), insert("b"), insert("c"), insert("d")],
        );
        assert_eq!(parts, ["0:b,c"]);
        assembler.reconnected();
        let again = vec![
            begin(5),
            relation(),
            insert("a"),
            commit(5),
            begin(7),
            insert("b"),
            insert("c"),
            insert("d"),
            insert("e"),
            commit(7),
        ];
        assert_eq!(run(&mut assembler, again), ["2:d,e", "4:!"]);
    }

    #[test]
    fn a_change_of_an_unknown_table_is_an_error() {
        let mut assembler = Assembler::new(2);
        assembler.take(begin(5)).unwrap();
        assert!(matches!(
            assembler.take(insert("a")),
            Err(Error::Protocol(_))
        ));
    }
}
