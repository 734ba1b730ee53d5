//! Which base column each column of a view shows.
//!
//! PostgreSQL notes the origin of every bare column reference in the rule that defines the view
//! (`resorigtbl`, `resorigcol`), through sub-selects, joins and CTEs. PostgREST rewrites that text into
//! JSON inside the database; it is scanned here instead, which is one pass and needs no regular expressions.

use std::collections::HashMap;

/// A column of a view and the column it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Number of the view's column.
    pub(crate) column: i32,
    /// The relation it comes from, perhaps a view itself.
    pub(crate) relation: u32,
    /// The column there.
    pub(crate) source_column: i32,
}

/// Reads the origins out of a rule's node tree.
pub(crate) fn scan(tree: &str) -> Vec<Origin> {
    let mut origins = Vec::new();
    let mut scanner = Scanner {
        bytes: tree.as_bytes(),
        at: 0,
        depth: 0,
    };
    let mut in_targets = false;
    let mut entry = Entry::default();
    while let Some(token) = scanner.next() {
        match token {
            // The query itself is at depth 1, its target entries at depth 2; sub-selects lie deeper.
            Token::Field(b"targetList") if scanner.depth == 1 => in_targets = true,
            Token::Field(_) if scanner.depth == 1 => in_targets = false,
            Token::Open if in_targets && scanner.depth == 2 => entry = Entry::default(),
            Token::Close if in_targets && scanner.depth == 1 => origins.extend(entry.origin()),
            Token::Field(name) if in_targets && scanner.depth == 2 => match name {
                b"resno" => entry.number = scanner.word(),
                b"resorigtbl" => entry.relation = scanner.word(),
                b"resorigcol" => entry.column = scanner.word(),
                b"resjunk" => entry.junk = scanner.raw_word() == b"true",
                _ => {}
            },
            _ => {}
        }
    }
    origins
}

/// Follows views of views down to tables. A view that shows itself through a cycle is left alone.
pub(crate) fn resolve(views: &HashMap<u32, Vec<Origin>>) -> HashMap<u32, Vec<Origin>> {
    views
        .iter()
        .map(|(view, origins)| {
            (
                *view,
                origins
                    .iter()
                    .filter_map(|origin| to_base(*origin, views))
                    .collect(),
            )
        })
        .collect()
}

fn to_base(origin: Origin, views: &HashMap<u32, Vec<Origin>>) -> Option<Origin> {
    let (mut relation, mut column) = (origin.relation, origin.source_column);
    for _ in 0..64 {
        let Some(inner) = views.get(&relation) else {
            return Some(Origin {
                relation,
                source_column: column,
                ..origin
            });
        };
        let next = inner.iter().find(|candidate| candidate.column == column)?;
        (relation, column) = (next.relation, next.source_column);
    }
    None
}

#[derive(Default)]
struct Entry {
    number: i32,
    relation: u32,
    column: i32,
    junk: bool,
}

impl Entry {
    fn origin(&self) -> Option<Origin> {
        (!self.junk && self.relation != 0 && self.column > 0).then_some(Origin {
            column: self.number,
            relation: self.relation,
            source_column: self.column,
        })
    }
}

enum Token<'a> {
    Open,
    Close,
    Field(&'a [u8]),
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            match *self.bytes.get(self.at)? {
                b'\\' => self.at += 2,
                b'"' => self.skip_quoted(),
                b'{' => {
                    self.at += 1;
                    self.depth += 1;
                    return Some(Token::Open);
                }
                b'}' => {
                    self.at += 1;
                    self.depth = self.depth.saturating_sub(1);
                    return Some(Token::Close);
                }
                b':' if self.at > 0 && matches!(self.bytes[self.at - 1], b' ' | b'{') => {
                    self.at += 1;
                    return Some(Token::Field(self.raw_word()));
                }
                _ => self.at += 1,
            }
        }
    }

    fn skip_quoted(&mut self) {
        self.at += 1;
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += if *byte == b'\\' { 2 } else { 1 };
            if *byte == b'"' {
                return;
            }
        }
    }

    fn raw_word(&mut self) -> &'a [u8] {
        while self.bytes.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
        let start = self.at;
        while self
            .bytes
            .get(self.at)
            .is_some_and(|b| !matches!(b, b' ' | b'{' | b'}' | b'(' | b')'))
        {
            self.at += 1;
        }
        &self.bytes[start..self.at.min(self.bytes.len())]
    }

    fn word<T: std::str::FromStr + Default>(&mut self) -> T {
        std::str::from_utf8(self.raw_word())
            .ok()
            .and_then(|word| word.parse().ok())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(column: i32, relation: u32, source_column: i32) -> Origin {
        Origin {
            column,
            relation,
            source_column,
        }
    }

    #[test]
    fn only_the_outermost_target_list_counts() {
        let tree = r"({QUERY :commandType 1 :rtable ({RANGETBLENTRY :subquery {QUERY :targetList ({TARGETENTRY :expr {VAR :varno 1} :resno 1 :resname x :resorigtbl 7 :resorigcol 7 :resjunk false})}}) :targetList ({TARGETENTRY :expr {VAR :varno 1} :resno 1 :resname a :ressortgroupref 0 :resorigtbl 16385 :resorigcol 2 :resjunk false} {TARGETENTRY :expr {OPEXPR :args (1 2)} :resno 2 :resname b\ \{c :ressortgroupref 0 :resorigtbl 0 :resorigcol 0 :resjunk false} {TARGETENTRY :expr {VAR} :resno 3 :resname d :resorigtbl 16385 :resorigcol 1 :resjunk true}) :override 0})";
        assert_eq!(scan(tree), [origin(1, 16385, 2)]);
    }

    #[test]
    fn views_of_views_lead_to_the_table_and_cycles_to_nothing() {
        let views = HashMap::from([
            (1, vec![origin(1, 2, 5)]),
            (2, vec![origin(5, 100, 3)]),
            (3, vec![origin(1, 3, 1)]),
        ]);
        let resolved = resolve(&views);
        assert_eq!(resolved[&1], [origin(1, 100, 3)]);
        assert!(resolved[&3].is_empty());
    }
}
