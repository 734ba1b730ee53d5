//! Nodes: a select, and a lateral join for every embed.

use super::condition::{Qualifier, Scene, order_column};
use super::list::Groups;
use super::{Slot, Writer};
use crate::plan::Plan;
use crate::plan::node::{EmbedNode, Link, Node, Ordering, Source};
use crate::request::prefer::Count;
use crate::request::syntax::Window;

/// PostgreSQL flattens what is joined to one row and then looks for the best order of all of it, which takes time
/// with the third power of their number: seconds for eighty embeds. Beyond so many they are kept apart.
const MOST_FLATTENED: usize = 6;

/// What the parent orders by, of one to-one embed: term and column.
pub(super) type Hidden<'n> = Vec<(usize, &'n Ordering)>;

impl Writer {
    /// A read of a relation, whole statement.
    pub(super) fn read(&mut self, node: &Node, plan: &Plan, head: bool) {
        self.push("select ");
        let whole = node.window == Window::default();
        match plan.count {
            Some(Count::Exact) if !whole => {
                self.push("(select count(*) from (");
                self.counting(node, None);
                self.push(") as \"pgrst_all\")");
            }
            Some(Count::Estimated) => {
                // REST-RNG-09: exactly up to one more than the cap.
                self.push("(select count(*) from (");
                self.counting(node, self.max_rows.map(|max| max.saturating_add(1)));
                self.push(") as \"pgrst_all\")");
            }
            _ => {
                self.push("null::bigint");
            }
        }
        self.push(", count(*), ");
        self.body(&plan.chosen.format, head);
        self.overrides();
        self.push(" from (");
        self.select(node);
        self.push(") as \"pgrst_page\"");
    }

    /// `EXPLAIN` of the count.
    pub(super) fn explain_count(&mut self, node: &Node) {
        self.push("explain (format json) ");
        self.counting(node, None);
    }

    /// One row for every row of the root, whatever its window.
    pub(super) fn counting(&mut self, node: &Node, most: Option<u64>) {
        let of = qualifier(&node.source);
        self.push("select 1 from ");
        self.from(&node.source);
        self.conditions(&node.conditions, &node.embeds, &of, &Scene::Counting, true);
        if let Some(most) = most {
            self.push(" limit ");
            self.sql.number(i64::try_from(most).unwrap_or(i64::MAX));
        }
    }

    pub(super) fn from(&mut self, source: &Source) {
        match source {
            Source::Relation(name) => {
                self.sql.name(&name.quoted());
            }
            Source::Result(_) => {
                self.push("\"pgrst_source\"");
            }
        }
    }

    /// The root's select, with joins, conditions, order and window.
    pub(super) fn select(&mut self, node: &Node) {
        let of = qualifier(&node.source);
        let aliases = self.aliases(&node.embeds);
        self.push("select ");
        let groups = self.list(node, &of, &aliases, false);
        self.push(" from ");
        self.from(&node.source);
        self.joins(node, &of, &aliases);
        self.conditions(
            &node.conditions,
            &node.embeds,
            &of,
            &Scene::Joined(&aliases),
            true,
        );
        self.group(node, groups, &aliases);
        self.order(&node.order, &of, &aliases);
        self.window(node.window, None);
    }

    fn window(&mut self, window: Window, cap: Option<u64>) {
        match (window.limit, cap) {
            (Some(limit), _) => {
                self.push(" limit ").bind(Slot::Value(limit));
            }
            (None, Some(cap)) => {
                self.push(" limit ");
                self.sql.number(i64::try_from(cap).unwrap_or(i64::MAX));
            }
            (None, None) => {}
        }
        if let Some(offset) = window.offset {
            self.push(" offset ").bind(Slot::Value(offset));
        }
    }

    fn aliases(&mut self, embeds: &[EmbedNode]) -> Vec<String> {
        embeds
            .iter()
            .map(|_| {
                self.aliases += 1;
                format!("pgrst_embed_{}", self.aliases)
            })
            .collect()
    }

    fn joins(&mut self, node: &Node, of: &Qualifier, aliases: &[String]) {
        let wide = flattened(node) > MOST_FLATTENED;
        for (embed, alias) in node.embeds.iter().zip(aliases) {
            self.push(if embed.inner {
                " inner join lateral ("
            } else {
                " left join lateral ("
            });
            if embed.to_one {
                self.join_one(embed, of, &hidden(node, embed));
                // An inner one stays: it may be where the planner should begin.
                if wide && !embed.inner {
                    self.push(" offset 0");
                }
            } else {
                self.join_many(embed, of);
            }
            self.push(") as ").ident(alias).push(" on ");
            if embed.inner && !embed.to_one {
                self.ident(alias).push(".\"pgrst_json\" is not null");
            } else {
                self.push("true");
            }
        }
    }

    fn join_one(&mut self, embed: &EmbedNode, parent: &Qualifier, hidden: &Hidden<'_>) {
        let node = &embed.node;
        let child = self.child(embed);
        let aliases = self.aliases(&node.embeds);
        self.push("select ");
        let mut groups = Groups::default();
        if !hidden.is_empty() && !embed.spread {
            self.push("(select row_to_json(\"pgrst_row\".*) from (select ");
            self.list(node, &child, &aliases, false);
            self.push(") as \"pgrst_row\") as \"pgrst_json\"");
            groups.items = 1;
        } else {
            groups = self.list(node, &child, &aliases, embed.spread);
        }
        for (at, term) in hidden {
            self.push(groups.comma());
            self.cast(&term.column, term.cast.as_ref(), &child);
            self.push(" as ").ident(&order_column(*at));
        }
        self.rest(embed, parent, &child, &aliases, (groups, None));
    }

    fn join_many(&mut self, embed: &EmbedNode, parent: &Qualifier) {
        let node = &embed.node;
        let child = self.child(embed);
        let aliases = self.aliases(&node.embeds);
        if embed.spread {
            self.push("select nullif(count(*), 0) as \"pgrst_json\"");
            for name in node.output_names() {
                self.push(", json_agg(\"pgrst_row\".")
                    .ident(&name)
                    .push(") as ")
                    .ident(&name);
            }
        } else {
            self.push("select json_agg(\"pgrst_row\") as \"pgrst_json\"");
        }
        self.push(" from (select ");
        let groups = self.list(node, &child, &aliases, false);
        self.rest(embed, parent, &child, &aliases, (groups, self.max_rows));
        self.push(") as \"pgrst_row\"");
    }

    /// From `from` on.
    fn rest(
        &mut self,
        embed: &EmbedNode,
        parent: &Qualifier,
        child: &Qualifier,
        aliases: &[String],
        (groups, cap): (Groups, Option<u64>),
    ) {
        let node = &embed.node;
        let junction = self.embed_from(embed, parent, child);
        self.joins(node, child, aliases);
        self.link(embed, parent, child, junction.as_ref());
        let first = matches!(embed.link, Link::Function { .. });
        self.conditions(
            &node.conditions,
            &node.embeds,
            child,
            &Scene::Joined(aliases),
            first,
        );
        self.group(node, groups, aliases);
        if !embed.to_one {
            self.order(&node.order, child, aliases);
            self.window(node.window, cap);
        }
    }
}

/// How many relations PostgreSQL would join to one row of this node.
fn flattened(node: &Node) -> usize {
    let to_one = node.embeds.iter().filter(|embed| embed.to_one);
    to_one.map(|embed| 1 + flattened(&embed.node)).sum()
}

pub(super) fn qualifier(source: &Source) -> Qualifier {
    match source {
        Source::Relation(name) => Qualifier::Relation(name.clone()),
        Source::Result(_) => Qualifier::Alias("pgrst_source".to_owned()),
    }
}

pub(super) fn hidden<'n>(node: &'n Node, embed: &EmbedNode) -> Hidden<'n> {
    let is_this = |term: &&Ordering| {
        term.embed
            .is_some_and(|at| std::ptr::eq(&raw const node.embeds[at], embed))
    };
    node.order
        .iter()
        .enumerate()
        .filter(|(_, term)| is_this(term))
        .collect()
}
