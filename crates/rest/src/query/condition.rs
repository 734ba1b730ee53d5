//! Columns, conditions, orders.

use super::{Slot, Writer};
use crate::plan::node::{Column, Condition, EmbedNode, Ordering};
use crate::request::syntax::{
    Arrow, Direction, FullText, IsValue, Junctor, Nulls, Operand, Quantifier, Test,
};
use crate::request::values::ValueId;

/// How a row source is named where its columns are used.
#[derive(Debug, Clone)]
pub(super) enum Qualifier {
    /// An unaliased relation, named in full so that no alias can hide it.
    Relation(catalog::ObjectName),
    Alias(String),
}

/// Where conditions are written: decides how embeds are tested.
pub(super) enum Scene<'a> {
    /// The embeds are joined under these aliases.
    Joined(&'a [String]),
    /// They are not: look for a row.
    Counting,
}

impl Writer {
    pub(super) fn qualifier(&mut self, qualifier: &Qualifier) -> &mut Self {
        match qualifier {
            Qualifier::Relation(name) => {
                self.sql.name(&name.quoted());
                self
            }
            Qualifier::Alias(name) => self.ident(name),
        }
    }

    pub(super) fn qualified(&mut self, qualifier: &Qualifier, column: &str) -> &mut Self {
        self.qualifier(qualifier).push(".").ident(column)
    }

    /// A column with its JSON path. Keys are literals, so that expression indexes apply.
    pub(super) fn column(&mut self, column: &Column, of: &Qualifier) {
        if column.path.is_empty() {
            self.qualified(of, &column.name);
            return;
        }
        self.push("(");
        if column.as_jsonb {
            self.push("to_jsonb(").qualified(of, &column.name).push(")");
        } else {
            self.qualified(of, &column.name);
        }
        for (arrow, operand) in &column.path {
            self.push(match arrow {
                Arrow::Json => " -> ",
                Arrow::Text => " ->> ",
            });
            match operand {
                Operand::Key(key) => {
                    self.sql.literal(key);
                }
                // An index that no array can have is as good as the largest.
                Operand::Index(index) => {
                    let far = if index.starts_with('-') {
                        i32::MIN + 1
                    } else {
                        i32::MAX
                    };
                    self.push("(");
                    self.sql.number(index.parse::<i32>().unwrap_or(far));
                    self.push(")");
                }
            }
        }
        self.push(")");
    }

    /// Conditions joined by `and`, and the inner embeds where they are not joined; `where` in front.
    pub(super) fn conditions(
        &mut self,
        conditions: &[Condition],
        embeds: &[EmbedNode],
        of: &Qualifier,
        scene: &Scene<'_>,
        mut first: bool,
    ) {
        let mut lead = |writer: &mut Self| {
            writer.push(if std::mem::take(&mut first) {
                " where "
            } else {
                " and "
            });
        };
        for condition in conditions {
            lead(self);
            self.condition(condition, embeds, of, scene);
        }
        if matches!(scene, Scene::Counting) {
            for embed in embeds.iter().filter(|embed| embed.inner) {
                lead(self);
                self.exists(embed, of);
            }
        }
    }

    fn condition(
        &mut self,
        condition: &Condition,
        embeds: &[EmbedNode],
        of: &Qualifier,
        scene: &Scene<'_>,
    ) {
        match condition {
            Condition::Group {
                negated,
                junctor,
                members,
            } => {
                self.push(if *negated { "not (" } else { "(" });
                for (at, member) in members.iter().enumerate() {
                    if at > 0 {
                        self.push(match junctor {
                            Junctor::And => " and ",
                            Junctor::Or => " or ",
                        });
                    }
                    self.condition(member, embeds, of, scene);
                }
                self.push(")");
            }
            Condition::Test {
                column,
                negated,
                test,
            } => {
                self.push(if *negated { "not (" } else { "(" });
                self.test(column, test, of);
                self.push(")");
            }
            Condition::NoEmbedded { embed, negated } => {
                self.no_embedded(*embed, *negated, embeds, of, scene);
            }
        }
    }

    fn no_embedded(
        &mut self,
        at: usize,
        negated: bool,
        embeds: &[EmbedNode],
        of: &Qualifier,
        scene: &Scene<'_>,
    ) {
        match scene {
            Scene::Counting => {
                if !negated {
                    self.push("not ");
                }
                self.exists(&embeds[at], of);
            }
            // `is distinct from null` asks about the row as a whole; `is null` would look into it.
            Scene::Joined(aliases) if embeds[at].to_one => {
                self.ident(&aliases[at]).push(if negated {
                    " is distinct from null"
                } else {
                    " is not distinct from null"
                });
            }
            Scene::Joined(aliases) => {
                self.ident(&aliases[at]).push(if negated {
                    ".\"pgrst_json\" is not null"
                } else {
                    ".\"pgrst_json\" is null"
                });
            }
        }
    }

    fn test(&mut self, column: &Column, test: &Test, of: &Qualifier) {
        match test {
            Test::Compare {
                operator,
                quantifier,
                value,
            } => {
                self.column(column, of);
                self.push(" ").push(operator.sql()).push(match quantifier {
                    None => " ",
                    Some(Quantifier::Any) => " any (",
                    Some(Quantifier::All) => " all (",
                });
                let read_by = column.read_by.as_ref().filter(|_| operator.converts());
                match (read_by, quantifier) {
                    (Some(function), Some(_)) => self.read_list(function, *value),
                    (Some(function), None) => {
                        self.sql.name(&function.quoted());
                        self.push("(").bind(Slot::Value(*value)).push(")");
                    }
                    (None, _) => {
                        self.bind(Slot::Value(*value));
                    }
                }
                if quantifier.is_some() {
                    self.push(")");
                }
            }
            Test::In { list } => {
                self.column(column, of);
                self.push(" = any (");
                match &column.read_by {
                    Some(function) => self.read_list(function, *list),
                    None => {
                        self.bind(Slot::Value(*list));
                    }
                }
                self.push(")");
            }
            Test::IsDistinct(value) => {
                self.column(column, of);
                self.push(" is distinct from ").bind(Slot::Value(*value));
            }
            Test::Is(value) => {
                self.column(column, of);
                self.push(match value {
                    IsValue::Null => " is null",
                    IsValue::NotNull => " is not null",
                    IsValue::True => " is true",
                    IsValue::False => " is false",
                    IsValue::Unknown => " is unknown",
                });
            }
            Test::FullText {
                kind,
                language,
                value,
            } => {
                let language = language.as_deref();
                if column.as_tsvector {
                    self.push("to_tsvector(").language(language);
                    self.column(column, of);
                    self.push(")");
                } else {
                    self.column(column, of);
                }
                self.push(match kind {
                    FullText::Plain => " @@ to_tsquery(",
                    FullText::PlainTo => " @@ plainto_tsquery(",
                    FullText::Phrase => " @@ phraseto_tsquery(",
                    FullText::Web => " @@ websearch_to_tsquery(",
                });
                self.language(language).bind(Slot::Value(*value)).push(")");
            }
        }
    }

    /// A list of texts, each read by the column's domain.
    fn read_list(&mut self, function: &catalog::ObjectName, list: ValueId) {
        self.push("array(select ");
        self.sql.name(&function.quoted());
        self.push("(\"pgrst_text\") from unnest(")
            .bind(Slot::Value(list))
            .push("::text[]) as \"pgrst_list\" (\"pgrst_text\"))");
    }

    /// A text-search configuration as a literal, so that an index on the expression applies.
    fn language(&mut self, language: Option<&str>) -> &mut Self {
        if let Some(language) = language {
            self.sql.literal(language);
            self.push(", ");
        }
        self
    }

    /// `order by …`; terms of embeds are read from the column that the join shows for them.
    pub(super) fn order(&mut self, order: &[Ordering], of: &Qualifier, aliases: &[String]) {
        for (at, term) in order.iter().enumerate() {
            self.push(if at == 0 { " order by " } else { ", " });
            match term.embed {
                None => self.column(&term.column, of),
                Some(embed) => {
                    self.ident(&aliases[embed])
                        .push(".")
                        .ident(&order_column(at));
                }
            }
            self.push(match term.direction {
                None => "",
                Some(Direction::Ascending) => " asc",
                Some(Direction::Descending) => " desc",
            });
            self.push(match term.nulls {
                None => "",
                Some(Nulls::First) => " nulls first",
                Some(Nulls::Last) => " nulls last",
            });
        }
    }
}

/// The name under which a to-one embed shows what its parent orders by.
pub(super) fn order_column(at: usize) -> String {
    format!("pgrst_order_{at}")
}
