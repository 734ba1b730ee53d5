//! The list after `select`, and `group by` where it aggregates.

use super::Writer;
use super::condition::{Qualifier, order_column};
use super::node::hidden;
use crate::plan::node::{
    Aggregated, Aggregation, CarriedFrom, Column, EmbedNode, Node, Selected, Source,
};
use crate::request::syntax::Aggregate;

/// How many items a list has, and which of them are grouped by.
#[derive(Debug, Default)]
pub(super) struct Groups {
    pub(super) items: usize,
    grouped: Vec<usize>,
}

impl Groups {
    /// What stands before the next item.
    pub(super) fn comma(&mut self) -> &'static str {
        self.items += 1;
        if self.items == 1 { "" } else { ", " }
    }

    fn grouped(&mut self) -> &'static str {
        let comma = self.comma();
        self.grouped.push(self.items);
        comma
    }
}

impl Writer {
    /// Columns in the order of `select`, then embeds, then what is carried upwards. Embeds of a spread may be
    /// grouped by further up.
    pub(super) fn list(
        &mut self,
        node: &Node,
        of: &Qualifier,
        aliases: &[String],
        in_spread: bool,
    ) -> Groups {
        let mut groups = Groups::default();
        for selected in &node.select {
            self.selected(selected, node, of, &mut groups);
        }
        let aggregated = in_spread || node.is_aggregated();
        for (embed, alias) in node.embeds.iter().zip(aliases) {
            if embed.spread {
                if embed.is_shown() {
                    for name in embed.node.output_names() {
                        self.push(groups.grouped());
                        self.spread_column(embed, alias, &name, aggregated);
                    }
                }
                for aggregation in &embed.lifted {
                    self.push(groups.comma());
                    self.aggregation(aggregation, &Qualifier::Alias(alias.clone()));
                }
            } else if embed.is_shown() {
                self.push(groups.grouped());
                self.embedded(embed, alias, hidden(node, embed).is_empty());
                // `json` cannot be grouped by, `jsonb` can.
                self.push(if aggregated { "::jsonb" } else { "" });
                self.push(" as ").ident(&embed.key);
            }
        }
        for carried in &node.carried {
            self.push(groups.comma());
            match &carried.from {
                CarriedFrom::Column { column, cast } => self.cast(column, cast.as_ref(), of),
                CarriedFrom::Embed(at) => {
                    self.ident(&aliases[*at]).push(".").ident(&carried.name);
                }
            }
            self.push(" as ").ident(&carried.name);
        }
        groups
    }

    fn selected(&mut self, selected: &Selected, node: &Node, of: &Qualifier, groups: &mut Groups) {
        match selected {
            // The CTE may hold more than the relation's columns; then they are named.
            Selected::Star
                if matches!(node.source, Source::Result(Some(_)))
                    && !node.column_names.is_empty() =>
            {
                for name in &node.column_names {
                    self.push(groups.grouped());
                    self.qualified(of, name);
                }
            }
            Selected::Star => {
                self.push(groups.grouped());
                self.qualifier(of).push(".*");
            }
            Selected::Column { column, cast, name } => {
                self.push(groups.grouped());
                self.shown(column, cast.as_ref(), of);
                self.push(" as ").ident(name);
            }
            Selected::Aggregate(aggregation) => {
                self.push(groups.comma());
                self.aggregation(aggregation, of);
            }
        }
    }

    /// REST-OBJ-06: as its domain shows it; a cast applies on top.
    fn shown(&mut self, column: &Column, cast: Option<&sql::TypeName>, of: &Qualifier) {
        let Some(function) = &column.shown_by else {
            self.cast(column, cast, of);
            return;
        };
        self.push(if cast.is_some() { "cast(" } else { "" });
        self.sql.name(&function.quoted());
        self.push("(");
        self.column(column, of);
        self.push(")");
        if let Some(cast) = cast {
            self.push(" as ");
            self.sql.name(cast);
            self.push(")");
        }
    }

    pub(super) fn cast(&mut self, column: &Column, cast: Option<&sql::TypeName>, of: &Qualifier) {
        let Some(cast) = cast else {
            self.column(column, of);
            return;
        };
        self.push("cast(");
        self.column(column, of);
        self.push(" as ");
        self.sql.name(cast);
        self.push(")");
    }

    /// REST-AGG-02.
    fn aggregation(&mut self, aggregation: &Aggregation, of: &Qualifier) {
        if aggregation.cast.is_some() {
            self.push("cast(");
        }
        self.push(match aggregation.function {
            Aggregate::Sum => "sum(",
            Aggregate::Avg => "avg(",
            Aggregate::Max => "max(",
            Aggregate::Min => "min(",
            Aggregate::Count => "count(",
        });
        match &aggregation.of {
            Aggregated::Rows => {
                self.push("*");
            }
            Aggregated::Column { column, cast } => self.cast(column, cast.as_ref(), of),
            Aggregated::Carried(name) => {
                self.qualified(of, name);
            }
        }
        self.push(")");
        if let Some(cast) = &aggregation.cast {
            self.push(" as ");
            self.sql.name(cast);
            self.push(")");
        }
        self.push(" as ").ident(&aggregation.name);
    }

    fn embedded(&mut self, embed: &EmbedNode, alias: &str, alone: bool) {
        match (embed.to_one, alone) {
            (true, true) => {
                self.push("row_to_json(").ident(alias).push(".*)");
            }
            (true, false) => {
                self.ident(alias).push(".\"pgrst_json\"");
            }
            (false, _) => {
                self.push("coalesce(")
                    .ident(alias)
                    .push(".\"pgrst_json\", '[]')");
            }
        }
    }

    fn spread_column(&mut self, embed: &EmbedNode, alias: &str, name: &str, aggregated: bool) {
        if embed.to_one {
            self.ident(alias).push(".").ident(name);
        } else {
            self.push("coalesce(")
                .ident(alias)
                .push(".")
                .ident(name)
                .push(if aggregated {
                    "::jsonb, '[]')"
                } else {
                    ", '[]')"
                });
        }
        self.push(" as ").ident(name);
    }

    /// REST-AGG-03: by everything that is shown and not aggregated.
    pub(super) fn group(&mut self, node: &Node, groups: Groups, aliases: &[String]) {
        if !node.is_aggregated() {
            return;
        }
        let mut first = true;
        let mut lead = |writer: &mut Self| {
            writer.push(if std::mem::take(&mut first) {
                " group by "
            } else {
                ", "
            });
        };
        for at in groups.grouped {
            lead(self);
            self.sql.number(i64::try_from(at).unwrap_or(i64::MAX));
        }
        for (at, term) in node.order.iter().enumerate() {
            if let Some(embed) = term.embed {
                lead(self);
                self.ident(&aliases[embed])
                    .push(".")
                    .ident(&order_column(at));
            }
        }
    }
}
