//! What is read: a tree, one node per embed.

use catalog::{ColumnPairs, Junction, ObjectName};
use sql::TypeName;

use crate::request::syntax::{Aggregate, Arrow, Direction, Junctor, Nulls, Operand, Test, Window};

/// Where a node's rows come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A relation.
    Relation(ObjectName),
    /// What the write or the call before it returned; rows of this relation, if of any.
    Result(Option<ObjectName>),
}

/// A level of the answer.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) source: Source,
    pub(crate) select: Vec<Selected>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) order: Vec<Ordering>,
    pub(crate) window: Window,
    pub(crate) embeds: Vec<EmbedNode>,
    /// Names of the relation's columns, where a spread has to list them.
    pub(crate) column_names: Vec<String>,
    /// Columns handed to the levels above, which aggregate them.
    pub(crate) carried: Vec<Carried>,
}

/// A column under a name that no caller can give.
#[derive(Debug)]
pub(crate) struct Carried {
    pub(crate) name: String,
    pub(crate) from: CarriedFrom,
}

#[derive(Debug)]
pub(crate) enum CarriedFrom {
    /// The level's own.
    Column {
        column: Column,
        cast: Option<TypeName>,
    },
    /// The spread at this index has it under the same name.
    Embed(usize),
}

/// One output column.
#[derive(Debug)]
pub(crate) enum Selected {
    Star,
    Column {
        column: Column,
        cast: Option<TypeName>,
        name: String,
    },
    Aggregate(Aggregation),
}

/// An aggregate function and what goes into it.
#[derive(Debug)]
pub(crate) struct Aggregation {
    pub(crate) function: Aggregate,
    pub(crate) of: Aggregated,
    pub(crate) cast: Option<TypeName>,
    pub(crate) name: String,
}

#[derive(Debug)]
pub(crate) enum Aggregated {
    Rows,
    Column {
        column: Column,
        cast: Option<TypeName>,
    },
    /// What a spread carries under this name.
    Carried(String),
}

/// A column as SQL reaches it.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) path: Vec<(Arrow, Operand)>,
    /// Whether the path applies to `to_jsonb(column)`.
    pub(crate) as_jsonb: bool,
    /// Whether full-text operators need `to_tsvector(column)`.
    pub(crate) as_tsvector: bool,
    /// REST-OBJ-06: what shows the column's values, where they are shown as they are.
    pub(crate) shown_by: Option<ObjectName>,
    /// REST-FLT-16: what reads the values that the column is compared with.
    pub(crate) read_by: Option<ObjectName>,
}

/// A condition on a node's rows.
#[derive(Debug)]
pub(crate) enum Condition {
    Group {
        negated: bool,
        junctor: Junctor,
        members: Vec<Condition>,
    },
    Test {
        column: Column,
        negated: bool,
        test: Test,
    },
    /// Whether the embed at this index has no row (or, negated, has one).
    NoEmbedded { embed: usize, negated: bool },
}

/// One term of an order.
#[derive(Debug)]
pub(crate) struct Ordering {
    /// The to-one embed whose column is meant.
    pub(crate) embed: Option<usize>,
    pub(crate) column: Column,
    /// Where an embed shows the column under a cast.
    pub(crate) cast: Option<TypeName>,
    pub(crate) direction: Option<Direction>,
    pub(crate) nulls: Option<Nulls>,
}

/// How an embedded node hangs on its parent.
#[derive(Debug)]
pub(crate) enum Link {
    /// Parent column, child column.
    Columns(ColumnPairs),
    Junction(Junction),
    /// A function of the parent's row, and the relation whose row that is.
    Function {
        function: ObjectName,
        origin: ObjectName,
        /// The columns of that row.
        columns: Vec<String>,
    },
}

/// An embed.
#[derive(Debug)]
pub(crate) struct EmbedNode {
    /// Its name in the answer.
    pub(crate) key: String,
    pub(crate) link: Link,
    pub(crate) to_one: bool,
    pub(crate) inner: bool,
    pub(crate) spread: bool,
    pub(crate) node: Node,
    /// Aggregates written inside this spread that count here (REST-AGG-05).
    pub(crate) lifted: Vec<Aggregation>,
}

impl EmbedNode {
    /// REST-EMB-13: an embed that shows nothing is not shown.
    pub(crate) fn is_shown(&self) -> bool {
        self.node.shows_something()
    }
}

impl Node {
    /// Whether its rows are grouped.
    pub(crate) fn is_aggregated(&self) -> bool {
        self.select
            .iter()
            .any(|selected| matches!(selected, Selected::Aggregate(_)))
            || self.embeds.iter().any(|embed| !embed.lifted.is_empty())
    }

    pub(crate) fn shows_something(&self) -> bool {
        !self.select.is_empty() || self.embeds.iter().any(EmbedNode::is_shown)
    }

    /// The names under which this node's columns appear, spreads of to-one embeds included.
    pub(crate) fn output_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for selected in &self.select {
            match selected {
                Selected::Star => names.extend(self.column_names.iter().cloned()),
                Selected::Column { name, .. } | Selected::Aggregate(Aggregation { name, .. }) => {
                    names.push(name.clone());
                }
            }
        }
        for embed in self.embeds.iter().filter(|embed| embed.is_shown()) {
            if embed.spread {
                names.extend(embed.node.output_names());
            } else {
                names.push(embed.key.clone());
            }
        }
        names
    }

    /// Columns that the statement before this node must hand on: whether all of them, and names.
    pub(crate) fn needs(&self) -> (bool, Vec<String>) {
        let (mut star, mut names) = (false, Vec::new());
        for selected in &self.select {
            match selected {
                Selected::Star => star = true,
                Selected::Column { column, .. }
                | Selected::Aggregate(Aggregation {
                    of: Aggregated::Column { column, .. },
                    ..
                }) => names.push(column.name.clone()),
                Selected::Aggregate(_) => {}
            }
        }
        names.extend(
            self.order
                .iter()
                .filter(|term| term.embed.is_none())
                .map(|term| term.column.name.clone()),
        );
        for condition in &self.conditions {
            condition.collect_columns(&mut names);
        }
        for embed in &self.embeds {
            match &embed.link {
                Link::Columns(pairs) => {
                    names.extend(pairs.iter().map(|(parent, _)| parent.clone()));
                }
                Link::Junction(junction) => {
                    names.extend(
                        junction
                            .origin_columns
                            .iter()
                            .map(|(parent, _)| parent.clone()),
                    );
                }
                Link::Function { .. } => star = true,
            }
        }
        names.sort();
        names.dedup();
        (star, names)
    }
}

impl Condition {
    fn collect_columns(&self, names: &mut Vec<String>) {
        match self {
            Self::Group { members, .. } => members
                .iter()
                .for_each(|member| member.collect_columns(names)),
            Self::Test { column, .. } => names.push(column.name.clone()),
            Self::NoEmbedded { .. } => {}
        }
    }
}
