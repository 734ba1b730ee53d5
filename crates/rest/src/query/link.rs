//! How an embed hangs on its parent: tables, equalities, or whether there is a row at all.

use super::Writer;
use super::condition::{Qualifier, Scene};
use crate::plan::node::{EmbedNode, Link, Source};

impl Writer {
    /// A short, unique name for the embedded relation: it shows in PostgreSQL's messages.
    pub(super) fn child(&mut self, embed: &EmbedNode) -> Qualifier {
        self.aliases += 1;
        let name = match &embed.node.source {
            Source::Relation(name) => name.name.as_str(),
            Source::Result(_) => "pgrst_source",
        };
        let short: String = name.chars().take(12).collect();
        let name = if name.len() <= 50 { name } else { &short };
        Qualifier::Alias(format!("{name}_{}", self.aliases))
    }

    /// `from child as alias[, junction as alias]`.
    pub(super) fn embed_from(
        &mut self,
        embed: &EmbedNode,
        parent: &Qualifier,
        child: &Qualifier,
    ) -> Option<Qualifier> {
        self.push(" from ");
        match &embed.link {
            Link::Function {
                function,
                origin,
                columns,
            } => {
                self.sql.name(&function.quoted());
                self.push("(");
                if matches!(parent, Qualifier::Alias(name) if name == "pgrst_source") {
                    // The statement before may hand on more than the relation's columns.
                    self.push("row(");
                    for (at, column) in columns.iter().enumerate() {
                        self.push(if at > 0 { ", " } else { "" });
                        self.qualified(parent, column);
                    }
                    self.push(")::");
                    self.sql.name(&origin.quoted());
                } else {
                    self.qualifier(parent).push(".*");
                }
                self.push(")");
            }
            Link::Columns(_) | Link::Junction(_) => self.from(&embed.node.source),
        }
        self.push(" as ").qualifier(child);
        let Link::Junction(junction) = &embed.link else {
            return None;
        };
        self.aliases += 1;
        let alias = Qualifier::Alias(format!("pgrst_junction_{}", self.aliases));
        // A cross join, so that the joins that follow see the child as well.
        self.push(" cross join ");
        self.sql.name(&junction.relation.quoted());
        self.push(" as ").qualifier(&alias);
        Some(alias)
    }

    /// ` where` and the equalities.
    pub(super) fn link(
        &mut self,
        embed: &EmbedNode,
        parent: &Qualifier,
        child: &Qualifier,
        junction: Option<&Qualifier>,
    ) {
        let mut first = true;
        let mut lead = |writer: &mut Self| {
            writer.push(if std::mem::take(&mut first) {
                " where "
            } else {
                " and "
            });
        };
        match (&embed.link, junction) {
            (Link::Columns(pairs), _) => {
                for (own, foreign) in pairs {
                    lead(self);
                    self.qualified(child, foreign)
                        .push(" = ")
                        .qualified(parent, own);
                }
            }
            (Link::Junction(through), Some(alias)) => {
                for (own, middle) in &through.origin_columns {
                    lead(self);
                    self.qualified(alias, middle)
                        .push(" = ")
                        .qualified(parent, own);
                }
                for (middle, foreign) in &through.target_columns {
                    lead(self);
                    self.qualified(child, foreign)
                        .push(" = ")
                        .qualified(alias, middle);
                }
            }
            (Link::Junction(_) | Link::Function { .. }, _) => {}
        }
    }

    /// Whether an embedded row exists, as a condition.
    pub(super) fn exists(&mut self, embed: &EmbedNode, parent: &Qualifier) {
        let child = self.child(embed);
        self.push("exists (select 1");
        let junction = self.embed_from(embed, parent, &child);
        self.link(embed, parent, &child, junction.as_ref());
        let first = matches!(embed.link, Link::Function { .. });
        self.conditions(
            &embed.node.conditions,
            &embed.node.embeds,
            &child,
            &Scene::Counting,
            first,
        );
        self.push(")");
    }
}
